"""The page of a result: its metrics, and tracks to look at and listen to.

One HTML file that holds its style, script and data; nothing is fetched but the audio, which lies
where the corpus is, or in copies beside the page.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio
from bandscribe.display.page import compose
from bandscribe.evaluation.activity_reference import ActivityReference
from bandscribe.evaluation.store import FOLDER, file_name, read_shown
from bandscribe.evaluation.tables import Metrics, name_corpus, name_system
from bandscribe.files import write_text
from bandscribe.instruments import find_runs
from bandscribe.metrics.frames import ACTIVE
from bandscribe.types import Activations

#: Timelines are drawn of this many tracks, the worst: a page of thousands would not open.
LIMITS = {"drums": 200, "instruments": 120, "hits": 1000}
#: Values of a curve per second.
CURVE_RATE = 10
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def write(
    folder: Path,
    kind: str,
    metrics: Mapping[str, Any],
    tracks: Sequence[Metrics],
    *,
    about: str,
    f1: Callable[[Metrics], float | None],
    copy_audio: bool = False,
    **more: object,
) -> None:
    """Write `folder`/report.html of tracks that were evaluated into `folder`/tracks.

    `kind` is one of `LIMITS`: as many tracks as it says, those of the lowest `f1`, have timelines
    and sound. `tracks` are their entries on the page, among them `track` (its id) and `audio` (a
    path); `more` is what else the script of the page needs. `copy_audio` puts the audio into
    `folder`/audio as Ogg Vorbis, so that the page can be moved.

    Raises OSError as `bandscribe.files.whole`.
    """
    rows = [{name: value for name, value in row.items() if name != "audio"} for row in tracks]
    ranks = [2.0 if (value := f1(row)) is None else value for row in rows]
    for i in np.argsort(ranks, kind="stable")[: LIMITS[kind]].tolist():
        track = rows[i]["track"]
        rows[i]["lanes"] = read_shown(folder / FOLDER, track)
        rows[i]["sound"] = _find_audio(folder, track, Path(tracks[i]["audio"]), copy_audio)
    title = f"{name_system(metrics)} on {name_corpus(metrics)}"
    data = {
        "title": title, "about": about, "summary": metrics, "limit": LIMITS[kind], "tracks": rows,
        **more,
    }  # fmt: skip
    page = compose(
        title,
        _read(f"{kind}.html"),
        style=_read("page.css"),
        script=_read("common.js") + _read(f"{kind}.js"),
        data=data,
        # The recordings lie where the corpus is, which may be on another drive.
        media="'self' file:",
    )
    write_text(folder / "report.html", page)


def _read(asset: str) -> str:
    return (files("bandscribe.evaluation") / "assets" / asset).read_text(encoding="utf-8")


def _find_audio(folder: Path, track: str, source: Path, copy: bool) -> str | None:
    """The address of a track's audio as seen from the page; None where there is none.

    `copy` puts it into `folder`/audio first. Raises OSError as `bandscribe.files.whole`.
    """
    if not source.is_file():
        return None
    if copy:
        target = folder / "audio" / Path(file_name(track)).with_suffix(".ogg")
        target.parent.mkdir(exist_ok=True)
        if not target.is_file() or target.stat().st_mtime < source.stat().st_mtime:
            try:
                audio.write(target, audio.read(source, mono=True))
            except ValueError:
                return None  # scored from estimates: the audio was not read before
        source = target
    try:
        return quote(Path(os.path.relpath(source, folder)).as_posix())
    except ValueError:  # another drive
        return source.resolve().as_uri()


def encode_curves(
    probability: Activations,
    thresholds: NDArray[np.floating],
    reference: ActivityReference | None = None,
) -> dict[str, Any]:
    """For the page: when each class is annotated to play, and its probability over time.

        {"rate": 10, "lanes": {"vio": {"curve": "0037zzzz…", "threshold": 0.4,
                                       "played": [[0.0, 1.2]], "open": [[1.2, 1.5]]}}}

    `curve` has a digit of base 36 for each tenth of a second: the greatest probability in it.
    `played` and `open` are intervals in seconds; in the open ones it is not known whether the class
    plays. Both are left out without a reference. Of the classes those alone are there that are
    annotated or estimated to play at some time, and without a reference all.
    """
    lanes = {}
    for column, name in enumerate(probability.classes):
        values = probability.values[:, column]
        lane: dict[str, Any] = {}
        if reference is not None:
            known = reference.known[:, column]
            plays = (reference.presence.values[:, column] >= ACTIVE) & known
            rate = reference.presence.frame_rate
            lane = {"played": _intervals(plays, rate), "open": _intervals(~known, rate)}
        if not lane or lane["played"] or (values >= thresholds[column]).any():
            curve = _encode(values, probability.frame_rate)
            lanes[name] = {"curve": curve, "threshold": float(thresholds[column]), **lane}
    return {"rate": CURVE_RATE, "lanes": lanes}


def _intervals(plays: NDArray[np.bool_], rate: float) -> list[list[float]]:
    return [[round(first / rate, 2), round(last / rate, 2)] for first, last in find_runs(plays)]


def _encode(values: NDArray[np.floating], rate: float) -> str:
    if not len(values):
        return ""
    steps = np.arange(int(len(values) / rate * CURVE_RATE) + 1)
    starts = np.unique((steps * rate / CURVE_RATE).astype(int))
    greatest = np.maximum.reduceat(values, starts[starts < len(values)])
    return "".join(_DIGITS[int(v)] for v in np.rint(greatest * (len(_DIGITS) - 1)))
