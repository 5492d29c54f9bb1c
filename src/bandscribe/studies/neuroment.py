"""Which choices of Neuroment (2022) matter: features, losses, frames, slices and networks.

All rows are evaluated alike, on solos that none was trained on:

- the cross-entropy of windows of the test split, the headline of section 5.2;
- the losses on held-out windows, beside those of always predicting each class's mean, and the
  loudest output: one that stays near zero has collapsed;
- sequences in which each instrument plays alone for five seconds, as in sections 5.3 and 5.4: noise
  and leakage, in dB, from -60 (best) to 0. The paper's own picture averages -38.3 dB on the
  diagonal of its noise matrix;
- mixtures of two, three and four solos of different classes: average precision of frames, which by
  chance is the share of the time in which a class plays, and the error of levels in dB.

Levels are relative to the loudest frame of a recording; a class plays where it is no further than
`ACTIVE_DB` below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bandscribe.display import matrices
from bandscribe.files import write_csv
from bandscribe.metrics import frames
from bandscribe.studies.runs import (
    Fields,
    RowOutcome,
    Study,
    StudyRow,
    check,
    choose,
    plot_losses,
    resolve_member,
)
from bandscribe.studies.tables import column
from bandscribe.training import export
from bandscribe.training.activity import envelopes, solos
from bandscribe.training.activity.pieces import Mixture
from bandscribe.training.activity.recipe import Recipe, classes_of
from bandscribe.training.activity.train import train
from bandscribe.training.activity.windows import LogSpectrum, rms
from bandscribe.training.device import nearest
from bandscribe.types import LEVEL_FLOOR_DB, Activations

Array = NDArray[np.float32]
#: Seconds for which each instrument plays alone in a sequence.
ALONE = 5.0
ACTIVE_DB = -40.0
SEQUENCES, MIXTURES = 3, 30
_BEST = ("minutes", "validation_bce", "validation_mse", "loudest")
_OWN: Mapping[str, Fields] = {
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
    "one_of_sixteen": {"options": '{"output_frames": 1}'},
    "encoder_decoder": {"model": "encoder_decoder"},
    "onsets": {"slices": "onsets"},
}
#: Figure 10 of the paper: the test loss of its network, after 150 epochs of Medley-solos-DB.
_REPORTED: Mapping[str, Mapping[str, Any]] = {"mel": {"test_bce": 0.022}}
ROWS = {name: StudyRow(name, (own,), _REPORTED.get(name, {})) for name, own in _OWN.items()}
#: The rows of each question, which are compared with the first. Predictions may collapse because of
#: the loss, of weight decay as an L2 term, or of outputs that begin at 0.5, as in the paper.
QUESTIONS: Mapping[str, Sequence[str]] = {
    "features": ("mel", "cqt", "stft"),
    "losses": ("mel", "mse", "kl", "frobenius", "bce_kl", "bce_frobenius"),
    "collapse": (
        "mel", "adam", "from_half", "mse", "mse_adam", "mse_from_half", "mse_adam_from_half",
    ),
    "frames": ("mel", "one_of_sixteen", "one_frame"),
    "networks": ("mel", "encoder_decoder"),
    "slices": ("mel", "onsets"),
    "all": tuple(ROWS),
}  # fmt: skip
COLUMNS = (
    column("weights", "weights"),
    column("minutes", "minutes to best"),
    column("test_bce", "test BCE", drawn=True),
    column("validation_bce", "BCE", drawn=True),
    column("validation_mse", "MSE", drawn=True),
    column("loudest", "loudest output", drawn=True),
    column("noise_diagonal_db", "noise, diagonal (dB)", drawn=True, low=LEVEL_FLOOR_DB),
    column("noise_beside_db", "noise, others (dB)", drawn=True, low=LEVEL_FLOOR_DB),
    column("leakage_db", "leakage (dB)", drawn=True, low=LEVEL_FLOOR_DB),
    column("map", "mean AP of frames", drawn=True),
    column("level_error_db", "level error (dB)", drawn=True),
)
#: Constant predictions on the same windows, by the names of `envelopes.constant_losses`. The
#: cross-entropy of the target with itself is the least there is, and not 0.
_CONSTANT = {
    "the target itself": {"validation_bce": "least_bce"},
    "always the mean of each class": {"validation_bce": "mean_bce", "validation_mse": "mean_mse"},
    "always zero": {"validation_mse": "zero_mse"},
}


@dataclass(frozen=True, eq=False)
class Held:
    """The test recordings of all rows: `sequences`, and `mixtures` by their number of solos."""

    sequences: tuple[Mixture, ...]
    mixtures: Mapping[int, tuple[Mixture, ...]]


def make_sequences(
    found: Sequence[solos.Solo], classes: Sequence[str], sample_rate: int, count: int = SEQUENCES
) -> Iterator[Mixture]:
    """Each class alone for five seconds, one after the other, from two or more of its solos."""
    rng = np.random.default_rng(5)
    length = round(ALONE * sample_rate)
    each = -(-length // solos.LENGTH)
    for _ in range(count):
        parts: dict[str, Array] = {}
        for place, name in enumerate(classes):
            own = [solo for solo in found if solo.label == name]
            chosen = rng.choice(len(own), each, replace=len(own) < each)
            played = [solos.read_solo(own[i].path, sample_rate, solos.LENGTH) for i in chosen]
            part = np.zeros(length * len(classes), dtype=np.float32)
            part[place * length : (place + 1) * length] = np.concatenate(played)[:length]
            parts[name] = part
        yield Mixture(np.sum(list(parts.values()), axis=0), parts)


def make_mixtures(
    found: Sequence[solos.Solo], size: int, sample_rate: int, count: int = MIXTURES
) -> Iterator[Mixture]:
    """Solos of `size` different classes, at levels as in training."""
    rng = np.random.default_rng([5, size])
    names = sorted({solo.label for solo in found})
    for _ in range(count):
        drawn = [names[i] for i in rng.permutation(len(names))[:size]]
        own = [[i for i, solo in enumerate(found) if solo.label == name] for name in drawn]
        chosen = tuple(int(rng.choice(indices)) for indices in own)
        mix = solos.Mix(chosen, tuple(solos.draw_levels(size, rng).tolist()))
        yield from solos.play([mix], found, sample_rate)


def hold_out(recipe: Recipe, split: str = "test") -> Held:
    """The recordings of a split of the recipe's validation solos, laid out for `score`.

    Raises ValueError as `solos.load`.
    """
    classes, rate = classes_of(recipe), LogSpectrum(recipe.spectrum).sample_rate
    found = solos.load(recipe.validation_solos, split, classes)
    return Held(
        tuple(make_sequences(found, classes, rate)),
        {n: tuple(make_mixtures(found, n, rate)) for n in (2, 3, 4) if n <= len(classes)},
    )


def infer(
    model: torch.nn.Module, recipe: Recipe, recordings: Sequence[Mixture]
) -> tuple[list[Activations], list[Activations]]:
    """True and predicted levels of each recording."""
    spectrum, classes = LogSpectrum(recipe.spectrum), classes_of(recipe)
    references: list[Activations] = []
    estimates: list[Activations] = []
    for recording in recordings:
        predicted = envelopes.infer_recording(model, spectrum, recording.mixture)
        silent = np.zeros_like(recording.mixture)
        parts = [rms(recording.parts.get(name, silent), spectrum.hop_length) for name in classes]
        target = np.stack(parts, axis=1)[: len(predicted)]
        for amplitudes, side in ((target, references), (predicted, estimates)):
            side.append(envelopes.to_levels(amplitudes, recording.mixture, spectrum, classes))
    return references, estimates


def score(
    model: torch.nn.Module, recipe: Recipe, held: Held
) -> tuple[dict[str, float], dict[str, NDArray[np.float64]]]:
    """Scores by name, and the noise and leakage matrices (playing alone, detected)."""
    summed = frames.sum_levels(*infer(model, recipe, held.sequences))
    noise, leakage = frames.noise_matrix(summed), frames.leakage_matrix(summed)
    beside = ~np.eye(len(noise), dtype=bool)
    figures = {
        "noise_diagonal_db": float(np.nanmean(np.diag(noise))),
        "noise_beside_db": float(np.nanmean(noise[beside])),
        "leakage_db": float(np.nanmean(leakage)),
    }
    every: tuple[list[Activations], list[Activations]] = ([], [])
    for size, recordings in held.mixtures.items():
        pair = infer(model, recipe, recordings)
        figures |= {f"{name}_{size}": value for name, value in _score_mixtures(*pair).items()}
        for side, more in zip(every, pair, strict=True):
            side.extend(more)
    return {**figures, **_score_mixtures(*every)}, {"noise": noise, "leakage": leakage}


def scale_levels(levels: Activations) -> Activations:
    """Levels of -60 to 0 dB, scaled to 0 to 1 as probabilities."""
    values = (1 - levels.values / LEVEL_FLOOR_DB).clip(0, 1)
    return replace(levels, values=values, kind="probability")


def plan(name: str, given: Fields) -> Study[Recipe]:
    """The study of a question, or of rows `A,B`; `given` are fields of all recipes.

    Raises ValueError for a name or a field that is none.
    """
    rows = [ROWS[each] for each in choose(name, QUESTIONS, ROWS)]
    check(given, rows)
    base = {"model": "neuroment"}
    return Study(
        name, "Neuroment: what matters", COLUMNS,
        {row: [resolve_member("activity", base, given, row.members[0])] for row in rows},
        train, evaluate,
        baselines=make_baselines, finish=finish, described={"fields": given},
    )  # fmt: skip


def evaluate(row: StudyRow, runs: tuple[Path, ...]) -> dict[str, Any]:
    """The scores of a run; its matrices are written into its folder, as csv and matrices.png."""
    (run,) = runs
    model, recipe = envelopes.load_run(run)
    model.to(nearest(recipe.device))
    tested = envelopes.validate(model, envelopes.prepare(recipe, "test"), recipe.losses)
    figures, made = score(model, recipe, hold_out(recipe))
    classes = classes_of(recipe)
    matrices.plot(run / "matrices.png", made, classes, title=row.label)
    for kind, matrix in made.items():
        rows = (["" if np.isnan(value) else f"{value:.1f}" for value in row] for row in matrix)
        lines = ([name, *row] for name, row in zip(classes, rows, strict=True))
        write_csv(run / f"{kind}.csv", ["alone", *classes], lines)
    metrics = export.read_metrics(run)
    best = {name: metrics["best"][name] for name in _BEST}
    return {
        "weights": metrics["parameters"],
        "steps": metrics["steps"],
        "hours": metrics["windows"] * 15 * 1024 / 44100 / 3600,
        "test_bce": tested["validation_bce"],
        **best,
        **metrics["constant"],
        **figures,
    }


def make_baselines(outcomes: Sequence[RowOutcome]) -> list[RowOutcome]:
    """Scores of constant predictions on the windows of the first row."""
    known = outcomes[0].scores[0]
    return [
        RowOutcome(label, ({name: known[key] for name, key in keys.items()},), baseline=True)
        for label, keys in _CONSTANT.items()
    ]


def finish(stem: Path, outcomes: Sequence[RowOutcome]) -> list[str]:
    """Plot the losses of all rows."""
    plot_losses(stem.with_name(f"{stem.name}_losses.png"), outcomes)
    return []


def _score_mixtures(
    references: Sequence[Activations], estimates: Sequence[Activations]
) -> dict[str, float]:
    """Average precision of frames, by level, and the error of levels where a class plays."""

    def present(levels: Activations) -> Activations:
        values = (levels.values >= ACTIVE_DB).astype(np.float32)
        return replace(levels, values=values, kind="probability")

    counted = frames.count_presence(
        [present(x) for x in references], [scale_levels(x) for x in estimates]
    )
    summed = frames.sum_levels(references, estimates)
    return {
        "map": frames.presence_figures(counted)["map"],
        "level_error_db": frames.level_figures(summed)["level_error_db"],
    }
