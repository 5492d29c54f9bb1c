"""Dynamic sampling: examples with several labels, made of examples with one while training.

Source: Harmony Is All You Need 2023, section 3.5. Two algorithms draw which examples sound
together; `mix` then lays them over each other. A draw is a record, so that it can be replayed.

Where the pseudocode and the prose differ, this is the prose:

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

Target = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class MixedExamples:
    """Indices of the `examples` that sound together, and their joint `target` (class,), 0 or 1."""

    examples: tuple[int, ...]
    target: Target


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
) -> MixedExamples:
    """Algorithm 1: `minimum` to `maximum` distinct classes, and an example of each.

    Classes are drawn uniformly, then examples within a class, so that every class sounds equally
    often. Classes without an example are left out. An example with several labels brings all of
    them.

    Raises ValueError unless 1 <= minimum <= maximum <= number of classes with an example.
    """
    available = np.flatnonzero(labels.available)
    _check(minimum, maximum, len(available))
    count = int(rng.integers(minimum, maximum, endpoint=True))
    return _join(labels, _draw(labels, available, count, rng))


def draw_base_persistent(
    labels: Labels, base: int, rng: np.random.Generator, *, minimum: int = 1, maximum: int = 5
) -> MixedExamples:
    """Algorithm 2: example `base`, and examples of other classes up to `minimum` to `maximum`.

    An epoch takes every example as the base once, so that none is missed. The numbers include the
    base.

    Raises ValueError unless 1 <= minimum <= maximum, and there are maximum - 1 other classes.
    """
    available = np.flatnonzero(labels.available & (labels.targets[base] == 0))
    _check(minimum, maximum, len(available) + 1)
    count = int(rng.integers(minimum, maximum, endpoint=True)) - 1
    return _join(labels, [base, *_draw(labels, available, count, rng)])


def samples_per_epoch(
    examples: int, *, minimum: int = 1, maximum: int = 5, missed: float = 0.001
) -> int:
    """How many true dynamic samples leave a share of only `missed` examples unused (eq. 3.1).

    N = log(missed) / log(1 - 1 / n) · 2 / (minimum + maximum); the equation's factors 1 / n and n
    cancel. Table 3.3 rounds down. The equation takes all examples as equally likely, though true
    dynamic sampling prefers those of small classes: with the sizes of IRMAS, 0.19 % of all are
    missed for the 0.1 % asked for, and 0.45 % of its largest class.

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
) -> list[int]:
    """An example of each of `count` distinct classes."""
    chosen = rng.choice(classes, size=count, replace=False)
    return [int(rng.choice(labels.by_class[label])) for label in chosen]


def _join(labels: Labels, examples: list[int]) -> MixedExamples:
    return MixedExamples(tuple(examples), labels.targets[examples].max(axis=0).astype(np.float32))


def _check(minimum: int, maximum: int, most: float = math.inf) -> None:
    if not 1 <= minimum <= maximum:
        raise ValueError(f"minimum: expected 1 to maximum ({maximum}), got {minimum}")
    if maximum > most:
        raise ValueError(f"maximum: expected at most {most}, one per class, got {maximum}")
