"""A trained model as a system that is evaluated: what identifies it, and how it is loaded."""

from __future__ import annotations

import hashlib
import multiprocessing
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bandscribe import drums, runtime
from bandscribe.datasets.track import Track
from bandscribe.evaluation.store import identify
from bandscribe.instruments import Activity


@dataclass(frozen=True)
class Network:
    """A shipped model's name or a file; `digest` is of the file's content.

    `commit` is of the code that it was trained with, empty where it is not known; `trained_on` are
    the names among its sources. It is sent to other processes.
    """

    model: str
    digest: str
    commit: str
    trained_on: tuple[str, ...]

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""
        return track.missing

    def identity(self, track: Track[Any]) -> list[object]:
        """The model, and the audio file by its name, size and time."""
        return [self.digest, *identify(track.audio)]


@dataclass(frozen=True)
class Tracker(Network, ABC):
    """A model that predicts the activity of `classes` over time."""

    classes: tuple[str, ...]

    @abstractmethod
    def track(self, track: Track[Any]) -> Activity:
        """The activity of every instrument over time."""


def describe_sources(card: runtime.ModelCard) -> tuple[str, ...]:
    """The names of what a model was trained on, in small letters."""
    return tuple(source["name"].lower() for source in card.sources)


def digest_of(content: bytes) -> str:
    """The identity of a file."""
    return hashlib.sha256(content).hexdigest()


@lru_cache(maxsize=1)
def load_once(model: str) -> runtime.Model:
    """A network, once per process."""
    return runtime.load(model, threads=_threads())


@lru_cache(maxsize=1)
def load_drums_once(model: str) -> drums.DrumModel:
    """A drum model of any kind, once per process."""
    return drums.load(model, threads=_threads())


def _threads() -> int | None:
    """Workers share the cores, and take one each."""
    return 1 if multiprocessing.parent_process() else None
