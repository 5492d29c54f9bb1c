"""How much faster than real time drums are rendered on one core.

Measured twice: as drawn for training, and with every effect on in every excerpt but the codec.

python benchmarks/synthesize.py KIT... [--groove ZIP] [--band DIR] [--excerpts 100]
"""

import argparse
import os
import time
from dataclasses import replace

# Before NumPy loads: one core.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np

from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.synthesis import effects
from bandscribe.synthesis.source import SyntheticSource

SECONDS = 4.0
draw_some = effects.sample_effects


def draw_all(rng: np.random.Generator, *, codec: float = 0.0) -> effects.Treatment:
    """A treatment with nothing switched off but the codec."""
    return replace(
        draw_some(rng, codec=codec),
        reverb_db=-12.0,
        highpass=60.0,
        lowpass=14000.0,
        compressor_db=18.0,
        drive=1.5,
        noise_db=-50.0,
        codec=None,
    )


def measure(source: SyntheticSource, excerpts: int) -> float:
    """Processor seconds per excerpt, after five to warm up."""
    begin = 0.0
    for item in range(excerpts + 5):
        if item == 5:
            begin = time.process_time()
        source.draw(np.random.default_rng([1, item]), SECONDS)
    return (time.process_time() - begin) / excerpts


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kits", nargs="+", help="kits, see bandscribe synthesize --help")
    parser.add_argument("--groove", help="Groove MIDI; without it, all patterns are generated")
    parser.add_argument("--band", action="append", default=[])
    parser.add_argument("--excerpts", type=int, default=100)
    given = parser.parse_args()
    source = SyntheticSource.load(given.kits, groove=given.groove, band=given.band)
    print(f"as drawn: {SECONDS / measure(source, given.excerpts):.0f} x real time, one core")
    effects.sample_effects = draw_all
    print(f"all effects on: {SECONDS / measure(source, given.excerpts):.0f} x real time, one core")
    samples = source.draw(np.random.default_rng(0), SECONDS)[0].samples[0]
    front_end = LogSpectrogram()
    front_end(samples)
    begin = time.process_time()
    for _ in range(given.excerpts):
        front_end(samples)
    taken = (time.process_time() - begin) / given.excerpts
    print(f"front end: {SECONDS / taken:.0f} x real time, one core")


if __name__ == "__main__":
    main()
