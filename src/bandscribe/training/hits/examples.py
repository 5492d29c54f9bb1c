"""Training examples of hits: which clips sound together, their features and their targets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from bandscribe import audio
from bandscribe.features.mel import MelBands
from bandscribe.training.batches import Example, turn
from bandscribe.training.hits import scenes
from bandscribe.training.hits.clips import HitClip, list_folder
from bandscribe.training.mapped import FileRows, leave_out

#: Target of a velocity that is not known: it is left out of the loss.
UNKNOWN = -1.0
#: Target of the classes one of which is struck, if the label does not distinguish them.
ANY = -1.0
#: Share of hits under which another of the class is laid: a sound that no kit has.
_LAYERED = 0.3


@dataclass(frozen=True, eq=False)
class HitExamples:
    """Makes examples out of clips.

    A class is drawn with its number of clips to the power of 1 - `balance`, then one of its groups
    with the square root of its number (large kits vary more), then a clip. `null_share` of the
    examples are no drum, where there are such clips. Without `augment` clips are not changed.
    """

    clips: Sequence[HitClip]
    classes: tuple[str, ...]
    front_end: MelBands
    seconds: float
    augment: bool = True
    balance: float = 1.0
    null_share: float = 0.2
    overlap_share: float = 0.25
    codec_share: float = 0.0

    def __call__(self, rng: np.random.Generator) -> Example:
        """Features (frame, bin) and targets (class + 1,): which are struck, and the velocity."""
        if not self.augment:
            null = self._nulls and rng.random() < self.null_share
            return self.take(_pick(self._nulls, rng) if null else self._draw_hit(rng))
        scene, target = self.scene(rng)
        before = scenes.BEFORE_FRAMES
        power = self.power(scene, before)
        frames = self.front_end.count(self.seconds)
        return self.front_end.window(power, before - scene.early, frames), target

    def take(self, clip: HitClip) -> Example:
        """A clip as it is: features of its first `seconds`, and targets."""
        length = round(self.seconds * self.front_end.sample_rate)
        samples = np.zeros(length, dtype=np.float32)
        samples[: len(clip.samples)] = clip.samples[:length]
        features = self.front_end(samples)
        return features, make_target([clip] if clip.label else [], self.classes)

    def scene(self, rng: np.random.Generator) -> tuple[scenes.Scene, NDArray[np.float32]]:
        """What is played, and its targets (class + 1,)."""
        if self._nulls and rng.random() < self.null_share:
            sounds = [_pick(self._nulls, rng) for _ in range(int(rng.integers(0, 5)))]
            scene = scenes.draw_null(sounds, rng, codec=self.codec_share)
            return scene, make_target([], self.classes)
        main = self._draw_hit(rng)
        count = int(rng.integers(1, 3)) if rng.random() < self.overlap_share else 0
        others: list[HitClip] = []
        for clip in (self._draw_hit(rng) for _ in range(count)):
            # A hi-hat beside one that may be open or closed would leave the target undefined.
            if not any(set(clip.candidates) & set(one.candidates) for one in (main, *others)):
                others.append(clip)
        under = self._draw_hit(rng, str(main.label)) if rng.random() < _LAYERED else None
        softly = _pick(self._nulls, rng) if self._nulls and rng.random() < 0.15 else None
        kin = self._by_class[str(main.label)][main.group]
        scene = scenes.sample_scene(main, under, kin, others, softly, rng, codec=self.codec_share)
        return scene, make_target([main, *others], self.classes)

    def power(self, scene: scenes.Scene, before: int) -> NDArray[np.float32]:
        """Power (before + frame, bin) of a scene, from so many frames before the hit on."""
        rate, hop_length = self.front_end.sample_rate, self.front_end.hop_length
        # The outer frames reach over what lies before and behind them.
        beside = self.front_end.n_fft // hop_length
        seconds = self.seconds + self.front_end.n_fft / rate
        samples = scenes.play(scene, sample_rate=rate, seconds=seconds)
        start = round(scenes.BEFORE * rate / hop_length) - before
        skipped = max(0, start - beside)
        power = self.front_end.power(samples[skipped * hop_length :])
        frames = before + self.front_end.count(self.seconds)
        cut = power[start - skipped : start - skipped + frames]
        return np.pad(cut, ((0, frames - len(cut)), (0, 0)))

    def _draw_hit(self, rng: np.random.Generator, label: str | None = None) -> HitClip:
        label = label or str(rng.choice(self._labels, p=self._chances))
        groups = self._by_class[label]
        roots = np.sqrt([len(clips) for clips in groups.values()])
        names = list(groups)
        group = names[int(rng.choice(len(names), p=roots / roots.sum()))]
        return _pick(groups[group], rng)

    @cached_property
    def _by_class(self) -> dict[str, dict[str, list[HitClip]]]:
        """Class to group to clips."""
        found: dict[str, dict[str, list[HitClip]]] = defaultdict(lambda: defaultdict(list))
        for clip in self.clips:
            if clip.label is not None:
                found[clip.label][clip.group].append(clip)
        return {label: dict(groups) for label, groups in found.items()}

    @cached_property
    def _nulls(self) -> list[HitClip]:
        return [clip for clip in self.clips if clip.label is None]

    @property
    def _labels(self) -> list[str]:
        return list(self._by_class)

    @cached_property
    def _chances(self) -> NDArray[np.float64]:
        """Of each class in `_labels`."""
        counts = [sum(map(len, groups.values())) for groups in self._by_class.values()]
        return _balance(counts, self.balance)


def make_target(struck: Sequence[HitClip], classes: tuple[str, ...]) -> NDArray[np.float32]:
    """(class + 1,): 1 for each class that is struck, `ANY` for each class that an open label may
    be; the velocity of a single hit, or `UNKNOWN`.
    """
    target = np.zeros(len(classes) + 1, dtype=np.float32)
    target[-1] = UNKNOWN
    for clip in struck:
        may = [classes.index(name) for name in clip.candidates if name in classes]
        target[may] = 1 if len(may) == 1 else ANY
    if len(struck) == 1 and struck[0].velocity is not None:
        target[-1] = struck[0].velocity
    return target


def loss(logits: Tensor, targets: Tensor, *, velocity_weight: float) -> Tensor:
    """Cross-entropy of logits (batch, output) and targets (batch, class + 1), mean over the batch.

    Without an output for the velocity the classes exclude each other (softmax): section 3.3 of the
    project report 2024. With one, each class is decided by itself, and `velocity_weight` weighs the
    velocity, as a probability, where it is known. Of classes that are `ANY` the loss is that of the
    probability that one of them at least is struck, in place of theirs.
    """
    count = targets.shape[1] - 1
    if logits.shape[1] == count:
        return F.cross_entropy(logits.float(), targets[:, :count])
    struck = _presence_loss(logits[:, :count].float(), targets[:, :count])
    known = targets[:, count] != UNKNOWN
    velocity = F.binary_cross_entropy_with_logits(
        logits[:, count].float(), targets[:, count].clamp(min=0), reduction="none"
    )
    velocity_loss: Tensor = (velocity * known).sum() / known.sum().clamp(min=1)
    return struck + velocity_weight * velocity_loss


def _presence_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of logits and targets (batch, class), where those may be `ANY`."""
    unknown = targets == ANY
    each = F.binary_cross_entropy_with_logits(logits, targets.clamp(min=0), reduction="none")
    # log of the probability that none is struck: a sum over the classes of log(1 - p).
    none = (F.logsigmoid(-logits) * unknown).sum(dim=1)
    some = -torch.log(-torch.expm1(none.clamp(max=-1e-30))) * unknown.any(dim=1)
    return ((each * ~unknown).sum() + some.sum()) / targets.numel()


