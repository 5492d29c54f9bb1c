"""What the pages of all tasks share: how one is filled, and where it finds its sound."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bandscribe import audio
from bandscribe.display.page import compose
from bandscribe.evaluation.store import file_name


def fill(name: str, title: str, data: Mapping[str, Any]) -> str:
    """The page `name`, with style, script and `data` inside it.

    Raises ValueError as `bandscribe.display.page.compose`.
    """
    return compose(
        title,
        _read(f"{name}.html"),
        style=_read("page.css"),
        script=_read("common.js") + _read(f"{name}.js"),
        data=data,
        # The recordings lie where the corpus is, which may be on another drive.
        media="'self' file:",
    )


def _read(asset: str) -> str:
    return (files("bandscribe.evaluation") / "assets" / asset).read_text(encoding="utf-8")


def find_sound(folder: Path, track: str, source: Path, copy: bool) -> str | None:
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
                return None  # scored from estimates: nobody had to read it before
        source = target
    try:
        return quote(Path(os.path.relpath(source, folder)).as_posix())
    except ValueError:  # another drive
        return source.resolve().as_uri()
