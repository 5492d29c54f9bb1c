"""The picture of a corpus is drawn for any number of tracks, splits and classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bandscribe.display import corpus

matplotlib = pytest.importorskip("matplotlib")
CLASSES = ("cel", "cla", "voi")


@pytest.mark.parametrize(
    ("tracks", "splits", "unit"),
    [
        (30, ["train", "validation", "test"], "clips"),
        (6, ["drummer_1", "drummer_2"], "onsets"),
        (1, ["test"], "hours"),
    ],
)
def test_draws(tmp_path: Path, tracks: int, splits: list[str], unit: str) -> None:
    from matplotlib.image import imread

    rng = np.random.default_rng(tracks)
    for name in ("a.png", "b.png"):
        rng = np.random.default_rng(tracks)
        corpus.plot(
            tmp_path / name,
            splits=[splits[i % len(splits)] for i in range(tracks)],
            seconds=rng.uniform(3, 300, tracks),
            classes=CLASSES,
            amounts=rng.integers(0, 3, (tracks, 3)).astype(float)
            / (3600 if unit == "hours" else 1),
            unit=unit,
            title="a $1 corpus_x",
        )
    assert imread(tmp_path / "a.png").shape[1] == 1650
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_draws_tracks_without_labels(tmp_path: Path) -> None:
    nothing = np.zeros((2, 3))
    corpus.plot(
        tmp_path / "a.png",
        splits=["test", "test"],
        seconds=np.array([1.0, 1.0]),
        classes=CLASSES,
        amounts=nothing,
        unit="clips",
    )
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_refuses(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="seconds: expected at least one track"):
        corpus.plot(
            tmp_path / "a.png",
            splits=[],
            seconds=np.zeros(0),
            classes=CLASSES,
            amounts=np.zeros((0, 3)),
            unit="clips",
        )
    assert not list(tmp_path.iterdir())
