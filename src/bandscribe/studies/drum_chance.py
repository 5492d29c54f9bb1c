"""Trivial baselines on the test sets.

`rate` predicts every class evenly, at its rate in the test set; `flux` predicts each peak of the
spectral flux (Böck et al. 2012; Fosse 2025, section 2.4.3) as the most frequent class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe import peaks
from bandscribe.audio import read
from bandscribe.datasets.track import Track
from bandscribe.evaluation import store
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.metrics import onsets
from bandscribe.studies.drum_corpora import Counts, Figure, StudyCorpus, score
from bandscribe.training.drums.validation import PEAKS
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import DRUMS, reduce

CHANCE = {"rate": "each class at its mean rate", "flux": "every onset as the commonest class"}
#: F1 of each baseline, by test set and name.
Chance = Mapping[str, Mapping[str, Mapping[str, Figure]]]
_DELTA = 0.1
_FORMAT = 2  # of what is stored


def evaluate_all(
    sources: Sequence[StudyCorpus], count: int, folder: Path, problems: list[str]
) -> Chance:
    """All baselines on all test sets, in `count` classes; cached below `folder`.

    Tracks that cannot be evaluated have a line in `problems`.
    """
    return {
        kind: {
            source.label: score([evaluate(kind, source, count, folder, problems)], DRUMS[count])
            for source in sources
        }
        for kind in CHANCE
    }


def evaluate(
    kind: str, source: StudyCorpus, count: int, folder: Path, problems: list[str]
) -> Counts:
    """The counts of one of `CHANCE` on a test set, without tracks that cannot be evaluated."""
    test = source.test
    notes: list[Transcription] = []
    for track in test:
        with suppress(ValueError, OSError):  # evaluated below, it has its line
            notes.append(reduce(track.load(), count))
    seconds = sum(track.duration for track in notes)
    rates = {
        name: sum(np.count_nonzero(track.labels == name) for track in notes) / max(seconds, 1e-9)
        for name in DRUMS[count]
    }
    found = store.evaluate_tracks(
        test, _Baseline(kind, rates), store=folder / "judged" / source.label / kind
    )
    problems += [": ".join(problem) for problem in found.failed]
    return {track["track"]: np.array(track["counts"]) for track in found.scores}


@dataclass(frozen=True)
class _Baseline:
    kind: str
    rates: Mapping[str, float]

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        return track.missing

    def cache_key(self, track: Track[Any], target: Transcription) -> list[object]:
        return [
            _FORMAT,
            self.kind,
            dict(self.rates),
            store.identify(track.audio),
            len(target.onsets),
        ]

    def evaluate(self, track: Track[Any], target: Transcription) -> store.TrackResult:
        sound = read(track.audio, sample_rate=LogSpectrogram().sample_rate, mono=True)
        if self.kind == "rate":
            predicted = spread(self.rates, sound.duration)
        else:
            predicted = {max(self.rates, key=self.rates.__getitem__): rises(sound)}
        notes = reduce(target, len(self.rates))
        rows = []
        for name in self.rates:
            reference = notes.onsets[notes.labels == name]
            estimate = predicted.get(name, np.zeros(0))
            tp = len(onsets.match(reference, estimate).reference)
            rows.append([tp, len(estimate) - tp, len(reference) - tp])
        return store.TrackResult({"track": track.id, "counts": rows}, {})


def spread(rates: Mapping[str, float], duration: float) -> dict[str, NDArray[np.float64]]:
    """Onsets of each class, evenly spaced, at its rate per second."""
    return {
        name: np.asarray((np.arange(round(rate * duration)) + 0.5) / max(rate, 1e-9))
        for name, rate in rates.items()
    }


def rises(sound: Audio) -> NDArray[np.float64]:
    """Onsets (n,) of the spectral flux: the rise of all bands between frames, 1 at its highest."""
    front_end = LogSpectrogram()
    bands = front_end(sound.samples[0])
    flux = np.maximum(np.diff(bands, axis=0, prepend=bands[:1]), 0).sum(axis=1, keepdims=True)
    flux /= max(float(flux.max(initial=0)), 1e-9)
    found = peaks.pick(flux.astype(np.float32), thresholds=[_DELTA], **PEAKS)
    return np.asarray(found.frames / front_end.frame_rate, dtype=np.float64)
