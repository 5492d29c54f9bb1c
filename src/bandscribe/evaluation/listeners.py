"""A network of ours that hears instruments, as one of the systems that are evaluated."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bandscribe import instruments, runtime
from bandscribe.chunks import Strategy
from bandscribe.datasets.track import Track
from bandscribe.evaluation import lanes
from bandscribe.evaluation.recognition_estimates import Heard, Said
from bandscribe.evaluation.store import identify
from bandscribe.evaluation.systems import load_once
from bandscribe.instruments import Activity


@dataclass(frozen=True)
class Listener:
    """A shipped model's name or an ONNX file, and how it is asked.

    `digest` is of the file's content; `trained_on` are the names among its sources.
    """

    model: str
    digest: str
    commit: str
    classes: tuple[str, ...]
    trained_on: tuple[str, ...]
    aggregate: str = "s1"
    threshold: float | None = None

    @classmethod
    def load(
        cls, model: str, task: str, aggregate: str = "s1", threshold: float | None = None
    ) -> Listener:
        """Check that the model can be run, and knows how to do `task`: recognition or activity.

        Raises ValueError when it cannot.
        """
        card = runtime.load(model).card
        if task == "activity":
            instruments.check_tracker(card)
        else:
            instruments.check(card, aggregate, threshold)
        digest = hashlib.sha256(runtime.read_bytes(model)).hexdigest()
        sources = tuple(source["name"].lower() for source in card.sources)
        return cls(model, digest, card.commit, card.classes, sources, aggregate, threshold)

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""
        return track.missing

    def identity(self, track: Track[Any]) -> list[object]:
        """The model and how it is asked, and the sound."""
        return [self.digest, self.aggregate, self.threshold, *identify(track.audio)]

    def recognize(self, track: Track[Any]) -> Heard:
        """What is heard in the audio."""
        heard = instruments.recognize(
            track.audio,
            model=load_once(self.model),
            aggregate=cast("Strategy", self.aggregate),
            threshold=self.threshold,
        )
        rows = zip(heard.tags.classes, heard.tags.scores, heard.present, strict=True)
        tagged = {name: Said(float(score), bool(present)) for name, score, present in rows}
        shown = lanes.describe(heard.probability, heard.frame_thresholds)
        return Heard(tagged, shown, heard.duration)

    def track(self, track: Track[Any]) -> Activity:
        """Who plays at every moment of the audio."""
        return instruments.track(track.audio, model=load_once(self.model))
