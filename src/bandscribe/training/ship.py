"""Export a run as a model: the best weights and their card in one ONNX file, for each task."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from bandscribe import chunks
from bandscribe import drums as drum_inference
from bandscribe.features.samples import Samples
from bandscribe.features.windows import BANDS
from bandscribe.instruments import name_outputs as name_instruments
from bandscribe.runtime import ACTIVATIONS, CALIBRATION, ModelCard
from bandscribe.training import checkpoints, credits, export, recipes
from bandscribe.training import task as tasks
from bandscribe.training.activity import recipe as activity
from bandscribe.training.adaptation.train import Adapting
from bandscribe.training.drummernet import recipe as drummernet
from bandscribe.training.drummernet.analysis import HOP
from bandscribe.training.drummernet.loss import SAMPLE_RATE
from bandscribe.training.drummernet.network import Transcriber
from bandscribe.training.drummernet.validation import PICKINGS
from bandscribe.training.drums import recipe as drums
from bandscribe.training.drums.validation import PEAKS
from bandscribe.training.exported import load_drums
from bandscribe.training.hits import recipe as hits
from bandscribe.training.recognition import recipe as recognition
from bandscribe.training.recognition.train import read_front_end
from bandscribe.vocabulary import DRUMS, DRUMS_10, INSTRUMENTS


@dataclass(frozen=True)
class Export:
    """The export of a run: a network that takes `bins` values per frame, and its card.

    `output` is what the network gives: logits, or activations. Where it takes no other number of
    frames, that is `frames`.
    """

    card: ModelCard
    network: nn.Module
    bins: int
    output: str = "logits"
    frames: int | None = None


def ship(
    run: Path,
    path: Path,
    *,
    name: str | None = None,
    quantise: bool = False,
    thresholds: ModelCard | None = None,
) -> ModelCard:
    """Export the best weights of a run to `path`, and return the card that went in.

    `quantise` as in `training.export.export`. The thresholds and the calibration are those of the
    card `thresholds`, if one is given: for weights that were trained on what they validate on. The
    figures remain those by the thresholds that the run learned.

    Raises ValueError when the folder is no run, or has no metrics yet, when its credits leave a
    source out, when the other card is of another task or has other outputs, and when onnxruntime
    and torch disagree.
    """
    made = describe(run, name)
    if thresholds is not None:
        made = replace(made, card=_keep_thresholds(made.card, thresholds))
    export.export(
        made.network, made.card, path, bins=made.bins, quantise=quantise, output=made.output,
        frames=made.frames,
    )  # fmt: skip
    return made.card


def _keep_thresholds(card: ModelCard, other: ModelCard) -> ModelCard:
    """The card with the thresholds and the calibration of another, which its metrics name."""
    if (other.task, other.outputs) != (card.task, card.outputs):
        raise ValueError(
            f"thresholds: expected a model of {card.task} with the same outputs, got {other.name!r}"
        )
    metrics = {**card.metrics, "thresholds_of": {"name": other.name, "commit": other.commit}}
    return replace(
        card, thresholds=other.thresholds, calibration=other.calibration, metrics=metrics
    )


def describe(run: Path, name: str | None = None, *, credited: bool = True) -> Export:
    """The export of a run. Raises ValueError as `ship`, except for the disagreement.

    Where it is not `credited`, because it is evaluated and not passed on, it names no sources.
    """
    task = _task_of(run)
    recipe = recipes.read(run, tasks.recipe_of(task))
    sources = tuple(credits.of_recipe(task, recipe)) if credited else ()
    trained = _TrainedRun(run, name or name_of(run), recipe, sources)
    return _EXPORTS[task](trained, export.read_metrics(run))


def name_of(run: Path) -> str:
    """The default name of the model of a run. Raises ValueError as `ship`."""
    task = _task_of(run)
    return "instruments" if task == "activity" else task


@dataclass(frozen=True)
class _TrainedRun:
    folder: Path
    name: str
    recipe: Any
    sources: tuple[dict[str, str], ...]

    def fill(self, network: nn.Module) -> nn.Module:
        """The network with the best weights."""
        return checkpoints.fill(network, self.folder / "best.pt")

    def card(self, **given: Any) -> ModelCard:
        """The card with the fields that are given, and the run's own."""
        own: dict[str, Any] = {
            "overlap_seconds": 0.0,
            "calibration": {},
            "peaks": {},
            "recipe": json.loads(recipes.to_json(self.recipe)),
            "commit": export.read_commit(self.folder),
            "sources": self.sources,
        }
        return ModelCard(**{**own, **given, "name": self.name})


def _drums(run: _TrainedRun, metrics: dict[str, Any]) -> Export:
    recipe = run.recipe
    front_end, classes = drums.front_end(recipe), DRUMS[recipe.classes]
    card = run.card(
        task="drums",
        classes=classes,
        outputs=drum_inference.name_outputs(classes),
        features=asdict(front_end),
        frame_rate=front_end.frame_rate,
        chunk_seconds=recipe.chunk_seconds,
        overlap_seconds=recipe.overlap_seconds,
        thresholds=metrics.pop("thresholds"),
        peaks=PEAKS,
        metrics=metrics,
    )
    return Export(card, run.fill(drums.build(recipe)), front_end.n_bins)


