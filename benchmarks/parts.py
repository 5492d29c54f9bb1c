"""Whether written parts can be read and heard: scores by three readers, previews by their onsets.

    python benchmarks/parts.py RECORDING...

runs `bandscribe transcribe RECORDING --format json,musicxml,preview` and prints for each recording

- whether its score is valid by the schema of MusicXML 4.0, and how many warnings verovio and
  music21 have about it;
- how far the right channel of the preview is below the part played by itself, once that is
  subtracted, in dB;
- the largest offset between a stroke of the part and the first sample that it changes there, in ms.

Exits 1 where anything is invalid, warned of, above -20 dB (JSON rounds: a stroke may be one sample
off) or 5 ms off. Needs the extras `dev` and `score`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import music21
import numpy as np
import verovio

from bandscribe import audio, preview
from bandscribe.drumkit import SAMPLE_RATE, Samples
from bandscribe.formats import notes
from bandscribe.types import Transcription

sys.path[:0] = [str(Path(__file__).parents[1] / "tests/score")]

import schema  # noqa: E402

REACH, LIMIT = 0.1, 0.005  # seconds


def is_valid(text: str) -> bool:
    """Whether it is MusicXML 4.0."""
    try:
        schema.check(text)
    except AssertionError:
        return False
    return True


def count_warnings(text: str) -> tuple[int, int]:
    """Of verovio, by lines, and of music21."""
    verovio.enableLog(verovio.LOG_WARNING)
    toolkit = verovio.toolkit()
    loaded = toolkit.loadData(text)
    warned = len(toolkit.getLog().splitlines()) + (not loaded)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        music21.converter.parseData(text, format="musicxml")
    return warned, len(caught)


def compare(part: Transcription, right: Samples) -> float:
    """What is left of the right channel (n,) without the part, relative to it, in dB."""
    alone = preview.render(part)(0, len(right))
    gain = np.dot(alone, right) / np.dot(alone, alone)
    return float(20 * np.log10(np.linalg.norm(right - gain * alone) / np.linalg.norm(right)))


def measure_offsets(part: Transcription) -> list[float]:
    """Seconds from each onset to the first sample that differs without its stroke."""
    whole = preview.render(part)
    offsets = []
    for i, onset in enumerate(part.onsets):
        without = preview.render(part.select(np.arange(len(part.onsets)) != i))
        first, last = (round((onset + side) * SAMPLE_RATE) for side in (-REACH, REACH))
        first = max(first, 0)
        differs = np.abs(whole(first, last) - without(first, last)) > 1e-5
        offsets.append((first + int(np.argmax(differs))) / SAMPLE_RATE - onset)
    return offsets


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", type=Path, nargs="+")
    given = parser.parse_args()
    fine = 0
    for recording in given.recordings:
        with tempfile.TemporaryDirectory() as folder:
            call = ["transcribe", str(recording), "-o", folder, "--format", "json,musicxml,preview"]
            subprocess.run(
                [sys.executable, "-m", "bandscribe", *call], check=True, stdout=subprocess.DEVNULL
            )
            [score], [part], [sound] = (
                list(Path(folder).glob(f"*.{kind}")) for kind in ("musicxml", "json", "preview.*")
            )
            text = score.read_text()
            valid, warned = is_valid(text), count_warnings(text)
            transcribed = notes.read(part)
            left_over = compare(transcribed, audio.read(sound).samples[1])
            offsets = np.abs(measure_offsets(transcribed))
        worst = float(offsets.max(initial=0))
        fine += valid and not any(warned) and left_over < -20 and worst < LIMIT
        print(
            f"{recording.name}: {'valid' if valid else 'INVALID'}, verovio {warned[0]} warnings, "
            f"music21 {warned[1]}; right channel {left_over:.0f} dB off, {len(offsets)} strokes "
            f"within {1000 * worst:.2f} ms",
            flush=True,
        )
    print(f"{fine} of {len(given.recordings)} valid, without warnings, and heard where they are")
    return fine < len(given.recordings)


if __name__ == "__main__":
    raise SystemExit(main())
