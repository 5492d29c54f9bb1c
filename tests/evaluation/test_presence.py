"""What an annotation says of frames and of tracks."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe.datasets.track import Track
from bandscribe.evaluation.presence import digest, refer
from bandscribe.types import Activations

CLASSES = ("flu", "vio")
RATE = 44100 / 1024


def track(audio: Path, target: Activations, unscored: frozenset[str] = frozenset()) -> Track:
    return Track("a", "test", "a", audio, lambda: target, "own", unscored=unscored)


def test_confidences_count_from_one_half() -> None:
    target = Activations(np.array([[0.5, 0.49], [1, 0]], np.float32), 10.0, 0.2, CLASSES)
    found = refer(target, track(Path("nowhere.wav"), target, frozenset({"vio"})))
    assert found.presence.values.tolist() == [[1, 0], [1, 0]]
    assert found.known.tolist() == [[True, False]] * 2
    assert found.level is None
    assert found.solos.tolist() == [-1, -1]  # nobody knows whether the violin plays too
    assert found.labels == ({"flu"}, {"vio"})


@pytest.fixture
def mixture(tmp_path: Path) -> Path:
    """A second of a tone, then a second of it 40 dB lower."""
    t = np.arange(2 * 44100) / 44100
    samples = 0.5 * np.sin(2 * np.pi * 441 * t) * np.where(t < 1, 1, 0.01)
    soundfile.write(tmp_path / "mixture.wav", samples, 44100, subtype="FLOAT")
    return tmp_path / "mixture.wav"


def test_levels_count_beside_what_sounds(mixture: Path) -> None:
    """The violin, at -30 dB, is in doubt beside the loud flute, and alone heard after it."""
    frames = 1 + 2 * 44100 // 1024
    values = np.full((frames, 2), -60, np.float32)
    loud = np.arange(frames) / RATE < 1
    values[loud, 0] = 0
    values[:, 1] = np.where(loud, -30, -40)
    target = Activations(values, RATE, 0.0, CLASSES, "level_db")
    found = refer(target, track(mixture, target))
    early, late = 10, frames - 10
    assert found.presence.values[[early, late]].tolist() == [[1, 0], [0, 1]]
    assert found.known[[early, late]].tolist() == [[True, False], [True, True]]
    assert found.solos[[early, late]].tolist() == [-1, 1]
    assert found.level is not None
    # What is not surely heard is silent.
    assert found.level.values[[early, late]].tolist() == [[0, -60], [-60, -40]]
    assert found.labels == ({"flu", "vio"}, set())


def test_what_is_in_doubt_throughout_is_left_open(mixture: Path) -> None:
    values = np.tile(np.array([[-60, -30]], np.float32), (40, 1))
    target = Activations(values, RATE, 0.0, CLASSES, "level_db")
    assert refer(target, track(mixture, target)).labels == (set(), {"vio"})


def test_a_digest_is_of_all_that_is_annotated() -> None:
    values = np.zeros((3, 2), np.float32)
    one = Activations(values, 10.0, 0.0, CLASSES)
    others = (
        Activations(values + 1, 10.0, 0.0, CLASSES),
        Activations(values, 11.0, 0.0, CLASSES),
        Activations(values, 10.0, 0.1, CLASSES),
        Activations(values, 10.0, 0.0, ("flu", "sax")),
        Activations(values, 10.0, 0.0, CLASSES, "level_db"),
    )
    assert digest(one) == digest(Activations(values.copy(), 10.0, 0.0, CLASSES))
    assert len({digest(one), *map(digest, others)}) == 6
