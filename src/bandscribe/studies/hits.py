"""What Hiner 2024, Drum Classification, compares: each row is trained, judged on test clips, kept.

The clips are those that `bandscribe segment` cuts. Rows differ in one thing from the first, which
is the report's final model (section 3: half a second at 32 kHz, 2048 samples, 256 mel bands; three
convolutions). All are judged alike, on the test clips that the clean-up leaves. A study can be
stopped and started again; questions in one folder share their rows.

    clips/NAME/labels.csv    which clips a row learns from
    runs/ROW-SEED            a run of `training.hits`, and study.json: what it scores
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from bandscribe.datasets import segments
from bandscribe.files import write_csv
from bandscribe.metrics import hits
from bandscribe.readers import read_csv
from bandscribe.studies import hit_kernels
from bandscribe.training import record
from bandscribe.training.device import infer
from bandscribe.training.hits import validation
from bandscribe.training.hits.clips import Clip, from_folder
from bandscribe.training.hits.examples import Draw
from bandscribe.training.hits.recipe import Recipe, build, front_end, read, resolve
from bandscribe.training.hits.train import train_on
from bandscribe.training.recipes import override

#: Which share of the training clips is learned from, and whether the clean-up comes first.
CLIPS: Mapping[str, tuple[float, bool]] = {
    "clean": (1.0, True),
    "unclean": (1.0, False),
    "half": (0.5, True),
    "quarter": (0.25, True),
}


@dataclass(frozen=True)
class Row:
    """A line of the table: its own fields of the recipe, its clips, and the report's figures."""

    label: str
    fields: Mapping[str, str] = field(default_factory=dict)
    clips: str = "clean"
    figures: str = ""


def _hear(**parameters: Any) -> dict[str, str]:
    return {"features": json.dumps(parameters)}


def _convolve(*channels: int) -> dict[str, str]:
    return {"options": json.dumps({"channels": channels})}


ROWS: Mapping[str, Row] = {
    "report": Row("the report's final model", figures="4, 12, 13"),
    "two_convolutions": Row("two convolutions", _convolve(16, 32), figures="7"),
    "narrow": Row("8, 16, 32 kernels", _convolve(8, 16, 32)),
    "wide": Row("32, 64, 128 kernels", _convolve(32, 64, 128)),
    "one_second": Row("1 s", {"seconds": "1"}, figures="6"),
    "22500": Row("22.5 kHz", _hear(sample_rate=22500), figures="10"),
    "44100": Row("44.1 kHz", _hear(sample_rate=44100), figures="16"),
    "half_overlap": Row("hop 1024: 50 % overlap", _hear(hop_length=1024), figures="11"),
    "fft_1024": Row("FFT 1024, hop 256", _hear(n_fft=1024, hop_length=256)),
    "mels_128": Row("128 mel bands", _hear(n_mels=128)),
    "power": Row("power, as the report", _hear(scale="power")),
    "levels": Row("levels in dB", _hear(scale="levels")),
    "unclean": Row("without clean-up", clips="unclean", figures="8"),
    "half": Row("half of the clips", clips="half"),
    "quarter": Row("a quarter of the clips", clips="quarter"),
    "slow": Row("learning rate 1e-4", {"learning_rate": "1e-4"}, figures="15"),
    "balanced": Row("classes drawn alike", {"balance": "1"}),
}
#: The questions that rows answer, each beside the first.
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
    "all": tuple(ROWS),
}


def choose(question: str) -> Sequence[str]:
    """The rows that answer a question. Raises ValueError for one that is not asked."""
    if question not in QUESTIONS:
        raise ValueError(f"NAME: expected one of {', '.join(QUESTIONS)}, got {question!r}")
    return QUESTIONS[question]


def write_clips(found: Path, out: Path) -> None:
    """Write the tables of `CLIPS` below `out`, of the clips in `found`; those there are kept.

    Only training clips become fewer. Validation clips are cleaned where those of training are, test
    clips always.

    Raises ValueError where `found` is not what `bandscribe segment` writes.
    """
    rows = [row for row in read_csv(found / segments.EVERY, *_NEEDED) if row["file"]]
    columns = ("file", "label", "split", "group", "velocity")
    for name, (share, clean) in CLIPS.items():
        if (out / name / segments.LABELS).is_file():
            continue
        rng = np.random.default_rng(0)
        kept = [
            {**{column: row[column] for column in columns}, "file": _relate(found, row, out / name)}
            for row in rows
            if row["in_step"] == "1" or not (clean or row["split"] == "test")
            if row["split"] != "train" or rng.random() < share
        ]
        (out / name).mkdir(parents=True, exist_ok=True)
        write_csv(out / name / segments.LABELS, columns, kept)


