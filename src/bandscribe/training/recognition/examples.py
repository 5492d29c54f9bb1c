"""Training examples: which windows are mixed, how they are augmented, and their features.

Source: Harmony Is All You Need 2023, sections 3.4 and 3.5, dynamic sampling: examples with several
labels, made of examples with one while training. Two algorithms draw which examples sound together;
`mix` then lays them over each other. Where the pseudocode and the prose differ, this is the prose:

- Both algorithms select an audio "excluding" the chosen label, with a comment that says the same.
  An example without the label would make the returned labels wrong. The prose has it right:
  "uniformly select an example from all the available examples with each chosen label".
- Algorithm 2 returns the chosen labels without the base example's, and combines the base with
  `combinedAudio`, which it never sets, in place of the drawn audio. Here the base's labels count.
- Algorithm 2 adds minimum to maximum examples to the base. Section 5.4 says that the maximum of 5
  includes the base, 4 being added; so here both numbers include it.
- Algorithm 2 may draw the base's own label again. Labels are called distinct, so here it does not.

How audio is combined is left open. `mix` averages, as does the authors' code for algorithm 1, which
also draws examples with the label (`audio_dataset.py` of github.com/dsmoljan's
Lumen-Data-Science-2023).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from bandscribe.features.windows import RecognitionFrontEnd
from bandscribe.training.batches import Example, turn
from bandscribe.training.recognition import augmentation
from bandscribe.training.recognition.corpora import RecordingWindows

Target = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of a training set, (example, class), 0 or 1."""

    targets: Target

    @cached_property
    def by_class(self) -> tuple[NDArray[np.intp], ...]:
        """The examples of each class."""
        return tuple(np.flatnonzero(column) for column in self.targets.T)

    @cached_property
    def available(self) -> NDArray[np.bool_]:
        """Which classes have an example, (class,)."""
        return np.array([len(examples) > 0 for examples in self.by_class])


def draw_true_dynamic(
    labels: Labels, rng: np.random.Generator, *, minimum: int = 1, maximum: int = 5
) -> tuple[int, ...]:
    """Algorithm 1: `minimum` to `maximum` distinct classes, and an example of each.

    Classes are drawn uniformly, then examples within a class, so that every class sounds equally
    often. Classes without an example are left out. An example with several labels brings all of
    them.

    Raises ValueError unless 1 <= minimum <= maximum <= number of classes with an example.
    """
    available = np.flatnonzero(labels.available)
    _check(minimum, maximum, len(available))
    count = int(rng.integers(minimum, maximum, endpoint=True))
    return _draw(labels, available, count, rng)


def draw_base_persistent(
    labels: Labels, base: int, rng: np.random.Generator, *, minimum: int = 1, maximum: int = 5
) -> tuple[int, ...]:
    """Algorithm 2: example `base`, and examples of other classes up to `minimum` to `maximum`.

    An epoch takes every example as the base once, so that none is missed. The numbers include the
    base.

    Raises ValueError unless 1 <= minimum <= maximum, and there are maximum - 1 other classes.
    """
    available = np.flatnonzero(labels.available & (labels.targets[base] == 0))
    _check(minimum, maximum, len(available) + 1)
    count = int(rng.integers(minimum, maximum, endpoint=True)) - 1
    return (base, *_draw(labels, available, count, rng))


def samples_per_epoch(
    examples: int, *, minimum: int = 1, maximum: int = 5, missed: float = 0.001
) -> int:
    """How many true dynamic samples leave a share of only `missed` examples unused (eq. 3.1).

    N = log(missed) / log(1 - 1 / n) · 2 / (minimum + maximum); the equation's factors 1 / n and n
    cancel. Table 3.3 rounds down. The equation takes all examples as equally likely, though true
    dynamic sampling prefers those of small classes: with the sizes of IRMAS, 0.19 % of all are
    missed for the 0.1 % requested, and 0.45 % of its largest class.

    Raises ValueError for fewer than two examples, or a share that is not between 0 and 1.
    """
    if examples < 2:
        raise ValueError(f"examples: expected 2 or more, got {examples}")
    if not 0 < missed < 1:
        raise ValueError(f"missed: expected a share between 0 and 1, got {missed}")
    _check(minimum, maximum)
    draws = math.log(missed) / math.log1p(-1 / examples)
    return int(draws * 2 / (minimum + maximum))