def _drummernet(run: _TrainedRun, metrics: dict[str, Any]) -> Export:
    recipe = run.recipe
    card = run.card(
        task="drums",
        classes=DRUMS_10,
        outputs=DRUMS_10,
        features=asdict(Samples(SAMPLE_RATE, HOP)),
        frame_rate=drummernet.FRAME_RATE,
        chunk_seconds=recipe.chunk_seconds,
        overlap_seconds=recipe.overlap_seconds,
        thresholds=metrics.pop("thresholds"),
        peaks=dict(PICKINGS[recipe.picking]),
        metrics=metrics,
    )
    analysis = drummernet.build(recipe)
    drummernet.fill(analysis, str(run.folder / "best.pt"))
    return Export(card, Transcriber(analysis), HOP, ACTIVATIONS)


def _adaptation(run: _TrainedRun, metrics: dict[str, Any]) -> Export:
    """The first model's card, with its thresholds."""
    first, network = load_drums(run.recipe.initial)
    adapted = json.loads(recipes.to_json(run.recipe))
    own = {"sources": run.sources, "commit": export.read_commit(run.folder)}
    recipe = {**first.recipe, "adaptation": adapted}
    card = run.card(**{**vars(first), **own, "recipe": recipe, "metrics": {"adaptation": metrics}})
    return Export(card, run.fill(Adapting(network)), drum_inference.front_end(first).n_bins)


def _activity(run: _TrainedRun, metrics: dict[str, Any]) -> Export:
    recipe = run.recipe
    front_end = activity.front_end(recipe)
    fitted = metrics["s1"]["calibration"]
    card = run.card(
        task="activity",
        classes=INSTRUMENTS,
        outputs=name_instruments(INSTRUMENTS),
        features=asdict(front_end),
        frame_rate=front_end.frame_rate,
        chunk_seconds=recipe.chunk_seconds,
        overlap_seconds=recipe.overlap_seconds,
        thresholds={
            kind: metrics[kind].pop("thresholds") for kind in ("frame", *chunks.STRATEGIES)
        },
        calibration={"s1": {part: fitted.pop(part) for part in CALIBRATION if part in fitted}},
        metrics=metrics,
    )
    return Export(card, run.fill(activity.build(recipe)), front_end.n_bins)


def _recognition(run: _TrainedRun, metrics: dict[str, Any]) -> Export:
    """A network of `bands` has frames of its own; of any other features, a window is a frame, and
    the card holds what its samples are normalised by.
    """
    recipe = run.recipe
    front_end, classes = read_front_end(run.folder)
    framed = recipe.features == "bands"
    silence = np.zeros(round(recipe.window_seconds * front_end.sample_rate), dtype=np.float32)
    fitted = metrics["s1"]["calibration"]
    card = run.card(
        task="recognition",
        classes=classes,
        outputs=classes,
        features=asdict(BANDS) if framed else front_end.describe(),
        frame_rate=BANDS.frame_rate if framed else 1 / recipe.window_seconds,
        chunk_seconds=recipe.window_seconds,
        thresholds={
            # A threshold of 0 or 1 would name everything, or nothing.
            strategy: {
                label: min(max(value, 0.001), 0.999)
                for label, value in metrics[strategy]["thresholds"].items()
            }
            for strategy in chunks.STRATEGIES
        },
        calibration={"s1": {part: fitted[part] for part in CALIBRATION if part in fitted}},
        metrics=metrics,
    )
    network = run.fill(recognition.build(recipe, len(classes), trained=True))
    frames = None if framed else len(front_end(silence))
    return Export(card, network, front_end.kind.bins, frames=frames)


def _hits(run: _TrainedRun, metrics: dict[str, Any]) -> Export:
    """A head of softmax gives probabilities that add up to 1, and cannot abstain."""
    recipe = run.recipe
    front_end, network = hits.front_end(recipe), run.fill(hits.build(recipe))
    output = "logits"
    if recipe.head == "softmax":
        network, output = nn.Sequential(network, nn.Softmax(dim=1)), ACTIVATIONS
        thresholds = {"label": dict.fromkeys(recipe.classes, 0.5), "heard": {"any": 0.01}}
        fitted = {
            part: dict.fromkeys(recipe.classes, value)
            for part, value in (("slope", 1.0), ("intercept", 0.0))
        }
    else:
        calibration = metrics["label"]["calibration"]
        fitted = {part: calibration.pop(part) for part in ("slope", "intercept")}
        thresholds = {
            "label": metrics["label"].pop("thresholds"),
            "heard": {"any": metrics["heard"].pop("threshold")},
        }
    card = run.card(
        task="hits",
        classes=recipe.classes,
        outputs=hits.outputs(recipe),
        features=asdict(front_end),
        frame_rate=front_end.frame_rate,
        chunk_seconds=recipe.seconds,
        thresholds=thresholds,
        calibration={"label": fitted},
        metrics=metrics,
    )
    return Export(card, network, front_end.n_bins, output)


_EXPORTS: Mapping[str, Callable[[_TrainedRun, dict[str, Any]], Export]] = {
    "drums": _drums,
    "drummernet": _drummernet,
    "adaptation": _adaptation,
    "activity": _activity,
    "recognition": _recognition,
    "hits": _hits,
}


def _task_of(run: Path) -> str:
    """The task of a run."""
    if not (run / "recipe.json").is_file():
        raise ValueError(f"{run}: no recipe.json in it; name the folder of a training run")
    task = str(export.read_metrics(run).get("task"))
    if task == "factorization":
        raise ValueError(f"{run}: its templates are a model as they are: --model {run}/NAME.npz")
    if task not in _EXPORTS:
        raise ValueError(f"{run / 'metrics.json'}: of no task that there is: {task[:40]!r}")
    return task
