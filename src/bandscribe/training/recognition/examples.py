"""Training examples: which windows are mixed, how they are augmented, and their features.

Source: Harmony Is All You Need 2023, sections 3.4 and 3.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from bandscribe.features.windows import RecognitionFrontEnd
from bandscribe.training.batches import Example, shuffle
from bandscribe.training.recognition import augmentation, sampling
from bandscribe.training.recognition.corpora import RecordingWindows
from bandscribe.training.recognition.sampling import Labels


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
        samples = sampling.mix([self.windows.read(index) for index in chosen])
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
            return sampling.draw_true_dynamic(self._labels, rng, **numbers).examples
        epoch, place = divmod(number, len(self.windows))
        base = int(shuffle(self.seed, epoch, len(self.windows))[place])
        if self.sampling == "base_persistent":
            return sampling.draw_base_persistent(self._labels, base, rng, **numbers).examples
        return (base,)

    @cached_property
    def _labels(self) -> Labels:
        """What is annotated, of the windows."""
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