def _pick(clips: Sequence[HitClip], rng: np.random.Generator) -> HitClip:
    return clips[int(rng.integers(len(clips)))]


@dataclass(frozen=True, eq=False)
class Kept:
    """Clips by their labels alone, and their `features` (clip, frame, bin) and `targets`.

    `rows` (clip,) are those of the features, where files that cannot be read have some, too.
    """

    clips: tuple[HitClip, ...]
    features: NDArray[np.float32]
    rows: NDArray[np.int64]
    targets: NDArray[np.float32]

    @classmethod
    def load(
        cls,
        folders: Sequence[str],
        split: str,
        classes: tuple[str, ...],
        front_end: MelBands,
        seconds: float,
        *,
        cache: Path | None = None,
        workers: int = 0,
    ) -> Kept:
        """The clips of one split that the tables of folders name, each its first `seconds`.

        Features are made by `workers`, and kept in `cache` for other runs; without it they vanish
        with the process. A file that cannot be read has a line on standard error, and is left out.

        Raises ValueError as `list_folder`, and where none can be read.
        """
        named = [clip for root in folders for clip in list_folder(root, split, classes)]
        if not named:
            raise ValueError(f"{', '.join(folders)}: no clip of the split {split!r}")
        made = FileRows.load(
            [path for path, _ in named],
            (front_end.count(seconds), front_end.n_bins),
            partial(_describe, front_end=front_end, seconds=seconds),
            ["features", asdict(front_end), seconds],
            cache=cache,
            workers=workers,
        )
        leave_out(made.problems.values())
        rows = [row for row in range(len(named)) if row not in made.problems]
        if not rows:
            raise ValueError(next(iter(made.problems.values())))
        clips = tuple(named[row][1] for row in rows)
        targets = [make_target([clip] if clip.label else [], classes) for clip in clips]
        return cls(clips, made.values, np.array(rows), np.stack(targets))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def every(self) -> NDArray[np.float32]:
        """The features of all clips (clip, frame, bin)."""
        return self.features if len(self.rows) == len(self.features) else self.features[self.rows]


