"""A corpus on disk in the layout of IRMAS, so that every reader of IRMAS reads it.

    IRMAS-TrainingData/cel/[cel]00007__1.wav           3 s, one instrument that predominates
    IRMAS-TestingData-Part1/Part1/00007-1.wav          5 to 20 s, stereo, 16 bit, 44.1 kHz
    IRMAS-TestingData-Part1/Part1/00007-1.txt          all that are present, one per line

As in IRMAS, a training clip may have other instruments beside its own, and a testing clip
unlabelled basses, drums and instruments of no class. File `i` depends on the split, the seed and
`i` alone: an interrupted call continues where it was, and a longer corpus begins with the shorter
one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import soundfile

from bandscribe import audio, splits
from bandscribe.files import whole
from bandscribe.synthesis.instruments.mixtures import Mixture, perform
from bandscribe.synthesis.instruments.players import OTHER, PlayerSources
from bandscribe.synthesis.sound import Rng

SPLITS = ("train", "test")
TRAIN_SECONDS = 3.0
TEST_SECONDS = (5.0, 20.0)
#: Share of testing clips that have the full length (Harmony Is All You Need 2023, figure 2.11:
#: the great majority).
FULL_LENGTH = 0.65
#: Training clips of each class in IRMAS (Bosch et al. 2012): a class's chance here.
CLIPS: Mapping[str, int] = {
    "cel": 388, "cla": 505, "flu": 451, "gac": 637, "gel": 760, "org": 682, "pia": 721,
    "sax": 626, "tru": 577, "vio": 580, "voi": 778,
}  # fmt: skip
#: Chance of one to five labels (same document, figure 2.9: most have one or two).
LABELS = (0.45, 0.37, 0.13, 0.04, 0.01)


def write_corpus(
    sources: PlayerSources, out: Path, *, hours: float, seed: int, split: str = "train"
) -> Iterator[tuple[Path, float]]:
    """Render clips of a split until there are `hours`; yields each file, and the hours so far.

    Raises ValueError for another split than train and test, OSError where `out` cannot be written.
    """
    splits.check(split, SPLITS)
    done, index = 0.0, 0
    while done < hours - 1e-9:
        rng = np.random.default_rng([seed, SPLITS.index(split), index])
        write = _write_training if split == "train" else _write_testing
        path = write(sources, out, index, rng)
        done += soundfile.info(path).duration / 3600
        index += 1
        yield path, done


def _write_training(sources: PlayerSources, out: Path, index: int, rng: Rng) -> Path:
    name = _draw_classes(rng, 1)[0]
    path = out / "IRMAS-TrainingData" / name / f"[{name}]{index:05d}__1.wav"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        audio.write(path, _draw_training(sources, name, rng).audio)
    return path


def _draw_training(sources: PlayerSources, name: str, rng: Rng) -> Mixture:
    """One instrument throughout; in two of five clips others, 6 to 20 dB below it."""
    while True:
        beside = _accompaniment(sources, [name], rng) if rng.random() < 0.4 else []
        levels = [0.0, *rng.uniform(-20, -6, len(beside))]
        rests = [0.0] * (1 + len(beside))
        mixture = perform(
            sources, rng, TRAIN_SECONDS, [name, *beside], levels, rests, codec=0.1, stereo=True
        )
        if name in mixture.labels:
            return mixture


def _write_testing(sources: PlayerSources, out: Path, index: int, rng: Rng) -> Path:
    folder = out / "IRMAS-TestingData-Part1" / "Part1"
    path = folder / f"{index:05d}-1.wav"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        mixture = _draw_testing(sources, rng)
        # The audio last: a clip that has it is complete.
        with whole(path.with_suffix(".txt")) as temporary:
            lines = [f"{name}\n" for name in CLIPS if name in mixture.labels]
            temporary.write_text("".join(lines), encoding="utf-8")
        audio.write(path, mixture.audio)
    return path


def _draw_testing(sources: PlayerSources, rng: Rng) -> Mixture:
    """One to five labelled instruments that come and go, up to 12 dB apart."""
    full = rng.random() < FULL_LENGTH
    seconds = TEST_SECONDS[1] if full else float(rng.uniform(*TEST_SECONDS))
    names = _draw_classes(rng, int(rng.choice(len(LABELS), p=LABELS)) + 1)
    while True:
        beside = _accompaniment(sources, names, rng, labelled=False) if rng.random() < 0.5 else []
        levels = [0.0, *rng.uniform(-12, 0, len(names) - 1), *rng.uniform(-18, -3, len(beside))]
        rests = rng.uniform(0, 0.5, len(levels))
        mixture = perform(
            sources, rng, seconds, [*names, *beside], levels, rests.tolist(), codec=0.1, stereo=True
        )
        if not mixture.labels.isdisjoint(CLIPS):
            return mixture


def _draw_classes(rng: Rng, count: int) -> list[str]:
    """Different classes of IRMAS, as frequent as there."""
    weights = np.array(list(CLIPS.values()), dtype=np.float64)
    return [
        str(x) for x in rng.choice(list(CLIPS), count, replace=False, p=weights / weights.sum())
    ]


def _accompaniment(
    sources: PlayerSources, names: list[str], rng: Rng, *, labelled: bool = True
) -> list[str]:
    """One or two players that get no label; of the eleven classes only if `labelled`."""
    choices = [
        name
        for name in (*sources.classes, OTHER)
        if name not in names and (labelled or name not in CLIPS)
    ]
    count = min(int(rng.integers(1, 3)), len(choices))
    return [choices[i] for i in rng.permutation(len(choices))[:count]]
