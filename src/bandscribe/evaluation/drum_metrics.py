"""The metrics of drums, computed from the scores of all tracks: metrics.json and tables.

`beat_metrics` does the same for the beats.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.datasets.address import CorpusAddress
from bandscribe.evaluation import beat_metrics, page
from bandscribe.evaluation.drum_systems import DrumSystem, counts_of
from bandscribe.evaluation.drums import DrumScores, ScoringOptions
from bandscribe.evaluation.store import Results
from bandscribe.evaluation.tables import (
    COUNTS,
    RATES,
    Metrics,
    bounds,
    confidence_intervals,
    describe,
    format_interval,
    format_number,
    format_rates,
    headline,
    list_failed,
    name_extent,
    name_task,
    nan_to_none,
    score_rows,
    summarize_scores,
    write_metrics,
)
from bandscribe.files import write_csv
from bandscribe.metrics import counts, velocity
from bandscribe.metrics.onsets import TOLERANCES
from bandscribe.vocabulary import DRUMS, REDUCTIONS

COLUMNS = (
    "track", "split", "group", "classes", "class", *RATES, *COUNTS,
    *(f"velocity_{name}" for name in ("pairs", *velocity.FIGURES)),
)  # fmt: skip
#: The rows of tracks.csv that hold all classes of a track counted together.
ALL = "all"

Counts = NDArray[np.int64]


def describe_drums(
    address: CorpusAddress, split: str, system: DrumSystem, settings: ScoringOptions
) -> Metrics:
    """The system, the corpus and the settings: the beginning of metrics.json."""
    corpus = address.corpus
    return {
        **describe("drums", address, split, system),
        "tolerance": settings.tolerance,
        "unscored": list(settings.unscored),
        "literature": {
            str(count): name_task(
                melodic=address.variant in corpus.melodic,
                untranscribed=corpus.percussion or _drops(corpus.classes, count),
            )
            for count in settings.class_counts
        },
    }


def _drops(classes: Sequence[str], count: int) -> bool:
    """Whether the corpus annotates drums that are in none of these `count` classes."""
    return any(name not in DRUMS[count] and REDUCTIONS[count].get(name) is None for name in classes)


def scored_counts(scores: Sequence[DrumScores], requested: Sequence[int]) -> tuple[int, ...]:
    """The numbers of classes in which every track, and the system as a whole, can be scored."""
    possible = counts_of({label for track in scores for label in track.labels})
    return tuple(
        count
        for count in requested
        if count in possible and all(count in track.onsets for track in scores)
    )


def class_counts(metrics: Metrics) -> list[int]:
    """The numbers of classes in metrics.json, the largest first."""
    return [count for count in DRUMS if f"classes_{count}" in metrics]


def stack(scores: Sequence[DrumScores], count: int) -> Counts:
    """(track, class, 3): tp, fp and fn."""
    found = [track.onsets[count].counts for track in scores]
    return np.array(found, dtype=np.int64).reshape(len(scores), len(DRUMS[count]), 3)


def summarize(
    described: Metrics, results: Results[DrumScores], requested: Sequence[int]
) -> Metrics:
    """The content of metrics.json, in each number of classes that can be scored.

    Raises ValueError when there is none of `requested`.
    """
    scores = results.scores
    possible = scored_counts(scores, requested)
    if not possible:
        raise ValueError(
            f"the estimates' labels cannot be scored in {' or '.join(map(str, requested))} "
            "classes; name the classes as bandscribe transcribe does"
        )
    return {
        **described,
        "tracks": len(scores),
        "failed": list_failed(results.failed),
        "offset": summarize_offsets(scores),
        "beats": beat_metrics.summarize(scores),
        **{f"classes_{count}": summarize_classes(scores, count) for count in possible},
    }


def summarize_classes(scores: Sequence[DrumScores], count: int) -> Metrics:
    """The metrics in `count` classes; undefined ones are None.

    Beside those of `tables.summarize_scores`, `tolerances` has micro and macro at each of
    `metrics.onsets.TOLERANCES`, `confusion` a row per annotated class and a column per estimated
    one, the last of each for `nothing`. `velocity` states how the velocities of true positives
    agree, and is None where they are not known.
    """
    classes, found = DRUMS[count], stack(scores, count)
    by_count = [track.onsets[count] for track in scores]
    return {
        **summarize_scores(
            counts.figures(found, classes),
            confidence_intervals(lambda i: counts.figures(found[i], classes), len(found)),
            found.sum(axis=0),
            classes,
        ),
        "tolerances": _by_tolerance([each.by_tolerance for each in by_count]),
        "confusion": {
            "classes": [*classes, "nothing"],
            "onsets": np.sum([each.confusion for each in by_count], axis=0).tolist(),
        },
        "velocity": _summarize_velocities(
            [each.velocities for each in by_count if each.velocities is not None], classes
        ),
    }


def _summarize_velocities(
    sums: Sequence[NDArray[np.float64]], classes: Sequence[str]
) -> Metrics | None:
    """Agreement of velocities, from the sums of tracks (class, 7); None if hits have none.

    In `micro`, `macro` and each of `per_class`: pairs, Pearson correlation, mean absolute error
    (`mae`, and in MIDI velocity units `mae_steps`), bias, and their bootstrap intervals.
    """
    known = np.array(sums).reshape(-1, len(classes), velocity.SUMS)
    if not known[..., 0].any():
        return None
    found = velocity.figures(known, classes)
    intervals = confidence_intervals(lambda i: velocity.figures(known[i], classes), len(known))

    def entry(group: str) -> Metrics:
        pairs = found["micro.pairs" if group == "macro" else f"{group}.pairs"]
        values = {name: found[f"{group}.{name}"] for name in velocity.FIGURES}
        return {
            "pairs": int(pairs),
            **nan_to_none({**values, "mae_steps": values["mae"] * velocity.STEPS}),
            **{f"{name}_ci95": bounds(intervals[f"{group}.{name}"]) for name in velocity.FIGURES},
        }

    return {
        "tracks": len(known),
        "micro": entry("micro"),
        "macro": entry("macro"),
        "per_class": {name: entry(name) for name in classes},
    }


def _by_tolerance(counted: Sequence[Counts]) -> list[Metrics]:
    """Averages at each of the usual tolerances, from counts of tracks (tolerance, class, 3)."""
    found = np.array(counted, dtype=np.int64)

    def statistic(tracks: NDArray[np.int64]) -> dict[str, float]:
        times = np.bincount(tracks, minlength=len(found))
        totals = np.tensordot(times, found, 1)
        averages = {
            "micro": counts.rate(totals.sum(axis=1)),
            "macro": counts.mean(np.moveaxis(counts.rate(totals), 1, 0)),
        }
        return {
            f"{i}.{group}.{name}": float(value)
            for group, rates in averages.items()
            for i, row in enumerate(rates)
            for name, value in zip(RATES, row, strict=True)
        }

    values = nan_to_none(statistic(np.arange(len(found))))
    intervals = confidence_intervals(statistic, len(found))

    def entry(i: int, group: str) -> Metrics:
        rates = {name: values[f"{i}.{group}.{name}"] for name in RATES}
        return {**rates, "ci95": bounds(intervals[f"{i}.{group}.f1"])}

    return [
        {"tolerance": tolerance, "micro": entry(i, "micro"), "macro": entry(i, "macro")}
        for i, tolerance in enumerate(TOLERANCES)
    ]


def summarize_offsets(scores: Sequence[DrumScores]) -> Metrics | None:
    """The median over tracks of their offsets in seconds, its interval, and the quartiles."""
    known = np.array([track.offset for track in scores if track.offset is not None])
    if not known.size:
        return None
    low, median, high = np.quantile(known, [0.25, 0.5, 0.75]).tolist()
    intervals = confidence_intervals(lambda i: {"median": float(np.median(known[i]))}, len(known))
    return {
        "median": median,
        "ci95": bounds(intervals["median"]),
        "quartile_1": low,
        "quartile_3": high,
    }


def write(
    folder: Path, metrics: Metrics, results: Results[DrumScores], *, copy_audio: bool = False
) -> None:
    """Write a result folder, which contains the stored results of the tracks.

    `copy_audio` puts the audio that the page plays into `folder`/audio, so that it can be moved.

    Raises OSError as `bandscribe.files.whole`.
    """
    scores = results.scores
    rows = (row for n in class_counts(metrics) for track in scores for row in _rows(track, n))
    write_csv(folder / "tracks.csv", COLUMNS, rows)
    beat_metrics.write(folder / "beats.csv", scores)
    tolerance = f"±{metrics['tolerance'] * 1000:g} ms"
    page.write(
        folder, "drums", metrics, [_page_row(track, class_counts(metrics)) for track in scores],
        about=f"{name_extent(metrics)} of {metrics['root']} · {tolerance}",
        f1=lambda row: row["scores"][class_counts(metrics)[0]]["f1"],
        copy_audio=copy_audio, counts=class_counts(metrics),
    )  # fmt: skip
    write_metrics(folder, metrics)


def _rows(track: DrumScores, count: int) -> Iterable[list[object]]:
    """A row of tracks.csv for all classes together, and one for each."""
    found, sums = track.onsets[count].counts[None], track.onsets[count].velocities
    named = {ALL: counts.micro(found), **counts.per_class(found, DRUMS[count])}
    agreement = {} if sums is None else nan_to_none(velocity.figures(sums[None], DRUMS[count]))
    for name, scores in named.items():
        values = nan_to_none(vars(scores))
        group = "micro" if name == ALL else name
        yield [
            track.track, track.split, track.group, count, name,
            *(values[column] for column in (*RATES, *COUNTS)),
            None if sums is None else int(agreement[f"{group}.pairs"] or 0),
            *(agreement.get(f"{group}.{column}") for column in velocity.FIGURES),
        ]  # fmt: skip


def _page_row(track: DrumScores, class_counts: Sequence[int]) -> Metrics:
    """The entry of a track on the page."""
    grid = track.beats
    return {
        "track": track.track,
        "split": track.split,
        "duration": round(track.duration, 3),
        "beats": grid and {**nan_to_none({"f1": grid.beats.f1}), "level": grid.level},
        "scores": {
            n: nan_to_none(vars(counts.micro(track.onsets[n].counts[None]))) for n in class_counts
        },
        "audio": track.audio,
    }


def tabulate(metrics: Metrics) -> Iterable[str]:
    """Lines for a terminal."""
    yield f"{headline(metrics)}, ±{metrics['tolerance'] * 1000:g} ms"
    for count in class_counts(metrics):
        yield ""
        yield from tabulate_classes(f"{count} classes", metrics[f"classes_{count}"])
    if metrics["beats"] is not None:
        yield ""
        yield from beat_metrics.tabulate(metrics["beats"])
    if (offset := metrics["offset"]) is not None:
        side = "early" if offset["median"] >= 0 else "late"
        yield f"\noffset: the median estimate is {abs(offset['median']) * 1000:.1f} ms {side}"


def tabulate_classes(title: str, metrics: Mapping[str, Any]) -> Iterable[str]:
    """The averages, then each class, with velocities on the right if they are known."""
    velocities = metrics["velocity"]
    head = f"{title:<12}  precision  recall     F1        tp      fp      fn  95 % of F1"
    yield head if velocities is None else f"{head:<82}{'velocity r':>12}{'within':>8}{'mae':>7}"
    agreements = {} if velocities is None else {**velocities, **velocities["per_class"]}
    for name, row in score_rows(metrics).items():
        line = f"{format_rates(name, row)}{row['tp']:8}{row['fp']:8}{row['fn']:8}  "
        line += format_interval(row["ci95"])
        if (agreement := agreements.get(name)) is not None:
            pearson, within, mae = (
                format_number(agreement[key]) for key in ("pearson", "pearson_within", "mae")
            )
            line = f"{line:<82}{pearson:>12}{within:>8}{mae:>7}"
        yield line.rstrip()
    within = ", ".join(
        f"{format_number(row['micro']['f1'])} within ±{row['tolerance'] * 1000:g} ms"
        for row in metrics["tolerances"]
    )
    yield f"micro F1      {within}"
    if velocities is not None:
        pooled = velocities["micro"]
        yield (
            f"velocity      {pooled['pairs']} hits, mean absolute error {pooled['mae_steps']:.1f} "
            f"MIDI velocity units; pearson {format_interval(pooled['pearson_ci95'])}, "
            f"mae {format_interval(pooled['mae_ci95'])}"
        )
