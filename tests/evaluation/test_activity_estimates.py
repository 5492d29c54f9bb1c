"""Tables of activity, as `bandscribe track` and others write them."""

from pathlib import Path

import numpy as np
import pytest

from bandscribe.datasets.track import Track
from bandscribe.evaluation.instrument_systems import ActivityEstimates
from bandscribe.evaluation.instrument_systems import read_activity as read
from bandscribe.formats import csv, npz
from bandscribe.types import Activations
from bandscribe.vocabulary import INSTRUMENTS

VIO = INSTRUMENTS.index("vio")


@pytest.fixture
def curves() -> tuple[Activations, Activations]:
    rng = np.random.default_rng(0)
    return (
        Activations(rng.random((50, 13), np.float32), 43.066406, 0.0, INSTRUMENTS),
        Activations(
            -60 * rng.random((50, 13), np.float32), 43.066406, 0.0, INSTRUMENTS, "level_db"
        ),
    )


def test_what_track_writes_is_read(tmp_path: Path, curves) -> None:
    probability, level = curves
    csv.write_activity(tmp_path / "a.csv", probability, level)
    thresholds = np.linspace(0.1, 0.9, 13)
    npz.write_activity(tmp_path / "a.npz", probability, level, thresholds, 1.15)
    for name, expected in (("a.csv", np.full(13, 0.5)), ("a.npz", thresholds)):
        found = read(tmp_path / name)
        assert found.probability.frame_rate == pytest.approx(43.066406, rel=1e-5)
        np.testing.assert_allclose(found.probability.values, probability.values, atol=1e-4)
        np.testing.assert_allclose(found.level.values, level.values, atol=0.01)
        np.testing.assert_allclose(found.thresholds, expected)
        assert read(tmp_path / name, 0.3).thresholds.tolist() == [0.3] * 13


def test_a_table_need_not_name_every_class(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,vio_probability\n0.5,0.25\n0.6,0.75\n")
    found = read(tmp_path / "a.csv")
    assert (found.probability.frame_rate, found.probability.start) == (pytest.approx(10), 0.5)
    assert found.probability.values[:, VIO].tolist() == [0.25, 0.75]
    assert found.probability.values.sum() == 1
    assert (found.level.values == -60).all()
    assert found.duration == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", "frame,vio_probability\n0,1\n1,1\n", "time first"),
        ("a.csv", "time,kazoo_probability\n0,1\n1,1\n", "no such class: kazoo"),
        ("a.csv", "time,vio_probability\n0,2\n1,1\n", r"probability is in \[0, 1\]"),
        ("a.csv", "time,vio_probability\n0,1\n1\n", "not what bandscribe track writes"),
        ("a.npz", "no archive", "not what bandscribe track writes"),
    ],
)
def test_another_file_is_one_line(tmp_path: Path, name: str, content: str, reason: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=reason) as caught:
        read(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: ")


def test_found_by_name(tmp_path: Path) -> None:
    for name in ("test/00001/mixture.activity.csv", "test/00002/mixture.activity.csv", "song.npz"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = ActivityEstimates.load(tmp_path, None)
    assert sorted(found.files.by_name) == ["mixture", "song"]
    piece = tmp_path / "corpus/test/00002/mixture.wav"
    track = Track("test/00002", "test", "a", piece, lambda: None)  # type: ignore[arg-type]
    assert found.identity(track)[0] == "test/00002/mixture.activity.csv"
    with pytest.raises(ValueError, match=r"expected files .activity.npz, .npz, .activity.csv"):
        ActivityEstimates.load(tmp_path / "test/00003", None)
