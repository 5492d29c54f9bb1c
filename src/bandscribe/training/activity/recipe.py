"""The recipe of an activity run, and what it builds."""

from __future__ import annotations

import inspect
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.instruments import name_outputs
from bandscribe.training import recipes
from bandscribe.training.activity.models import MODELS
from bandscribe.training.settings import Settings, setting
from bandscribe.vocabulary import INSTRUMENTS

#: The front end where the recipe does not say otherwise: fine enough for partials of low notes.
BANDS = LogSpectrogram(n_fft=4096, hop_length=1024, bands_per_octave=24, fmin=40.0, fmax=16000.0)


@dataclass(frozen=True)
class Recipe(Settings):
    """Every setting of an activity training run."""

    stems: tuple[str, ...] = setting((), "folders with pieces in stems to train on")
    validation_stems: tuple[str, ...] = setting((), "the same, to validate on")
    codec_share: float = setting(0.05, "share of excerpts that went through a lossy codec")
    initial: str | None = setting(
        None, "best.pt of another run of this network, to start from instead of random weights"
    )
    credits: str | None = setting(
        None, "CSV file with name,licence,origin of each source, for the card", changeable=True
    )
    excerpt_seconds: float = setting(6.0, "length of a training excerpt")
    batch: int = setting(16, "excerpts per step")
    features: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "front end, where it differs (JSON)"}
    )
    model: str = setting("tracker", f"network: {', '.join(MODELS)}")
    options: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "the network's own options (JSON)"}
    )
    level_weight: float = setting(0.5, "weight of the levels in the loss")
    chunk_seconds: float = setting(6.0, "length of a chunk in validation and inference")
    overlap_seconds: float = setting(2.0, "overlap of two chunks")

    def __post_init__(self) -> None:
        """Raise ValueError where a field cannot be right."""
        if self.model not in MODELS:
            raise ValueError(f"model: expected one of {', '.join(MODELS)}, got {self.model!r}")
        known = set(inspect.signature(MODELS[self.model]).parameters) - {"bins", "outputs"}
        if unknown := sorted(set(self.options) - known):
            raise ValueError(
                f"options: no such option {unknown[0]!r}; expected {', '.join(sorted(known))}"
            )
        if unknown := sorted(set(self.features) - set(asdict(BANDS))):
            raise ValueError(
                f"features: no such setting {unknown[0]!r}; expected {', '.join(asdict(BANDS))}"
            )


def read(run: Path) -> Recipe:
    """The recipe of a run. Raises ValueError when the folder holds none."""
    if not (run / "recipe.json").is_file():
        raise ValueError(f"{run}: no recipe.json in it; name the folder of a training run")
    return recipes.from_file(run / "recipe.json", Recipe)


def front_end(recipe: Recipe) -> LogSpectrogram:
    """What the network listens through."""
    return LogSpectrogram(**{**asdict(BANDS), **recipe.features})


def build(recipe: Recipe) -> nn.Module:
    """A new network for the thirteen classes."""
    outputs = len(name_outputs(INSTRUMENTS))
    return MODELS[recipe.model](front_end(recipe).n_bins, outputs, **recipe.options)


def start(recipe: Recipe) -> nn.Module:
    """A new network, with the weights of `initial` where the recipe names them.

    Raises ValueError when those are another network's.
    """
    network = build(recipe)
    if recipe.initial:
        try:
            network.load_state_dict(torch.load(recipe.initial, map_location="cpu"))
        except (OSError, RuntimeError) as error:
            raise ValueError(f"initial: {recipe.initial}: {error}") from error
    return network
