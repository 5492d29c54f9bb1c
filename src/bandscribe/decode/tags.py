"""The header of a sound file: its format, title and artist."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import soundfile


class Tags(NamedTuple):
    """The tags of a file; None where it has none."""

    format: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    date: str | None = None


_TEXTS = ("title", "artist", "album", "genre", "date")


def read_tags(path: Path) -> Tags:
    """By libsndfile, else by PyAV if it is installed; nothing of what neither can open."""
    try:
        with soundfile.SoundFile(path) as sound:
            return Tags(
                sound.format, sound.samplerate, sound.channels, **_clean(sound.copy_metadata())
            )
    except soundfile.LibsndfileError:
        return _read_by_av(path)


def _read_by_av(path: Path) -> Tags:
    try:
        import av
    except ModuleNotFoundError:
        return Tags()
    try:
        with av.open(f"file:{path}") as container:
            streams = container.streams.audio
            if not streams:
                return Tags()
            name = container.format.name.split(",")[0].upper()
            texts = _clean({**streams[0].metadata, **container.metadata})
            return Tags(name, streams[0].sample_rate, streams[0].channels, **texts)
    except (av.FFmpegError, ValueError):
        return Tags()


def _clean(found: dict[str, str]) -> dict[str, Any]:
    """The texts of `Tags`, without what is no character, or only spaces."""
    small = {key.lower(): value for key, value in found.items()}
    texts = {name: small.get(name, "").replace("\0", "").strip() for name in _TEXTS}
    return {name: text or None for name, text in texts.items()}
