"""Pictures of precision, recall and F1 by class."""

from pathlib import Path

import numpy as np
import pytest

from bandscribe.display import components
from bandscribe.display.components import View

pytest.importorskip("matplotlib")

CLASSES = ("KD", "SD", "mean")


def view(systems: int = 2) -> View:
    rates = np.linspace(0.3, 0.9, systems * 9).reshape(systems, 3, 3)
    rates[0, 1] = np.nan  # neither played nor detected
    return View(CLASSES, rates, np.stack([rates[..., 2] - 0.1, rates[..., 2] + 0.05], axis=2))


def bars(figure, column: int) -> list[list[float]]:  # type: ignore[no-untyped-def]
    """Heights by system."""
    return [[bar.get_height() for bar in each] for each in figure.axes[column].containers]


def test_every_figure_is_a_bar_of_its_height(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    monkeypatch.setattr(components, "save", lambda path, figure: drawn.append(figure))
    shown = view()
    components.plot(tmp_path / "a.png", ["nmf", "nmfd"], [shown, shown])
    [figure] = drawn
    assert len(figure.axes) == 6
    for column in range(3):
        assert np.allclose(bars(figure, column), np.nan_to_num(shown.rates[:, :, column]))
    assert [text.get_text() for text in figure.axes[3].get_xticklabels()] == list(CLASSES)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["nmf", "nmfd"]
    lows = [
        path.vertices[0, 1] for lines in figure.axes[2].collections for path in lines.get_paths()
    ]
    assert np.allclose(lows, shown.intervals[:, :, 0].ravel(), equal_nan=True)


def test_the_same_bytes_each_time_and_room_for_more(tmp_path: Path) -> None:
    from matplotlib.image import imread

    for name in ("a.png", "b.png"):
        components.plot(tmp_path / name, ["x_$1", "y"], [view()], title="why_$1?")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    components.plot(tmp_path / "c.png", list("abcdefghi"), [view(9)] * 2)
    small, large = (imread(tmp_path / name).shape for name in ("a.png", "c.png"))
    assert large[0] > small[0]
    assert large[1] > small[1]


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected at least one of each"):
        components.plot(tmp_path / "x.png", ["a"], [])
    with pytest.raises(ValueError, match=r"expected rates \(3, 3, 3\), got \(2, 3, 3\)"):
        components.plot(tmp_path / "x.png", ["a", "b", "c"], [view()])
