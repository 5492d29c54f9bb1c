"""The recipe of a classifier of hits, and what it builds: its front end and its network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from bandscribe.features.mel import MelBands
from bandscribe.hits import CLASSES, VELOCITY
from bandscribe.training import recipes
from bandscribe.training.exported import transfer_hits
from bandscribe.training.fit import start_from
from bandscribe.training.hits.models import MODELS
from bandscribe.training.settings import Settings, setting

#: Defaults of a model. Of the report: project report 2024, section 3,
#: and its author's code (Adam, 32 clips a step).
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "report": {
        "head": "softmax",
        "augment": False,
        "balance": 0.0,
        "seconds": 0.5,
        "batch": 32,
        "weight_decay": 0.0,
        "schedule": "constant",
        "warmup_steps": 0,
        "clip": 1e6,
        "average": 0.0,
        "half": False,
        "workers": 0,
    },
    "compact": {"features": {"n_mels": 128, "fmin": 20.0, "scale": "levels"}},
}


@dataclass(frozen=True)
class Recipe(Settings):
    """Every setting of a training run of hits."""

    kits: tuple[str, ...] = setting((), "drum kits to train on: files or folders")
    validation_kits: tuple[str, ...] = setting((), "drum kits to validate on, none of them above")
    clips: tuple[str, ...] = setting(
        (), "folders with labels.csv: what is train there is trained on, validation validated on"
    )
    notes: tuple[str, ...] = setting((), "folders with sounds that are no drum")
    validation_notes: tuple[str, ...] = setting((), "sounds for validation that are no drum")
    classes: tuple[str, ...] = setting(CLASSES, "classes to distinguish")
    credits: str | None = setting(
        None, "CSV file with name,licence,origin of each source, for the card", changeable=True
    )
    initial: str | None = setting(
        None,
        "weights to start from instead of random ones: best.pt of another run of this "
        "network, or, of compact, a shipped model or an ONNX file",
    )
    model: str = setting("compact", f"network: {', '.join(MODELS)}")
    options: dict[str, Any] = setting({}, "the network's own options (JSON)")
    features: dict[str, Any] = setting({}, "front end, where it differs (JSON)")
    seconds: float = setting(1.0, "length of a window")
    head: Literal["sigmoid", "softmax"] = setting(
        "sigmoid", "sigmoid: several drums, none, and velocity; softmax: one of the classes"
    )
    augment: bool = setting(True, "change and mix clips, or use them as they are")
    scenes: int = setting(
        0, "examples that are rendered once, and altered as spectra whenever they are used; 0: "
        "every example is rendered when it is used"
    )  # fmt: skip
    balance: float = setting(1.0, "frequency of classes: 0 as in the clips, 1 all equal")
    null_share: float = setting(0.2, "share of examples that are no drum, where there are notes")
    overlap_share: float = setting(0.25, "share of hits with one or two more drums, if augmented")
    codec_share: float = setting(0.03, "share of examples through a lossy codec, if augmented")
    velocity_weight: float = setting(0.2, "weight of velocity in the loss of sigmoid")
    batch: int = setting(64, "clips per step")
    epochs: int = setting(
        0, "epochs of the run, each of which takes every clip once and ends with a validation; 0 "
        "to count steps", changeable=True,
    )  # fmt: skip
    cache: str | None = setting(
        None, "folder that keeps features of clips or, if augmented, their samples, for runs to "
        "share; none to keep nothing", changeable=True,
    )  # fmt: skip
    validation_examples: int = setting(
        2000, "examples to validate on, if augmented; else every clip once"
    )
    validation_balance: float = setting(
        0.5, "balance of the validation examples, if augmented; probabilities are right for it"
    )
    validation_seed: int = setting(0, "seed of the validation examples")

    def __post_init__(self) -> None:
        with torch.device("meta"):  # without memory, and without drawing weights
            build(self)
        if both := sorted(set(self.kits) & set(self.validation_kits)):
            raise ValueError(f"validation_kits: {', '.join(both)} are also among kits")
        if not self.epochs and not (self.steps and self.validate_every):
            raise ValueError("steps, validate_every: expected 1 or more, or a number of epochs")
        if self.scenes < 0:
            raise ValueError(f"scenes: expected 0 or more, got {self.scenes}")
        if len(set(self.classes)) < max(2, len(self.classes)):
            raise ValueError(f"classes: expected two or more, each once, got {self.classes}")
        for name in ("balance", "validation_balance", "null_share", "overlap_share", "codec_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0 to 1, got {getattr(self, name)}")


def outputs(recipe: Recipe) -> tuple[str, ...]:
    """The outputs of the network: the classes, then, with sigmoid outputs, the velocity."""
    return (*recipe.classes, VELOCITY) if recipe.head == "sigmoid" else recipe.classes


def front_end(recipe: Recipe) -> MelBands:
    """The front end of this recipe. Raises ValueError when it has no such parameter."""
    recipes.check_options("features", recipe.features, MelBands)
    return MelBands(**recipe.features)


def build(recipe: Recipe) -> nn.Module:
    """A new network. Raises ValueError when the model, or one of its options, is unknown."""
    if recipe.model not in MODELS:
        raise ValueError(f"model: expected one of {', '.join(MODELS)}, got {recipe.model!r}")
    recipes.check_options("options", recipe.options, MODELS[recipe.model])
    features = front_end(recipe)
    options = dict(recipe.options)
    if recipe.model == "report":
        options.setdefault("frames", features.count(recipe.seconds))
    return MODELS[recipe.model](features.n_bins, len(outputs(recipe)), **options)


def start(recipe: Recipe, features: Tensor) -> nn.Module:
    """A new network, with the weights of `initial` where the recipe names them.

    `features` (example, frame, bin) are typical input, to start from an exported network.
    Raises ValueError when those are another network's.
    """
    network = build(recipe)
    if recipes.is_model(recipe.initial):
        transfer_hits(str(recipe.initial), network, features)
        return network
    return start_from(network, recipe.initial)
