"""Precision, recall and F1 per class of several results on drums, for a picture of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.readers import read_json, refused
from bandscribe.vocabulary import DRUMS

#: What the mean over the classes is called (`macro` in metrics.json). Of three classes it is the
#: mean over KD, SD and HH that Deep Unsupervised Drum Transcription (2019) reports.
MEAN = "mean"


@dataclass(frozen=True, eq=False)
class Rates:
    """Several results in one number of classes, the mean over which comes last.

    `rates` (result, class, 3) are precision, recall and F1, `intervals` (result, class, 2) low and
    high of F1 where tracks are drawn anew; nan where undefined.
    """

    classes: tuple[str, ...]
    rates: NDArray[np.float64]
    intervals: NDArray[np.float64]


def gather(folders: Sequence[Path]) -> list[Rates]:
    """What folders of `bandscribe evaluate drums` say, in each number of classes that all have.

    Raises ValueError when a folder holds no result on drums, or they share no number of classes.
    """
    results = [_read(folder) for folder in folders]
    shared = [count for count in DRUMS if all(f"classes_{count}" in each for each in results)]
    if not shared:
        raise ValueError("the results have no number of classes in common")
    with refused(f"{', '.join(map(str, folders))}: damaged; run bandscribe evaluate again"):
        return [_collect([each[f"classes_{n}"] for each in results], n) for n in shared]


def _read(folder: Path) -> dict[str, Any]:
    path = folder / "metrics.json"
    if not path.is_file():
        raise ValueError(
            f"{folder}: no finished result; make one with bandscribe evaluate ... -o {folder}"
        )
    content: dict[str, Any] = read_json(path)
    task = content.get("task") if isinstance(content, dict) else "nothing"
    if task != "drums":
        raise ValueError(f"{folder}: expected a result on drums, got one on {task}")
    return content


def _collect(results: Sequence[dict[str, Any]], count: int) -> Rates:
    classes = DRUMS[count]
    rows = [[*(each["per_class"][name] for name in classes), each["macro"]] for each in results]
    names = ("precision", "recall", "f1")
    # JSON has null for nan.
    rates = [[[row[name] for name in names] for row in each] for each in rows]
    spans = [[row["ci95"] or (None, None) for row in each] for each in rows]
    return Rates(
        (*classes, MEAN),
        np.array(rates, dtype=np.float64),
        np.array(spans, dtype=np.float64),
    )
