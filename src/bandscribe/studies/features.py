"""Which features distinguish instruments: a test per feature and dimension over a corpus's clips.

Source: Ferković and Smoljan 2023, Harmony Is All You Need, section 2.5. Each dimension
of each feature is averaged over a clip's time, and a one-way analysis of variance tests whether
these means differ between instruments, at α = 0.001. That analysis assumes equal variances; here
Brown and Forsythe's test finds where they differ, and a dimension is `robust` if Welch's test and
that of Kruskal and Wallis, without that assumption and that of normality, find it significant too.
With thousands of clips everything is significant: ω² is the share of the variance that the
instrument explains. Several clips of one recording are not independent: `merge` takes their mean.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.audio import TruncatedAudioWarning, read
from bandscribe.datasets.track import Track
from bandscribe.features import filterbanks
from bandscribe.features.chroma import PITCH_CLASSES, TONNETZ
from bandscribe.features.clip import FEATURES, ClipAnalysis
from bandscribe.studies import variance

ALPHA = 0.001
#: Variances count as unequal if p of Brown and Forsythe's test is lower.
DOUBT = 0.05
SAMPLE_RATE = 44100
LONGEST = 120.0  # seconds; a spectrogram of more fills the memory
#: The features of section 2.2, except coarser or shorter versions of others.
STUDIED = tuple(name for name in FEATURES if name not in ("mfcc_13", "mel_128"))


@dataclass(frozen=True)
class Dimension:
    """A dimension of a feature: its `index`, from 0, and its meaning."""

    feature: str
    index: int
    meaning: str


@dataclass(frozen=True, eq=False)
class Clips:
    """Means over time, `values` (clip, dimension); class and recording of each clip, (clip,)."""

    values: NDArray[np.float64]
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    dimensions: tuple[Dimension, ...]


@dataclass(frozen=True, eq=False)
class MeasuredClips:
    """The `clips` of a corpus, how many had no or `several` labels, and a line per bad file."""

    clips: Clips
    several: int
    problems: list[str]


@dataclass(frozen=True, eq=False)
class FeatureStudy:
    """Results of the tests per dimension (all arrays (dimension,)), and of which clips.

    `counts` are the clips per class of `classes`, all of so many `recordings`; `dropped` are
    classes of a single clip, which no test can take. `standing` (class, dimension) is how many
    deviations inside the classes a class's mean lies above the mean of all.
    """

    classes: tuple[str, ...]
    counts: tuple[int, ...]
    recordings: int
    dropped: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    anova: variance.Anova
    p_holm: NDArray[np.float64]
    brown_forsythe: variance.Test
    welch: variance.Test
    kruskal: variance.Test
    standing: NDArray[np.float64]

    @property
    def significant(self) -> NDArray[np.bool_]:
        """Whether p < α."""
        return self.anova.p < ALPHA

    @property
    def unequal(self) -> NDArray[np.bool_]:
        """Whether the variances of the classes differ."""
        return self.brown_forsythe.p < DOUBT

    @property
    def robust(self) -> NDArray[np.bool_]:
        """Significant by Welch's and Kruskal and Wallis's test too, the latter alone where a class
        does not vary.
        """
        both = np.fmax(self.welch.p, self.kruskal.p)
        return self.significant & (both < ALPHA)


def measure_all(
    tracks: Sequence[Track[frozenset[str]]],
    features: Sequence[str] = STUDIED,
    *,
    progress: Callable[[int, str], None] = lambda done, track: None,
) -> MeasuredClips:
    """Measure every clip with one label; unreadable files are left out and listed.

    `progress` is called with the number of tracks done and the last one's id. Raises ValueError
    when no clip is left, or for an unknown feature.
    """
    if unknown := [name for name in features if name not in FEATURES]:
        raise ValueError(f"features: expected some of {', '.join(FEATURES)}, got {unknown[0]!r}")
    rows: list[NDArray[np.float64]] = []
    labels: list[str] = []
    groups: list[str] = []
    problems: list[str] = []
    several = 0
    for done, track in enumerate(tracks, start=1):
        try:
            given = track.load()
            if len(given) == 1:
                rows.append(measure(load(track.audio), features))
                labels.extend(given)
                groups.append(track.group)
            else:
                several += 1
        except (ValueError, OSError) as error:
            problems.append(str(error))
        progress(done, track.id)
    if not rows:
        reason = f"; {problems[0]}" if problems else ""
        raise ValueError(f"tracks: no clip of one label that can be read{reason}")
    dimensions = tuple(name_dimensions(features))
    return MeasuredClips(
        Clips(np.stack(rows), tuple(labels), tuple(groups), dimensions), several, problems
    )


def load(path: Path, *, start: float = 0.0, duration: float = LONGEST + 1) -> ClipAnalysis:
    """A sound file, or `duration` seconds of it from `start` on, mono at 44.1 kHz.

    Raises ValueError for one that breaks off or is longer than `LONGEST`, and as `audio.read`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", TruncatedAudioWarning)
        try:
            audio = read(path, sample_rate=SAMPLE_RATE, mono=True, start=start, duration=duration)
        except TruncatedAudioWarning as error:
            raise ValueError(str(error)) from error
    if audio.duration > LONGEST:
        raise ValueError(f"{path}: longer than {LONGEST:g} s; cut it into clips")
    return ClipAnalysis(audio.samples[0], SAMPLE_RATE)