_LEARNING = ("train", "validation")
_NEEDED = ("file", "label", "split", "group", "velocity", "in_step")


def _relate(found: Path, row: Mapping[str, str], folder: Path) -> str:
    return Path(os.path.relpath(found / row["file"], folder)).as_posix()


def read_classes(found: Path) -> tuple[str, ...]:
    """The classes that `bandscribe segment` kept, the most frequent first.

    Raises ValueError where `found` is not what it writes.
    """
    path = found / segments.ABOUT
    if not path.is_file():
        raise ValueError(f"{path}: missing; name a folder that bandscribe segment has written")
    return tuple(json.loads(path.read_text(encoding="utf-8"))["classes"])


def resolve_row(
    name: str, given: Mapping[str, str], classes: Sequence[str], folder: Path, seed: int
) -> Recipe:
    """The recipe of a row and a seed; the row's own fields come before `given`, which all have.

    To the options and features that are given a row adds its own. Raises ValueError for a field
    that is none, or that the study sets.
    """
    if mine := sorted(given.keys() & {"seed", "clips", "classes", "kits", "notes", "head"}):
        raise ValueError(f"{mine[0]}: a study sets it; expected other fields of a recipe")
    row = ROWS[name]
    own = {
        "clips": str(folder / "clips" / row.clips),
        "classes": ",".join(classes),
        "seed": str(seed),
    }
    shared = resolve(None, {"model": "report", **given, **own})
    return override(shared, row.fields)


def run(
    names: Sequence[str],
    given: Mapping[str, str],
    found: Path,
    folder: Path,
    seeds: Sequence[int],
) -> Iterator[str]:
    """Train and judge rows, once per seed; yields what is begun, as text.

    Raises ValueError as `resolve_row`, as `training.hits.train`, and when a run is stopped.
    """
    classes = read_classes(found)
    recipes = {
        (name, seed): resolve_row(name, given, classes, folder, seed)
        for name in names
        for seed in seeds
    }
    write_clips(found, folder / "clips")
    for (name, seed), recipe in recipes.items():
        path = folder / "runs" / f"{name}-{seed}"
        if (path / "study.json").is_file():
            continue
        yield f"{ROWS[name].label}, seed {seed}"
        if not train_on(recipe, path, *(_read(recipe, split) for split in _LEARNING)).finished:
            raise ValueError(f"{path}: stopped; run the same command again to go on")
        record.write_json(path / "study.json", judge(path))


def _read(recipe: Recipe, split: str) -> Sequence[Clip]:
    rate = front_end(recipe).sample_rate
    return _load(recipe.clips[0], split, rate, recipe.seconds, recipe.classes)


@lru_cache(maxsize=3)  # one row's: most rows hear the same
def _load(
    root: str, split: str, sample_rate: int, seconds: float, classes: tuple[str, ...]
) -> Sequence[Clip]:
    return from_folder(root, split, sample_rate=sample_rate, seconds=seconds, classes=classes)


def judge(run: Path) -> dict[str, Any]:
    """What the best weights of a run score on the test clips.

    Raises ValueError where there are none.
    """
    recipe = read(run)
    listen = front_end(recipe)
    test = _read(recipe, "test")
    prepared = validation.prepare(
        Draw(test, recipe.classes, listen, recipe.seconds, augment=False), examples=0, seed=0
    )
    logits = infer(reopen(run), prepared.features).numpy()
    targets = torch.from_numpy(prepared.targets[:, :-1])
    counts = validation.confuse(logits, prepared)
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
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


def reopen(run: Path) -> torch.nn.Module:
    """The network of a run with its best weights. Raises ValueError where there is no run."""
    model = build(read(run))
    model.load_state_dict(torch.load(run / "best.pt", map_location="cpu"))
    return model.eval()


def compare_kernels(run: Path) -> list[hit_kernels.Layer]:
    """The kernels of a run beside those of its network before the first step."""
    recipe = read(run)
    torch.manual_seed(recipe.seed)
    return hit_kernels.compare(reopen(run), build(recipe))
