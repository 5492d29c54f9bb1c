"""Is a passage transcribed alike alone and late in a long file? Share of onsets within one frame.

    python benchmarks/passage.py PASSAGE OTHER [--minutes 10]

OTHER is repeated for some minutes, then PASSAGE follows; the first and last second of the passage,
where the other music reaches in, do not count.
"""

import argparse
from pathlib import Path

import numpy as np

from bandscribe import audio, drums, runtime
from bandscribe.metrics.onsets import match
from bandscribe.types import Audio


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("passage", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    given = parser.parse_args()
    rate = runtime.load("drums").card.features["sample_rate"]
    passage = audio.read(given.passage, sample_rate=rate, mono=True)
    other = audio.read(given.other, sample_rate=rate, mono=True).samples[0]
    before = np.resize(other, round(given.minutes * 60 * rate) + 123)  # off the grid of frames
    both = np.concatenate([before, passage.samples[0]])[None]
    alone = drums.transcribe(passage)
    late = drums.transcribe(Audio(both, rate))
    shift = len(before) / rate
    found = wanted = 0
    for name in alone.classes:
        times = alone.onsets[alone.labels == name]
        times = times[(times > 1) & (times < passage.duration - 1)]
        later = late.onsets[late.labels == name] - shift
        wanted += len(times)
        found += len(match(times, later, 0.01).reference)
    print(f"{found} of {wanted} onsets within one frame: {found / max(1, wanted):.4f}")


if __name__ == "__main__":
    main()
