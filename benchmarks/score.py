"""How well parts are notated: our quantiser, music21's, and rounding to sixteenths.

    python benchmarks/score.py GROOVE [--songs 100] [--seed 0]

GROOVE is groove.zip of the Groove MIDI data set, or its folder. Every quantiser is given the notes
and the beats as a tracker finds them (normal error of 12 ms). Measured are, against the notation,

- `F1` of (bar, position, drum), over all notes;
- `edits`: insertions, deletions and replacements per bar that make one the other.

Three sets:

- `songs`: invented drum parts, whose notation is exactly known, in nine metres, a third of them in
  swing; played with a tempo that drifts by 3 %, a lag for each drum (5 ms) and loose hands (8 ms).
- `groove`: the test performances of Groove MIDI, played to a metronome by drummers. Their notation
  is not known; it is taken from the metronome itself: each note on the nearest sixteenth, or the
  nearest triplet in performances that are nearer to triplets as a whole. Rounding to sixteenths is
  right by definition in the former, but for the error of the beats; whoever writes a triplet or
  thirty-seconds there is wrong, also where the drummer played them.
- `drummers`: the ten grooves that several drummers of the test split played from one notation: what
  each plays in most of the bars, drummer against drummer (F1). It needs no definition of the truth,
  but the coarser a grid is, the easier it is to agree on it.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from bandscribe import score
from bandscribe.score import TICKS
from bandscribe.score.model import PEDAL
from bandscribe.synthesis.drummer import patterns
from bandscribe.synthesis.drummer.groove import read_groove
from bandscribe.synthesis.drummer.styles import METERS, STYLES
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS_10, relabel

#: Notes as (bar, ticks in the bar, drum).
Notation = set[tuple[int, int, str]]
BEAT_ERROR = 0.012  # seconds


def ours(part: Transcription) -> Notation:
    """Swung eighths are taken where they are played: as the last third of a triplet."""
    paper = score.quantise(part)
    notes = set()
    for number, bar in enumerate(paper.bars, start=_first_bar(part, paper)):
        triple = {note.tick // TICKS for note in bar.strokes if note.tick % TICKS in (16, 32)}
        for note in bar.strokes:
            tick = note.tick
            late = tick % TICKS == TICKS // 2 and tick // TICKS not in triple
            if paper.swing and paper.swung == 8 and late:
                tick += TICKS // 6
            notes.add((number, tick, "CHH" if note.drum == PEDAL else note.drum))
    return notes


def _first_bar(part: Transcription, paper: score.Score) -> int:
    """Bars are counted from the first beat, a downbeat; ours begin with the first note, or there.

    A part of the first bar without a note is left out.
    """
    assert part.beats is not None
    downbeats = part.beats.times[part.beats.positions == 1]
    begun = sum(time < paper.bars[0].end - 0.1 for time in downbeats)
    before = sum(bar.end < downbeats[0] + 0.1 for bar in paper.bars)
    return int(begun) - max(1, before)


def _place(part: Transcription, positions: np.ndarray) -> Notation:
    """Notes at positions in beats of the grid, which begins with a downbeat."""
    beats = part.beats
    assert beats is not None
    bar = int(beats.positions.max())
    ticks = np.rint(positions * beats.quarters * TICKS).astype(int)
    length = round(bar * beats.quarters * TICKS)
    return {
        (tick // length, tick % length, drum)
        for tick, drum in zip(ticks.tolist(), part.labels.tolist(), strict=True)
    }


def _positions(part: Transcription) -> np.ndarray:
    """Onsets in beats, before and after the grid too."""
    beats = part.beats
    assert beats is not None
    times = beats.times
    ends = [2 * times[0] - times[1], *times, 2 * times[-1] - times[-2]]
    return np.interp(part.onsets, ends, np.arange(-1, len(times) + 1))


def sixteenths(part: Transcription) -> Notation:
    """Every note on the nearest sixteenth."""
    beats = part.beats
    assert beats is not None
    step = 0.25 / beats.quarters
    return _place(part, np.rint(_positions(part) / step) * step)


def music21(part: Transcription) -> Notation:
    """music21's quantisation of offsets, in fourths and thirds of quarters, as is its default."""
    from music21 import note, stream

    beats = part.beats
    assert beats is not None
    whole = stream.Stream()
    notes = []
    for position in (_positions(part) * beats.quarters).tolist():
        stroke = note.Unpitched(quarterLength=0.25)
        whole.insert(position + 8, stroke)
        notes.append(stroke)
    whole.quantize((4, 3), processOffsets=True, processDurations=False, inPlace=True)
    quarters = np.array([float(stroke.getOffsetBySite(whole)) - 8 for stroke in notes])
    return _place(part, quarters / beats.quarters)


