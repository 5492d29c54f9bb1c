"""How well single hits are named: clips of a folder with a table, or the hits of a drum kit.

A folder has `labels.csv` (see `datasets.clips`), a kit `kit.json` (see `synthesis.kits`), of which
the close recordings are judged. A label is a class of `hits.CLASSES`; or it leaves open which
("hi-hat", "tom", "cymbal"), and counts only where classes are joined into five; or it is no drum at
all, and the right answer is none.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe import hits
from bandscribe.datasets import splits
from bandscribe.datasets.clips import HIT_NAMES, read_labels
from bandscribe.files import whole
from bandscribe.metrics import hits as metrics
from bandscribe.metrics.bootstrap import intervals
from bandscribe.readers import read_json, refused
from bandscribe.runtime import Model
from bandscribe.synthesis.kits import naming
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS_5, TO_5

#: Percussion, which is a class of hits and none of the ten drums.
PERCUSSION = tuple(name for name in hits.CLASSES if name not in TO_5)
#: The classes that a label may leave open, and the drums in five.
WIDE = (*DRUMS_5, *PERCUSSION)
#: Each class as one of those.
TO_WIDE: Mapping[str, str] = {name: TO_5.get(name) or name for name in hits.CLASSES}
#: The most frequent classes of Groove MIDI, in their order: what performances are made of.
FREQUENT = ("SD", "CHH", "KD", "RD", "OHH")

_LABELS: Mapping[str, str] = {
    **{name: label for name, label in HIT_NAMES.items() if label},
    **{name.lower(): name for name in (*WIDE, *hits.CLASSES)},
    "kick": "KD", "snare": "SD", "crash": "CR", "ride": "RD",
    "hi hat": "HH", "tom": "TT", "cymbal": "CY", "cowbell": "CB", "tambourine": "TMB",
    "hand clap": "CLAP", "percussion": "OTHER",
}  # fmt: skip


@dataclass(frozen=True)
class Clip:
    """A clip and its label: one of `hits.CLASSES` or of `WIDE`, or None for what is no drum.

    Clips of a `group` are drawn together when figures get their intervals.
    """

    path: Path
    label: str | None
    group: str


@dataclass(frozen=True)
class Verdict:
    """What a clip was named, and how sure that was; `problem` where it could not be heard."""

    clip: Clip
    named: str | None
    probability: float
    problem: str | None = None


def read(
    root: Path, split: str | None = None, skip: Callable[[str], None] | None = None
) -> list[Clip]:
    """The clips of a kit, or of a folder with labels, of one split if that is asked for.

    `skip` is that of `clips.read_labels`. Raises ValueError when it is neither, or a table is
    damaged.
    """
    if (root / "kit.json").is_file():
        return _read_kit(root)
    return [
        Clip(path, find_class(row["label"]), row.get("group") or row["file"])
        for path, row in read_labels(root, "label", skip=skip)
        if split in (None, splits.name(row.get("split") or "test"))
    ]


def find_class(label: str) -> str | None:
    """The class that a label speaks of, in small letters or large; None for all other words."""
    return _LABELS.get(" ".join(label.replace("_", " ").replace("-", " ").lower().split()))


def _read_kit(root: Path) -> list[Clip]:
    path = root / "kit.json"
    rows = read_json(path)
    with refused(f"{path}: not the list of a kit"):
        return [
            Clip(root / row["file"], ARTICULATION_TO_10[row["class"]] or row["class"].upper(),
                 f"{row['class']} {row['piece']}")
            for row in rows
            if row.get("mix", "close") == "close"
            # Under `other` lie bells of crashes and snares without snares, too.
            and (row["class"] != "other" or naming.articulation(row["piece"]) == "other")
        ]  # fmt: skip


def judge(
    clips: Sequence[Clip],
    model: Model,
    *,
    progress: Callable[[int, str], None] = lambda done, text: None,
) -> list[Verdict]:
    """What the model names each clip."""
    verdicts = []
    heard = hits.classify_all([clip.path for clip in clips], model)
    for done, (clip, found) in enumerate(zip(clips, heard, strict=True)):
        progress(done, clip.path.name)
        if isinstance(found, hits.Hit):
            verdicts.append(Verdict(clip, found.label, found.probability))
        else:
            verdicts.append(Verdict(clip, None, 0.0, str(found)))
    return verdicts


def summarise(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Figures of the clips that could be heard.

    `all`: over all classes of which there are clips; `frequent`: on clips of the `FREQUENT`
    classes, whatever they are named; `wide`: after classes are joined, with the labels that leave
    open which. Each has the `figures` of `metrics.hits`, the 95 % interval of the accuracy when
    groups are drawn anew, and the confusion matrix, whose last column is abstentions. `null`: of
    what is no drum, how much there is and which share got no name.
    """
    heard = [verdict for verdict in verdicts if verdict.problem is None]
    drums = [verdict for verdict in heard if verdict.clip.label is not None]
    exact = [verdict for verdict in drums if verdict.clip.label in hits.CLASSES]
    frequent = [verdict for verdict in exact if verdict.clip.label in FREQUENT]
    nulls = [verdict for verdict in heard if verdict.clip.label is None]
    plain = {name: name for name in hits.CLASSES}
    wide = {**TO_WIDE, **{name: name for name in WIDE}}
    return {
        "task": "hits",
        "clips": len(heard),
        "all": _figures(exact, hits.CLASSES, plain),
        "frequent": _figures(frequent, hits.CLASSES, plain),
        "wide": _figures(drums, WIDE, wide),
        "null": {
            "number": len(nulls),
            "abstained": sum(v.named is None for v in nulls) / len(nulls) if nulls else None,
        },
    }


