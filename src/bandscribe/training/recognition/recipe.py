"""The recipe of a recognition run, its network and optimiser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import nn

from bandscribe.datasets.address import CorpusAddress
from bandscribe.features import kaldi
from bandscribe.features.windows import KINDS
from bandscribe.training import recipes
from bandscribe.training.recognition import pretrained
from bandscribe.training.recognition.models import MODELS
from bandscribe.training.settings import Settings, setting
from bandscribe.vocabulary import INSTRUMENTS

#: Baselines on time means of the features, by scikit-learn: see `classical`.
CLASSICAL = ("linear", "svm", "trees")

_SMALL = {"learning_rate": 1e-3, "floor": 1e-2, "weight_decay": 5e-4}
#: Defaults of a model: tables 4.3-4.5, and its features.
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "audio": {"features": "audio", **_SMALL},
    "mfcc": {"features": "mfcc_40", **_SMALL},
    "features": {"features": "stack", **_SMALL},
    "resnet50": {"features": "mel_256", "learning_rate": 2e-4, "floor": 5e-3, "weight_decay": 1e-5},
    "ast": {
        "features": "filterbank_hanning",
        "feature_deviation": 0.5,
        "learning_rate": 2e-5,
        "floor": 0.1,
        "weight_decay": 1e-4,
        "head_learning_rate": 1e-3,
        "head_weight_decay": 1e-3,
    },
    **{name: {"features": "mfcc_13"} for name in CLASSICAL},
}

#: Networks that can begin with published weights, and the names of these on the hub.
_PRETRAINED: Mapping[str, str] = {
    name: model.published for name, model in MODELS.items() if hasattr(model, "published")
}
_LONG = 10.0  # seconds that the published AST was trained on


@dataclass(frozen=True)
class Recipe(Settings):
    """Every setting of a recognition training run; those of the loop have the paper's defaults.

    Beyond the paper, gradients are clipped to a norm of `clip`.
    """

    FORMER: ClassVar[Mapping[str, str]] = {
        "training": "corpora", "validation": "validation_corpora",
    }  # fmt: skip

    corpora: tuple[str, ...] = setting(
        (), "corpora to train on: NAME=ROOT, of their split train, or NAME:SPLIT/AUDIO=ROOT"
    )
    validation_corpora: tuple[str, ...] = setting(
        (), "corpora to validate on; default: the split validation of corpora"
    )
    classes: tuple[str, ...] = setting(
        (), "instruments to distinguish; none for all that the training corpora label"
    )
    model: str = setting("mfcc", f"network: {', '.join(MODELS)}; or {', '.join(CLASSICAL)}")
    options: dict[str, Any] = setting({}, "the network's own options (JSON)")
    pretrained: str = setting(
        pretrained.HUB, "weights that resnet50 and ast begin with: hub for those that their "
        "authors published, no for random ones, or a folder that save_pretrained wrote, or one "
        "with such folders named resnet50 and ast"
    )  # fmt: skip
    features: str = setting("mfcc_40", f"input features: {', '.join(KINDS)}")
    feature_deviation: float = setting(
        0.0, "standard deviation of normalised features; 0: not normalised"
    )
    window_seconds: float = setting(1.0, "length of a window; the published AST was trained on 10")
    sampling: Literal["static", "true_dynamic", "base_persistent"] = setting(
        "static", "windows as they are, or mixed: static, true_dynamic, base_persistent"
    )
    minimum: int = setting(1, "fewest windows in a mixture")
    maximum: int = setting(5, "most windows in a mixture")
    missed: float = setting(0.001, "share of recordings that an epoch of true_dynamic may miss")
    augment: bool = setting(True, "augment: noise, pitch and time shifts, masks on spectrograms")
    semitones: float = setting(6.0, "largest pitch shift; 0 for none, which needs no library")
    criterion: Literal["s2_loss", "s1_loss", "macro_f1", "micro_f1"] = setting(
        "s2_loss", "validation figure of the best weights, of whole recordings: s2_loss, as the "
        "paper, which mostly counts wrong largest classes; s1_loss, macro_f1, micro_f1"
    )  # fmt: skip
    credits: str | None = setting(
        None, "CSV file with name,licence,origin of each source, for the card; none for the "
        "corpora's own", changeable=True,
    )  # fmt: skip
    cache: str | None = setting(
        None, "folder that keeps samples and features of windows, for runs to share; none to keep "
        "nothing", changeable=True,
    )  # fmt: skip
    epochs: int = setting(35, "epochs of the run, where steps is 0", changeable=True)
    batch: int = setting(16, "windows per step")
    pieces: int = setting(1, "parts of a batch, for gradient accumulation")
    floor: float = setting(1e-2, "last learning rate, as a share of the highest")
    head_learning_rate: float = setting(0.0, "learning rate of the head; 0 for that of the body")
    head_weight_decay: float = setting(0.0, "weight decay of the head, where it has its own rate")
    # What the loop's settings are here.
    steps: int = setting(0, "optimiser steps of the whole run; 0 for as many as the epochs have")
    schedule: Literal["cosine", "plateau", "constant", "polynomial"] = setting(
        "polynomial",
        "learning rate: polynomial (power 0.7, 5 % warm-up), cosine, plateau, constant",
    )
    warmup_steps: int = setting(0, "steps over which the learning rate rises, but for polynomial")
    learning_rate: float = setting(1e-3, "highest learning rate of Adam")
    weight_decay: float = setting(5e-4, "L2 regularisation of Adam")
    average: float = setting(0.0, "decay of the moving average of the weights; 0 for none")
    half: bool = setting(False, "compute convolutions in bfloat16")
    validate_every: int = setting(0, "steps between validations; 0 for an epoch")
    patience: int = setting(
        35, "validations without gain after which the run ends", changeable=True
    )

    def __post_init__(self) -> None:
        for name, given, known in (
            ("model", self.model, (*MODELS, *CLASSICAL)),
            ("features", self.features, tuple(KINDS)),
        ):
            if given not in known:
                raise ValueError(f"{name}: expected one of {', '.join(known)}, got {given!r}")
        if unknown := [name for name in self.classes if name not in INSTRUMENTS]:
            raise ValueError(
                f"classes: expected some of {', '.join(INSTRUMENTS)}, got {unknown[0]!r}"
            )
        for source in (*self.corpora, *self.validation_corpora):
            CorpusAddress.parse(source, "recognition")
        for name in ("window_seconds", "batch", "pieces", "epochs", "floor"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected more than 0, got {getattr(self, name)}")
        if self.model in MODELS:
            recipes.check_options("options", self.options, MODELS[self.model])

    @property
    def held_out(self) -> tuple[str, ...]:
        """The corpora to validate on."""
        return self.validation_corpora or self.corpora


def build(recipe: Recipe, classes: int, *, trained: bool = False) -> nn.Module:
    """A new network; an AST takes as many frames as a window has, as published from 10 s on.

    One that is to be filled with the weights of a `trained` run needs none of the hub. Raises
    ValueError where pretrained weights cannot be had.
    """
    kind = KINDS[recipe.features]
    options = dict(recipe.options)
    if recipe.model in _PRETRAINED:
        random = trained and recipe.pretrained == pretrained.HUB
        options["pretrained"] = pretrained.RANDOM if random else _locate(recipe)
    if recipe.model == "ast" and "frames" not in options:
        frames = (round(recipe.window_seconds * kind.sample_rate) - 400) // 160 + 1
        options["frames"] = frames if recipe.window_seconds < _LONG else kaldi.AST_FRAMES
    return MODELS[recipe.model](kind.bins, classes, **options)


def trace_weights(recipe: Recipe) -> str:
    """The trained weights that the network of a recipe begins with; empty for random ones.

    Raises ValueError as `pretrained.trace`.
    """
    published = _PRETRAINED.get(recipe.model)
    return pretrained.trace(_locate(recipe), published) if published else ""


def _locate(recipe: Recipe) -> str:
    """The recipe's `pretrained`; of a folder with a folder for each network, that of its model."""
    own = Path(recipe.pretrained) / recipe.model
    given = recipe.pretrained in (pretrained.RANDOM, pretrained.HUB)
    return str(own) if own.is_dir() and not given else recipe.pretrained


def make_optimiser(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    """Adam with L2 regularisation; the head may have a rate and a decay of its own."""
    head = {id(weight) for weight in network.head.parameters()}  # type: ignore[union-attr]
    body = [weight for weight in network.parameters() if id(weight) not in head]
    own = recipe.head_learning_rate > 0
    groups = [
        {"params": body, "lr": recipe.learning_rate, "weight_decay": recipe.weight_decay},
        {
            "params": [weight for weight in network.parameters() if id(weight) in head],
            "lr": recipe.head_learning_rate if own else recipe.learning_rate,
            "weight_decay": recipe.head_weight_decay if own else recipe.weight_decay,
        },
    ]
    return torch.optim.Adam(groups)
