"""The settings that every training run has, and how a field of a recipe is declared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

#: The least and the most that a field may be, of those that mean the same in every recipe.
LIMITS: Mapping[str, tuple[float, float]] = {
    "seed": (0, 2**63 - 1), "steps": (1, 1e9), "batch": (1, 1e6), "learning_rate": (0, 1e3),
    "plateau_patience": (0, 1e9), "plateau_floor": (0, 1), "warmup_steps": (0, 1e9),
    "weight_decay": (0, 1e3), "clip": (0, 1e9), "average": (0, 1), "validate_every": (1, 1e9),
    "patience": (1, 1e9), "checkpoint_minutes": (0, 1e9), "max_minutes": (0, 1e9),
    "workers": (0, 1024), "threads": (0, 1024), "excerpt_seconds": (0, 3600),
    "chunk_seconds": (0, 3600), "overlap_seconds": (0, 3600), "window_seconds": (0, 3600),
    "validation_minutes": (0, 1e6), "hidden": (1, 1e5), "sample_rate": (1000, 384_000),
}  # fmt: skip


def setting(default: Any, text: str, *, changeable: bool = False) -> Any:
    """A field of a recipe with its help text; `changeable` ones may differ when a run resumes."""
    metadata = {"help": text, "changeable": changeable}
    if isinstance(default, dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """The settings of the training loop; each task's `Recipe` adds its own fields."""

    seed: int = setting(1, "seed of everything random in the run")
    steps: int = setting(20_000, "optimiser steps of the whole run", changeable=True)
    batch: int = setting(16, "examples per step")
    learning_rate: float = setting(1e-3, "highest learning rate of AdamW")
    schedule: Literal["cosine", "plateau", "constant", "polynomial"] = setting(
        "cosine", "learning rate after the warm-up: cosine over all steps, plateau (a fifth after "
        "plateau_patience validations without gain), constant, or polynomial (power 0.7, with 5 % "
        "of the steps as its own warm-up)"
    )  # fmt: skip
    plateau_patience: int = setting(3, "validations without gain before the rate is a fifth")
    plateau_floor: float = setting(0.0, "smallest rate of plateau, as a share of the highest")
    warmup_steps: int = setting(200, "steps over which the learning rate rises")
    weight_decay: float = setting(0.01, "weight decay of AdamW")
    clip: float = setting(1.0, "largest norm of the gradient")
    average: float = setting(
        0.999, "decay per step of the moving average of the weights that is validated and kept; "
        "0 keeps the weights themselves"
    )  # fmt: skip
    half: bool | None = setting(
        None, "compute convolutions in half precision; none: on a GPU, and on a CPU that has "
        "bfloat16, since others take several times as long for it as for float32", changeable=True,
    )  # fmt: skip
    validate_every: int = setting(500, "steps between validations")
    patience: int = setting(
        20, "validations without gain after which the run ends", changeable=True
    )
    keep: Literal["best", "last"] = setting(
        "best", "which weights the run keeps: those of the best validation, or the last ones, for "
        "runs whose validation is too short to rank them", changeable=True,
    )  # fmt: skip
    checkpoint_minutes: float = setting(3.0, "minutes between checkpoints", changeable=True)
    trail: bool = setting(
        False, "keep the weights of every validation, in trail/STEP.pt", changeable=True
    )
    max_minutes: float = setting(
        0.0, "minutes after which this start stops, to be resumed; 0 for no limit", changeable=True
    )
    device: str = setting(
        "auto", "what the network is trained on: cpu, cuda, cuda:N, mps, or auto for a GPU where "
        "CUDA finds one", changeable=True,
    )  # fmt: skip
    compile: bool = setting(
        False,
        "compile the network with torch.compile, which pays off in long runs",
        changeable=True,
    )
    workers: int | None = setting(
        None, "processes that make batches ahead; none: as many as there are cores for a GPU, "
        "half as many for a CPU", changeable=True,
    )  # fmt: skip
    threads: int = setting(
        0, "threads of the network; 0 for the cores that the workers leave", changeable=True
    )


E = TypeVar("E", bound=Settings)


def count_epochs(settings: E, examples: int) -> E:
    """Settings whose `steps` and `validate_every` are those of its `epochs`, where they are 0."""
    epoch = math.ceil(examples / settings.batch)
    epochs: int = vars(settings)["epochs"]
    return replace(
        settings,
        steps=settings.steps or epochs * epoch,
        validate_every=settings.validate_every or epoch,
    )
