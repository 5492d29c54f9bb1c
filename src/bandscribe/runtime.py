"""Models as they are shipped: one ONNX file each, with its card inside.

The graph takes features (batch, frame, bin) and gives logits (batch, frame, output), or
(batch, output) for a whole chunk; an output of the name `activations` is
taken as it is. Everything else that a result depends on stands in the card, as JSON in the file's
metadata under `bandscribe`: a file without a card, or with one that does not fit, is not run.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Protocol,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np
from numpy.typing import NDArray

from bandscribe.files import to_json
from bandscribe.readers import parse_json, refused

if TYPE_CHECKING:
    import onnxruntime

CARD_KEY = "bandscribe"
#: The largest values of a card, so that a damaged one cannot cause endless work.
_MOST_CLASSES, _MOST_FRAMES, _LONGEST_CHUNK, _LARGEST = 1000, 100_000, 3600, 1e9
#: What a card's calibration of an aggregation holds of each class; the last may be missing.
CALIBRATION = ("slope", "intercept", "frequency")
#: Name of a graph's output that is no logits.
ACTIVATIONS = "activations"


@dataclass(frozen=True)
class ModelCard:
    """Description of a model: what it is, what it was trained on, and how to use it.

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
    #: The threshold of each class, by use: for drums a number of classes ("10", "5",
    #: "3"), for instruments an aggregation ("s1", "s2"), or "frame" for their activity.
    thresholds: dict[str, dict[str, float]]
    #: Of an aggregation, the `slope` and `intercept` of each class (see `calibration`), and perhaps
    #: its `frequency` in the clips that these were fitted to; may be empty.
    calibration: dict[str, dict[str, dict[str, float]]]
    #: Drum models: the windows of `peaks.pick`; where the activations are amplitudes, also those of
    #: `peaks.normalize_by_local_max` if they need it. Empty for other tasks.
    peaks: dict[str, int]
    #: What it was trained on: `name`, `licence` and `origin` of each.
    sources: tuple[dict[str, str], ...]
    metrics: dict[str, Any]
    recipe: dict[str, Any]
    commit: str

    def __post_init__(self) -> None:
        """Check the types of all fields, and their consistency."""
        for name, kind in get_type_hints(ModelCard).items():
            _check_type(name, getattr(self, name), kind)
        self._expect("classes", 0 < len(self.classes) <= _MOST_CLASSES, "at least one class")
        self._expect(
            "classes",
            len(set(self.classes)) == len(self.classes) and all(map(_is_plain, self.classes)),
            "different names, each of which can be that of a file",
        )
        first = self.outputs[: len(self.classes)]
        self._expect("outputs", first == self.classes, "the classes first")
        self._expect("frame_rate", 0.1 <= self.frame_rate <= 1e5, "0.1 to 100,000 Hz")
        self._expect(
            "chunk_seconds",
            0 < self.chunk_seconds <= _LONGEST_CHUNK and 1 <= self.chunk_frames <= _MOST_FRAMES,
            f"one frame or more, {_MOST_FRAMES:,} and {_LONGEST_CHUNK} s at most",
        )
        self._expect(
            "overlap_seconds",
            self.overlap_seconds >= 0 and self.overlap_frames < self.chunk_frames,
            f"0 or more, and less than a chunk of {self.chunk_seconds} s",
        )
        self._expect(
            "thresholds",
            all(0 < t < 1 for group in self.thresholds.values() for t in group.values()),
            "numbers between 0 and 1",
        )
        self._expect(
            "calibration",
            all(
                set(fitted) in (set(CALIBRATION[:2]), set(CALIBRATION))
                and all(set(values) == set(self.classes) for values in fitted.values())
                and all(0 <= share <= 1 for share in fitted.get("frequency", {}).values())
                for fitted in self.calibration.values()
            ),
            "slope and intercept of each class, and perhaps its frequency, 0 to 1",
        )
        peaks = {"max_frames", "mean_frames", "wait_frames"} if self.task == "drums" else set()
        self._expect(
            "peaks",
            set(self.peaks) in (peaks, peaks and peaks | {"gather_frames", "level_frames"}),
            "max_frames, mean_frames and wait_frames" if peaks else "nothing",
        )
        self._expect(
            "peaks",
            all(0 <= frames <= _MOST_FRAMES for frames in self.peaks.values()),
            f"0 to {_MOST_FRAMES:,} frames",
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
        return to_json(dataclasses.asdict(self), indent=2).rstrip("\n")

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
        tuples = {
            name: tuple(given[name])
            for name in ("classes", "outputs", "sources")
            if isinstance(given[name], list)
        }
        try:
            return cls(**{**given, **tuples})
        except ValueError as error:
            raise ValueError(f"{error}; {cure}") from error

    def _expect(self, name: str, holds: bool, expected: str) -> None:
        if not holds:
            given = reprlib.repr(getattr(self, name))[:120]
            raise ValueError(f"card: {name}: expected {expected}, got {given}")


def _check_type(name: str, value: Any, kind: Any) -> None:
    """Raise ValueError naming the leaf of a field that is of another kind, or not finite."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return
    if origin is dict and isinstance(value, dict):
        for key, each in value.items():
            _check_type(f"{name}.{key}", each, inner[1])
    elif origin is tuple and isinstance(value, tuple):
        for place, each in enumerate(value):
            _check_type(f"{name}.{place}", each, inner[0])
    elif kind is float:
        if type(value) not in (int, float) or not abs(value) <= _LARGEST:
            raise ValueError(f"card: {name}: expected a number, got {reprlib.repr(value)}")
    elif type(value) is not (origin or kind):
        noun = {dict: "an object", tuple: "a list", str: "text", int: "a whole number"}
        expected = noun[origin or kind]
        raise ValueError(f"card: {name}: expected {expected}, got {reprlib.repr(value)}")


def _is_plain(name: str) -> bool:
    """Whether files and folders can be named so: classes are names of both."""
    return (
        bool(name) and len(name) <= 64 and name.isprintable() and not re.search(r"^\.|[/\\]", name)
    )


@dataclass(frozen=True, eq=False)
class Model:
    """A network ready to run, and its card."""

    card: ModelCard
    session: onnxruntime.InferenceSession
    #: How many chunks to run at the same time, each in a thread of its own.
    threads: int

    @property
    def windowed(self) -> bool:
        """Whether the network has one output per chunk, and not per frame."""
        return len(self.session.get_outputs()[0].shape) == 2

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Activations (frame, output), in [0, 1], of features (frame, bin).

        Those of a `windowed` network are (output,). Raises ValueError where the network does not
        fit its card, or gives what is no number: whatever it is given, that is its own fault.
        """
        inputs, [output] = self.session.get_inputs(), self.session.get_outputs()[:1]
        try:
            [outputs] = self.session.run([output.name], {inputs[0].name: features[None]})
        except _errors() as error:
            raise ValueError(self._blame(f"it cannot be run ({str(error)[:200]})")) from error
        shape = (1, len(self.card.outputs))
        expected = shape if self.windowed else (1, len(features), shape[1])
        if not isinstance(outputs, np.ndarray) or outputs.shape != expected:
            given = getattr(outputs, "shape", type(outputs).__name__)
            raise ValueError(self._blame(f"it gives {given}, expected {expected}"))
        activations: NDArray[np.float32] = outputs[0].astype(np.float32, copy=False)
        if not np.all(np.isfinite(activations)):
            raise ValueError(self._blame("it gives what is no number"))
        if output.name == ACTIVATIONS:
            if not np.all((activations >= 0) & (activations <= 1)):
                raise ValueError(self._blame("it gives activations outside 0 to 1"))
            return activations
        # tanh is bounded, where exp overflows.
        np.tanh(0.5 * activations, out=activations)
        activations += 1
        activations *= 0.5
        return activations

    def _blame(self, why: str) -> str:
        return f"the network of the model {self.card.name!r} is damaged: {why}; export it again"


class FrontEnd(Protocol):
    """The interface of all front ends."""

    @property
    def frame_rate(self) -> float:
        """Frames per second."""

    @property
    def n_bins(self) -> int:
        """Values in a frame."""


F = TypeVar("F", bound=FrontEnd)
M = TypeVar("M")


def front_end(card: ModelCard, kind: type[F]) -> F:
    """The front end of this kind that a card describes.

    Raises ValueError where it describes none, or another frame rate.
    """
    rate = f"{card.frame_rate:g} frames a second"
    with refused(f"card: features: expected those of a {kind.__name__} with {rate}"):
        made = kind(**card.features)
        if made.n_bins < 1 or not math.isclose(made.frame_rate, card.frame_rate):
            raise ValueError(f"{made.n_bins} bins, {made.frame_rate:g} frames a second")
    return made


def installed(suffix: str = ".onnx") -> list[str]:
    """Names of the models that are shipped with the package, in files of this kind."""
    folder = files("bandscribe") / "models"
    if not folder.is_dir():
        return []
    return sorted(Path(f.name).stem for f in folder.iterdir() if f.name.endswith(suffix))


def load(name_or_path: str | Path, *, threads: int | None = None) -> Model:
    """A shipped model by its name, or any other by the path of its ONNX file.

    `threads` None takes every core that this process may use, four at most.

    Raises ValueError when there is none, or when the file is no model with a card.
    """
    import onnxruntime

    content = read_bytes(name_or_path)
    options = onnxruntime.SessionOptions()
    # Its errors are raised, and not also logged.
    options.log_severity_level = 4
    # Chunks run side by side, which is cheaper than threads inside of one.
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except _errors() as error:
        raise ValueError(
            f"{name_or_path}: not an ONNX model; take one that bandscribe export wrote"
        ) from error
    try:
        metadata = session.get_modelmeta().custom_metadata_map
        if CARD_KEY not in metadata:
            raise ValueError("no model card inside; write it with bandscribe export")
        card = ModelCard.from_json(metadata[CARD_KEY])
    except ValueError as error:
        raise ValueError(f"{name_or_path}: {error}") from error
    inputs, outputs = session.get_inputs(), session.get_outputs()
    ranks = [len(each.shape) for each in (*inputs, *outputs[:1])]
    if ranks not in ([3, 2], [3, 3]) or inputs[0].type != "tensor(float)":
        raise ValueError(
            f"{name_or_path}: expected a network of (batch, frame, bin) float32 to (batch, output) "
            "or (batch, frame, output); export it again"
        )
    width = outputs[0].shape[-1]
    if isinstance(width, int) and width != len(card.outputs):
        raise ValueError(
            f"{name_or_path}: the network has {width} outputs, its card {len(card.outputs)}; "
            "export it again"
        )
    return Model(card, session, threads or min(cores(), 4))


def resolve(model: M | str | Path, loader: Callable[[str | Path], M]) -> M:
    """A loaded model as it is; a name or a path by `loader`, whose results are kept for next time.

    A file that has changed since is loaded again. Raises what `loader` does.
    """
    if not isinstance(model, (str, Path)):
        return model
    path = Path(model)
    state = path.stat() if path.is_file() else None
    version = (path.absolute(), state.st_mtime_ns, state.st_size) if state else None
    found: M = _load_once(loader, model, version)
    return found


@lru_cache(maxsize=4)
def _load_once(loader: Callable[[str | Path], Any], model: str | Path, version: object) -> Any:
    return loader(model)


def _errors() -> tuple[type[Exception], ...]:
    """The errors of the runtime for a graph that is damaged, or does not fit its input."""
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    return (
        errors.EPFail, errors.EngineError, errors.Fail, errors.InvalidArgument,
        errors.InvalidGraph, errors.InvalidProtobuf, errors.NoModel, errors.NoSuchFile,
        errors.NotImplemented, errors.RuntimeException, RuntimeError, ValueError,
    )  # fmt: skip


def read_bytes(name_or_path: str | Path) -> bytes:
    """The ONNX file of a shipped model's name, or at a path.

    Raises ValueError when there is none.
    """
    if isinstance(name_or_path, str) and name_or_path in installed():
        return (files("bandscribe") / "models" / f"{name_or_path}.onnx").read_bytes()
    path = Path(name_or_path)
    if not path.is_file():
        templates = installed(".npz")
        if str(path) in templates:
            raise ValueError(f"model: {path} is no network; it is for transcribing drums alone")
        raise ValueError(
            f"model: there is no {str(name_or_path)!r}; shipped are "
            f"{', '.join([*installed(), *templates])}, any other is named by the path of its file"
        )
    return path.read_bytes()


def cores() -> int:
    """Cores that this process may use, which can be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
