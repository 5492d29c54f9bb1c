from pathlib import Path

import numpy as np
import pytest

from bandscribe.datasets import irmas, mdb, musdb, statistics
from bandscribe.datasets.corpus import Inspection
from bandscribe.datasets.track import Track
from bandscribe.types import Activations, Transcription


def track(name: str, split: str) -> Track[frozenset[str]]:
    return Track(name, split, name, Path(name), frozenset[str])


def test_labels() -> None:
    targets = [frozenset({"cel", "pia"}), frozenset({"pia"}), frozenset({"cel", "pia", "voi"})]
    tracks = [track("a", "train"), track("b", "test"), track("c", "test")]
    found = statistics.count(irmas.CORPUS, Inspection(tracks, targets, [3.0, 5.0, 20.0]))
    assert (found.unit, found.splits) == ("clips", ("train", "test", "test"))
    assert found.labels.tolist() == [2, 1, 3]
    columns = [found.classes.index(name) for name in ("cel", "pia", "voi")]
    assert found.amounts.sum(axis=0)[columns].tolist() == [2, 3, 1]
    assert found.together[np.ix_(columns, columns)].tolist() == [[2, 2, 1], [2, 3, 1], [1, 1, 1]]
    assert found.together.sum() == 6 + 2 * 4


def test_onsets_and_activity() -> None:
    notes = Transcription(
        np.array([0.0, 1.0, 1.0]), np.array(["KD", "SD", "KD"]), None, 2.0, mdb.CORPUS.classes
    )
    found = statistics.count(mdb.CORPUS, Inspection([], [notes], [2.0]))
    assert found.unit == "onsets"
    assert {n: a for n, a in zip(found.classes, found.amounts[0], strict=True) if a} == {
        "KD": 2,
        "SD": 1,
    }
    values = np.full((720, 3), -60, dtype=np.float32)
    values[:360, 0] = -20
    heard = Activations(values, 2.0, 0.0, musdb.CLASSES, "level_db")
    found = statistics.count(musdb.CORPUS, Inspection([], [heard], [360.0]))
    assert found.unit == "hours"
    assert found.amounts.tolist() == [[pytest.approx(0.05), 0, 0]]
    with pytest.raises(ValueError, match="target: expected notes, activations or labels, got int"):
        statistics.count(musdb.CORPUS, Inspection([], [1], [1.0]))  # type: ignore[list-item]
