"""Training a recogniser on labelled recordings.

A run is a folder as `training.fit` has it, with three files more:

    front_end.json   what the features were normalised by, the classes in their order, and which
                     recordings could not be read
    network.json     where the network's first weights came from
    metrics.json     thresholds, calibration and scores of the best weights

A baseline has best.pkl in place of weights and history.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from bandscribe.features.windows import KINDS, RecognitionFrontEnd
from bandscribe.readers import read_json, refused
from bandscribe.training import device as devices
from bandscribe.training import record
from bandscribe.training.batches import stream
from bandscribe.training.fit import FitResult, fit
from bandscribe.training.mapped import leave_out
from bandscribe.training.recognition import classical, corpora, survey, validation
from bandscribe.training.recognition.corpora import RecordingWindows, describe, keep
from bandscribe.training.recognition.examples import (
    WindowExamples,
    cross_entropy,
    samples_per_epoch,
)
from bandscribe.training.recognition.recipe import CLASSICAL, Recipe, build, make_optimiser
from bandscribe.training.recognition.validation import ValidationWindows
from bandscribe.training.settings import count_epochs

_FRONT_END, _NETWORK = "front_end.json", "network.json"


def train(recipe: Recipe, run: Path) -> FitResult:
    """Train the model of a recipe into the folder `run`, or resume that run.

    Raises ValueError when the recipe names no corpora, a recording is both trained and validated
    on, or `run` holds a run with another recipe.
    """
    if not recipe.corpora:
        raise ValueError("corpora: expected at least one NAME=ROOT")
    classes = recipe.classes or corpora.classes_of(recipe.corpora)
    training = corpora.load(recipe.corpora, "train", classes)
    held_out = corpora.load(recipe.held_out, "validation", classes)
    if both := sorted({each.group for each in training} & {each.group for each in held_out}):
        raise ValueError(f"validation_corpora: {both[0]} is also trained on")
    rate = KINDS[recipe.features].sample_rate
    windows = corpora.cut(training, recipe.window_seconds, rate)
    validating = corpora.cut(held_out, recipe.window_seconds, rate)
    print(
        f"{len(training)} recordings to train on, {len(windows)} windows; {len(held_out)} to "
        f"validate on, {len(validating)} windows; {', '.join(classes)}",
        flush=True,
    )
    cache = Path(recipe.cache) if recipe.cache else None
    workers = devices.workers(recipe)
    windows, front_end = _look_over(recipe, windows, classes, run, cache)
    recipe = _in_steps(recipe, windows)
    windows = keep(windows, cache, workers=workers) if cache else windows
    validating = survey.usable(validating, workers=workers, folder=cache)
    validation_windows = validation.prepare(
        validating, classes, describe(validating, front_end, cache, workers=workers)
    )
    if recipe.model in CLASSICAL:
        return _train_classical(recipe, run, windows, validation_windows, front_end, cache)

    mixed = recipe.sampling != "static"
    draw = WindowExamples(
        windows, windows.targets, front_end, recipe.seed, recipe.sampling, recipe.minimum,
        recipe.maximum, recipe.augment, recipe.semitones,
        describe(windows, front_end, cache, workers=workers)
        if cache and not mixed and not recipe.augment else None,
    )  # fmt: skip

    def report(model: nn.Module) -> dict[str, Any]:
        figures = validation.report(
            validation.infer_windows(model, validation_windows), validation_windows
        )
        return {"model": recipe.model, "origin": read_json(run / _NETWORK)["origin"], **figures}

    return fit(
        recipe,
        run,
        task="recognition",
        build=partial(_start, recipe, len(classes), run),
        loss=cross_entropy,
        batches=stream(draw, recipe, numbered=True),
        validate=partial(validation.validate, validation=validation_windows),
        report=report,
        optimiser=partial(make_optimiser, recipe),
        floor=recipe.floor,
        pieces=recipe.pieces,
        criterion=f"-{recipe.criterion}" if "loss" in recipe.criterion else recipe.criterion,
    )


def read_front_end(run: Path) -> tuple[RecognitionFrontEnd, tuple[str, ...]]:
    """The front end of a run, and its classes in the order of the network's outputs.

    Raises ValueError when the folder holds none.
    """
    path = run / _FRONT_END
    if not path.is_file():
        raise ValueError(f"{path}: missing; name the folder of a recognition run")
    saved = read_json(path)
    with refused(f"{path}: damaged; train into another folder"):
        return RecognitionFrontEnd.read(saved), tuple(saved["classes"])


def _start(recipe: Recipe, classes: int, run: Path) -> nn.Module:
    """The network, initialised in a new run; the origin of its weights is recorded."""
    resumed = (run / "last.pt").is_file() and (run / _NETWORK).is_file()
    model = build(recipe, classes, trained=resumed)
    if not resumed:
        origin = str(getattr(model, "origin", "random weights"))
        print(f"{recipe.model}: {origin}", flush=True)
        record.write_json(run / _NETWORK, {"origin": origin})
    return model


def _in_steps(recipe: Recipe, windows: RecordingWindows) -> Recipe:
    """The recipe with `steps` and `validate_every` from its epochs, where they are 0.

    An epoch is every window once, or as many true dynamic samples as in table 3.3.
    """
    examples = len(windows)
    if recipe.sampling == "true_dynamic":
        examples = samples_per_epoch(
            len(windows.recordings),
            minimum=recipe.minimum,
            maximum=recipe.maximum,
            missed=recipe.missed,
        )
    return count_epochs(recipe, examples)


def _look_over(
    recipe: Recipe,
    windows: RecordingWindows,
    classes: tuple[str, ...],
    run: Path,
    cache: Path | None,
) -> tuple[RecordingWindows, RecognitionFrontEnd]:
    """The readable windows, and the front end from their statistics.

    A new run reads all windows and records both; a resumed one reads that record.
    """
    if (run / "last.pt").is_file():
        left_out = read_json(run / _FRONT_END).get("left_out", [])
        return survey.without(windows, left_out), read_front_end(run)[0]
    given: dict[str, Any] = {"workers": devices.workers(recipe), "folder": cache}
    found = survey.survey(windows, **given)
    leave_out(found.unreadable.values())
    windows = survey.without(windows, found.unreadable)
    front_end = RecognitionFrontEnd(recipe.features, found.statistics)
    if recipe.feature_deviation:
        values = survey.survey(windows, front_end, **given).statistics
        front_end = replace(front_end, values=values, deviation=recipe.feature_deviation)
    content = {**front_end.describe(), "classes": classes, "left_out": list(found.unreadable)}
    record.write_json(run / _FRONT_END, content)
    return windows, front_end


def _train_classical(
    recipe: Recipe,
    run: Path,
    windows: RecordingWindows,
    validation_windows: ValidationWindows,
    front_end: RecognitionFrontEnd,
    cache: Path | None,
) -> FitResult:
    """Fit a baseline to all windows as they are, and evaluate it."""
    record.start(run, recipe, step=0)
    features = describe(windows, front_end, cache, workers=devices.workers(recipe))
    began = time.monotonic()
    baseline = classical.train(recipe.model, features, windows.targets, seed=recipe.seed)
    seconds = time.monotonic() - began
    classical.save(baseline, run / "best.pkl")
    probabilities = baseline(validation_windows.features)
    best = validation.summarise(probabilities, validation_windows)
    figures = {
        "task": "recognition",
        "model": recipe.model,
        "finished": True,
        "seconds": seconds,
        "best": best,
        **validation.report(probabilities, validation_windows),
    }
    record.write_json(run / "metrics.json", figures)
    return FitResult(True, 0, best)
