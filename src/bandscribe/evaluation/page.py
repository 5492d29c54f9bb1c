"""What the pages of all tasks share: how one is filled, and where it finds its sound."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bandscribe import audio
from bandscribe.evaluation.store import file_name


def fill(name: str, title: str, data: Mapping[str, Any]) -> str:
    """The page `name`: its HTML in the shell of all, with style, script and `data` inside it."""
    source = files("bandscribe.evaluation") / "assets"
    # No text of the data can end the element that holds it.
    content = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    parts = {
        "@BODY@": (source / f"{name}.html").read_text(encoding="utf-8"),
        "@TITLE@": html.escape(title),
        "@STYLE@": (source / "page.css").read_text(encoding="utf-8"),
        "@SCRIPT@": "".join(
            (source / f"{script}.js").read_text(encoding="utf-8") for script in ("common", name)
        ),
        "@DATA@": content,
    }
    page = (source / "shell.html").read_text(encoding="utf-8")
    for sign, part in parts.items():
        page = page.replace(sign, part, 1)
    return page


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