def measure(clip: ClipAnalysis, features: Sequence[str] = STUDIED) -> NDArray[np.float64]:
    """Each dimension's mean over time, one feature after the other, (dimension,)."""
    means = [FEATURES[name](clip).mean(axis=0, dtype=np.float64) for name in features]
    return np.concatenate(means)


def name_dimensions(features: Sequence[str]) -> Iterator[Dimension]:
    """The dimensions of `measure`, in its order."""
    silence = ClipAnalysis(np.zeros(1, dtype=np.float32), SAMPLE_RATE)
    for feature in features:
        size = FEATURES[feature](silence).shape[1]
        for index, meaning in enumerate(_meanings(feature, size, silence)):
            yield Dimension(feature, index, meaning)


def _meanings(feature: str, size: int, clip: ClipAnalysis) -> Sequence[str]:
    kind = feature.partition("_")[0]
    bins = filterbanks.fft_frequencies(clip.sample_rate, clip.n_fft)
    if kind == "mel":
        filters = filterbanks.mel(clip.sample_rate, clip.n_fft, n_mels=size)
        return [f"{frequency:.0f} Hz" for frequency in bins @ filters / filters.sum(axis=0)]
    if kind == "log":
        return [f"{frequency:.0f} Hz" for frequency in bins]
    if kind == "contrast":
        edges = [0, *(200 * 2**i for i in range(size - 1)), clip.sample_rate // 2]
        return [f"{low}-{high} Hz" for low, high in pairwise(edges)]
    if kind == "polynomial":
        return [f"f^{power}" for power in range(size - 1, -1, -1)]
    named = {"chroma": PITCH_CLASSES, "tonnetz": TONNETZ}
    return named.get(feature) or ([str(i) for i in range(size)] if size > 1 else [""])


def merge(clips: Clips) -> Clips:
    """One row per recording and class, the mean of its clips."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, key in enumerate(zip(clips.labels, clips.groups, strict=True)):
        rows[key].append(row)
    labels, groups = zip(*rows, strict=True)
    values = np.stack([clips.values[chosen].mean(axis=0) for chosen in rows.values()])
    return Clips(values, labels, groups, clips.dimensions)


def compare(clips: Clips, classes: Sequence[str]) -> FeatureStudy:
    """Test every dimension for differences between the `classes`, which order the result.

    Raises ValueError when fewer than two classes have two clips or more.
    """
    counts = {name: clips.labels.count(name) for name in classes}
    kept = tuple(name for name, count in counts.items() if count > 1)
    if len(kept) < 2:
        there = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
        raise ValueError(f"clips: expected two classes of two clips or more, got {there or 'none'}")
    chosen = np.array([label in kept for label in clips.labels])
    values = _settle(clips.values[chosen])
    groups = np.array([kept.index(label) for label in clips.labels if label in kept])
    found = variance.anova(values, groups)
    return FeatureStudy(
        kept,
        tuple(counts[name] for name in kept),
        len({group for group, there in zip(clips.groups, chosen, strict=True) if there}),
        tuple(name for name, count in counts.items() if count == 1),
        clips.dimensions,
        found,
        variance.holm(found.p),
        variance.brown_forsythe(values, groups),
        variance.welch(values, groups),
        variance.kruskal(values, groups),
        _stand(values, groups),
    )


def _settle(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Set dimensions to zero that differ by rounding alone: features have single precision."""
    noise = 1e-6 * np.abs(values).max(axis=0)
    return np.where(np.ptp(values, axis=0) <= noise, 0.0, values)


def _stand(values: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """(class, dimension) how far a class's mean is from that of all, in deviations inside."""
    means = np.stack([values[groups == group].mean(axis=0) for group in range(groups.max() + 1)])
    spread = np.sqrt(np.square(values - means[groups]).sum(axis=0) / (len(values) - len(means)))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((means - values.mean(axis=0)) / spread)
