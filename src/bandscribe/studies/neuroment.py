"""Which choices of Neuroment (2022) matter: features, losses, frames, slices and networks.

Each row is a training run with one choice of its own; all are judged alike, on solos that none was
trained on:

- the losses on held-out windows, beside those of one who always says each class's mean, and how
  loud the loudest output is: one that stays near zero has collapsed;
- sequences in which each instrument plays alone for five seconds, as in sections 5.3 and 5.4: noise
  and leakage, in dB, from -60 (best) to 0. The paper's own picture averages -38.3 dB on the
  diagonal of its noise matrix;
- mixtures of two, three and four solos of different classes: average precision of frames, which is
  the share of the time in which a class plays for one who guesses, and the error of levels in dB.

Levels are relative to the loudest frame of a recording; a class plays where it is no further than
`ACTIVE_DB` below it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bandscribe.files import whole
from bandscribe.metrics import frames
from bandscribe.studies import neuroment_report as report
from bandscribe.training.activity import envelopes, solos
from bandscribe.training.activity.recipe import Recipe, classes_of, resolve
from bandscribe.training.activity.train import train
from bandscribe.training.activity.windows import LogSpectrum, rms
from bandscribe.types import LEVEL_FLOOR_DB, Activations

Array = NDArray[np.float32]
#: Seconds that an instrument plays alone in a sequence.
ALONE = 5.0
ACTIVE_DB = -40.0
SEQUENCES, MIXTURES = 3, 30
#: What is told of a row's best validation.
_BEST = ("minutes", "validation_bce", "validation_mse", "loudest")
#: What each row has of its own.
ROWS: Mapping[str, Mapping[str, str]] = {
    "mel": {},
    "cqt": {"spectrum": "cqt"},
    "stft": {"spectrum": "stft"},
    "adam": {"optimiser": "adam"},
    "from_half": {"prior": "false"},
    "mse": {"losses": "mse"},
    "mse_adam": {"losses": "mse", "optimiser": "adam"},
    "mse_from_half": {"losses": "mse", "prior": "false"},
    "mse_adam_from_half": {"losses": "mse", "optimiser": "adam", "prior": "false"},
    "kl": {"losses": "kl"},
    "frobenius": {"losses": "frobenius"},
    "bce_kl": {"losses": "bce,kl"},
    "bce_frobenius": {"losses": "bce,frobenius"},
    "one_frame": {"options": '{"frames": 1}', "batch": "512"},
    "one_of_sixteen": {"options": '{"said": 1}'},
    "encoder_decoder": {"model": "encoder_decoder"},
    "onsets": {"slices": "onsets"},
}
#: The questions that rows answer, each beside the first. What makes predictions collapse is asked
#: of the loss, of weight decay as an L2 term, and of outputs that begin at a half, as the paper's.
QUESTIONS: Mapping[str, Sequence[str]] = {
    "features": ("mel", "cqt", "stft"),
    "losses": ("mel", "mse", "kl", "frobenius", "bce_kl", "bce_frobenius"),
    "collapse": (
        "mel", "adam", "from_half", "mse", "mse_adam", "mse_from_half", "mse_adam_from_half",
    ),
    "frames": ("mel", "one_of_sixteen", "one_frame"),
    "networks": ("mel", "encoder_decoder"),
    "slices": ("mel", "onsets"),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Recording:
    """A mixture (n,) of parts (n,) by class."""

    mixture: Array
    parts: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Held:
    """What every row is judged on: `sequences`, and `mixtures` by their number of solos."""

    sequences: tuple[Recording, ...]
    mixtures: Mapping[int, tuple[Recording, ...]]


def make_sequences(
    found: Sequence[solos.Solo], classes: Sequence[str], sample_rate: int, count: int = SEQUENCES
) -> Iterator[Recording]:
    """Each class alone for five seconds, one after the other, of two of its solos or more."""
    rng = np.random.default_rng(5)
    length = round(ALONE * sample_rate)
    each = -(-length // solos.LENGTH)
    for _ in range(count):
        parts: dict[str, Array] = {}
        for place, name in enumerate(classes):
            own = [solo for solo in found if solo.label == name]
            chosen = rng.choice(len(own), each, replace=len(own) < each)
            heard = [solos.read_solo(own[i].path, sample_rate, solos.LENGTH) for i in chosen]
            part = np.zeros(length * len(classes), dtype=np.float32)
            part[place * length : (place + 1) * length] = np.concatenate(heard)[:length]
            parts[name] = part
        yield Recording(np.sum(list(parts.values()), axis=0), parts)


def make_mixtures(
    found: Sequence[solos.Solo], size: int, sample_rate: int, count: int = MIXTURES
) -> Iterator[Recording]:
    """Solos of `size` different classes, at levels as in training."""
    rng = np.random.default_rng([5, size])
    names = sorted({solo.label for solo in found})
    for _ in range(count):
        drawn = [names[i] for i in rng.permutation(len(names))[:size]]
        own = [[i for i, solo in enumerate(found) if solo.label == name] for name in drawn]
        chosen = tuple(int(rng.choice(indices)) for indices in own)
        mix = solos.Mix(chosen, tuple(solos.draw_levels(size, rng).tolist()))
        for mixture, parts in solos.play([mix], found, sample_rate):
            yield Recording(mixture, parts)


def hold_out(recipe: Recipe, split: str = "test") -> Held:
    """The recordings of a split of the recipe's validation solos, laid out for `judge`.

    Raises ValueError as `solos.load`.
    """
    classes, rate = classes_of(recipe), LogSpectrum(recipe.spectrum).sample_rate
    found = solos.load(recipe.validation_solos, split, classes)
    return Held(
        tuple(make_sequences(found, classes, rate)),
        {n: tuple(make_mixtures(found, n, rate)) for n in (2, 3, 4) if n <= len(classes)},
    )


def hear(
    model: torch.nn.Module, recipe: Recipe, recordings: Sequence[Recording]
) -> tuple[list[Activations], list[Activations]]:
    """Levels as they are and as the network says them, of each recording."""
    listen, classes = LogSpectrum(recipe.spectrum), classes_of(recipe)
    references: list[Activations] = []
    estimates: list[Activations] = []
    for recording in recordings:
        said = envelopes.follow(model, listen, recording.mixture)
        silent = np.zeros_like(recording.mixture)
        parts = [rms(recording.parts.get(name, silent), listen.hop_length) for name in classes]
        wanted = np.stack(parts, axis=1)[: len(said)]
        for amplitudes, side in ((wanted, references), (said, estimates)):
            side.append(envelopes.to_levels(amplitudes, recording.mixture, listen, classes))
    return references, estimates


def judge(
    model: torch.nn.Module, recipe: Recipe, held: Held
) -> tuple[dict[str, float], dict[str, NDArray[np.float64]]]:
    """Figures by name, and the noise and leakage matrices (playing alone, detected)."""
    summed = frames.sum_levels(*hear(model, recipe, held.sequences))
    noise, leakage = frames.noise_matrix(summed), frames.leakage_matrix(summed)
    beside = ~np.eye(len(noise), dtype=bool)
    figures = {
        "noise_diagonal_db": float(np.nanmean(np.diag(noise))),
        "noise_beside_db": float(np.nanmean(noise[beside])),
        "leakage_db": float(np.nanmean(leakage)),
    }
    every: tuple[list[Activations], list[Activations]] = ([], [])
    for size, recordings in held.mixtures.items():
        pair = hear(model, recipe, recordings)
        figures |= {f"{name}_{size}": value for name, value in _follow(*pair).items()}
        for side, more in zip(every, pair, strict=True):
            side.extend(more)
    return {**figures, **_follow(*every)}, {"noise": noise, "leakage": leakage}


def be_sure(levels: Activations) -> Activations:
    """Levels of -60 to 0 dB as if they were probabilities of 0 to 1."""
    values = (1 - levels.values / LEVEL_FLOOR_DB).clip(0, 1)
    return replace(levels, values=values, kind="probability")


def resolve_row(name: str, base: Mapping[str, str]) -> Recipe:
    """The recipe of a row; its own choices come before `base`, fields of the recipe as text.

    Raises ValueError for a row that is none, or naming the field.
    """
    if name not in ROWS:
        raise ValueError(f"names: expected some of {', '.join(ROWS)}, got {name!r}")
    return resolve(None, {"model": "neuroment", **base, **ROWS[name]})


def run(names: Sequence[str], base: Mapping[str, str], folder: Path) -> None:
    """Train and judge rows, each in a folder of its name; one that is judged is left as it is.

    `base` are fields of the recipe that all rows have, as text. Raises ValueError for a row that is
    none, and as `train`.
    """
    for name, recipe in [(name, resolve_row(name, base)) for name in names]:
        path = folder / name
        if (path / "study.json").is_file():
            continue
        result = train(recipe, path)
        if not result.finished:
            return
        model, recipe = envelopes.reopen(path)
        figures, drawn = judge(model, recipe, hold_out(recipe))
        metrics = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
        told = {
            "weights": metrics["parameters"],
            "steps": metrics["steps"],
            "hours": metrics["windows"] * 15 * 1024 / 44100 / 3600,
            **{key: result.best[key] for key in _BEST},
            **metrics["constant"],
            **figures,
        }
        report.write_row(path, drawn, classes_of(recipe))
        with whole(path / "study.json") as temporary:
            temporary.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _follow(
    references: Sequence[Activations], estimates: Sequence[Activations]
) -> dict[str, float]:
    """Average precision of frames, by level, and the error of levels where a class plays."""

    def present(levels: Activations) -> Activations:
        values = (levels.values >= ACTIVE_DB).astype(np.float32)
        return replace(levels, values=values, kind="probability")

    counted = frames.count_presence(
        [present(x) for x in references], [be_sure(x) for x in estimates]
    )
    summed = frames.sum_levels(references, estimates)
    return {
        "map": frames.presence_figures(counted)["map"],
        "level_error_db": frames.level_figures(summed)["level_error_db"],
    }
