"""Models as they are shipped: one ONNX file each, with its card inside.

The graph takes features (batch, frame, bin) and gives logits (batch, frame, output), or
(batch, output) where it says one thing about a whole chunk; an output of the name `activations` is
taken as it is. Everything else that a result depends on stands in the card, as JSON in the file's
metadata under `bandscribe`: a file without a card, or with one that does not fit, is not run.
"""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.readers import parse_json

if TYPE_CHECKING:
    import onnxruntime

CARD_KEY = "bandscribe"
#: Name of a graph's output that is no logits.
ACTIVATIONS = "activations"


@dataclass(frozen=True)
class ModelCard:
    """What a model is, what it was made of, and how it is to be used.

    Raises ValueError, naming the field, when a field does not hold what it should.
    """

    name: str
    task: str
    classes: tuple[str, ...]
    #: What each output of the network is; the classes come first.
    outputs: tuple[str, ...]
    #: The arguments of the front end, by name.
    features: dict[str, Any]
    #: Frames per second of the features and of the activations.
    frame_rate: float
    chunk_seconds: float
    overlap_seconds: float
    #: What is asked for to the threshold of each class: of drums a number of classes ("10", "5",
    #: "3"), of instruments an aggregation ("s1", "s2"), or "frame" for when they are heard.
    thresholds: dict[str, dict[str, float]]
    #: Of an aggregation, the `slope` and `intercept` of each class (see `calibration`); may lack.
    calibration: dict[str, dict[str, dict[str, float]]]
    #: Of drums, the windows of `peaks.pick`, and of amplitudes also those of `peaks.relate`, if
    #: they are to be related; else nothing.
    peaks: dict[str, int]
    #: What it was trained on: `name`, `licence` and `origin` of each.
    sources: tuple[dict[str, str], ...]
    metrics: dict[str, Any]
    recipe: dict[str, Any]
    commit: str

    def __post_init__(self) -> None:
        """Check what the types alone do not say."""
        self._expect("classes", len(self.classes) > 0, "at least one class")
        first = self.outputs[: len(self.classes)]
        self._expect("outputs", first == self.classes, "the classes first")
        self._expect("frame_rate", self.frame_rate > 0, "a positive number")
        self._expect(
            "overlap_seconds",
            0 <= self.overlap_seconds < self.chunk_seconds,
            f"0 or more, and less than a chunk of {self.chunk_seconds} s",
        )
        self._expect(
            "thresholds",
            all(0 < t < 1 for group in self.thresholds.values() for t in group.values()),
            "numbers between 0 and 1",
        )
        known = [set(self.classes)] * 2
        self._expect(
            "calibration",
            all(
                set(fitted) == {"slope", "intercept"} and list(map(set, fitted.values())) == known
                for fitted in self.calibration.values()
            ),
            "slope and intercept of each class",
        )
        peaks = {"max_frames", "mean_frames", "wait_frames"} if self.task == "drums" else set()
        self._expect(
            "peaks",
            set(self.peaks) in (peaks, peaks and peaks | {"gather_frames", "level_frames"}),
            "max_frames, mean_frames and wait_frames" if peaks else "nothing",
        )
        self._expect(
            "sources",
            all({"name", "licence", "origin"} <= set(source) for source in self.sources),
            "name, licence and origin of each",
        )

    @property
    def chunk_frames(self) -> int:
        """Length of a chunk in frames."""
        return round(self.chunk_seconds * self.frame_rate)

    @property
    def overlap_frames(self) -> int:
        """Overlap of two neighbouring chunks in frames."""
        return round(self.overlap_seconds * self.frame_rate)

    def to_json(self) -> str:
        """The card as a JSON object."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, indent=2)

    @classmethod
    def from_json(cls, text: str) -> ModelCard:
        """Read what `to_json` wrote.

        Raises ValueError when the text is no JSON object, or a field is missing, unknown or of
        another type: such a card belongs to another version of bandscribe.
        """
        cure = "use the bandscribe version that the model was exported with, or export it again"
        given = parse_json(text, "card")
        if not isinstance(given, dict):
            raise ValueError(f"card: expected an object, got {type(given).__name__}; {cure}")
        names = {field.name for field in dataclasses.fields(cls)}
        if set(given) != names:
            missing, unknown = sorted(names - set(given)), sorted(set(given) - names)
            raise ValueError(f"card: missing fields {missing}, unknown fields {unknown}; {cure}")
        for name, value in given.items():
            if not isinstance(value, _JSON_TYPES[name]):
                raise ValueError(f"card: field {name} is a {type(value).__name__}; {cure}")
        tuples = {name: tuple(given[name]) for name in ("classes", "outputs", "sources")}
        return cls(**{**given, **tuples})

    def _expect(self, name: str, holds: bool, expected: str) -> None:
        if not holds:
            raise ValueError(f"card: {name}: expected {expected}, got {getattr(self, name)!r}")


_JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "name": str, "task": str, "classes": list, "outputs": list, "features": dict,
    "frame_rate": (int, float), "chunk_seconds": (int, float), "overlap_seconds": (int, float),
    "thresholds": dict, "calibration": dict, "peaks": dict, "sources": list, "metrics": dict,
    "recipe": dict, "commit": str,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Model:
    """A network ready to run, and its card."""

    card: ModelCard
    session: onnxruntime.InferenceSession
    #: How many chunks to run at the same time, each in a thread of its own.
    threads: int

    @property
    def windowed(self) -> bool:
        """Whether the network says one thing about a whole chunk, and not about each frame."""
        return len(self.session.get_outputs()[0].shape) == 2

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Activations (frame, output), in [0, 1], of features (frame, bin).

        Those of a `windowed` network are (output,).
        """
        [said] = self.session.run(None, {self.session.get_inputs()[0].name: features[None]})
        activations: NDArray[np.float32] = said[0]
        if self.session.get_outputs()[0].name == ACTIVATIONS:
            return activations
        # tanh is bounded, where exp overflows.
        np.tanh(0.5 * activations, out=activations)
        activations += 1
        activations *= 0.5
        return activations