@dataclass(frozen=True, eq=False)
class Turns:
    """Makes examples out of clips as they are.

    Without `balance` each epoch takes every clip once, in an order of its own. With it, a class is
    drawn by its number of clips to the power of 1 - `balance`, and one of its clips.
    """

    kept: Kept
    seed: int
    balance: float = 0.0

    def __call__(self, rng: np.random.Generator, number: int) -> Example:
        """Features (frame, bin) and targets (class + 1,) of the run's example of this number."""
        if self.balance:
            members = self._members[int(rng.choice(len(self._members), p=self._chances))]
            chosen = int(rng.choice(members))
        else:
            chosen = turn(self.seed, number, len(self.kept))
        kept = self.kept
        return np.array(kept.features[kept.rows[chosen]]), kept.targets[chosen]

    @cached_property
    def _members(self) -> list[NDArray[np.int64]]:
        """The clips of each class."""
        found: dict[str | None, list[int]] = defaultdict(list)
        for index, clip in enumerate(self.kept.clips):
            found[clip.label].append(index)
        return [np.array(members) for members in found.values()]

    @cached_property
    def _chances(self) -> NDArray[np.float64]:
        return _balance([len(members) for members in self._members], self.balance)


def _describe(path: Path, front_end: MelBands, seconds: float) -> NDArray[np.float32]:
    """Features (frame, bin) of a file's first `seconds`, filled up with silence."""
    # A little more than is needed: what is resampled is the same up to its end.
    rate, longest = front_end.sample_rate, seconds + 0.5
    sound = audio.read(path, sample_rate=rate, mono=True, duration=longest)
    samples = np.zeros(round(seconds * rate), dtype=np.float32)
    samples[: sound.samples.shape[1]] = sound.samples[0, : len(samples)]
    return front_end(samples)


def _balance(counts: Sequence[int], balance: float) -> NDArray[np.float64]:
    """Chances by counts to the power of 1 - `balance`."""
    powers = np.array(counts, dtype=np.float64) ** (1 - balance)
    return np.asarray(powers / powers.sum())
