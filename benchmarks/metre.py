"""Metre, tempo and bar lines of plain drum patterns, rendered with kits.

    python benchmarks/metre.py KIT… [--model drums] [--seconds 40]

A KIT is a folder or FILE.sf2#PROGRAM; with several, what one lacks is borrowed from the others.
Prints for each pattern and tempo: with how many of the kits the metre is right in all bars, the
tempo to 1 %, and the mean F1 (±70 ms) of beats and of downbeats. Where 1 and 3 are played alike,
either may be the downbeat.
"""

import argparse
import zlib

import numpy as np

from bandscribe import drums
from bandscribe.metrics import beats as metrics
from bandscribe.synthesis import effects, kits
from bandscribe.synthesis.render import draw_drum_set, render
from bandscribe.types import Audio, Beats, Transcription
from bandscribe.vocabulary import ARTICULATIONS, signature

Bar = dict[str, list[float]]
HALVES = [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]

#: Metre, beats to the bar, what is struck on which beat, tempi.
PATTERNS: dict[str, tuple[str, int, Bar, tuple[float, ...]]] = {
    "rock": ("4/4", 4, {"kd": [0, 2], "sd": [1, 3], "chh": HALVES}, (60, 90, 120, 174)),
    "rock, kick off the beat": (
        "4/4", 4, {"kd": [0, 1.5, 2], "sd": [1, 3], "chh": HALVES}, (60, 90, 120, 174),
    ),
    "four on the floor": (
        "4/4", 4, {"kd": [0, 1, 2, 3], "ohh": HALVES[1::2]}, (110, 120, 128, 140),
    ),
    "house, claps": (
        "4/4", 4, {"kd": [0, 1, 2, 3], "clap": [1, 3], "ohh": HALVES[1::2]}, (120, 124, 128),
    ),
    "house, snares": (
        "4/4", 4, {"kd": [0, 1, 2, 3], "sd": [1, 3], "ohh": HALVES[1::2]}, (120, 124, 128),
    ),
    "blast": (
        "4/4", 4, {"kd": HALVES, "sd": [h + 0.25 for h in HALVES], "rd": HALVES}, (100, 120, 174),
    ),
    "waltz": ("3/4", 3, {"kd": [0], "sd": [1, 2], "chh": HALVES[:6]}, (90, 140, 180)),
    "six eighths": (
        "6/8", 2, {"kd": [0], "sd": [1], "chh": [i / 3 for i in range(6)]}, (55, 65, 75),
    ),
}  # fmt: skip


def play(
    bar: Bar, beats: int, bpm: float, seconds: float, rng: np.random.Generator
) -> Transcription:
    """The pattern, loosened by 4 ms, with a crash on every eighth bar."""
    start, beat = float(rng.uniform(0.05, 1.5)), 60 / bpm
    bars = int((seconds - start) / beat / beats)
    notes = [
        (start + (beats * i + place) * beat + rng.normal(0, 0.004), name, rng.uniform(0.6, 0.9))
        for i in range(bars)
        for name, places in {**bar, **({"cr": [0]} if i % 8 == 0 else {})}.items()
        for place in places
    ]
    onsets, labels, velocities = zip(*sorted(notes), strict=True)
    grid = Beats(start + beat * np.arange(bars * beats), np.arange(bars * beats) % beats + 1)
    return Transcription(
        np.maximum(np.array(onsets), 0.0), np.array(labels), np.array(velocities), seconds,
        ARTICULATIONS, grid,
    )  # fmt: skip


def main() -> None:
    """Measure every pattern at every tempo with every kit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kits", nargs="+")
    parser.add_argument("--model", default="drums")
    parser.add_argument("--seconds", type=float, default=40)
    given = parser.parse_args()
    loaded = [kits.layouts.load(address) for address in given.kits]
    model = drums.load(given.model)
    print("pattern                  bpm   metre   tempo   beats F1   downbeats F1")
    for name, (metre, beats, bar, tempi) in PATTERNS.items():
        for bpm in tempi:
            right, steady, scores = 0, 0, []
            for index in range(len(loaded)):
                rng = np.random.default_rng(zlib.crc32(f"{name} {bpm} {index}".encode()))
                part = play(bar, beats, bpm, given.seconds, rng)
                weights = np.eye(len(loaded))[index]
                drum_set = draw_drum_set(loaded, sorted({*bar, "cr"}), rng, weights)
                sound, _ = render(part, drum_set, rng)
                sound = effects.apply(sound, 44100, effects.sample_effects(rng))
                sound *= 0.7 / max(1e-6, float(np.abs(sound).max()))
                found = drums.infer(Audio(sound[None], 44100), model).grid
                assert found is not None and part.beats is not None
                lengths = set(np.diff(np.flatnonzero(found.positions == 1)).tolist())
                numbers = {"{}/{}".format(*signature(n, found.quarters)) for n in lengths}
                right += numbers == {metre}
                steady += abs(np.median(np.diff(found.times)) * bpm / 60 - 1) < 0.01
                scores += metrics.score([part.beats], [found])
            f1 = [np.mean([getattr(s, kind).f1 for s in scores]) for kind in ("beats", "downbeats")]
            share = [f"{number} of {len(loaded)}" for number in (right, steady)]
            print(
                f"{name:<22}{bpm:6g}{share[0]:>9}{share[1]:>8}{f1[0]:11.2f}{f1[1]:15.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
