"""The comparisons of Hiner 2024, Drum Classification: training of a classifier of single hits.

The clips are those that `bandscribe segment` cuts. Rows differ in one thing from the first, which
is the report's final model (section 3: half a second at 32 kHz, 2048 samples, 256 mel bands; three
convolutions). All are evaluated alike, on the test clips that the clean-up leaves. Tables of which
clips a row learns from lie in `clips/NAME/labels.csv`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from bandscribe.datasets import segments
from bandscribe.display import confusion
from bandscribe.display import kernels as kernel_picture
from bandscribe.files import to_csv, write_csv, write_text
from bandscribe.metrics import hits
from bandscribe.readers import read_csv
from bandscribe.studies import hit_kernels
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
from bandscribe.training import checkpoints, export, recipes
from bandscribe.training.device import infer, nearest
from bandscribe.training.fit import FitResult
from bandscribe.training.hits import validation
from bandscribe.training.hits.examples import Kept
from bandscribe.training.hits.recipe import Recipe, build
from bandscribe.training.hits.train import keep, train_on_kept
from bandscribe.training.hits.train import train as train_alone

#: The share of the training clips that is used, and whether they are cleaned up first.
CLIPS: Mapping[str, tuple[float, bool]] = {
    "clean": (1.0, True),
    "unclean": (1.0, False),
    "half": (0.5, True),
    "quarter": (0.25, True),
    "half_unclean": (0.5, False),
}


def _row(label: str, figures: str = "", **own: Any) -> StudyRow:
    """A row with its own fields, and the numbers of its figures in the report."""
    fields = {k: v if isinstance(v, str) else json.dumps(v) for k, v in own.items()}
    return StudyRow(label, (fields,), {"figures": figures} if figures else {})


def _step(label: str, figures: str, clips: str = "half", **own: Any) -> StudyRow:
    """A step of the appendix towards the final model; the first eight had fewer clips."""
    features = {**_FIRST, **own.pop("features", {})}
    return _row(label, figures, clips=clips, features=features, **own)


#: The default spectrogram of the library that the report used at first.
_FIRST = {"sample_rate": 44100, "n_fft": 400, "hop_length": 200, "n_mels": 128}
_LAST = {"n_fft": 2048, "hop_length": 512, "n_mels": 256}
#: The appendix: each figure keeps what the one before it changed, but for those of figures 6 and 7.
#: The first spectrogram is unknown; half-hop is half of that library's hop, which halves windows.
_STEPS: Mapping[str, StudyRow] = {
    "figure_6": _step("1 s", "6", "half_unclean", seconds="1"),
    "figure_7": _step(
        "0.5 s, two convolutions", "7", "half_unclean", options={"channels": [16, 32]}
    ),
    "figure_8": _step("three convolutions", "8", "half_unclean"),
    "figure_9": _step("and clean-up", "9"),
    "figure_10": _step("and 22.5 kHz", "10", features={"sample_rate": 22500}),
    "figure_11": _step("and half-hop", "11", features={"sample_rate": 22500, "hop_length": 100}),
    "figure_12": _step("32 kHz instead, whole hop", "12", features={"sample_rate": 32000}),
    "figure_13": _step(
        "and FFT 2048, half-hop, 256 bands", "13", features={"sample_rate": 32000, **_LAST}
    ),
    "figure_15": _step(
        "and all clips, lower rate", "15", "clean", learning_rate="1e-4",
        features={"sample_rate": 32000, **_LAST},
    ),
    "figure_16": _step(
        "44.1 kHz instead", "16", "clean", learning_rate="1e-4",
        features={"sample_rate": 44100, **_LAST},
    ),
}  # fmt: skip
ROWS: Mapping[str, StudyRow] = {
    "report": _row("the report's final model", "4, 14"),
    "two_convolutions": _row("two convolutions", options={"channels": [16, 32]}),
    "narrow": _row("8, 16, 32 kernels", options={"channels": [8, 16, 32]}),
    "wide": _row("32, 64, 128 kernels", options={"channels": [32, 64, 128]}),
    "one_second": _row("1 s", seconds="1"),
    "22500": _row("22.5 kHz", features={"sample_rate": 22500}),
    "44100": _row("44.1 kHz", features={"sample_rate": 44100}),
    "half_overlap": _row("hop 1024: 50 % overlap", features={"hop_length": 1024}),
    "fft_1024": _row("FFT 1024, hop 256", features={"n_fft": 1024, "hop_length": 256}),
    "mels_128": _row("128 mel bands", features={"n_mels": 128}),
    "power": _row("power, as the report", features={"scale": "power"}),
    "levels": _row("levels in dB", features={"scale": "levels"}),
    "unclean": _row("without clean-up", clips="unclean"),
    "half": _row("half of the clips", "13", clips="half"),
    "quarter": _row("a quarter of the clips", clips="quarter"),
    "slow": _row("learning rate 1e-4", "15", learning_rate="1e-4"),
    "balanced": _row("classes drawn alike", balance="1"),
    **_STEPS,
}
#: The rows of each question, which are compared with the first.
QUESTIONS: Mapping[str, Sequence[str]] = {
    "report": ("report",),
    "layers": ("report", "two_convolutions", "narrow", "wide"),
    "length": ("report", "one_second"),
    "rates": ("report", "22500", "44100"),
    "spectrogram": ("report", "half_overlap", "fft_1024", "mels_128", "power", "levels"),
    "clean_up": ("report", "unclean"),
    "amount": ("report", "half", "quarter"),
    "learning_rate": ("report", "slow"),
    "balance": ("report", "balanced"),
    "steps": ("report", *_STEPS),
    "all": tuple(name for name in ROWS if name not in _STEPS),
}


COLUMNS = (
    column("accuracy", "accuracy", drawn=True),
    column("balanced_accuracy", "mean recall", drawn=True),
    column("test_loss", "test loss"),
    column("best_step", "best step"),
    column("minutes", "minutes"),
    column("training_clips", "clips"),
    column("parameters", "weights"),
)
#: Accuracy in the report: 39,356 of 42,122 test clips of E-GMD (section 4).
REPORTED = RowOutcome("in the report, on E-GMD", ({"accuracy": 39356 / 42122},), baseline=True)


def write_clips(found: Path, out: Path) -> None:
    """Write the tables of `CLIPS` below `out`, of the clips in `found`.

    Only training clips become fewer. Validation clips are cleaned where those of training are, test
    clips always.

    Raises ValueError where `found` is not what `bandscribe segment` writes, or other clips are
    there: runs would no longer be of them.
    """
    rows = [row for row in read_csv(found / segments.EVERY, *_NEEDED) if row["file"]]
    columns = ("file", "label", "split", "group", "velocity")
    for name, (share, clean) in CLIPS.items():
        path = out / name / segments.LABELS
        rng = np.random.default_rng(0)
        kept = [
            {
                **{column: row[column] for column in columns},
                "file": _make_relative(found, row, out / name),
            }
            for row in rows
            if row["in_step"] == "1" or not (clean or row["split"] == "test")
            if row["split"] != "train" or rng.random() < share
        ]
        text = to_csv(columns, kept)
        if path.is_file() and path.read_text(encoding="utf-8") != text:
            raise ValueError(f"{path}: of other clips; name another folder with -o")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)


_NEEDED = ("file", "label", "split", "group", "velocity", "in_step")


def _make_relative(found: Path, row: Mapping[str, str], folder: Path) -> str:
    return Path(os.path.relpath(found / row["file"], folder)).as_posix()


def read_classes(found: Path) -> tuple[str, ...]:
    """The classes that `bandscribe segment` kept, the most frequent first.

    Raises ValueError where `found` is not what it writes.
    """
    path = found / segments.ABOUT
    if not path.is_file():
        raise ValueError(f"{path}: missing; name a folder that bandscribe segment has written")
    return tuple(json.loads(path.read_text(encoding="utf-8"))["classes"])


def plan(name: str, given: Fields, clips: Path, folder: Path) -> Study[Recipe]:
    """The study of a question, or of rows `A,B`, on clips that `bandscribe segment` wrote.

    `given` are fields of all recipes. Raises ValueError for a name or a field that is none, and as
    `read_classes` and `write_clips`.
    """
    rows = [ROWS[each] for each in choose(name, QUESTIONS, ROWS)]
    check(given, rows, ("clips", "classes", "kits", "notes", "head"))
    shared = {**given, "classes": ",".join(read_classes(clips))}

    def make(row: StudyRow) -> Recipe:
        own = {"clips": "clean", **row.members[0]}
        own["clips"] = str(folder / "clips" / own["clips"])
        made: Recipe = resolve_member("hits", {"model": "report"}, shared, own)
        return made

    planned = {row: [make(row)] for row in rows}
    write_clips(clips, folder / "clips")
    return Study(
        name,
        "single hits on test clips",
        COLUMNS,
        planned,
        train,
        evaluate,
        baselines=lambda outcomes: [REPORTED],
        finish=finish,
        described={"clips": str(clips), "fields": given},
    )


def train(recipe: Recipe, run: Path) -> FitResult:
    """As `training.hits.train`; rows without augmentation share their features."""
    if recipe.augment:
        return train_alone(recipe, run)
    return train_on_kept(recipe, run, _keep(recipe, "train"), _keep(recipe, "validation"))


def _keep(recipe: Recipe, split: str) -> Kept:
    """The clips of a split; recipes that differ in other fields alone share them."""
    matters = [recipe.clips, recipe.classes, recipe.features, recipe.seconds, split]
    key = json.dumps(matters, sort_keys=True)
    if key not in _kept:
        if len(_kept) == _SPLITS:
            del _kept[next(iter(_kept))]  # with its file
        _kept[key] = keep(recipe, split)
    return _kept[key]


_SPLITS = 3  # those of one row: most rows share them
_kept: dict[str, Kept] = {}


def evaluate(row: StudyRow, runs: tuple[Path, ...]) -> dict[str, Any]:
    """Scores of the best weights of a run on the test clips.

    Raises ValueError where there are none.
    """
    (run,) = runs
    recipe = recipes.read(run, Recipe)
    test = _keep(recipe, "test")
    prepared = validation.ValidationHits(test.every, test.targets, recipe.classes)
    logits = infer(reopen(run).to(nearest(recipe.device)), prepared.features).numpy()
    targets = torch.from_numpy(prepared.targets[:, :-1])
    counts = validation.confuse(logits, prepared)
    metrics = export.read_metrics(run)
    return {
        **hits.figures(counts, recipe.classes),
        "test_loss": float(cross_entropy(torch.from_numpy(logits), targets)),
        "right": int(counts.sum(axis=0).diagonal().sum()),
        "test_clips": len(test),
        "training_clips": metrics["clips"],
        "parameters": metrics["parameters"],
        "steps": metrics["steps"],
        "best_step": metrics["best"]["step"],
        "minutes": metrics["best"]["minutes"],
        "validation_loss": metrics["best"]["validation_loss"],
        "classes": recipe.classes,
        "confusion": counts.sum(axis=0)[:, :-1].tolist(),
    }


def finish(stem: Path, outcomes: Sequence[RowOutcome]) -> list[str]:
    """Write losses of all rows, and of the first one, the confusion of its seeds, and its kernels.

    Returns the pairs most and least confused.
    """
    first = outcomes[0]
    classes = first.scores[0]["classes"]
    matrix: NDArray[np.int64] = np.sum([each["confusion"] for each in first.scores], axis=0)
    right, total = int(matrix.diagonal().sum()), int(matrix.sum())

    def place(what: str) -> Path:
        return stem.with_name(f"{stem.name}_{what}")

    plot_losses(place("losses.png"), outcomes)
    lines = ([label, *row.tolist()] for label, row in zip(classes, matrix, strict=True))
    write_csv(place("confusion.csv"), ["class", *classes], lines)
    confusion.plot(
        place("confusion.png"), matrix, classes,
        title=f"{right:,} of {total:,}: {right / total:.1%}",
    )  # fmt: skip
    layers = compare_kernels(first.runs[0][0])
    found = [{"layer": i, **layer.summarise()} for i, layer in enumerate(layers, start=1)]
    write_csv(place("kernels.csv"), list(found[0]), found, digits=8)
    kernel_picture.plot(
        place("kernels.png"),
        layers[0].kernels,
        [(hit_kernels.direct(each.kernels), hit_kernels.direct(each.untrained)) for each in layers],
        title=f"which way kernels point: {first.label}",
    )
    pairs = hits.rank_pairs(np.pad(matrix, ((0, 0), (0, 1)))[None], classes)
    return [
        f"{name} confused: {pair.reference} taken for {pair.estimate}, {pair.number} "
        f"({pair.share:.1%})"
        for name, pair in (("most", pairs[0]), ("least", pairs[-1]))
    ]


def reopen(run: Path) -> torch.nn.Module:
    """The network of a run with its best weights. Raises ValueError where there is no run."""
    return checkpoints.fill(build(recipes.read(run, Recipe)), run / "best.pt").eval()


def compare_kernels(run: Path) -> list[hit_kernels.KernelLayer]:
    """The kernels of a run, and those of its network before the first step."""
    recipe = recipes.read(run, Recipe)
    torch.manual_seed(recipe.seed)
    return hit_kernels.compare(reopen(run), build(recipe))
