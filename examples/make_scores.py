"""Draw the scores of docs/score.md: three parts, played by loose hands, quantised and engraved.

    python examples/make_scores.py [FOLDER]          docs/ by default

It needs the extra `score`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import cairosvg
import numpy as np

from bandscribe import score
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import DRUMS_10

#: Drums and their places in beats, or places and velocities.
Bar = Mapping[str, Sequence[float | tuple[float, float]]]

EIGHTHS = [i / 2 for i in range(8)]
ROCK: Bar = {
    "KD": [0, 2, 2.5],
    "SD": [1, (1.75, 0.2), (2.25, 0.2), 3],
    "CHH": [(place, 0.8 if place % 1 == 0 else 0.6) for place in EIGHTHS],
}
FIRST: Bar = {**ROCK, "CHH": EIGHTHS[1:], "CR": [0]}
OPEN: Bar = {**ROCK, "SD": [1, 3], "CHH": EIGHTHS[:7], "OHH": [3.5]}
ROUND: Bar = {
    "KD": [0, 1, 2, 3],
    "CHH": EIGHTHS[:4],
    "SD": [2, 2.25, 2.5, 2.75],
    "HT": [3, 3 + 1 / 3],
    "LT": [3 + 2 / 3],
}
ROLL: Bar = {
    "KD": [0, 2],
    "CHH": EIGHTHS[:4],
    "SD": [1, 2, 2 + 1 / 6, 2 + 2 / 6, 2.5, 2.75],
    "HT": [3, 3.25],
    "MT": [3.5],
    "LT": [3.75],
}
SWING: Bar = {
    "RD": [0, 1, 1.5, 2, 3, 3.5],
    "CHH": [1, 3],
    "KD": [(0, 0.3)],
    "SD": [(2.5, 0.25), (3.5, 0.6)],
}
COMPING: Bar = {
    "RD": [0, 1, 1.5, 2, 3, 3.5],
    "CHH": [1, 3],
    "KD": [(2.5, 0.7)],
    "SD": [(1.5, 0.6), (3, 0.25)],
}
TRIPLETS: Bar = {
    "RD": [0, 1, 2, 3],
    "CHH": [1, 3],
    "SD": [0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2, 3],
    "KD": [2.5],
}
SIX = [i / 3 for i in range(6)]
BALLAD: Bar = {"KD": [0], "SS": [1], "CHH": SIX}
CHORUS: Bar = {"KD": [0, 5 / 6], "SD": [1], "RD": SIX}
TURN: Bar = {
    "KD": [0],
    "CHH": SIX[:3],
    "SD": [1, 7 / 6, 8 / 6, 1.5],
    "HT": [5 / 3],
    "LT": [11 / 6],
}
OPENING: Bar = {**CHORUS, "RD": SIX[1:], "CR": [0]}


def play(
    bars: Sequence[Bar], bpm: float, beats: int, quarters: float, swing: float = 0.5
) -> Transcription:
    """Bars as somebody plays them: strokes and beats are off by 6 ms; eighths swing."""
    rng = np.random.default_rng(1)
    notes = []
    for i, bar in enumerate(bars):
        for drum, places in bar.items():
            for place in places:
                where, velocity = place if isinstance(place, tuple) else (place, 0.8)
                if where % 1 == 0.5:
                    where += swing - 0.5
                onset = 1 + (i * beats + where) * 60 / bpm + rng.normal(0, 0.006)
                notes.append((onset, drum, velocity * rng.uniform(0.95, 1.05)))
    notes.sort()
    onsets, labels, velocities = zip(*notes, strict=True)
    count = len(bars) * beats + 1
    times = 1 + np.arange(count) * 60 / bpm + rng.normal(0, 0.006, count)
    return Transcription(
        np.array(onsets), np.array(labels), np.array(velocities), times[-1] + 1, DRUMS_10,
        Beats(times, np.arange(count) % beats + 1, quarters),
    )  # fmt: skip


PARTS = {
    "rock": (
        "Rock beat with fills",
        play(
            [FIRST, ROCK, ROCK, ROUND, FIRST, ROCK, ROCK, ROLL, OPEN, OPEN, OPEN, ROUND],
            112,
            4,
            1.0,
        ),
    ),
    "swing": ("Swing ride", play([SWING, COMPING, SWING, TRIPLETS] * 3, 140, 4, 1.0, 0.66)),
    "ballad": ("Ballad in 6/8", play([*[BALLAD] * 7, TURN, OPENING, *[CHORUS] * 7], 52, 2, 1.5)),
}


def main() -> None:
    """Write a PNG for each part."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    for name, (title, part) in PARTS.items():
        picture = score.to_svg(score.quantise(part, title=title))
        target = folder / f"score_{name}.png"
        cairosvg.svg2png(
            picture.encode(), write_to=str(target), output_width=1000, background_color="white"
        )


if __name__ == "__main__":
    main()
