"""Observation windows: the features and the target envelopes of Neuroment.

Source: Neuroment 2022, section 4.2. Frames of 2048 samples every 1024, centred, at 44.1 kHz;
windows of 16 frames, 348 ms from the first frame's centre to the last one's, so that a recording of
131,072 samples has eight. Features are natural logarithms of magnitudes, which a full-scale tone
brings to about 1/4, plus 1e-12; envelopes are root mean squares.

One deviation: features are those of the whole mixture, from which windows are then cut, as in the
paper's inference. The paper's training transforms each window by itself, between silences; the
lowest filters of a constant-Q transform are longer than three windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bandscribe.features import filterbanks
from bandscribe.features.constant_q import ConstantQ
from bandscribe.features.frames import FramePower
from bandscribe.features.spectrogram import magnitude
from bandscribe.training.activity.pieces import Mixture
from bandscribe.training.batches import Example, turn

Array = NDArray[np.float32]
SPECTRA = ("mel", "cqt", "stft")
SLICES = ("all", "onsets")
_OFFSET = 1e-12
SILENCE = float(np.log(_OFFSET))
#: Frames before an onset in a slice that is chosen for it, and how far below the loudest value a
#: rise counts.
_LEAD, _DEPTH = 2, float(np.log(1000.0))


@dataclass(frozen=True)
class LogSpectrum:
    """ln(magnitude + 1e-12) of the paper's three kinds: 128 mel bands, 192 filters or 1025 bins."""

    kind: str = "mel"
    sample_rate: int = 44100
    n_fft: int = 2048
    hop_length: int = 1024
    n_mels: int = 128
    fmin: float = 27.5
    fmax: float = 20000.0

    def __post_init__(self) -> None:
        """Raise ValueError for another kind."""
        if self.kind not in SPECTRA:
            raise ValueError(f"spectrum: expected one of {', '.join(SPECTRA)}, got {self.kind!r}")

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop_length

    @property
    def n_bins(self) -> int:
        """Values per frame."""
        sizes = {"mel": self.n_mels, "cqt": self.constant_q.n_bins, "stft": self.n_fft // 2 + 1}
        return sizes[self.kind]

    @cached_property
    def constant_q(self) -> ConstantQ:
        """24 bins per octave, eight octaves."""
        return ConstantQ(24, 8, self.fmin)

    def __call__(self, samples: Array) -> Array:
        """(n,) to (1 + n // hop_length, bin)."""
        if self.kind == "cqt":
            values = self.constant_q.magnitude(
                samples, self.sample_rate, hop_length=self.hop_length
            )
            values /= np.sqrt(self.constant_q.lengths(self.sample_rate)).astype(np.float32)
        else:
            values = magnitude(samples, n_fft=self.n_fft, hop_length=self.hop_length)
            values /= np.float32(self.n_fft)
            if self.kind == "mel":
                filters = filterbanks.mel(
                    self.sample_rate, self.n_fft,
                    n_mels=self.n_mels, fmin=self.fmin, fmax=self.fmax,
                )  # fmt: skip
                values = values @ (filters / filters.sum(axis=0))
        logarithms: Array = np.log(values + np.float32(_OFFSET))
        return logarithms


def envelopes(
    parts: Mapping[str, Array], classes: Sequence[str], hop_length: int, frames: int
) -> Array:
    """Root mean square of each class's part (n,) in each frame: (frame, class), 0 for none."""
    values = np.zeros((frames, len(classes)), dtype=np.float32)
    for column, name in enumerate(classes):
        if name in parts:
            values[:, column] = rms(parts[name], hop_length)[:frames]
    return values


def rms(samples: Array, hop_length: int) -> Array:
    """(n,) to (1 + n // hop_length,): root mean squares of centred frames of two hops."""
    power = FramePower(hop_length)
    power.add(samples)
    return np.sqrt(power.frames()).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of `features` (window, frame, bin), and of `envelopes` (window, frame, class).

    Features are in half precision: they are kept in memory.
    """

    features: NDArray[np.float16]
    envelopes: Array

    def __len__(self) -> int:
        return len(self.features)

    def scale(self) -> tuple[Array, Array]:
        """Mean and standard deviation of each bin, (bin,): the latter 0.1 at least."""
        some = self.features[:: max(1, len(self) // 2000)].astype(np.float32)
        return some.mean(axis=(0, 1)), np.maximum(some.std(axis=(0, 1)), np.float32(0.1))

    def means(self) -> Array:
        """Mean envelope of each class, (class,), from 1e-6 to 1 - 1e-6."""
        means: Array = self.envelopes.mean(axis=(0, 1)).clip(1e-6, 1 - 1e-6)
        return means


def cut(
    mixtures: Iterable[Mixture],
    front_end: LogSpectrum,
    classes: Sequence[str],
    *,
    frames: int,
    slices: str = "all",
) -> Windows:
    """The windows of mixtures.

    `all` windows follow each other, and share their first and last frames; `onsets` moves each to
    the steepest rise that begins within it (see `find_onset`). Raises ValueError for other slices,
    or where no mixture is as long as a window.
    """
    if slices not in SLICES:
        raise ValueError(f"slices: expected one of {', '.join(SLICES)}, got {slices!r}")
    inputs: list[NDArray[np.float16]] = []
    targets: list[Array] = []
    for made in mixtures:
        features = front_end(made.mixture)
        levels = envelopes(made.parts, classes, front_end.hop_length, len(features))
        for start in range(0, len(features) - frames + 1, max(1, frames - 1)):
            first = start if slices == "all" else find_onset(features, start, frames)
            inputs.append(features[first : first + frames].astype(np.float16))
            targets.append(levels[first : first + frames])
    if not inputs:
        raise ValueError(f"mixtures: expected some of {frames} frames or more")
    return Windows(np.stack(inputs), np.stack(targets))


def find_onset(features: Array, start: int, frames: int) -> int:
    """Where a window begins that has the steepest rise in `frames` frames from `start` on.

    The rise is the sum of what grows from frame to frame, of logarithms of magnitudes (frame, bin)
    of which all more than 60 dB below the loudest count alike. The window begins two frames before
    it, as far as there are frames; where nothing rises, it stays.
    """
    before = max(0, start - 1)
    raised = np.maximum(features[before : start + frames], features.max() - _DEPTH)
    rise = np.maximum(np.diff(raised, axis=0), 0).sum(axis=1)
    first = before + 1 + int(rise.argmax()) - _LEAD if rise.max(initial=0) > 0 else start
    return min(max(0, first), len(features) - frames)


@dataclass(frozen=True, eq=False)
class Shuffled:
    """Training examples: every window once an epoch, in an order of its own."""

    windows: Windows
    seed: int

    def __call__(self, _: np.random.Generator, number: int) -> Example:
        """Features (frame, bin) and envelopes (frame, class) of the example of this number."""
        chosen = turn(self.seed, number, len(self.windows))
        return self.windows.features[chosen].astype(np.float32), self.windows.envelopes[chosen]


def stitch(
    features: Array,
    infer: Callable[[Array], Array],
    *,
    frames: int,
    output_frames: int,
    batch: int = 64,
) -> Array:
    """The predictions of a network of windows for each frame of a whole recording, (frame, class).

    `infer` takes windows (window, `frames`, bin) and gives (window, `output_frames`, class). Where
    these are all, windows overlap by half, and predictions are faded by Hann windows, which sum to
    one; where one is, each frame has a window of its own. Beyond both ends is silence, so that the
    first and the last frames lie in as many windows as the others. Source: section 4.2.2.

    Raises ValueError where `frames` is odd and more than one is predicted.
    """
    if output_frames > 1 and frames % 2:
        raise ValueError(f"frames: expected an even number to overlap by half, got {frames}")
    count = len(features)
    hop = frames // 2 if output_frames > 1 else 1
    windows = -(-count // hop) + 1 if output_frames > 1 else count
    reach = (windows - 1) * hop + frames
    lead = frames // 2
    padded = np.full((reach, features.shape[1]), SILENCE, dtype=np.float32)
    padded[lead : lead + count] = features[: reach - lead]
    fade = np.ones((output_frames, 1), dtype=np.float32)
    if output_frames > 1:
        fade[:, 0] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frames) / frames)
    total: Array | None = None
    for first in range(0, windows, batch):
        starts = range(first * hop, min(first + batch, windows) * hop, hop)
        given = infer(np.stack([padded[start : start + frames] for start in starts]))
        if total is None:
            total = np.zeros((reach, given.shape[2]), dtype=np.float32)
        for start, frame in zip(starts, given * fade, strict=True):
            place = start if output_frames > 1 else start + lead
            total[place : place + output_frames] += frame
    return np.zeros((0, 0), dtype=np.float32) if total is None else total[lead : lead + count]
