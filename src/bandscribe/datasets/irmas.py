"""IRMAS: clips of music, labelled with the instruments that predominate.

Citation: Bosch, Janer, Fuhrmann and Herrera 2012, "A comparison of sound segregation techniques
for predominant instrument recognition in musical audio signals", ISMIR. Its training clips have
one label each, though other instruments may sound; its testing clips have all that predominate.

The official training set is `train`. The official testing set is divided 30:70 into `validation`
and `test`, as in Harmony Is All You Need 2023, section 3.6.1 (862 and 2,010 clips, drawn at
random); here by song, so that the clips of a song stay together. mirdata's loader knows the two
official sets only, and makes no groups.

Names of training clips, such as `[gac][nod][cou_fol]0521__1`, also give the genre, and of some
whether drums play. Section 3.1 of the same document leaves both out: the testing set has neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.readers import read_text
from bandscribe.splits import assign
from bandscribe.vocabulary.instruments import IRMAS as LABELS
from bandscribe.vocabulary.instruments import classes_of

SHARES: Mapping[str, float] = {"validation": 0.3, "test": 0.7}
_CLIP = re.compile(r"(\d+)__\d+$")  # number of the recording, number of the excerpt
_EXCERPT = re.compile(r"-\d+$")


def index(root: Path, variant: str = "") -> list[Track[frozenset[str]]]:
    """The clips of the testing parts, by sound or by label, then those of the training folders."""
    training = sorted((root / "IRMAS-TrainingData").glob("*/*.wav"))
    testing = {
        path.with_suffix(".wav")
        for part in sorted(root.glob("IRMAS-TestingData-Part*"))
        for path in part.rglob("*")
        if path.suffix.lower() in (".wav", ".txt") and not path.name.startswith(("._", "README"))
    }
    return [_testing(path) for path in sorted(testing)] + [_training(path) for path in training]


def _training(path: Path) -> Track[frozenset[str]]:
    number = _CLIP.search(path.stem)
    # An excerpt whose name has no number is a recording of its own.
    group = f"training {number[1] if number else path.stem}"
    load = partial(classes_of, [path.parent.name], LABELS, path)
    return Track(path.stem, "train", group, path, load)


def thesis_test(tracks: Sequence[Track[frozenset[str]]]) -> list[Track[frozenset[str]]]:
    """The testing clips that Harmony Is All You Need 2023 tests on, by the rule of section 3.6.1.

    Seven tenths of all, drawn at random clip by clip, the document does not give the
    seed: 862 of 2,874 clips are left for validation, and songs may be in both.
    """
    testing = sorted((track for track in tracks if track.split != "train"), key=lambda t: t.id)
    order = np.random.default_rng(0).permutation(len(testing))
    left = round(SHARES["validation"] * len(testing))
    return [testing[place] for place in sorted(order[left:].tolist())]


def _testing(path: Path) -> Track[frozenset[str]]:
    song = _EXCERPT.sub("", path.stem)
    split = assign(f"irmas {song}", SHARES)
    labels = path.with_suffix(".txt")
    return Track(path.stem, split, f"testing {song}", path, partial(read, labels), (labels,))


def read(path: Path) -> frozenset[str]:
    """The labels of a testing clip: one per line.

    Raises ValueError for an unknown label, or none; OSError when the file cannot be read.
    """
    names = read_text(path).split()
    if not names:
        raise ValueError(f"{path}: holds no label")
    return classes_of(names, LABELS, path)


CORPUS: Corpus[frozenset[str]] = Corpus(
    name="irmas",
    task="recognition",
    citation="Bosch et al. 2012, A comparison of sound segregation techniques for predominant "
    "instrument recognition in musical audio signals, ISMIR",
    licence="CC BY-NC-SA 3.0",
    obtain="https://zenodo.org/records/1290750 (IRMAS-TrainingData.zip and three parts of "
    "IRMAS-TestingData)",
    tree="""\
IRMAS-TrainingData/cel/[cel][nod][cla]0001__1.wav   and cla, flu, gac, … voi
IRMAS-TestingData-Part1/Part1/SONG-1.wav            and Part2, Part3
IRMAS-TestingData-Part1/Part1/SONG-1.txt            one label per line
""",
    complete=(
        Complete(6705, 335.25, "Bosch et al. 2012: 3 s each", split="train"),
        Complete(6705 + 2874, None, "Bosch et al. 2012: 6,705 for training, 2,874 for testing"),
    ),
    index=index,
    classes=tuple(LABELS),
    unscored=("bas", "dru"),
)