SYSTEMS: dict[str, Callable[[Transcription], Notation]] = {
    "bandscribe": ours, "music21": music21, "sixteenths": sixteenths,
}  # fmt: skip


def invent(seed: int) -> tuple[Transcription, Notation]:
    """A drum part, played, and its notation."""
    rng = np.random.default_rng([seed, 1])
    name = patterns.draw_style(rng)
    _, tempi, _, style = STYLES[name]
    signature = list(METERS)[seed % len(METERS)]
    meter = METERS[signature]
    quarters = {"6/8": 1.5, "12/8": 1.5, "7/8": 0.5}.get(signature, 1.0)
    habits = patterns.Habits.draw(rng)
    groove = patterns.draw_groove(rng, meter, style)
    bars = 16
    notes: dict[tuple[float, str], float] = {}
    for bar in range(bars):
        first, last = bar % 4 == 0, bar % 4 == 3
        for place, label, velocity in patterns.play_bar(
            rng, meter, groove, habits, first=first, last=last
        ):
            drum = ARTICULATION_TO_10[label]
            if drum and 0 <= place < meter.beats - 1e-6:
                notes[bar * meter.beats + place, drum] = velocity
    # One hat, open or closed; and what no note value can be found for is no notation.
    notes = {
        (place, drum): velocity
        for (place, drum), velocity in notes.items()
        if not (drum == "CHH" and (place, "OHH") in notes)
        and any(abs(place * quarters * d - round(place * quarters * d)) < 1e-3 for d in (8, 6))
    }
    swing = meter.eighth == 0.5 and seed % 3 == 0
    even = all(round(place * 48) % 24 == 0 for place, _ in notes)
    swing = swing and even
    truth, strokes = set(), []
    bpm = float(np.clip(tempi[0] * (tempi[1] / tempi[0]) ** rng.random(), 60, 180))
    beats = bars * meter.beats
    knots = np.linspace(0, beats, 6)
    drift = 1 + 0.03 * np.interp(np.arange(beats + 1), knots, rng.uniform(-1, 1, 6))
    times = 0.5 + np.concatenate([[0.0], np.cumsum(60 / bpm / drift[1:])])
    # Tempi are those of quarters: dotted ones are slower, eighths faster.
    times = 0.5 + (times - 0.5) * quarters
    lags = {drum: rng.normal(0, 0.005) for drum in DRUMS_10}
    for (place, drum), velocity in notes.items():
        played = place + (1 / 6 if swing and place % 1 == 0.5 else 0)
        tick = round(played * quarters * TICKS)
        length = round(meter.beats * quarters * TICKS)
        truth.add((tick // length, tick % length, drum))
        onset = np.interp(played, np.arange(len(times)), times)
        strokes.append((float(onset + lags[drum] + rng.normal(0, 0.008)), drum, velocity))
    strokes.sort()
    return _track(
        Transcription(
            np.array([s[0] for s in strokes]), np.array([s[1] for s in strokes], np.str_),
            np.array([s[2] for s in strokes]), float(times[-1]) + 1, DRUMS_10,
            Beats(times, np.arange(len(times)) % meter.beats + 1, quarters),
        ),
        rng,
    ), truth  # fmt: skip


def _track(part: Transcription, rng: np.random.Generator) -> Transcription:
    """The part with beats as a tracker finds them."""
    beats = part.beats
    assert beats is not None
    times = np.sort(beats.times + rng.normal(0, BEAT_ERROR, len(beats.times)))
    return replace(part, beats=replace(beats, times=times))


def reference(part: Transcription) -> Notation:
    """The notation by the metronome: on sixteenths, or on triplets where all is nearer to those."""
    beats = part.beats
    assert beats is not None
    places = _positions(part) * beats.quarters

    def off(parts: int) -> float:
        """The mean error, beside that of notes at random."""
        return float(np.mean(np.abs(places * parts - np.rint(places * parts)))) / 0.25

    parts = 3 if beats.quarters == 1.0 and off(3) < off(4) else 4
    return _place(part, np.rint(places * parts) / parts / beats.quarters)


def edits(one: Iterable[tuple[int, str]], other: Iterable[tuple[int, str]]) -> int:
    """Levenshtein's distance of two bars, as notes in order."""
    a, b = sorted(one), sorted(other)
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def by_bar(notation: Notation) -> dict[int, set[tuple[int, str]]]:
    """The notes of each bar."""
    bars: dict[int, set[tuple[int, str]]] = {}
    for bar, tick, drum in notation:
        bars.setdefault(bar, set()).add((tick, drum))
    return bars


def measure(name: str, pairs: list[tuple[Transcription, Notation]]) -> None:
    """Print a row for each system."""
    for system, quantise in SYSTEMS.items():
        begin = time.process_time()
        right = found = wanted = distance = bars = 0
        for part, truth in pairs:
            estimate = quantise(part)
            right += len(truth & estimate)
            found, wanted = found + len(estimate), wanted + len(truth)
            one, other = by_bar(truth), by_bar(estimate)
            for bar in one.keys() | other.keys():
                distance += edits(one.get(bar, ()), other.get(bar, ()))
            bars += len(one)
        seconds = time.process_time() - begin
        print(
            f"{name:10} {system:11} F1 {2 * right / (found + wanted):.3f}  "
            f"edits per bar {distance / bars:.2f}  {len(pairs)} parts, {seconds:.1f} s",
            flush=True,
        )


def compare_drummers(played: dict[str, list[Transcription]]) -> None:
    """Print for each system how alike two drummers' notations of a groove are."""
    for system, quantise in SYSTEMS.items():
        scores = []
        for parts in played.values():
            usual = []
            for part in parts:
                bars = by_bar(quantise(part))
                count = Counter(note for notes in bars.values() for note in notes)
                usual.append({note for note, times in count.items() if times >= len(bars) / 2})
            scores += [
                2 * len(a & b) / max(1, len(a) + len(b))
                for a, b in itertools.combinations(usual, 2)
            ]
        print(f"{'drummers':10} {system:11} F1 {np.mean(scores):.3f}  {len(scores)} pairs")


def main() -> None:
    """Measure all three sets."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("groove")
    arguments.add_argument("--songs", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    songs = [invent(given.seed + i) for i in range(given.songs)]
    measure("songs", [pair for pair in songs if len(pair[0].onsets) > 8])
    rng = np.random.default_rng(given.seed)
    pairs, played = [], {}
    for performance in read_groove(given.groove, "test"):
        part = relabel(performance.notes, ARTICULATION_TO_10, DRUMS_10)
        if len(part.onsets) < 8 or part.beats is None or len(part.beats.times) < 8:
            continue
        tracked = _track(part, rng)
        pairs.append((tracked, reference(part)))
        if "/" in performance.style:
            played.setdefault(performance.style, []).append(tracked)
    measure("groove", pairs)
    compare_drummers(played)


if __name__ == "__main__":
    main()
