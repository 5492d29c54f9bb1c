"""Clips of one class, one after the other."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from bandscribe.datasets import supercut
from bandscribe.types import Audio

RATE = supercut.SAMPLE_RATE


def clip(value: float, seconds: float) -> Audio:
    return Audio(np.full((1, round(seconds * RATE)), value, dtype=np.float32), RATE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "labels.csv").write_text("file,label\na.wav,phh\nb.wav,chh\nc.wav,SD\nd.wav,snap\n")
    return tmp_path


def test_finds_a_label_or_a_class(folder: Path) -> None:
    names = {
        wanted: [path.name for path in supercut.find(folder, wanted)]
        for wanted in ("phh", "CHH", "chh", "sd", "Snap")
    }
    assert names == {
        "phh": ["a.wav"], "CHH": ["a.wav", "b.wav"], "chh": ["a.wav", "b.wav"], "sd": ["c.wav"],
        "Snap": ["d.wav"],
    }  # fmt: skip
    with pytest.raises(ValueError, match="no clip is KD; its labels are SD, chh, phh, snap"):
        supercut.find(folder, "KD")


def test_all_are_heard_before_any_is_heard_again() -> None:
    paths = [Path(str(i)) for i in range(5)]
    drawn = list(islice(supercut.shuffle(paths, np.random.default_rng(3)), 15))
    for turn in range(3):
        assert sorted(drawn[5 * turn : 5 * turn + 5]) == paths
    assert drawn[:5] != drawn[5:10]
    assert drawn == list(islice(supercut.shuffle(paths, np.random.default_rng(3)), 15))


def test_the_length_is_exact_and_ends_fade() -> None:
    parts = list(supercut.join([clip(1.0, 0.3), clip(0.5, 0.3), clip(0.25, 9.0)], 1.0))
    assert [round(part.duration, 3) for part in parts] == [0.3, 0.3, 0.4]
    samples = np.concatenate([part.samples[0] for part in parts])
    assert len(samples) == RATE
    places = [0.1, 0.4, 0.7]
    assert [samples[round(at * RATE)] for at in places] == [1.0, 0.5, 0.25]
    # Each of the three ends in silence.
    assert [samples[round(at * RATE) - 1] for at in (0.3, 0.6, 1.0)] == [0.0, 0.0, 0.0]
    [alone] = supercut.join([clip(1.0, 0.3)], 1.0)
    assert alone.duration == 0.3


def test_what_cannot_be_joined() -> None:
    with pytest.raises(ValueError, match="expected sound"):
        list(supercut.join([], 1.0))
    with pytest.raises(ValueError, match="expected mono at 44100 Hz, got 8000 Hz"):
        list(supercut.join([Audio(np.zeros((1, 8), dtype=np.float32), 8000)], 1.0))
