"""What a drum model does with the same music at other levels, in a narrower band, or cut short.

    python benchmarks/robustness.py [RECORDING...] [--model drums] [--mdb ROOT] [--performances DIR]

prints, for recordings, the agreement (F1 at ±50 ms, five classes) of the transcription at each gain
with that at 0 dB; with `--performances`, in how many excerpts that begin with a stroke at sample 0
it is found; with `--mdb`, micro and macro F1 over five classes of MDB Drums at each gain and each
sample rate.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio, drums
from bandscribe.datasets import mdb
from bandscribe.metrics import onsets
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import DRUMS_5

GAINS_DB = (-40, -24, -12, 0, 6, 12, 20)
RATES = (44100, 22050, 16000, 11025)


def transcribe(sound: Audio, model: drums.DrumModel) -> Transcription:
    """In five classes."""
    activations = drums.infer(sound, model)
    return drums.notes(activations, model.card, classes=5, duration=sound.duration)


def changed(sound: Audio, *, gain_db: float = 0.0, rate: int | None = None) -> Audio:
    """Louder by `gain_db`; as after a trip to a sample rate of `rate` and back."""
    samples = sound.samples * np.float32(10 ** (gain_db / 20))
    if rate is None or rate == sound.sample_rate:
        return Audio(samples, sound.sample_rate)
    narrow = audio.resample(Audio(samples, sound.sample_rate), rate)
    return audio.resample(narrow, sound.sample_rate)


def agreement(sounds: Sequence[Audio], model: drums.DrumModel) -> None:
    """How far gain, and samples on the scale of 16-bit integers, change what is found."""
    plain = [transcribe(sound, model) for sound in sounds]
    for gain_db in (*GAINS_DB, 20 * np.log10(32768)):
        found = [transcribe(changed(sound, gain_db=gain_db), model) for sound in sounds]
        f1 = onsets.score(plain, found, DRUMS_5).micro.f1
        print(f"gain {gain_db:+6.1f} dB: F1 against 0 dB {f1:.4f}")


def first_strokes(model: drums.DrumModel, folder: Path) -> None:
    """Performances in E-GMD's layout, cut at the sample of the first stroke of each third."""
    from bandscribe.datasets import gmd

    found = count = 0
    for track in gmd.index_expanded(folder):
        sound = audio.read(track.audio, mono=True)
        onsets_ = track.load().onsets
        for share in (0.0, 0.3, 0.6):
            later = onsets_[onsets_ >= share * sound.duration]
            if not len(later):
                continue
            start = round(float(later[0]) * sound.sample_rate)
            samples = sound.samples[:, start : start + 4 * sound.sample_rate]
            times = transcribe(Audio(samples, sound.sample_rate), model).onsets
            count += 1
            found += bool(len(times)) and float(times[0]) <= 0.03
    print(f"first strokes: {found} of {count}")


def scores(
    root: Path, model: drums.DrumModel, which: str, **change: float | int
) -> tuple[float, float, NDArray[np.int64]]:
    """Micro and macro F1, and the number of notes of each track."""
    references, estimates = [], []
    for track in mdb.index(root, which):
        if not track.audio.is_file():
            continue
        sound = changed(audio.read(track.audio, mono=True, sample_rate=44100), **change)
        references.append(track.load())
        estimates.append(transcribe(sound, model))
    report = onsets.score(references, estimates, DRUMS_5)
    return report.micro.f1, report.macro.f1, np.array([len(e.onsets) for e in estimates])


def main() -> None:
    """Read the command line and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recordings", nargs="*", type=Path)
    parser.add_argument("--model", default="drums")
    parser.add_argument("--mdb", type=Path)
    parser.add_argument("--performances", type=Path, help="folder in E-GMD's layout")
    options = parser.parse_args()
    model = drums.load(options.model)
    if options.recordings:
        agreement([audio.read(path, mono=True) for path in options.recordings], model)
    if options.performances:
        first_strokes(model, options.performances)
    for which in ("drum_only", "remix", "full_mix") if options.mdb else ():
        for gain_db in GAINS_DB:
            micro, macro, _ = scores(options.mdb, model, which, gain_db=gain_db)
            print(f"{which} {gain_db:+d} dB: micro {micro:.3f} macro {macro:.3f}", flush=True)
        for rate in RATES[1:]:
            micro, macro, _ = scores(options.mdb, model, which, rate=rate)
            print(f"{which} {rate} Hz: micro {micro:.3f} macro {macro:.3f}", flush=True)


if __name__ == "__main__":
    main()
