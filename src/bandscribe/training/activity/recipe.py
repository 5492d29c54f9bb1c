"""The recipe of an activity run, and what it builds.

The tracker learns from pieces in stems which instruments play in each frame, and how loud. The
networks of Neuroment (2022) learn envelopes, of random mixtures of solos, or of the same pieces;
the settings of their paper are in `DEFAULTS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import nn

from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.instruments import name_outputs
from bandscribe.training import recipes
from bandscribe.training.activity.losses import LOSSES
from bandscribe.training.activity.models import ENVELOPES, MODELS, EncoderDecoder, Neuroment
from bandscribe.training.activity.solos import EIGHT, in_order
from bandscribe.training.activity.windows import SLICES, SPECTRA, LogSpectrum
from bandscribe.training.learner import Optimiser
from bandscribe.training.settings import Settings, setting
from bandscribe.vocabulary import INSTRUMENTS

#: The front end where the recipe gives no other: fine enough for partials of low notes.
BANDS = LogSpectrogram(n_fft=4096, hop_length=1024, bands_per_octave=24, fmin=40.0, fmax=16000.0)

_NEUROMENT: Mapping[str, Any] = {
    "material": "solos",
    "batch": 32,
    "steps": 0,
    "validate_every": 0,
    "optimiser": "adamw",
    "learning_rate": 1e-3,
    "weight_decay": 1e-3,
    "schedule": "plateau",
    "plateau_patience": 8,
    "plateau_floor": 0.01,
    "warmup_steps": 0,
    "clip": 1e6,
    "average": 0.0,
    "half": False,
    "patience": 150,
    "workers": 0,
}
#: Defaults of a model: Neuroment 2022, sections 4.2.3 and 4.4. Its Adam
#: with weight decay is AdamW in its authors' code. Under Adam with L2, the decay is larger than the
#: gradients of envelopes this small, and outputs stay at the mean.
DEFAULTS: Mapping[str, Mapping[str, Any]] = dict.fromkeys(ENVELOPES, _NEUROMENT)


@dataclass(frozen=True)
class Recipe(Settings):
    """Every setting of an activity training run; those from `material` on are for envelopes."""

    stems: tuple[str, ...] = setting((), "folders with pieces in stems to train on")
    validation_stems: tuple[str, ...] = setting((), "folders with pieces to validate on")
    recordings: tuple[str, ...] = setting(
        (), "folders of recordings of one player each, with labels.csv, to train on instead"
    )
    validation_recordings: tuple[str, ...] = setting((), "recordings to validate on")
    validation_scenes: int = setting(
        120, "mixtures of 12 s of them to validate on", changeable=True
    )
    continuous_share: float = setting(
        0.0,
        "share of these in which one to four players play without rests, at levels within 6 dB; "
        "thresholds and calibration are learned on all of them",
        changeable=True,
    )
    codec_share: float = setting(0.05, "share of excerpts that went through a lossy codec")
    initial: str | None = setting(
        None,
        "best.pt of another run of this network, a shipped model or an ONNX file of it, to "
        "start from instead of random weights",
    )
    trained_shares: tuple[float, ...] = setting(
        (1.0,),
        "shares of the trained weights in a mean with those of `initial`; of several, that with "
        "the best validation is kept (Wortsman et al. 2022)",
        changeable=True,
    )
    credits: str | None = setting(
        None, "CSV file with name,licence,origin of each source, for the card", changeable=True
    )
    excerpt_seconds: float = setting(6.0, "length of a training excerpt")
    batch: int = setting(16, "excerpts per step")
    features: dict[str, Any] = setting({}, "front end, where it differs (JSON)")
    model: str = setting("tracker", f"network: {', '.join(MODELS)}")
    options: dict[str, Any] = setting({}, "the network's own options (JSON)")
    level_weight: float = setting(0.5, "weight of the levels in the loss")
    chunk_seconds: float = setting(6.0, "length of a chunk in validation and inference")
    overlap_seconds: float = setting(2.0, "overlap of two chunks")
    optimiser: Literal["adamw", "adam"] = setting(
        "adamw", "adamw, whose weight decay is its own, or adam, with L2 regularisation"
    )
    material: Literal["stems", "solos"] = setting(
        "stems", "training data of envelopes: stems, or random mixtures of solos"
    )
    solos: tuple[str, ...] = setting((), "solos to train on: NAME=ROOT, or NAME:SPLIT/AUDIO=ROOT")
    validation_solos: tuple[str, ...] = setting((), "solos to validate on")
    classes: tuple[str, ...] = setting(
        (), f"instruments; none for all thirteen of stems, and for {','.join(EIGHT)} of solos"
    )
    spectrum: str = setting("mel", f"features: {', '.join(SPECTRA)}")
    losses: tuple[str, ...] = setting(("bce",), f"losses, which are added: {', '.join(LOSSES)}")
    prior: bool = setting(True, "initialise output biases to the mean envelopes, not to a half")
    slices: str = setting("all", f"windows: {', '.join(SLICES)}")
    oversampling: float = setting(2.0, "copies of each solo of the smallest class")
    minimum: int = setting(1, "fewest solos in a mixture")
    maximum: int = setting(4, "most solos in a mixture")
    mixing_epochs: int = setting(5, "mixtures per solo")
    mixes: int = setting(2000, "random mixtures of stems; a tenth as many to validate on")
    epochs: int = setting(150, "epochs of the run, where steps is 0", changeable=True)

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise ValueError(f"model: expected one of {', '.join(MODELS)}, got {self.model!r}")
        recipes.check_options("options", self.options, MODELS[self.model])
        if self.model == "tracker" and self.material != "stems":
            raise ValueError(f"material: expected stems for the tracker, got {self.material!r}")
        LogSpectrum(self.spectrum)
        in_order(self.classes)
        if not self.trained_shares or not all(0 <= share <= 1 for share in self.trained_shares):
            raise ValueError(f"trained_shares: expected some of 0 to 1, got {self.trained_shares}")
        if self.trained_shares != (1.0,) and not self.initial:
            raise ValueError("trained_shares: expected `initial` weights for the mean, got none")
        if self.slices not in SLICES:
            raise ValueError(f"slices: expected one of {', '.join(SLICES)}, got {self.slices!r}")
        if not self.losses or (strange := sorted(set(self.losses) - set(LOSSES))):
            given = strange[0] if self.losses else "none"
            raise ValueError(f"losses: expected some of {', '.join(LOSSES)}, got {given}")
        if unknown := sorted(set(self.features) - set(asdict(BANDS))):
            raise ValueError(
                f"features: no such setting {unknown[0]!r}; expected {', '.join(asdict(BANDS))}"
            )


def front_end(recipe: Recipe) -> LogSpectrogram:
    """The front end of the tracker."""
    return LogSpectrogram(**{**asdict(BANDS), **recipe.features})


def classes_of(recipe: Recipe) -> tuple[str, ...]:
    """The classes of the network's outputs, in their order."""
    if recipe.model not in ENVELOPES:
        return INSTRUMENTS
    return in_order(recipe.classes or (EIGHT if recipe.material == "solos" else INSTRUMENTS))


def build(recipe: Recipe) -> nn.Module:
    """A new network: a tracker of the thirteen classes, or one of envelopes."""
    if recipe.model in ENVELOPES:
        return build_envelopes(recipe)
    outputs = len(name_outputs(INSTRUMENTS))
    return MODELS[recipe.model](front_end(recipe).n_bins, outputs, **recipe.options)


def build_envelopes(recipe: Recipe) -> Neuroment | EncoderDecoder:
    """A new network of envelopes. Raises ValueError where the recipe's is none."""
    if recipe.model not in ENVELOPES:
        raise ValueError(f"model: expected one of {', '.join(ENVELOPES)}, got {recipe.model!r}")
    bins, classes = LogSpectrum(recipe.spectrum).n_bins, classes_of(recipe)
    return ENVELOPES[recipe.model](bins, len(classes), **recipe.options)


def make_optimiser(recipe: Recipe, network: nn.Module) -> Optimiser:
    """Adam with L2 regularisation, or AdamW."""
    made = torch.optim.Adam if recipe.optimiser == "adam" else torch.optim.AdamW
    return made(
        network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
