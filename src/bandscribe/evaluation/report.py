"""The page: figures to read, and every hit, miss and false alarm to look at and listen to.

One HTML file that holds its style, script and data; nothing is fetched but the audio, which lies
where the corpus is, or in copies beside the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bandscribe.evaluation.figures import plain, stack
from bandscribe.evaluation.judge import Verdict
from bandscribe.evaluation.page import fill, find_sound
from bandscribe.evaluation.run import read_lanes
from bandscribe.files import whole
from bandscribe.metrics import counts

#: Timelines are drawn of this many tracks, the worst: a page of thousands would not open.
TIMELINES = 200


def write(
    folder: Path,
    summary: Mapping[str, Any],
    verdicts: Sequence[Verdict],
    wanted: Sequence[int],
    store: Path,
    *,
    title: str,
    about: str,
    copy_audio: bool = False,
) -> None:
    """Write `folder`/report.html; `wanted` are the numbers of classes, the largest first.

    `store` is where the tracks were judged into. `copy_audio` puts the sound of the timelines into
    `folder`/audio as Ogg Vorbis, so that the page can be moved.

    Raises OSError as `bandscribe.files.whole`.
    """
    worst = set(_worst(verdicts, wanted[0])[:TIMELINES])
    tracks = []
    for index, verdict in enumerate(verdicts):
        track: dict[str, Any] = {
            "id": verdict.track,
            "split": verdict.split,
            "duration": round(verdict.duration, 3),
            "beats": None
            if verdict.beats is None
            else {**plain({"f1": verdict.beats.beats.f1}), "level": verdict.beats.level},
            "scores": {n: plain(vars(counts.micro(verdict.views[n].counts[None]))) for n in wanted},
        }
        if index in worst:
            shown = read_lanes(store, verdict.track)
            track["lanes"] = {
                n: {name: vars(lane) for name, lane in shown[n].items()} for n in wanted
            }
            track["audio"] = find_sound(folder, verdict.track, Path(verdict.audio), copy_audio)
        tracks.append(track)
    data = {
        "title": title,
        "about": about,
        "summary": summary,
        "counts": list(wanted),
        "limit": TIMELINES,
        "tracks": tracks,
    }
    with whole(folder / "report.html") as temporary:
        temporary.write_text(fill("drums", title, data), encoding="utf-8")


def _worst(verdicts: Sequence[Verdict], count: int) -> list[int]:
    """Indices by F1, the lowest first; tracks without onsets last."""
    f1 = counts.rate(stack(verdicts, count).sum(axis=1))[:, 2]
    order: list[int] = f1.argsort(kind="stable").tolist()
    return order
