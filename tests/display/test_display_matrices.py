"""Matrices and envelopes: what is drawn, and what cannot be."""

from pathlib import Path

import numpy as np
import pytest

from bandscribe.display import envelopes, matrices
from bandscribe.types import Activations

pytest.importorskip("matplotlib")
CLASSES = ("flu", "vio", "voi")


def test_matrices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of nothing is left out, and nothing is written into an undefined cell."""
    from matplotlib.image import imread

    noise = np.array([[-30.0, -60, -50], [np.nan] * 3, [-60, -60, -10]])
    leakage = np.where(np.eye(3, dtype=bool), np.nan, noise)
    matrices.plot(tmp_path / "a.png", {"noise": noise, "leakage": leakage}, CLASSES, title="x")
    assert imread(tmp_path / "a.png")[..., :3].std() > 0.05
    drawn = {}
    monkeypatch.setattr(matrices, "save", lambda path, figure: drawn.update(figure=figure))
    matrices.plot(tmp_path / "b.png", {"noise": noise, "leakage": leakage}, CLASSES)
    first, second = drawn["figure"].axes[:2]
    assert [text.get_text() for text in first.texts] == ["-30", "-60", "-50", "-60", "-60", "-10"]
    assert [text.get_text() for text in second.texts] == ["-60", "-50", "-60", "-60"]
    assert [label.get_text() for label in first.get_yticklabels()] == ["flu", "voi"]
    with pytest.raises(ValueError, match=r"matrices: expected noise to be \(3, 3\), got \(2, 2\)"):
        matrices.plot(tmp_path / "b.png", {"noise": np.zeros((2, 2))}, CLASSES)


def test_envelopes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row for each instrument of the mixture, and the loudest of the others in the last."""

    def levels(columns: dict[str, float]) -> Activations:
        values = np.tile(np.array([list(columns.values())], np.float32), (9, 1))
        return Activations(values, 10.0, 0.0, tuple(columns), "level_db")

    column = envelopes.EnvelopeColumn(
        "mixture",
        levels({"vio": -3, "flu": -9}),
        levels({"flu": -10, "vio": -4, "voi": -30, "sax": -20}),
    )
    envelopes.plot(tmp_path / "a.png", [column, column], title="a_1")
    assert (tmp_path / "a.png").stat().st_size > 1000
    drawn = {}
    monkeypatch.setattr(envelopes, "save", lambda path, figure: drawn.update(figure=figure))
    envelopes.plot(tmp_path / "a.png", [column])
    axes = drawn["figure"].axes
    assert [axis.get_ylabel() for axis in axes] == ["vio", "flu", "others"]
    assert [set(axis.lines[0].get_ydata()) for axis in axes] == [{-4}, {-10}, {-20}]
    probability = Activations(np.zeros((1, 1), np.float32), 1.0, 0.0, ("vio",))
    for wrong in ([], [envelopes.EnvelopeColumn("x", probability, column.estimate)]):
        with pytest.raises(ValueError, match="columns: expected"):
            envelopes.plot(tmp_path / "a.png", wrong)
