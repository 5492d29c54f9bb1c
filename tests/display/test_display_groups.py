"""Bars in groups: where they stand, how high they are, and their intervals."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest

from bandscribe.display import groups
from bandscribe.display.groups import Interval

pytest.importorskip("matplotlib")
SERIES = {
    "one": {"a": Interval(0.5, 0.4, 0.55), "b": Interval(0.9, 0.8, 0.95)},
    "two": {"b": Interval(0.25, 0.2, 0.3)},
}


def test_bars_stand_in_their_groups(tmp_path: Path) -> None:
    with mock.patch.object(groups, "save") as save:
        groups.plot(tmp_path / "bars.png", ["a", "b"], SERIES, {"a": 0.3}, title="bars")
    figure = save.call_args.args[1]
    (plot,) = figure.axes
    bars = [patch for patch in plot.patches if patch.get_height()]
    assert [bar.get_height() for bar in bars] == [0.5, 0.9, 0.25]
    middles = [bar.get_x() + bar.get_width() / 2 for bar in bars]
    # Two series share 0.8 of a group: 0.2 to the left and to the right of its place.
    assert middles == pytest.approx([-0.2, 0.8, 1.2])
    lines = plot.collections
    (first, second), (third,) = (lines[i].get_segments() for i in (0, 1))
    assert [first[0][1], first[1][1]] == pytest.approx([0.4, 0.55])
    assert [second[0][1], second[1][1]] == pytest.approx([0.8, 0.95])
    assert [third[0][1], third[1][1]] == pytest.approx([0.2, 0.3])
    assert lines[2].get_segments()[0].tolist() == [[-0.4, 0.3], [0.4, 0.3]]
    assert [text.get_text() for text in plot.get_xticklabels()] == ["a", "b"]


def test_the_legend_is_all_in_the_picture(tmp_path: Path) -> None:
    names = ("Recurrent", "Convolutional recurrent", "Convolutional transformer", "one + two + six")
    with mock.patch.object(groups, "save") as save:
        groups.plot(tmp_path / "bars.png", ["a"], {n: {"a": Interval(1, 1, 1)} for n in names}, {})
    figure = save.call_args.args[1]
    figure.canvas.draw()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == list(names)
    inside, outside = legend.get_window_extent(), figure.bbox
    assert outside.x0 <= inside.x0 and inside.x1 <= outside.x1


def test_writes_a_picture(tmp_path: Path) -> None:
    groups.plot(tmp_path / "bars.png", ["a", "b"], SERIES, {})
    assert (tmp_path / "bars.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="groups, series: expected at least one"):
        groups.plot(tmp_path / "none.png", [], SERIES, {})
