"""bandscribe listens to a recording and writes down who plays what, and when.

    import bandscribe
    notes = bandscribe.transcribe("song.mp3")      the drum part
    heard = bandscribe.recognize("song.mp3")       which instruments
    curves = bandscribe.track("song.mp3")          when each plays, and how loud

The public names are loaded when they are first used: importing bandscribe loads no other library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bandscribe.drums import transcribe
    from bandscribe.instruments import Activity, Recognition, recognize, track
    from bandscribe.runtime import ModelCard
    from bandscribe.types import Activations, Audio, Beats, Tags, Transcription

    __version__: str

__all__ = [
    "Activations",
    "Activity",
    "Audio",
    "Beats",
    "ModelCard",
    "Recognition",
    "Tags",
    "Transcription",
    "__version__",
    "recognize",
    "track",
    "transcribe",
]

_HOMES = {
    "Activations": "types",
    "Activity": "instruments",
    "Audio": "types",
    "Beats": "types",
    "ModelCard": "runtime",
    "Recognition": "instruments",
    "Tags": "types",
    "Transcription": "types",
    "recognize": "instruments",
    "track": "instruments",
    "transcribe": "drums",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("bandscribe")
    if name not in _HOMES:
        raise AttributeError(f"module 'bandscribe' has no attribute {name!r}")
    return getattr(import_module(f"bandscribe.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
