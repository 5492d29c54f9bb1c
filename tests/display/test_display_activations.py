"""The picture is drawn for any length, holds what was picked, and needs no display."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bandscribe.display import activations as display
from bandscribe.types import Activations, Beats, Transcription
from bandscribe.vocabulary import DRUMS_10, reduce

matplotlib = pytest.importorskip("matplotlib")


def detected(seconds: float) -> tuple[Activations, Transcription]:
    """A kick every second and a high and low tom in the middle, with activations to match."""
    kicks = np.arange(0.0, seconds, 1.0)
    onsets = np.concatenate([kicks, [seconds / 2] * 2])
    labels = np.array(["KD"] * len(kicks) + ["HT", "LT"])
    order = np.argsort(onsets, kind="stable")
    onsets, labels = onsets[order], labels[order]
    values = np.zeros((1 + round(seconds * 100), 10), np.float32)
    for onset, label in zip(onsets, labels, strict=True):
        values[round(onset * 100), DRUMS_10.index(label)] = 0.5 if label == "HT" else 0.9
    return (
        Activations(values, 100.0, 0.0, DRUMS_10),
        Transcription(onsets, labels, None, seconds, DRUMS_10),
    )


@pytest.mark.parametrize("classes", [10, 5, 3])
def test_draws(tmp_path: Path, classes: int) -> None:
    from matplotlib.image import imread

    activations, part = detected(3.0)
    for name in ("a.png", "b.png"):
        display.plot(tmp_path / name, activations, reduce(part, classes), title="a $1 song_x")
    image = imread(tmp_path / "a.png")
    assert image.shape[1] == 1430
    assert image[..., :3].std() > 0.05
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_beats_and_reference_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = {}
    monkeypatch.setattr(display, "save", lambda path, figure: drawn.update(figure=figure))
    activations, part = detected(40.0)
    part = replace(part, beats=Beats(np.arange(0.0, 40.0, 0.5), np.arange(80) % 4 + 1))
    pulse = Activations(np.zeros((4001, 2), np.float32), 100.0, 0.0, ("beat", "downbeat"))
    right = part.labels == "KD"  # as if the toms were wrong
    found = np.ones(40, bool)
    found[3:5] = False
    reference = display.Reference(reduce_to_kicks(part), found, right)
    title = "a song with a long name " * 4
    options = {"beats": pulse, "reference": reference, "title": title}
    display.plot(tmp_path / "a.png", activations, part, **options)

    figure = drawn["figure"]
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names == [*DRUMS_10, "beat"]
    legend = figure.axes[0].get_legend()
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["hit: 40", "false alarm: 2", "missed: 2", "reference: 40"]
    marks = {
        marker: sum(
            len(line.get_xdata())
            for axis in figure.axes
            for line in axis.lines
            if line.get_marker() == marker
        )
        for marker in "xo|"
    }
    assert marks == {"x": 2, "o": 2, "|": 40}
    assert sum(map(len, sizes(figure))) == 40
    # Of the 60 beats in the first row, 15 are downbeats; beside them there are lines of lanes.
    lines = [
        len(c.get_segments()) for c in figure.axes[0].collections if hasattr(c, "get_segments")
    ]
    assert lines == [11, 45, 15]
    numbers = [[text.get_text() for text in axis.texts] for axis in figure.axes]
    assert numbers == [[str(n) for n in range(1, 16)], [str(n) for n in range(16, 21)]]
    # The legend lies below the title, however long that is, and the last row ends with the sound.
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    title = figure._suptitle.get_window_extent(renderer)
    assert title.width > figure.bbox.width / 2
    assert not title.overlaps(legend.get_window_extent(renderer))
    assert max(figure.axes[1].get_xticks()) == 40
    assert not figure.axes[1].patches


def sizes(figure: Any) -> list[NDArray[np.float64]]:
    """Of the marks of hits, lane by lane where there are any."""
    return [
        marks.get_sizes()
        for axis in figure.axes
        for marks in axis.collections
        if type(marks).__name__ == "PathCollection" and len(marks.get_offsets())
    ]


def test_marks_are_as_large_as_velocities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = {}
    monkeypatch.setattr(display, "save", lambda path, figure: drawn.update(figure=figure))
    activations, part = detected(3.0)
    kicks = reduce_to_kicks(part)
    kicks = replace(kicks, velocities=np.array([0, 0.5, 1], np.float32))
    display.plot(tmp_path / "a.png", activations, kicks)
    [found] = sizes(drawn["figure"])
    np.testing.assert_allclose(found**0.5, [2.5, 4.75, 7])


def reduce_to_kicks(part: Transcription) -> Transcription:
    kicks = part.labels == "KD"
    return replace(part, onsets=part.onsets[kicks], labels=part.labels[kicks])


def test_lanes_of_a_reduction_hold_their_greatest() -> None:
    activations, part = detected(3.0)
    lanes = display._lanes(activations, reduce(part, 5).classes)
    toms = activations.values[:, [5, 6, 7]]
    np.testing.assert_array_equal(lanes[:, 2], toms.max(axis=1))
    assert lanes[150, 2] == np.float32(0.9)
    with pytest.raises(ValueError, match=r"no class of KD, .* belongs to vio"):
        display._lanes(activations, ("vio",))


def test_thinning_keeps_peaks() -> None:
    times = np.arange(50_000) / 100
    values = np.zeros((50_000, 2), np.float32)
    values[[7, 49_999], [0, 1]] = 1.0
    thin_times, thin = display._thin(times, values)
    assert len(thin_times) == len(thin) <= 1500
    assert thin.max(axis=0).tolist() == [1.0, 1.0]
    assert abs(thin_times[np.argmax(thin[:, 0])] - 0.07) < 0.4


def test_rows() -> None:
    assert display._rows(0.05) == (1, 0.05)
    assert display._rows(30.0) == (1, 30.0)
    assert display._rows(95.0) == (4, 30.0)
    assert display._rows(3600.0) == (12, 300.0)


@pytest.mark.parametrize("seconds", [0.05, 65.0])
def test_short_long_and_silent(tmp_path: Path, seconds: float) -> None:
    frames = 1 + int(seconds * 100)
    silent = Activations(np.zeros((frames, 10), np.float32), 100.0, 0.0, DRUMS_10)
    nothing = Transcription(np.zeros(0), np.zeros(0, np.str_), None, seconds, DRUMS_10)
    display.plot(tmp_path / "a.png", silent, nothing, title="$ü 🥁")  # which fonts lack
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    activations, part = detected(1.0)
    with pytest.raises(ValueError, match="expected a picture's suffix"):
        display.plot(tmp_path / "a.mp3", activations, part)
    level = Activations(activations.values * 0, 100.0, 0.0, DRUMS_10, "level_db")
    with pytest.raises(ValueError, match="expected probabilities"):
        display.plot(tmp_path / "a.png", level, part)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match="-m pip install 'matplotlib"):
        display.plot(tmp_path / "a.png", activations, part)
    assert not list(tmp_path.iterdir())
