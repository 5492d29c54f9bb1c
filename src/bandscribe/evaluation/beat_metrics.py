"""The metrics of beats, computed from the scores of tracks: in metrics.json, and beats.csv."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bandscribe.evaluation.drums import DrumScores
from bandscribe.evaluation.tables import (
    RATES,
    Metrics,
    bounds,
    confidence_intervals,
    count_tracks,
    format_interval,
    format_number,
    format_rates,
    nan_to_none,
)
from bandscribe.files import write_csv
from bandscribe.metrics import beats

CONTINUITY = ("cmlc", "cmlt", "amlc", "amlt")
COLUMNS = ("track", "split", "group", *beats.NAMES[: -len(beats.LEVELS)], "level")


def summarize(tracks: Sequence[DrumScores]) -> Metrics | None:
    """Means over the tracks with annotated and estimated beats; None if there are none.

    Tracks with fewer than two annotated beats after the first `skip` seconds are left out, for
    their tempo is not known.

    `beats` and `downbeats` hold precision, recall, F1 and its bootstrap interval, `continuity` what
    `metrics.beats.Continuity` holds, and `levels` the number of tracks at each of
    `metrics.beats.LEVELS`.
    """
    known = [track.beats for track in tracks if track.beats is not None]
    scores = [one for one in known if one.level is not None]
    if not scores:
        return None
    values = beats.stack(scores)
    means = nan_to_none(beats.figures(values))
    intervals = confidence_intervals(lambda i: beats.figures(values[i]), len(values))
    levels = [score.level for score in scores]
    return {
        "tracks": len(scores),
        "tolerance": beats.TOLERANCE,
        "skip": beats.SKIP,
        **{
            kind: {
                **{name: means[f"{kind}.{name}"] for name in RATES},
                "ci95": bounds(intervals[f"{kind}.f1"]),
            }
            for kind in ("beats", "downbeats")
        },
        "continuity": {
            **{name: means[name] for name in CONTINUITY},
            **{f"{name}_ci95": bounds(intervals[name]) for name in CONTINUITY},
        },
        "levels": {name: levels.count(name) for name in beats.LEVELS},
    }


def write(path: Path, tracks: Sequence[DrumScores]) -> None:
    """Write beats.csv: a row per track whose beats were scored; no file without any.

    Raises OSError as `bandscribe.files.whole`.
    """
    rows = []
    for track in tracks:
        if track.beats is not None:
            row = nan_to_none(beats.figures(beats.stack([track.beats])))
            names = (track.track, track.split, track.group)
            rows.append((*names, *(row[name] for name in COLUMNS[3:-1]), track.beats.level))
    if rows:
        write_csv(path, COLUMNS, rows)
    else:
        path.unlink(missing_ok=True)  # of an earlier result


def tabulate(metrics: Mapping[str, Any]) -> Iterable[str]:
    """Lines for a terminal."""
    how = f"±{metrics['tolerance'] * 1000:g} ms, after the first {metrics['skip']:g} s"
    yield f"{count_tracks(metrics):<12}  precision  recall     F1  95 % of F1  ({how})"
    for name in ("beats", "downbeats"):
        row = metrics[name]
        yield (format_rates(name, row) + format_interval(row["ci95"])).rstrip()
    shares = metrics["continuity"]
    continuity = (
        f"{name[:3].upper()}{name[3]} {format_number(shares[name])}" for name in CONTINUITY
    )
    yield f"continuity    {', '.join(continuity)}"
    levels = ", ".join(f"{number} {name}" for name, number in metrics["levels"].items())
    yield f"tempo         {levels}"
