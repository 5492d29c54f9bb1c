"""What those score on the test sets who do not know drums: any network must be better.

`rate` says every class evenly, as often as it is in the test set; `flux` says each rise of the
spectrum (Böck et al. 2012, as Fosse 2025, section 2.4.3) to be the most frequent class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe import peaks
from bandscribe.audio import read
from bandscribe.datasets.track import Track
from bandscribe.evaluation import store as tracks
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.metrics import onsets
from bandscribe.studies.drum_corpora import Counts, Figure, Source, score
from bandscribe.training.drums.validation import PEAKS
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import DRUMS, reduce

GUESSES = {"rate": "each class at its mean rate", "flux": "every onset as the commonest class"}
#: F1 of each, by test set and name.
Guesses = Mapping[str, Mapping[str, Mapping[str, Figure]]]
_DELTA = 0.1


def judge(sources: Sequence[Source], count: int, folder: Path) -> Guesses:
    """All who guess on all test sets, in `count` classes; kept below `folder`.

    Raises ValueError where a track cannot be judged.
    """
    return {
        kind: {
            source.label: score([guess(kind, source, count, folder)], DRUMS[count])
            for source in sources
        }
        for kind in GUESSES
    }


def guess(kind: str, source: Source, count: int, folder: Path) -> Counts:
    """True and false positives and negatives (track, class, 3) of one of `GUESSES`.

    Raises ValueError where a track cannot be judged.
    """
    test = source.test
    notes = [reduce(track.load(), count) for track in test]
    seconds = sum(track.duration for track in notes)
    rates = {
        name: sum(np.count_nonzero(track.labels == name) for track in notes) / max(seconds, 1e-9)
        for name in DRUMS[count]
    }
    found = tracks.judge_all(
        test, _Guess(kind, rates), store=folder / "judged" / source.label / kind
    )
    if found.problems:
        raise ValueError(": ".join(found.problems[0]))
    return np.array([verdict["counts"] for verdict in found.verdicts], dtype=np.int64)


@dataclass(frozen=True)
class _Guess:
    kind: str
    rates: Mapping[str, float]

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        return track.missing

    def depends(self, track: Track[Any], target: Transcription) -> list[object]:
        return [self.kind, dict(self.rates), tracks.identify(track.audio), len(target.onsets)]

    def judge(self, track: Track[Any], target: Transcription) -> tracks.Judgement:
        heard = read(track.audio, sample_rate=LogSpectrogram().sample_rate, mono=True)
        if self.kind == "rate":
            said = spread(self.rates, heard.duration)
        else:
            said = {max(self.rates, key=self.rates.__getitem__): rises(heard)}
        notes = reduce(target, len(self.rates))
        rows = []
        for name in self.rates:
            wanted, given = notes.onsets[notes.labels == name], said.get(name, np.zeros(0))
            tp = len(onsets.match(wanted, given).reference)
            rows.append([tp, len(given) - tp, len(wanted) - tp])
        return tracks.Judgement({"counts": rows}, {})


def spread(rates: Mapping[str, float], duration: float) -> dict[str, NDArray[np.float64]]:
    """Onsets of each class, evenly, as many a second as its rate says."""
    return {
        name: np.asarray((np.arange(round(rate * duration)) + 0.5) / max(rate, 1e-9))
        for name, rate in rates.items()
    }


def rises(heard: Audio) -> NDArray[np.float64]:
    """Onsets (n,) of the spectral flux: the rise of all bands between frames, 1 at its highest."""
    listen = LogSpectrogram()
    bands = listen(heard.samples[0])
    flux = np.maximum(np.diff(bands, axis=0, prepend=bands[:1]), 0).sum(axis=1, keepdims=True)
    flux /= max(float(flux.max(initial=0)), 1e-9)
    found = peaks.pick(flux.astype(np.float32), thresholds=[_DELTA], **PEAKS)
    return np.asarray(found.frames / listen.frame_rate, dtype=np.float64)
