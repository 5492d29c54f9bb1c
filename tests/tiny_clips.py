"""A corpus of labelled clips that a network tells apart after a few steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE = 44100
CLASSES = ("cel", "flu", "dru")
#: Labels of the clips of each split.
LABELS = {
    "train": [[name] for name in CLASSES for _ in range(3)],
    "validation": [["cel"], ["flu"], ["dru"], ["cel", "dru"], ["flu", "dru"], ["cel", "flu"]],
    "test": [["cel"], ["flu"], ["dru"]],
}


def sound(name: str, rng: np.random.Generator) -> np.ndarray:
    """A second of a low saw, a high sine, or noise."""
    times = np.arange(RATE) / RATE
    level = rng.uniform(0.1, 0.3)
    if name == "dru":
        return level * rng.standard_normal(RATE)
    frequency = rng.uniform(90, 120) if name == "cel" else rng.uniform(1500, 2500)
    phase = (frequency * times + rng.uniform()) % 1
    return level * (2 * phase - 1 if name == "cel" else np.sin(2 * np.pi * phase))


def write_clips(root: Path, *, seed: int = 0) -> Path:
    """Clips of a second in the folder `root`, as the corpus `clips` has them."""
    rng = np.random.default_rng(seed)
    rows = ["file,label,split,group"]
    for split, labels in LABELS.items():
        for number, names in enumerate(labels):
            samples = np.mean([sound(name, rng) for name in names], axis=0)
            file = f"{split}{number}.wav"
            soundfile.write(root / file, samples, RATE, "PCM_16")
            rows.append(f"{file},{';'.join(names)},{split},{split} {number}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n")
    return root
