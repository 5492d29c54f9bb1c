"""From verdicts to figures of beats: a section of `metrics.json`, `beats.csv`, and a few lines."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bandscribe.evaluation.figures import draw_intervals, plain, show, show_span, span
from bandscribe.evaluation.judge import Verdict
from bandscribe.files import whole
from bandscribe.metrics import beats

RATES = ("precision", "recall", "f1")
CONTINUITY = ("cmlc", "cmlt", "amlc", "amlt")
COLUMNS = ("track", "split", "group", *beats.NAMES[: -len(beats.LEVELS)], "level")


def summarise(verdicts: Sequence[Verdict]) -> dict[str, Any] | None:
    """Means over the tracks whose annotated and estimated beats are known; None without any.

    Tracks with fewer than two annotated beats after the first `skip` seconds are left out, for
    their tempo is not known.

    `beats` and `downbeats` hold precision, recall, F1 and its interval when tracks are drawn anew,
    `continuity` what `metrics.beats.Continuity` holds, and `levels` the number of tracks at each of
    `metrics.beats.LEVELS`.
    """
    known = [verdict.beats for verdict in verdicts if verdict.beats is not None]
    scores = [one for one in known if one.level is not None]
    if not scores:
        return None
    values = beats.stack(scores)
    found = plain(beats.figures(values))
    intervals = draw_intervals(lambda tracks: beats.figures(values[tracks]), len(values))
    levels = [score.level for score in scores]
    return {
        "tracks": len(scores),
        "tolerance": beats.TOLERANCE,
        "skip": beats.SKIP,
        **{
            kind: {
                **{name: found[f"{kind}.{name}"] for name in RATES},
                "ci95": span(intervals[f"{kind}.f1"]),
            }
            for kind in ("beats", "downbeats")
        },
        "continuity": {
            **{name: found[name] for name in CONTINUITY},
            **{f"{name}_ci95": span(intervals[name]) for name in CONTINUITY},
        },
        "levels": {name: levels.count(name) for name in beats.LEVELS},
    }


def write(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Write beats.csv: a row per track whose beats were judged; no file where there is none.

    Raises OSError as `bandscribe.files.whole`.
    """
    judged = [verdict for verdict in verdicts if verdict.beats is not None]
    if not judged:
        path.unlink(missing_ok=True)  # of an earlier result
        return
    with whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for verdict in judged:
            assert verdict.beats is not None
            row = plain(beats.figures(beats.stack([verdict.beats])))
            table.writerow([
                verdict.track, verdict.split, verdict.group,
                *(row[name] for name in COLUMNS[3:-1]), verdict.beats.level,
            ])  # fmt: skip


def tabulate(found: Mapping[str, Any]) -> Iterable[str]:
    """Lines for a terminal."""
    tracks = "1 track" if found["tracks"] == 1 else f"{found['tracks']} tracks"
    how = f"±{found['tolerance'] * 1000:g} ms, after the first {found['skip']:g} s"
    yield f"{tracks:<12}  precision  recall     F1  95 % of F1  ({how})"
    for name in ("beats", "downbeats"):
        rates = [show(found[name][rate]) for rate in RATES]
        line = f"{name:<12}  {rates[0]:>9}  {rates[1]:>6}  {rates[2]:>5}  "
        yield (line + show_span(found[name]["ci95"])).rstrip()
    shares = found["continuity"]
    continuity = (f"{name[:3].upper()}{name[3]} {show(shares[name])}" for name in CONTINUITY)
    yield f"continuity    {', '.join(continuity)}"
    levels = ", ".join(f"{number} {name}" for name, number in found["levels"].items())
    yield f"tempo         {levels}"
