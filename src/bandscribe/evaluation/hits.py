"""How well single drum hits are classified: clips of a folder with a table, or those of a kit.

A folder has `labels.csv` (see `datasets.clips`), a kit `kit.json` (see `synthesis.kits`), of which
the close recordings are used. A label is a class of `hits.CLASSES`; or it leaves open which
("hi-hat", "tom", "cymbal"), and is scored only where classes are joined into five; or it is no drum
at all, and no class is the right answer.

metrics.json   all metrics
clips.csv      the label and the predicted class of each clip
report.html    a page to look at and listen to
tracks/        a file per clip, from which a later call continues
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe import hits, runtime, splits
from bandscribe.datasets.address import EVERY_SPLIT, CorpusAddress
from bandscribe.datasets.clips import HIT_NAMES, read_labels
from bandscribe.datasets.track import Track
from bandscribe.evaluation import page
from bandscribe.evaluation.networks import Network, describe_sources, digest_of, load_once
from bandscribe.evaluation.store import Results, TrackResult, evaluate_tracks, name_track
from bandscribe.evaluation.tables import (
    Metrics,
    bounds,
    confidence_intervals,
    describe,
    list_failed,
    name_extent,
)
from bandscribe.files import write_csv, write_json
from bandscribe.metrics import hits as metrics
from bandscribe.readers import read_json, refused
from bandscribe.synthesis.kits import naming
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS_5, TO_5

#: Version of stored results; raise it when their content or its computation changes.
FORMAT = 1
#: Percussion is a class of hits, but none of the ten drums.
PERCUSSION = tuple(name for name in hits.CLASSES if name not in TO_5)
#: The classes that a label may leave open, and the drums in five.
WIDE = (*DRUMS_5, *PERCUSSION)
#: Each class as one of those.
TO_WIDE: Mapping[str, str] = {name: TO_5.get(name) or name for name in hits.CLASSES}
#: The most frequent classes of Groove MIDI, in their order.
FREQUENT = ("SD", "CHH", "KD", "RD", "OHH")

_LABELS: Mapping[str, str] = {
    **{name: label for name, label in HIT_NAMES.items() if label},
    **{name.lower(): name for name in (*WIDE, *hits.CLASSES)},
    "kick": "KD", "snare": "SD", "crash": "CR", "ride": "RD",
    "hi hat": "HH", "hihat": "HH", "hat": "HH", "closed hihat": "CHH", "closed hat": "CHH",
    "pedal hihat": "CHH", "pedal hat": "CHH", "open hihat": "OHH", "open hat": "OHH",
    "tom": "TT", "cymbal": "CY", "cowbell": "CB", "tambourine": "TMB",
    "hand clap": "CLAP", "percussion": "OTHER",
}  # fmt: skip


Clip = Track[frozenset[str]]


def find_clips(
    address: CorpusAddress, skip: Callable[[str], None] | None = None
) -> tuple[list[Clip], str]:
    """The clips of a split of a folder with labels, or of a kit; by default all.

    `skip` is that of `clips.read_labels`. Raises ValueError when it is neither, has no clips of the
    split, or a table is damaged.
    """
    root, split = address.root, address.split or EVERY_SPLIT
    clips = _read_kit(root) if (root / "kit.json").is_file() else _read_folder(root, skip)
    chosen = [clip for clip in clips if split in (clip.split, EVERY_SPLIT)]
    if not chosen:
        raise ValueError(f"{root}: there are no clips" + (f" of {split}" if clips else ""))
    return chosen, split


def find_class(label: str) -> str | None:
    """The class that a label names, in lower or upper case; None for any other label."""
    return _LABELS.get(" ".join(label.replace("_", " ").replace("-", " ").lower().split()))


def _read_folder(root: Path, skip: Callable[[str], None] | None) -> list[Clip]:
    return [
        _clip(root, row["file"], find_class(row["label"]), row.get("group") or row["file"],
              splits.normalize(row.get("split") or "test"))
        for _, row in read_labels(root, skip=skip)
    ]  # fmt: skip


def _read_kit(root: Path) -> list[Clip]:
    path = root / "kit.json"
    rows = read_json(path)
    with refused(f"{path}: not the list of a kit"):
        return [
            _clip(root, row["file"], ARTICULATION_TO_10[row["class"]] or row["class"].upper(),
                  f"{row['class']} {row['piece']}", "test")
            for row in rows
            if row.get("mix", "close") == "close"
            # Among `other` are bells of crashes, and snare drums with their snares off.
            and (row["class"] != "other" or naming.articulation(row["piece"]) == "other")
        ]  # fmt: skip


def _clip(root: Path, file: str, label: str | None, group: str, split: str) -> Clip:
    """Clips of a `group` are resampled together when metrics get their intervals."""
    labels = () if label is None else (label,)
    return Track(file, split, group, root / file, partial(frozenset, labels))


class HitNetwork(Network):
    """A classifier of single hits."""

    @classmethod
    def load(cls, model: str) -> HitNetwork:
        """Check that the model classifies hits. Raises ValueError if it does not."""
        card = runtime.load(model).card
        hits.check(card)
        digest = digest_of(runtime.read_bytes(model))
        return cls(model, digest, card.commit, describe_sources(card))


@dataclass(frozen=True)
class HitScores:
    """The label and the predicted class of a clip; None for sounds that are no drum."""

    track: str
    split: str
    group: str
    audio: str
    label: str | None
    predicted: str | None
    probability: float

    @property
    def right(self) -> bool:
        """Whether the prediction is the label, or one of the classes that it leaves open."""
        joined = None if self.predicted is None else TO_WIDE[self.predicted]
        return self.label in (self.predicted, joined)


@dataclass(frozen=True)
class HitTask:
    """How each clip is evaluated."""

    system: HitNetwork

    def missing(self, track: Clip) -> tuple[Path, ...]:
        """The clip, where it is not there."""
        return track.missing

    def cache_key(self, track: Clip, target: frozenset[str]) -> list[object]:
        """The label, the model and the audio file."""
        return [FORMAT, "hits", sorted(target), *self.system.identity(track)]

    def evaluate(self, track: Clip, target: frozenset[str]) -> TrackResult:
        """The predicted class, and for the page the probabilities of all."""
        hit = hits.classify(track.audio, model=load_once(self.system.model))
        label = next(iter(target), None)
        # A model may have other names for the classes, such as those of articulations.
        predicted = hit.label and (find_class(hit.label) or hit.label)
        found = {"label": label, "predicted": predicted, "probability": hit.probability}
        rows = zip(hit.tags.classes, hit.tags.scores.tolist(), strict=True)
        return TrackResult(
            {**name_track(track), **found}, {name: round(score, 3) for name, score in rows}
        )


def evaluate(
    clips: Sequence[Clip],
    system: HitNetwork,
    *,
    store: Path | None = None,
    jobs: int = 1,
    progress: Callable[[int, str], None] = lambda done, track: None,
) -> Results[HitScores]:
    """The scores of every clip. Arguments and errors are those of `store.evaluate_tracks`."""
    found = evaluate_tracks(clips, HitTask(system), store=store, jobs=jobs, progress=progress)
    return Results([HitScores(**each) for each in found.scores], found.reused, found.failed)


def summarize(scores: Sequence[HitScores]) -> Metrics:
    """The content of metrics.json, for the clips that could be evaluated.

    `all`: over all classes of which there are clips; `frequent`: on clips of the `FREQUENT`
    classes; `wide`: after classes are joined, with the labels that leave open which. Each has the
    `figures` of `metrics.hits`, the interval of the accuracy when groups are resampled, and the
    confusion matrix, whose last column is clips without a predicted class. `null`: of what is no
    drum, how much there is and for which share no class is predicted.
    """
    drums = [clip for clip in scores if clip.label is not None]
    exact = [clip for clip in drums if clip.label in hits.CLASSES]
    frequent = [clip for clip in exact if clip.label in FREQUENT]
    nulls = [clip for clip in scores if clip.label is None]
    same = {name: name for name in hits.CLASSES}
    wide = {**TO_WIDE, **{name: name for name in WIDE}}
    return {
        "task": "hits",
        "clips": len(scores),
        "all": _summarize_classes(exact, hits.CLASSES, same),
        "frequent": _summarize_classes(frequent, hits.CLASSES, same),
        "wide": _summarize_classes(drums, WIDE, wide),
        "null": {
            "number": len(nulls),
            "abstained": sum(c.predicted is None for c in nulls) / len(nulls) if nulls else None,
        },
    }


def _summarize_classes(
    scores: Sequence[HitScores], classes: Sequence[str], names: Mapping[str, str]
) -> Metrics | None:
    """Of clips whose labels and predictions are `names` of `classes`; None where there are none."""
    if not scores:
        return None
    counts = metrics.confuse(
        [names[str(clip.label)] for clip in scores],
        [None if clip.predicted is None else names[clip.predicted] for clip in scores],
        classes,
        [clip.group for clip in scores],
    )
    intervals = confidence_intervals(
        lambda groups: {"accuracy": metrics.figures(counts[groups], classes)["accuracy"]},
        len(counts),
    )
    figures = metrics.figures(counts, classes)
    return {
        "clips": len(scores),
        "classes": list(classes),
        # JSON lacks nan: a class that never occurs has no recall.
        "figures": {name: value for name, value in figures.items() if not np.isnan(value)},
        "ci95": bounds(intervals["accuracy"]),
        "confusion": counts.sum(axis=0).tolist(),
    }


def write(
    folder: Path,
    summary: Metrics,
    clips: Sequence[Clip],
    results: Results[HitScores],
    *,
    address: CorpusAddress,
    split: str,
    system: HitNetwork,
    copy_audio: bool = False,
) -> None:
    """Write a result folder, which contains the stored results of the clips.

    Raises OSError as `bandscribe.files.whole`.
    """
    write_csv(
        folder / "clips.csv",
        ("file", "label", "class", "probability", "problem"),
        _rows(clips, results),
    )
    described = {
        **describe("hits", address, split, system),
        **summary,
        "tracks": summary["clips"],
        "failed": list_failed(results.failed),
    }
    rows = [{**vars(clip), "right": clip.right, "duration": None} for clip in results.scores]
    page.write(
        folder, "hits", described, rows, copy_audio=copy_audio,
        about=f"hits · {name_extent(described)} of {described['root']}",
        f1=lambda row: row["probability"] if row["right"] else -row["probability"],
    )  # fmt: skip
    write_json(folder / "metrics.json", summary)


def _rows(clips: Sequence[Clip], results: Results[HitScores]) -> Iterable[tuple[object, ...]]:
    """Rows of clips.csv, in the order of the clips."""
    problems, scores = dict(results.failed), iter(results.scores)
    for clip in clips:
        problem = problems.get(clip.id)
        if problem is not None:
            yield clip.audio, next(iter(clip.load()), None), None, f"{0:.4f}", problem
        else:
            one = next(scores)
            yield clip.audio, one.label, one.predicted, f"{one.probability:.4f}", None


def tabulate(summary: Mapping[str, Any]) -> list[str]:
    """Lines for a terminal: accuracies, and the confusion matrix."""
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
            f"{'no drum':<27}  no class for {null['abstained']:.3f} of {null['number']} clips"
        )
    shown = summary["all"] or summary["wide"]
    return [*lines, "", *_show_matrix(shown)] if shown else lines


def _show_matrix(part: Mapping[str, Any]) -> list[str]:
    """The confusion matrix, without empty rows and columns."""
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
