"""The page of instruments: figures to read, and tracks to look at and listen to.

One HTML file that holds its style, script and data; nothing is fetched but the audio, which lies
where the corpus is, or in copies beside the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe.evaluation.figures import plain
from bandscribe.evaluation.page import fill, find_sound
from bandscribe.evaluation.results import STORE, name_system
from bandscribe.evaluation.store import read_shown
from bandscribe.files import whole
from bandscribe.metrics import counts

#: Lanes are drawn of this many tracks, the worst: a page of thousands would not open.
SHOWN = 120


def write(
    folder: Path,
    summary: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    *,
    copy_audio: bool = False,
) -> None:
    """Write `folder`/report.html of tracks that were judged into `folder`/tracks.

    `rows` are those of `recognition.rows` or `activity.rows`. `copy_audio` puts the sound of the
    tracks that have lanes into `folder`/audio as Ogg Vorbis, so that the page can be moved.

    Raises OSError as `bandscribe.files.whole`.
    """
    tracks = []
    for row in rows:
        number = np.array([row["tp"], row["fp"], row["fn"]], dtype=np.int64)
        rates = zip(("precision", "recall", "f1"), counts.rate(number).tolist(), strict=True)
        tracks.append({**row, **plain(dict(rates))})
    worst = sorted(range(len(tracks)), key=lambda i: _rank(tracks[i]["f1"]))[:SHOWN]
    for i in worst:
        track = tracks[i]
        track["lanes"] = read_shown(folder / STORE, track["track"])
        track["sound"] = find_sound(folder, track["track"], Path(track["audio"]), copy_audio)
    place = f"{summary['corpus']} {summary['audio']}".strip()
    extent = "1 track" if summary["tracks"] == 1 else f"{summary['tracks']} tracks"
    title = f"{name_system(summary)} on {place}"
    about = f"{summary['task']} · {extent} ({summary['split']}) of {summary['root']}"
    data = {"title": title, "about": about, "summary": summary, "limit": SHOWN, "tracks": tracks}
    with whole(folder / "report.html") as temporary:
        temporary.write_text(fill("instruments", title, data), encoding="utf-8")


def _rank(f1: float | None) -> float:
    """The worst first; tracks without any class last."""
    return 2.0 if f1 is None else f1
