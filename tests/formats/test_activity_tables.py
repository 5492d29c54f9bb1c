"""Activity of instruments as tables, npz and JAMS, against what is written down in the design."""

from __future__ import annotations

import csv as plain_csv
import json as plain_json
import warnings
from pathlib import Path

import numpy as np
import pytest

from bandscribe.formats import csv, jams, npz
from bandscribe.types import Activations, Segment

CLASSES = ("vio", "dru")
SEGMENTS = [Segment("vio", 0.0, 1.25, -12.345), Segment("dru", 0.5, 2.0 / 3, 0.0)]


def curves(values: np.ndarray, kind: str = "probability") -> Activations:
    return Activations(values.astype(np.float32), 40.0, 0.0, CLASSES, kind)


def random(frames: int) -> tuple[Activations, Activations]:
    rng = np.random.default_rng(frames)
    return curves(rng.random((frames, 2))), curves(-60 * rng.random((frames, 2)), "level_db")


def test_frames_by_hand(tmp_path: Path) -> None:
    probability = curves(np.array([[0.5, 0.25], [1.0, 0.0]]))
    level = curves(np.array([[-3.25, -60.0], [-0.001, 0.0]]), "level_db")
    csv.write_activity(tmp_path / "a.csv", probability, level)
    assert (tmp_path / "a.csv").read_bytes() == (
        b"time,vio_probability,vio_level_db,dru_probability,dru_level_db\n"
        b"0.000000,0.5000,-3.25,0.2500,-60.00\n"
        b"0.025000,1.0000,0.00,0.0000,0.00\n"
    )


@pytest.mark.parametrize("frames", [0, 1, 4096, 4097, 9000])
def test_every_frame_has_its_row(tmp_path: Path, frames: int) -> None:
    """However many are written at once."""
    probability, level = random(frames)
    csv.write_activity(tmp_path / "a.csv", probability, level)
    with (tmp_path / "a.csv").open() as file:
        rows = list(plain_csv.DictReader(file))
    assert len(rows) == frames
    times = [float(row["time"]) for row in rows]
    np.testing.assert_allclose(times, np.arange(frames) / 40, atol=1e-6)
    for column, name in enumerate(CLASSES):
        said = [float(row[f"{name}_probability"]) for row in rows]
        loud = [float(row[f"{name}_level_db"]) for row in rows]
        np.testing.assert_allclose(said, probability.values[:, column], atol=5.1e-5)
        np.testing.assert_allclose(loud, level.values[:, column], atol=5.1e-3)


def test_curves_of_other_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"level: expected frames .*\(3, 2\), got \(4, 2\)"):
        csv.write_activity(tmp_path / "a.csv", random(3)[0], random(4)[1])
    assert not (tmp_path / "a.csv").exists()


def test_segments_by_hand(tmp_path: Path) -> None:
    csv.write_segments(tmp_path / "a.csv", SEGMENTS)
    assert (tmp_path / "a.csv").read_bytes() == (
        b"class,start,end,level_db\nvio,0.000,1.250,-12.35\ndru,0.500,0.667,0.00\n"
    )
    csv.write_segments(tmp_path / "a.csv", [])
    assert (tmp_path / "a.csv").read_text() == "class,start,end,level_db\n"


def test_npz_holds_the_curves(tmp_path: Path) -> None:
    probability, level = random(300)
    npz.write_activity(tmp_path / "a.npz", probability, level, np.array([0.4, 0.6]), 7.4)
    with np.load(tmp_path / "a.npz") as read:
        assert sorted(read) == [
            "classes", "duration", "frame_rate", "level_db", "probability", "start", "thresholds",
        ]  # fmt: skip
        np.testing.assert_array_equal(read["probability"], probability.values)
        np.testing.assert_array_equal(read["level_db"], level.values)
        assert read["thresholds"].tolist() == [0.4, 0.6]
        assert tuple(read["classes"]) == CLASSES
        assert (float(read["frame_rate"]), float(read["start"])) == (40.0, 0.0)
        assert float(read["duration"]) == 7.4


@pytest.mark.parametrize("segments", [SEGMENTS, []])
def test_jams_validates(tmp_path: Path, segments: list[Segment]) -> None:
    path = tmp_path / "a.jams"
    jams.write_segments(path, segments, classes=CLASSES, duration=2.5, file="søng.mp3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own
        reference = pytest.importorskip("jams")
        read = reference.load(str(path), validate=True, strict=True)
        assert read.validate()
    assert (read.file_metadata.title, read.file_metadata.duration) == ("søng.mp3", 2.5)
    [annotation] = read.annotations
    assert annotation.namespace == "tag_open"
    assert [(x.value, x.time, x.duration) for x in annotation.data] == [
        (s.label, s.start, pytest.approx(s.end - s.start, abs=1e-6)) for s in segments
    ]
    plain = plain_json.loads(path.read_text(encoding="utf-8"))["annotations"][0]["sandbox"]
    assert plain == {"classes": list(CLASSES), "level_db": [-12.35, 0.0][: len(segments)]}


def test_the_same_activity_gives_the_same_bytes(tmp_path: Path) -> None:
    probability, level = random(50)
    written = []
    for name in ("one", "two"):
        npz.write_activity(tmp_path / f"{name}.npz", probability, level, np.full(2, 0.5), 1.0)
        jams.write_segments(
            tmp_path / f"{name}.jams", SEGMENTS, classes=CLASSES, duration=2.0, file="a"
        )
        written.append([(tmp_path / f"{name}.{s}").read_bytes() for s in ("npz", "jams")])
    assert written[0] == written[1]
