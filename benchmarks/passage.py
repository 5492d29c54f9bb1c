"""Is a passage transcribed alike alone and late in a long file? Share of onsets within one frame.

    python benchmarks/passage.py PASSAGE OTHER [--minutes 10]

OTHER is repeated for some minutes, then PASSAGE follows: once after a whole number of frames, which
shows what chunks do, and once a quarter of a frame later, which also shows what the phase of the
frames does to notes near the threshold. The first and last second of the passage, where the other
music reaches in, do not count.
"""

import argparse
from pathlib import Path

import numpy as np

from bandscribe import audio, drums, runtime
from bandscribe.metrics.onsets import match
from bandscribe.types import Audio, Transcription


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
    alone = drums.transcribe(passage)
    frame = round(rate / runtime.load("drums").card.frame_rate)
    whole = round(given.minutes * 60 * rate) // frame * frame
    for name, length in (("whole frames", whole), ("a quarter frame more", whole + frame // 4)):
        both = np.concatenate([np.resize(other, length), passage.samples[0]])[None]
        late = drums.transcribe(Audio(both, rate))
        found, wanted = compare(alone, late, length / rate)
        print(f"{name}: {found} of {wanted} onsets within one frame, {found / max(1, wanted):.4f}")


def compare(alone: Transcription, late: Transcription, shift: float) -> tuple[int, int]:
    """How many onsets of `alone` are in `late`, which is `shift` seconds later, and of how many."""
    found = wanted = 0
    for name in alone.classes:
        times = alone.onsets[alone.labels == name]
        times = times[(times > 1) & (times < alone.duration - 1)]
        wanted += len(times)
        found += len(match(times, late.onsets[late.labels == name] - shift, 0.01).reference)
    return found, wanted


if __name__ == "__main__":
    main()
