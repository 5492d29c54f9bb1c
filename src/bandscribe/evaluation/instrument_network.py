"""A model of ours that recognizes or tracks instruments, as a system that is evaluated."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bandscribe import instruments, runtime
from bandscribe.chunks import Strategy
from bandscribe.datasets.track import Track
from bandscribe.evaluation import page
from bandscribe.evaluation.drum_systems import load_once
from bandscribe.evaluation.recognition_estimates import Heard, Said
from bandscribe.evaluation.store import identify
from bandscribe.instruments import Activity


@dataclass(frozen=True)
class InstrumentNetwork:
    """A shipped model's name or an ONNX file, and how clips are aggregated and thresholded.

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
    ) -> InstrumentNetwork:
        """Check that the model can be run for `task`: recognition or activity.

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
        """The model with its options, and the audio file."""
        return [self.digest, self.aggregate, self.threshold, *identify(track.audio)]

    def recognize(self, track: Track[Any]) -> Heard:
        """The instruments in the audio."""
        found = instruments.recognize(
            track.audio,
            model=load_once(self.model),
            aggregate=cast("Strategy", self.aggregate),
            threshold=self.threshold,
        )
        rows = zip(found.tags.classes, found.tags.scores, found.present, strict=True)
        tags = {name: Said(float(score), bool(present)) for name, score, present in rows}
        curves = page.encode_curves(found.probability, found.frame_thresholds)
        return Heard(tags, curves, found.duration)

    def track(self, track: Track[Any]) -> Activity:
        """The activity of every instrument over time."""
        return instruments.track(track.audio, model=load_once(self.model))