def installed() -> list[str]:
    """Names of the models that are shipped with the package."""
    folder = files("bandscribe") / "models"
    if not folder.is_dir():
        return []
    return sorted(Path(f.name).stem for f in folder.iterdir() if f.name.endswith(".onnx"))


def load(name_or_path: str | Path, *, threads: int | None = None) -> Model:
    """A shipped model by its name, or any other by the path of its ONNX file.

    `threads` None takes every core that this process may use, four at most.

    Raises ValueError when there is none, or when the file is no model with a card.
    """
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    content = read_bytes(name_or_path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Chunks run side by side, which is cheaper than threads inside of one.
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except (
        errors.Fail,
        errors.InvalidArgument,
        errors.InvalidGraph,
        errors.InvalidProtobuf,
        errors.NotImplemented,
        errors.RuntimeException,
    ) as error:
        raise ValueError(
            f"{name_or_path}: not an ONNX model; take one that bandscribe export wrote"
        ) from error
    metadata = session.get_modelmeta().custom_metadata_map
    if CARD_KEY not in metadata:
        raise ValueError(f"{name_or_path}: no model card inside; write it with bandscribe export")
    try:
        card = ModelCard.from_json(metadata[CARD_KEY])
    except ValueError as error:
        raise ValueError(f"{name_or_path}: {error}") from error
    width = session.get_outputs()[0].shape[-1]
    if isinstance(width, int) and width != len(card.outputs):
        raise ValueError(
            f"{name_or_path}: the network has {width} outputs, its card {len(card.outputs)}; "
            "export it again"
        )
    return Model(card, session, threads or min(cores(), 4))


def read_bytes(name_or_path: str | Path) -> bytes:
    """The ONNX file of a shipped model's name, or at a path.

    Raises ValueError when there is none.
    """
    if isinstance(name_or_path, str) and name_or_path in installed():
        return (files("bandscribe") / "models" / f"{name_or_path}.onnx").read_bytes()
    path = Path(name_or_path)
    if not path.is_file():
        raise ValueError(
            f"model: expected the path of an ONNX file or one of {installed()}, "
            f"got {str(name_or_path)!r}"
        )
    return path.read_bytes()


def cores() -> int:
    """Cores that this process may use, which can be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
