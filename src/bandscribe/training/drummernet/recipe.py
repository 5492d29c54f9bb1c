"""The recipe of a DrummerNet run, its transcriber and loss.

The defaults are the paper's: Choi and Cho 2019, Deep unsupervised drum transcription, sections 3
and 4.1. Where the paper gives none, they are those of the authors' code: Adam at 4e-4, constant.
On a CPU the full network takes some twenty seconds of computing for a batch; sizes that learn there
are in docs/models/drummernet.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from bandscribe.synthesis import kits
from bandscribe.training.checkpoints import read_weights
from bandscribe.training.drummernet.analysis import BLOCK, HOP, Analysis
from bandscribe.training.drummernet.loss import SAMPLE_RATE, OnsetLoss
from bandscribe.training.drummernet.network import COMPONENTS, DrummerNet, draw_waveforms
from bandscribe.training.exported import read_graph
from bandscribe.training.settings import Settings, setting

#: Frames per second of what the transcriber writes: 1000.
FRAME_RATE = SAMPLE_RATE / HOP


@dataclass(frozen=True)
class Recipe(Settings):
    """Every setting of a DrummerNet run."""

    kits: tuple[str, ...] = setting((), "drum kits of the synthesizer: files or folders")
    variants: int = setting(1, "waveforms of each component that a kit has, drawn once")
    audio: tuple[str, ...] = setting((), "folders of drum recordings to train on, unlabelled")
    sound_kits: tuple[str, ...] = setting(
        (), "drum kits that further audio is rendered with, none of the synthesizer's"
    )
    rendered_share: float = setting(0.5, "share of rendered excerpts, where there are both")
    validation_kits: tuple[str, ...] = setting(
        (), "drum kits to validate on, none of those above; without any, the loss is that on "
        "excerpts of what is trained on"
    )  # fmt: skip
    groove: str | None = setting(None, "zip or folder of the Groove MIDI data set")
    groove_share: float = setting(0.5, "share of rendered excerpts that play a Groove performance")
    percussion_share: float = setting(0.1, "share of rendered excerpts with other percussion")
    credits: str | None = setting(
        None, "CSV file with name,licence,origin of each source, for the card", changeable=True
    )
    excerpt_seconds: float = setting(2.0, "length of a training excerpt")
    batch: int = setting(16, "excerpts per step")
    first: int = setting(128, "channels of the first convolution")
    channels: int = setting(50, "channels of the others, and of the recurrent layers")
    memory: Literal["gru", "conv"] = setting(
        "gru", "after the U-net: gru, or conv (the ablation CONV)"
    )
    sparsity: Literal["sparsemax", "softmax"] = setting(
        "sparsemax", "sparsemax, or softmax (the ablation SOFT)"
    )
    spectrum: Literal["cqt", "mel", "stft"] = setting(
        "cqt", "what the loss compares: cqt, mel or stft (MEL, STFT)"
    )
    shaped: bool = setting(
        False, "learn the gain and tilt of each component of the synthesizer (ours)"
    )
    cycle: float = setting(
        0.0,
        "weight of the cyclic loss: what the synthesizer plays is transcribed to the notes it "
        "was played from (ours, after section 5)",
    )
    initial: str | None = setting(
        None, "best.pt of another run, or an exported model, to start from: on the recordings of "
        "others this is adaptation without labels"
    )  # fmt: skip
    enhanced: bool = setting(True, "whether the loss enhances onsets first (else NOE)")
    floor: float = setting(1e-3, "added to magnitudes before the logarithm; full scale is 1")
    steps: int = setting(375_000, "optimiser steps: the paper's 6,000,000 items", changeable=True)
    learning_rate: float = setting(4e-4, "highest learning rate of Adam")
    schedule: Literal["cosine", "plateau", "constant", "polynomial"] = setting(
        "constant", "learning rate after the warm-up; see train drums --help"
    )
    warmup_steps: int = setting(0, "steps over which the learning rate rises")
    weight_decay: float = setting(0.0, "weight decay of AdamW; without it, AdamW is Adam")
    average: float = setting(0.0, "decay of the moving average of the weights; 0 for none")
    half: bool = setting(False, "compute convolutions in bfloat16")
    patience: int = setting(
        1_000_000, "validations without gain after which the run ends", changeable=True
    )
    picking: Literal["paper", "level"] = setting(
        "level", "peaks: paper (section 4.1), or level (related to the loudest around)",
        changeable=True,
    )  # fmt: skip
    validation_minutes: float = setting(4.0, "minutes of rendered audio to validate on")
    validation_seed: int = setting(0, "seed of the validation audio")
    chunk_seconds: float = setting(8.192, "length of a chunk at inference, and in validation")
    overlap_seconds: float = setting(
        2.048, "overlap of neighbouring chunks at inference", changeable=True
    )

    def __post_init__(self) -> None:
        with torch.device("meta"):  # without memory, and without drawing weights
            build(self)
        make_loss(self)
        if self.cycle < 0:
            raise ValueError(f"cycle: expected 0 or more, got {self.cycle}")
        if self.picking not in ("paper", "level"):
            raise ValueError(f"picking: expected paper or level, got {self.picking!r}")
        for name, others in (
            ("sound_kits", self.kits),
            ("validation_kits", (*self.kits, *self.sound_kits)),
        ):
            if both := sorted(set(getattr(self, name)) & set(others)):
                raise ValueError(f"{name}: {', '.join(both)} are also among the kits before")
        for name in ("chunk_seconds", "overlap_seconds"):
            # So that blocks lie alike in every chunk.
            if round(getattr(self, name) * FRAME_RATE) % BLOCK:
                raise ValueError(
                    f"{name}: expected a multiple of {BLOCK / FRAME_RATE} s, "
                    f"got {getattr(self, name)}"
                )
        if not 0 <= self.overlap_seconds < self.chunk_seconds:
            raise ValueError(
                f"overlap_seconds: expected 0 to less than a chunk of {self.chunk_seconds}, "
                f"got {self.overlap_seconds}"
            )
        samples = self.excerpt_seconds * SAMPLE_RATE
        if samples < 1 or samples % HOP:
            raise ValueError(
                f"excerpt_seconds: expected a whole number of milliseconds, got "
                f"{self.excerpt_seconds}"
            )


def build(recipe: Recipe) -> Analysis:
    """A new transcriber. Raises ValueError for an unknown memory or sparsity."""
    return Analysis(
        len(COMPONENTS),
        first=recipe.first,
        channels=recipe.channels,
        memory=recipe.memory,
        sparsity=recipe.sparsity,
    )


def make_loss(recipe: Recipe) -> OnsetLoss:
    """The loss. Raises ValueError for an unknown spectrum."""
    return OnsetLoss(
        recipe.spectrum, enhanced=recipe.enhanced, floor=recipe.floor, cycle=recipe.cycle
    )


def start(recipe: Recipe) -> DrummerNet:
    """A new network with its synthesizer, and with the weights of `initial` where there are some.

    Raises ValueError when the kits lack a component, or the weights are of another network.
    """
    if not recipe.kits:
        raise ValueError("kits: expected at least one for the synthesizer")
    rng = np.random.default_rng([recipe.seed, 0])
    waveforms = draw_waveforms(
        [kits.load(kit) for kit in recipe.kits], rng, variants=recipe.variants
    )
    model = join(recipe, torch.from_numpy(waveforms))
    if recipe.initial is not None:
        fill(model.analysis, recipe.initial)
    return model


def join(recipe: Recipe, waveforms: Tensor) -> DrummerNet:
    """A new transcriber with a synthesizer of these waveforms (kit, component, sample)."""
    cyclic = recipe.cycle > 0
    return DrummerNet(build(recipe), waveforms, shaped=recipe.shaped, cyclic=cyclic)


def fill(analysis: Analysis, initial: str) -> None:
    """Give a transcriber the weights of a run's best.pt, or of an exported model.

    Those of recurrent layers cannot be read from an exported one. Raises ValueError when weights
    are missing, or of another shape.
    """
    if initial.endswith(".pt"):
        given = read_weights(initial)
    else:
        given = {name: torch.tensor(values) for name, values in read_graph(initial)[1].items()}
    for name, own in analysis.state_dict().items():
        found = given.get(f"analysis.{name}")
        if found is None or found.shape != own.shape:
            raise ValueError(f"initial: {initial} is of another network ({name} differs)")
        own.copy_(found)
