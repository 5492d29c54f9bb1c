"""How much faster than real time drums are rendered on one core, all effects on but the codec.

python benchmarks/synthesize.py KIT... [--band DIR] [--excerpts 100]
"""

import argparse
import os
import time

# Before NumPy loads: one core.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np

from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.synthesis.source import Source


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kits", nargs="+", help="kits, see bandscribe synthesize --help")
    parser.add_argument("--band", action="append", default=[])
    parser.add_argument("--excerpts", type=int, default=100)
    given = parser.parse_args()
    source = Source.load(given.kits, band=given.band)
    front_end = LogSpectrogram()
    seconds = 4.0
    spent = {"rendering": 0.0, "front end": 0.0}
    for item in range(-5, given.excerpts):  # the first five warm up
        begin = time.process_time()
        sound, _ = source.draw(np.random.default_rng([1, item + 5]), seconds)
        rendered = time.process_time()
        front_end(sound.samples[0])
        if item >= 0:
            spent["rendering"] += rendered - begin
            spent["front end"] += time.process_time() - rendered
    for name, taken in spent.items():
        print(f"{name}: {given.excerpts * seconds / taken:.0f} x real time, one core")


if __name__ == "__main__":
    main()
