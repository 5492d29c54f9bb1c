"""Two result folders of the same corpus, track by track."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.evaluation import figures
from bandscribe.metrics import counts
from bandscribe.metrics.comparison import Difference, compare
from bandscribe.vocabulary import DRUMS

SEED = 0
#: What two results must share for their difference to say something about the systems.
SHARED = ("task", "corpus", "tolerance", "unscored")


@dataclass(frozen=True, eq=False)
class Result:
    """What a folder says: metrics.json, and by number of classes each track's counts (class, 3)."""

    summary: dict[str, Any]
    tracks: dict[int, dict[str, NDArray[np.int64]]]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The second result against the first on the tracks that both have.

    `differences` holds by number of classes the figures of `metrics.counts.figures`; `unpaired`
    are tracks that only one has; `remarks` are settings in which they differ.
    """

    tracks: int
    unpaired: tuple[str, ...]
    remarks: tuple[str, ...]
    differences: dict[int, dict[str, Difference]]


def load(folder: Path) -> Result:
    """Read metrics.json and tracks.csv.

    Raises ValueError when the folder holds no result, or one that is damaged.
    """
    try:
        summary = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        tracks: dict[int, dict[str, NDArray[np.int64]]] = {}
        with (folder / "tracks.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["class"] == figures.ALL:
                    continue
                count = int(row["classes"])
                empty = np.zeros((len(DRUMS[count]), 3), dtype=np.int64)
                found = tracks.setdefault(count, {}).setdefault(row["track"], empty)
                found[DRUMS[count].index(row["class"])] = [int(row[n]) for n in ("tp", "fp", "fn")]
        return Result({name: summary[name] for name in (*SHARED, "audio", "split")}, tracks)
    except FileNotFoundError as error:
        raise ValueError(
            f"{folder}: no finished result; make one with bandscribe evaluate ... -o {folder}"
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{folder}: damaged ({error!r}); run bandscribe evaluate again") from error


def contrast(first: Result, second: Result) -> Comparison:
    """Draw the tracks that both have anew, for both alike, and see what the difference does.

    Raises ValueError when the results are of different corpora or settings, or share no track.
    """
    for name in SHARED:
        if first.summary[name] != second.summary[name]:
            raise ValueError(
                f"the results differ in {name}: {first.summary[name]} and {second.summary[name]}; "
                "evaluate both alike"
            )
    remarks = [
        f"{name}: {first.summary[name] or 'none'} and {second.summary[name] or 'none'}"
        for name in ("audio", "split")
        if first.summary[name] != second.summary[name]
    ]
    both = [count for count in DRUMS if count in first.tracks and count in second.tracks]
    if not both:
        raise ValueError("the results have no number of classes in common")
    ones, others = first.tracks[both[0]], second.tracks[both[0]]
    names = [name for name in ones if name in others]
    if not names:
        raise ValueError("the results have no track in common")
    return Comparison(
        tracks=len(names),
        unpaired=tuple(sorted(set(ones) ^ set(others))),
        remarks=tuple(remarks),
        differences={count: _differences(first, second, names, count) for count in both},
    )


def _differences(
    first: Result, second: Result, names: Sequence[str], count: int
) -> dict[str, Difference]:
    one, other = (
        np.array([result.tracks[count][name] for name in names]) for result in (first, second)
    )
    classes = DRUMS[count]
    return compare(
        lambda tracks: counts.figures(one[tracks], classes),
        lambda tracks: counts.figures(other[tracks], classes),
        len(names),
        np.random.default_rng(SEED),
    )


def to_plain(comparison: Comparison) -> dict[str, Any]:
    """For JSON, in the shape of metrics.json: `classes_5`, then `micro`, `macro`, each class."""
    plain: dict[str, Any] = {
        "tracks": comparison.tracks,
        "unpaired": list(comparison.unpaired),
        "remarks": list(comparison.remarks),
    }
    for count, differences in comparison.differences.items():
        groups: dict[str, Any] = plain.setdefault(f"classes_{count}", {})
        for name, found in differences.items():
            group, figure = name.rsplit(".", 1)
            numbers = figures.plain(
                {
                    "first": found.first,
                    "second": found.second,
                    "difference": found.difference,
                    "low": found.interval.low,
                    "high": found.interval.high,
                    "share_better": found.share_better,
                }
            )
            groups.setdefault(group, {})[figure] = {**numbers, "clear": found.clear}
    return plain


def tabulate(comparison: Comparison) -> Iterable[str]:
    """Lines for a terminal: the F1 of each, and what is sure about their difference."""
    for count, differences in comparison.differences.items():
        yield f"\n{count} classes, F1      first  second  difference  95 %"
        for name, found in differences.items():
            group, figure = name.rsplit(".", 1)
            if figure != "f1":
                continue
            row = f"{group.replace('_', ' '):<18}  {_rate(found.first)}   {_rate(found.second)}"
            if not np.isnan(found.difference):
                low, high = found.interval
                verdict = "" if not found.clear else "  better" if low > 0 else "  worse"
                row += f"      {found.difference:+.3f}  {low:+.3f} to {high:+.3f}{verdict}"
            yield row


def _rate(figure: float) -> str:
    return "    -" if np.isnan(figure) else f"{figure:.3f}"