def tabulate(summary: Mapping[str, Any]) -> list[str]:
    """Lines for a terminal: accuracies, and the confusion of all that occurs."""
    lines = []
    for name, text in (
        ("frequent", "five most frequent classes"),
        ("all", "all classes"),
        ("wide", "classes joined into five"),
    ):
        part = summary[name]
        if part is not None:
            low, high = part["ci95"]
            lines.append(
                f"{text:<27}  accuracy {part['figures']['accuracy']:.3f} ({low:.3f}-{high:.3f})"
                f"  of {part['clips']} clips, {part['figures']['answered']:.3f} named"
            )
    null = summary["null"]
    if null["number"]:
        lines.append(
            f"{'no drum':<27}  no name for {null['abstained']:.3f} of {null['number']} clips"
        )
    shown = summary["all"] or summary["wide"]
    return [*lines, "", *_show_matrix(shown)] if shown else lines


def write(folder: Path, summary: Mapping[str, Any], verdicts: Sequence[Verdict]) -> None:
    """Write metrics.json, and clips.csv with a row per clip."""
    folder.mkdir(parents=True, exist_ok=True)
    with whole(folder / "metrics.json") as temporary:
        temporary.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    with (
        whole(folder / "clips.csv") as temporary,
        temporary.open("w", encoding="utf-8", errors="replace", newline="") as file,
    ):
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file", "label", "class", "probability", "problem"])
        table.writerows(
            [v.clip.path, v.clip.label, v.named, f"{v.probability:.4f}", v.problem]
            for v in verdicts
        )


def _figures(
    verdicts: Sequence[Verdict], classes: Sequence[str], names: Mapping[str, str]
) -> dict[str, Any] | None:
    """Of verdicts whose labels and names are `names` of `classes`; None where there are none."""
    if not verdicts:
        return None
    counts = metrics.confuse(
        [names[str(verdict.clip.label)] for verdict in verdicts],
        [None if verdict.named is None else names[verdict.named] for verdict in verdicts],
        classes,
        [verdict.clip.group for verdict in verdicts],
    )
    found = metrics.figures(counts, classes)
    low, high = intervals(
        lambda drawn: {"accuracy": metrics.figures(counts[drawn], classes)["accuracy"]},
        len(counts),
        np.random.default_rng(0),
    )["accuracy"]
    return {
        "clips": len(verdicts),
        "classes": list(classes),
        # JSON knows no nan: what never occurs has no figure.
        "figures": {name: value for name, value in found.items() if not np.isnan(value)},
        "ci95": [low, high],
        "confusion": counts.sum(axis=0).tolist(),
    }


def _show_matrix(part: Mapping[str, Any]) -> list[str]:
    """The confusion matrix, but for rows and columns of nothing."""
    matrix, names = np.array(part["confusion"]), [*part["classes"], "-"]
    rows, columns = np.flatnonzero(matrix.any(axis=1)), np.flatnonzero(matrix.any(axis=0))
    width = max(map(len, names))
    return [
        " ".join([" " * width, *(names[c].rjust(width) for c in columns)]),
        *(
            " ".join([names[r].ljust(width), *(str(matrix[r, c]).rjust(width) for c in columns)])
            for r in rows
        ),
    ]
