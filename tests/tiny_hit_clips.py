"""Clips, examples and a recipe of hits that are quick to train on."""

from pathlib import Path

import soundfile

from bandscribe.features.mel import MelBands
from bandscribe.hits import CLASSES
from bandscribe.training.hits.clips import OPEN, HitClip
from bandscribe.training.hits.examples import HitExamples
from bandscribe.training.hits.recipe import Recipe
from tiny_hits import SAMPLE_RATE, strike

#: A front end that is quick to compute.
SMALL = {"sample_rate": SAMPLE_RATE, "n_fft": 512, "hop_length": 160, "n_mels": 32}
LEVELS = {**SMALL, "scale": "levels"}


def make(label: str | None, group: str = "kit", velocity: float | None = None) -> HitClip:
    tone = OPEN.get(label, (label,))[0] if label else "OTHER"
    return HitClip(strike(tone, duration=0.3), label, group, velocity)


def draw(**changes: object) -> HitExamples:
    fields: dict[str, object] = {
        "clips": [make("KD"), make("KD"), make("KD"), make("CR", "other", 0.7)],
        "classes": CLASSES,
        "front_end": MelBands(**LEVELS),  # type: ignore[arg-type]
        "seconds": 0.3,
    }
    return HitExamples(**{**fields, **changes})  # type: ignore[arg-type]


def small_recipe(credits: Path | None = None, **changes: object) -> Recipe:
    fields: dict[str, object] = {
        "features": LEVELS, "seconds": 0.3, "options": {"channels": [4, 4], "hidden": 8},
        "steps": 4, "validate_every": 2, "batch": 4, "workers": 0,
        "threads": 1, "half": False,
        "validation_examples": 40, "warmup_steps": 0, "credits": str(credits) if credits else None,
    }  # fmt: skip
    return Recipe(**{**fields, **changes})  # type: ignore[arg-type]


def sources() -> tuple[list[HitClip], list[HitClip]]:
    names = ("KD", "SD", "CR", None)
    return (
        [make(name, "train", 0.5) for name in names],
        [make(name, "validation", 0.5) for name in names],
    )


def write_folder(root: Path, *, broken: bool = False) -> Path:
    """Two hits of three drums for each split, the bass drum twice as often."""
    root.mkdir()
    lines = ["file,label,split,group"]
    for split in ("train", "validation", "test"):
        for number, label in enumerate(("KD", "SD", "CR", "KD", "KD", "KD")):
            name = f"{split}{number}.wav"
            samples = strike(label, duration=0.1 + 0.03 * number)
            soundfile.write(root / name, samples, SAMPLE_RATE, "FLOAT")
            lines.append(f"{name},{label},{split},{split} {number}")
    if broken:
        (root / "train1.wav").write_bytes(b"no sound")
    (root / "labels.csv").write_text("\n".join(lines))
    return root
