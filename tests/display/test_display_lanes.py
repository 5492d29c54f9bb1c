"""A lane for each instrument that plays, its bars where it plays, its colour by the level."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bandscribe.display import lanes
from bandscribe.types import Activations, Segment, Transcription
from bandscribe.vocabulary import INSTRUMENTS

matplotlib = pytest.importorskip("matplotlib")

NAMES = {"vio": "violin", "dru": "drums"}
SEGMENTS = [
    Segment("dru", 0.0, 40.0, -10.0),
    Segment("vio", 0.0, 10.0, -10.0),
    Segment("vio", 20.0, 40.0, -30.0),
]


def levels(seconds: float = 40.0) -> Activations:
    """Drums at -10 dB throughout; a violin as loud, then silent, then 15 dB quieter."""
    times = np.arange(1 + round(seconds * 10)) / 10
    values = np.full((len(times), len(INSTRUMENTS)), -60, np.float32)
    values[:, INSTRUMENTS.index("dru")] = -10
    violin = INSTRUMENTS.index("vio")
    values[times < 10, violin] = -10
    values[times >= 20, violin] = -25
    return Activations(values, 10.0, 0.0, INSTRUMENTS, "level_db")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The figure, which is not written."""
    figures: dict[str, Any] = {}
    monkeypatch.setattr(lanes, "save", lambda path, figure: figures.update(figure=figure))
    return figures


def test_lanes_names_and_shares(drawn: dict[str, Any]) -> None:
    lanes.plot("a.png", levels(), SEGMENTS, 40.0, names=NAMES)
    [axis] = drawn["figure"].axes
    texts = {text.get_text(): text.get_position()[1] for text in axis.texts}
    assert set(texts) == {"violin", "75%", "drums", "100%"}
    # A score has the drums at its bottom.
    assert texts["violin"] == texts["75%"] == 1.5
    assert texts["drums"] == texts["100%"] == 0.5
    assert axis.get_xlabel() == ("never: voi, flu, cla, sax, tru, cel, pia, org, gac, gel, bas")
    assert [text.get_text() for text in axis.get_xticklabels()][:3] == ["0:00", "0:05", "0:10"]
    legend = drawn["figure"].axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [
        "-40 dB", "-30 dB", "-20 dB", "-10 dB",
    ]  # fmt: skip


def test_bars_lie_where_it_plays_and_show_how_loud(drawn: dict[str, Any]) -> None:
    lanes.plot("a.png", levels(), SEGMENTS, 40.0)
    [axis] = drawn["figure"].axes
    violin, drums = (np.asarray(image.get_array())[0] for image in axis.images)
    quarter = violin.shape[0] // 4
    assert violin[:, 3].reshape(4, quarter).mean(axis=1).tolist() == [1, 0, 1, 1]
    assert drums[:, 3].min() == 1
    # The loudest moment has the full colour, 15 dB below it half of it (and the palest rest).
    full = np.array(matplotlib.colors.to_rgb(lanes._COLOURS["vio"]))
    np.testing.assert_allclose(violin[quarter // 2, :3], full, atol=1e-6)
    half = 1 - (lanes._PALEST + (1 - lanes._PALEST) / 2) * (1 - full)
    np.testing.assert_allclose(violin[3 * quarter, :3], half, atol=1e-6)
    outlines = [
        path.get_extents().intervalx.tolist()
        for collection in axis.collections
        for path in collection.get_paths()
    ]
    assert outlines == [[0, 10], [20, 40], [0, 40]]


def test_a_short_stretch_is_not_lost(drawn: dict[str, Any]) -> None:
    """Of 1,600 columns it has one; of so short ones a lane is not worth it, their time is."""
    many = [Segment("vio", 7.0 + 360 * i, 7.3 + 360 * i, -10.0) for i in range(10)]
    hour = levels(3600.0)
    lanes.plot("a.png", hour, [*many, Segment("dru", 0.0, 60.0, -10.0)], 3600.0, names=NAMES)
    [axis] = drawn["figure"].axes
    assert axis.get_xlabel().startswith("seldom: violin (0:07); never: voi, flu, ")
    assert {text.get_text() for text in axis.texts} == {"drums", "2%"}
    many.append(Segment("vio", 3500.0, 3560.0, -10.0))
    lanes.plot("a.png", hour, many, 3600.0)
    [axis] = drawn["figure"].axes
    columns = np.asarray(axis.images[0].get_array())[0, :, 3]
    assert columns.sum() == 10 + round(3560 / 2.25) - round(3500 / 2.25)
    assert len(axis.get_xticks()) <= 17


def test_a_crowd_of_stretches_is_drawn_as_one(drawn: dict[str, Any]) -> None:
    """Half the time, in stretches of 1 s: an hour's picture cannot show them, a minute's can."""
    for seconds, count in ((40.0, 20), (3600.0, 1)):
        crowd = [Segment("vio", 2.0 * i, 2.0 * i + 1, -10.0) for i in range(int(seconds / 2))]
        lanes.plot("a.png", levels(seconds), crowd, seconds)
        [axis] = drawn["figure"].axes
        assert len(axis.collections[0].get_paths()) == count
        assert "50%" in {text.get_text() for text in axis.texts}  # of what was played


def test_strokes_have_a_lane(drawn: dict[str, Any]) -> None:
    strokes = Transcription(
        np.array([1.0, 2.0, 3.0]), np.array(["KD", "SD", "KD"]), None, 40.0,
        ("KD", "SD", "TT", "HH", "CY"),
    )  # fmt: skip
    lanes.plot("a.png", levels(), SEGMENTS, 40.0, strokes=strokes)
    [axis] = drawn["figure"].axes
    names = {text.get_text() for text in axis.texts}
    assert {"kick", "snare", "toms", "hi-hat", "cymbals"} < names
    lines = [c for c in axis.collections if hasattr(c, "get_segments")][-5:]
    assert [[s[0][0] for s in c.get_segments()] for c in lines] == [[1.0, 3.0], [2.0], [], [], []]


@pytest.mark.parametrize("seconds", [0.05, 65.0])
@pytest.mark.parametrize("segments", [[], [Segment("kazoo", 0.0, 0.05, -10.0)]])
def test_short_long_and_silent(tmp_path: Path, seconds: float, segments: list[Segment]) -> None:
    frames = 1 + int(seconds * 10)
    silent = Activations(np.full((frames, 1), -60, np.float32), 10.0, 0.0, ("kazoo",), "level_db")
    for name in ("a.png", "b.png"):
        lanes.plot(tmp_path / name, silent, segments, seconds, title="$ü 🥁_x")  # which fonts lack
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert matplotlib.image.imread(tmp_path / "a.png").shape[1] == 1430


def test_probabilities_are_no_levels(tmp_path: Path) -> None:
    probability = Activations(np.zeros((3, 1), np.float32), 10.0, 0.0, ("vio",))
    with pytest.raises(ValueError, match="level: expected levels in dB, got a probability"):
        lanes.plot(tmp_path / "a.png", probability, [], 1.0)
