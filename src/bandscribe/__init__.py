"""Analyse music recordings: drum notes, instruments, their activity, and single drum hits.

    import bandscribe
    notes = bandscribe.transcribe("song.mp3")      the drum part
    found = bandscribe.recognize("song.mp3")       which instruments
    curves = bandscribe.track("song.mp3")          when each plays, and how loud
    hit = bandscribe.classify("snare.wav")         which drum a one-shot is

Each takes a file or audio, and a model by name, by path, or loaded; docs/api.md has examples.

The public names are loaded when they are first used: importing bandscribe loads no other library.

Nothing is sent anywhere: onnxruntime, which runs the networks, would report its use to Microsoft,
and keep an identifier in the home folder. `ORT_DISABLE_TELEMETRY=0` in the environment allows it.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bandscribe.drums import transcribe
    from bandscribe.hits import Hit, classify
    from bandscribe.instruments import Activity, Recognition, recognize, track
    from bandscribe.runtime import Model, ModelCard
    from bandscribe.types import Activations, Audio, Beats, Segment, Tags, Transcription

    __version__: str

# It is read when onnxruntime is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__all__ = [
    "Activations", "Activity", "Audio", "Beats", "Hit", "Model", "ModelCard", "Recognition",
    "Segment", "Tags", "Transcription", "__version__", "classify", "recognize", "track",
    "transcribe",
]  # fmt: skip

_HOMES = {
    "drums": ("transcribe",),
    "hits": ("Hit", "classify"),
    "instruments": ("Activity", "Recognition", "recognize", "track"),
    "runtime": ("Model", "ModelCard"),
    "types": ("Activations", "Audio", "Beats", "Segment", "Tags", "Transcription"),
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("bandscribe")
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"bandscribe.{home}"), name)
    raise AttributeError(f"module 'bandscribe' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
