"""The curve of a run has numbers that can be read."""

from itertools import pairwise
from pathlib import Path

import pytest

from bandscribe.display import history


@pytest.mark.parametrize(
    ("losses", "rates"),
    [
        ([0.205 - 0.0001 * i for i in range(5)], [1e-3 * (1 - i / 3000) for i in range(5)]),
        ([0.05 / (i + 1) ** 0.3 for i in range(24)], [1e-3 * (1 - i / 30) for i in range(24)]),
        ([0.6 * 10 ** (-i / 10) for i in range(20)], [10 ** (-3 - i / 7) for i in range(20)]),
        ([3.0], [0.0]),
    ],
)
def test_numbers_do_not_collide(
    losses: list[float], rates: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = {}
    monkeypatch.setattr(history, "save", lambda path, figure: drawn.update(figure=figure))
    rows = [
        {"step": 10.0 * i, "rate": rate, "loss": loss, "micro_f1": 0.5}
        for i, (loss, rate) in enumerate(zip(losses, rates, strict=True))
    ]
    history.plot(tmp_path / "curve.png", rows)
    figure = drawn["figure"]
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    for axis in figure.axes:
        low, high = sorted(axis.get_ylim())
        numbers = [
            label.get_window_extent(renderer)
            for at, label in zip(axis.get_yticks(), axis.get_yticklabels(), strict=True)
            if low <= at <= high
        ]
        assert numbers
        assert not any(one.overlaps(other) for one, other in pairwise(numbers))
        assert not axis.get_yticklabels(minor=True)
