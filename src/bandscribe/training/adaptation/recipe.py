"""The recipe of an adaptation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bandscribe.training.settings import Settings, setting


@dataclass(frozen=True)
class Recipe(Settings):
    """Every setting of an adaptation; its defaults were chosen on rendered recordings."""

    initial: str = setting("drums", "shipped drum network to adapt, or the path of its ONNX file")
    audio: tuple[str, ...] = setting((), "folders of recordings to adapt to, unlabelled")
    doubt: float = setting(
        0.0, "distance from the threshold, in logits, up to which frames are left out of the loss"
    )
    tone_db: float = setting(3.0, "how far, in dB, bands of an excerpt are made louder or softer")
    excerpt_seconds: float = setting(5.0, "length of an excerpt")
    batch: int = setting(4, "excerpts per step")
    steps: int = setting(40, "optimiser steps of the whole run", changeable=True)
    learning_rate: float = setting(3e-4, "highest learning rate of AdamW")
    schedule: Literal["cosine", "plateau", "constant", "polynomial"] = setting(
        "constant", "learning rate after the warm-up; see train drums --help"
    )
    warmup_steps: int = setting(0, "steps over which the learning rate rises")
    weight_decay: float = setting(0.0, "weight decay of AdamW")
    average: float = setting(0.9, "decay of the moving average of the weights; 0 for none")
    half: bool = setting(False, "compute convolutions in bfloat16")
    validate_every: int = setting(20, "steps between validations")
    workers: int = setting(0, "processes that make batches ahead", changeable=True)
