"""The recipe of a drum network, its front end and its network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from bandscribe.drums import name_outputs
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.training import recipes
from bandscribe.training.checkpoints import read_weights
from bandscribe.training.drums.growth import grow
from bandscribe.training.drums.models import CRNN, MODELS
from bandscribe.training.fit import start_from
from bandscribe.training.settings import Settings, setting
from bandscribe.vocabulary import DRUMS


@dataclass(frozen=True)
class Recipe(Settings):
    """Every setting of a drum training run."""

    kits: tuple[str, ...] = setting((), "drum kits to train on: files or folders")
    validation_kits: tuple[str, ...] = setting((), "drum kits to validate on, none of them above")
    corpora: tuple[str, ...] = setting(
        (), "corpora to train on instead of kits: NAME=ROOT, of their split train, or "
        "NAME:SPLIT/AUDIO=ROOT"
    )  # fmt: skip
    validation_corpora: tuple[str, ...] = setting(
        (), "corpora to validate on; default: the split validation of corpora"
    )
    classes: int = setting(10, "number of classes, of corpora that annotate fewer: 10, 5 or 3")
    groove: str | None = setting(None, "zip or folder of the Groove MIDI data set")
    groove_share: float = setting(0.5, "share of excerpts that play a Groove performance")
    band: tuple[str, ...] = setting((), "folders with recordings of bands without drums")
    validation_band: tuple[str, ...] = setting((), "bands for validation")
    extras: tuple[str, ...] = setting(
        (), "folders with recordings without drums, laid over some bands: voices, guitars, noises"
    )
    validation_extras: tuple[str, ...] = setting((), "extras for validation")
    band_share: float = setting(0.5, "share of excerpts with a band, where there is one")
    extras_share: float = setting(0.3, "share of bands overlaid with one of the extras")
    locked_share: float = setting(
        0.7, "of bands with a drum part of their own, the share whose drums play it"
    )
    together_share: float = setting(
        0.8, "of other bands with a known beat, the share with drums in time"
    )
    edge_share: float = setting(0.15, "share of excerpts that begin or end with a cut")
    percussion_share: float = setting(
        0.25, "share of excerpts with percussion of no drum class, such as tambourines"
    )
    codec_share: float = setting(0.0, "share of excerpts that went through a lossy codec")
    initial: str | None = setting(
        None,
        "best.pt of another run of this network, or of a narrower one, or an exported model "
        "(drums, or an ONNX file), to start from instead of random weights",
    )
    credits: str | None = setting(
        None, "CSV file with name,licence,origin of each source, for the card", changeable=True
    )
    cache: str | None = setting(
        None, "folder that keeps the notes of corpora, parsed, for runs to share; none to parse "
        "them as they are drawn", changeable=True,
    )  # fmt: skip
    precompute: bool = setting(
        False,
        "compute the spectrograms of all training tracks once, into the cache (60 MB per "
        "hour), so that a GPU never waits for audio to be decoded",
    )
    alignment: Literal["as_they_are", "checked", "moved"] = setting(
        "as_they_are", "notes of corpora: as_they_are; checked: tracks that do not match their "
        "notes are left out; moved: early, late and drifting notes are aligned to the audio, too; "
        "both need a cache, for all audio is read once"
    )  # fmt: skip
    excerpt_seconds: float = setting(4.0, "length of a training excerpt")
    batch: int = setting(16, "excerpts per step")
    features: dict[str, Any] = setting({}, "front end, where it differs (JSON)")
    model: str = setting("crnn", f"network: {', '.join(MODELS)}")
    options: dict[str, Any] = setting({}, "the network's own options (JSON)")
    watch: Literal["score", "loss"] = setting(
        "score", "what patience and plateau_patience monitor: a higher micro F1, or a lower "
        "validation loss"
    )  # fmt: skip
    neighbours: float = setting(0.5, "target one frame before and after an onset")
    velocity_weight: float = setting(0.2, "weight of the velocities in the loss")
    beat_weight: float = setting(0.1, "weight of beats and downbeats in the loss")
    weight_exponent: float = setting(
        0.5, "weights of classes: inverse entropy to this power; 0: equal"
    )
    weight_excerpts: int = setting(200, "excerpts from which the weights of classes are computed")
    validation_minutes: float = setting(10.0, "minutes of rendered audio to validate on")
    validation_seed: int = setting(0, "seed of the validation audio")
    chunk_seconds: float = setting(12.0, "length of a chunk at inference, and in validation")
    overlap_seconds: float = setting(
        4.0, "overlap of neighbouring chunks at inference", changeable=True
    )

    def __post_init__(self) -> None:
        with torch.device("meta"):  # without memory, and without drawing weights
            build(self)
        if (self.kits or self.validation_kits) and (self.corpora or self.classes != 10):
            raise ValueError("kits: of ten classes, and not together with corpora")
        if self.precompute and not (self.corpora and self.cache):
            raise ValueError("precompute: expected corpora, and a cache to keep spectrograms in")
        if both := sorted(set(self.kits) & set(self.validation_kits)):
            raise ValueError(f"validation_kits: {', '.join(both)} are also among kits")
        if not 0 <= self.overlap_seconds < self.chunk_seconds:
            raise ValueError(
                f"overlap_seconds: expected 0 to less than a chunk of {self.chunk_seconds}, "
                f"got {self.overlap_seconds}"
            )


def front_end(recipe: Recipe) -> LogSpectrogram:
    """The front end of this recipe. Raises ValueError when it has no such parameter."""
    recipes.check_options("features", recipe.features, LogSpectrogram)
    return LogSpectrogram(**recipe.features)


def build(recipe: Recipe) -> nn.Module:
    """A new network. Raises ValueError when the model, or one of its options, is unknown."""
    if recipe.classes not in DRUMS:
        raise ValueError(f"classes: expected 3, 5 or 10, got {recipe.classes}")
    if recipe.model not in MODELS:
        raise ValueError(f"model: expected one of {', '.join(MODELS)}, got {recipe.model!r}")
    recipes.check_options("options", recipe.options, MODELS[recipe.model])
    return MODELS[recipe.model](
        front_end(recipe).n_bins, len(name_outputs(DRUMS[recipe.classes])), **recipe.options
    )


def start(recipe: Recipe) -> nn.Module:
    """A new network, with the weights of the run that `initial` names.

    A run of a `CRNN` may have had fewer kernels, units or outputs: see `growth`. The weights of an
    exported model need typical input: see `exported.transfer_drums`.

    Raises ValueError when they are of another network.
    """
    network = build(recipe)
    if recipe.initial is None or recipes.is_model(recipe.initial):
        return network
    if not isinstance(network, CRNN):
        return start_from(network, recipe.initial)
    given = read_weights(recipe.initial)
    try:
        grow(network, given)
    except ValueError as error:
        raise ValueError(f"initial: {recipe.initial} is of another network ({error})") from error
    return network


def lineage(recipe: Recipe) -> list[Recipe]:
    """The recipe and those of the runs that its initial weights come from, the newest first."""
    recipes_ = [recipe]
    while (initial := recipes_[-1].initial) is not None and not recipes.is_model(initial):
        recipes_.append(recipes.read(Path(initial).parent, Recipe))
    return recipes_