def mix(audio: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The average of recordings (sample,) of one length: no mixture is louder than its parts.

    Raises ValueError when there is none, or lengths differ.
    """
    lengths = sorted({len(samples) for samples in audio})
    if len(lengths) != 1:
        raise ValueError(f"audio: expected recordings of one length, got lengths {lengths}")
    return np.asarray(np.mean(audio, axis=0), dtype=np.float32)


def _draw(
    labels: Labels, classes: NDArray[np.intp], count: int, rng: np.random.Generator
) -> tuple[int, ...]:
    """An example of each of `count` distinct classes."""
    chosen = rng.choice(classes, size=count, replace=False)
    return tuple(int(rng.choice(labels.by_class[label])) for label in chosen)


def _check(minimum: int, maximum: int, most: float = math.inf) -> None:
    if not 1 <= minimum <= maximum:
        raise ValueError(f"minimum: expected 1 to maximum ({maximum}), got {minimum}")
    if maximum > most:
        raise ValueError(f"maximum: expected at most {most}, one per class, got {maximum}")


@dataclass(frozen=True, eq=False)
class WindowExamples:
    """Makes the training examples of a run.

    Static and base-persistent sampling take every window once an epoch, in an order of its own;
    true dynamic sampling draws them all. `targets` (window, class) may hold nan: not annotated.
    `described` (window, frame, bin) are the features of the windows as they are, where they were
    computed before; they serve a draw that neither mixes nor augments.
    """

    windows: RecordingWindows
    targets: NDArray[np.float32]
    front_end: RecognitionFrontEnd
    seed: int
    sampling: str = "static"
    minimum: int = 1
    maximum: int = 5
    augment: bool = True
    semitones: float = 6.0
    described: NDArray[np.float32] | None = None

    def __call__(self, rng: np.random.Generator, number: int = 0) -> Example:
        """Features (frame, bin) and targets (class,) of the run's example of this number."""
        chosen = self.choose(rng, number)
        if self.described is not None and self.sampling == "static" and not self.augment:
            return np.array(self.described[chosen[0]]), self.targets[chosen[0]]
        samples = mix([self.windows.read(index) for index in chosen])
        if self.augment:
            shifts = augmentation.draw_shifts(rng, semitones=self.semitones)
            samples = augmentation.apply_shifts(
                samples, self.windows.sample_rate, shifts, self.front_end.samples
            )
        features = self.front_end(samples)
        if self.augment and self.front_end.kind.masked:
            features = augmentation.apply_masks(features, augmentation.draw_masks(rng))
        return features, join(self.targets[list(chosen)])

    def choose(self, rng: np.random.Generator, number: int) -> tuple[int, ...]:
        """The windows that sound together in an example."""
        numbers = {"minimum": self.minimum, "maximum": self.maximum}
        if self.sampling == "true_dynamic":
            return draw_true_dynamic(self._labels, rng, **numbers)
        base = turn(self.seed, number, len(self.windows))
        if self.sampling == "base_persistent":
            return draw_base_persistent(self._labels, base, rng, **numbers)
        return (base,)

    @cached_property
    def _labels(self) -> Labels:
        """The annotations of the windows."""
        return Labels(np.nan_to_num(self.targets))


def join(targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """The target of a mixture, (part, class) to (class,): nan where it is unknown."""
    present = (targets == 1).any(axis=0)
    # The largest is nan as soon as one is.
    return np.where(present, np.float32(1), targets.max(axis=0))


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy, the mean over what is known of `targets` (batch, class): eq. 4.1.

    The equation lacks its minus sign. Targets that are nan count neither way.
    """
    known = ~targets.isnan()
    values = F.binary_cross_entropy_with_logits(logits, targets.nan_to_num(), reduction="none")
    return (values * known).sum() / known.sum().clamp(min=1)
