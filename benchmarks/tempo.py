"""Is the tempo of recordings whose tempo is known the right one, its half, or its double?

    python benchmarks/tempo.py RECORDING... [--performances DIR]

A recording is a file with its tempo in its name (`120bpm_house.ogg`), or a folder of such files;
`--performances` is a folder in E-GMD's layout, whose grooves of twelve seconds and more are
counted, up to their first minute. A tempo is right within 4 %. Prints one line for each recording
whose tempo is another one, and how many were right.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import bandscribe
from bandscribe import audio

NAMED = re.compile(r"(\d+(?:\.\d+)?) ?bpm", re.IGNORECASE)
SHORTEST, LONGEST = 12.0, 60.0  # seconds of a performance
TOLERANCE = 0.04
RATIOS = {1.0: "right", 0.5: "half", 2.0: "double"}


def named(paths: Sequence[Path]) -> Iterator[tuple[Path, float]]:
    """Files with a tempo in beats per minute in their names."""
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if tempo := NAMED.search(file.stem):
                yield file, float(tempo[1])


def performances(folder: Path) -> Iterator[tuple[Path, float]]:
    """One recording of each groove of a folder in E-GMD's layout, and its tempo."""
    (table,) = folder.glob("e-gmd-*.csv")
    known: set[str] = set()
    for row in csv.DictReader(table.read_text("utf-8").splitlines()):
        groove = row["beat_type"] == "beat" and float(row["duration"]) >= SHORTEST
        if groove and row["id"] not in known:
            known.add(row["id"])
            yield folder / row["audio_filename"], float(row["bpm"])


def compare(file: Path, tempo: float) -> str:
    """What the tempo found is of the right one: the median interval between beats counts."""
    beats = bandscribe.transcribe(audio.read(file, duration=LONGEST)).beats
    if beats is None or len(beats.times) < 2:
        return "none"
    ratio = 60 / float(np.median(np.diff(beats.times))) / tempo
    names = [name for right, name in RATIOS.items() if abs(ratio / right - 1) < TOLERANCE]
    return names[0] if names else f"{ratio:.2f} times"


def main() -> None:
    """Compare recordings of known tempo."""
    parser = argparse.ArgumentParser(description="How often the tempo found is the right one.")
    parser.add_argument("recordings", nargs="*", type=Path, metavar="RECORDING")
    parser.add_argument("--performances", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    known = list(named(arguments.recordings))
    if arguments.performances:
        known += performances(arguments.performances)
    right = 0
    for file, tempo in known:
        outcome = compare(file, tempo)
        right += outcome == "right"
        if outcome != "right":
            print(f"{file.name}: {tempo:g} bpm, found {outcome}")
    print(f"{right} of {len(known)} right")


if __name__ == "__main__":
    main()
