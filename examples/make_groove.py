"""Render examples/groove.flac and examples/groove.mid, eight bars of rock that are nobody else's.

    python examples/make_groove.py KIT

KIT is the CC0 kit Audiophob of Debian's package hydrogen-drumkits, a folder with a drumkit.xml.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from bandscribe import audio
from bandscribe.formats import midi
from bandscribe.synthesis import effects, kits
from bandscribe.synthesis.drummer.performance import humanise
from bandscribe.synthesis.render import SAMPLE_RATE, draw_drum_set, render
from bandscribe.types import Audio, Beats, Transcription
from bandscribe.vocabulary import ARTICULATIONS

BPM = 104
# One character is a sixteenth: x a stroke, X an accent, o a ghost note, . nothing.
VERSE = {"chh": "x.x.x.x.x.x.x...", "ohh": "..............x.", "kd": "X......xX.x.....",
         "sd": "....X..o.o..X..o"}  # fmt: skip
CHORUS = {"rd": "x.x.x.x.x.x.x.x.", "kd": "X..x..x.X.x.....", "sd": "....X.......X..o"}
FILL = {"chh": "x.x.x.x.........", "kd": "X......xX.......", "sd": "....X...xxX.....",
        "ht": "...........x....", "mt": "............xx..", "lt": "..............Xx"}  # fmt: skip
BARS = [{**VERSE, "cr": "X..............."}, VERSE, VERSE, FILL,
        {**CHORUS, "cr": "X..............."}, CHORUS, CHORUS, FILL]  # fmt: skip
VELOCITIES = {"x": 0.65, "X": 0.95, "o": 0.25}


def play() -> Transcription:
    """The eight bars, on the grid."""
    step = 60 / BPM / 4
    notes = sorted(
        ((16 * bar + i) * step, name, VELOCITIES[stroke])
        for bar, lines in enumerate(BARS)
        for name, line in lines.items()
        for i, stroke in enumerate(line)
        if stroke != "."
    )
    onsets, labels, velocities = zip(*notes, strict=True)
    beats = np.arange(4 * len(BARS))
    return Transcription(
        np.array(onsets) + 0.25,
        np.array(labels),
        np.array(velocities),
        16 * len(BARS) * step + 1.0,
        ARTICULATIONS,
        Beats(beats * 4 * step + 0.25, beats % 4 + 1),
    )


def main(kit: str) -> None:
    """Humanise, render in a small room, write."""
    rng = np.random.default_rng(104)
    performance = humanise(play(), rng)
    drum_set = draw_drum_set([kits.load(kit)], sorted(set(performance.labels.tolist())), rng)
    drums, notes = render(performance, drum_set, rng)
    room = replace(
        effects.sample_effects(rng), reverb_db=-20.0, reverb_seconds=0.6, equaliser_db=(0.0,) * 7,
        highpass=0.0, lowpass=0.0, compressor_db=12.0, compressor_ratio=3.0, drive=0.0,
        noise_db=-75.0, peak_db=-1.0,
    )  # fmt: skip
    drums = effects.apply(drums, SAMPLE_RATE, room)
    here = Path(__file__).parent
    audio.write(here / "groove.flac", Audio(drums[None], SAMPLE_RATE))
    midi.write(here / "groove.mid", notes)
    print(f"{len(notes.onsets)} notes, {notes.duration:.1f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
