"""Pictures: the activations of each class over time, with the picked onsets over them.

One lane per class. A recording of more than half a minute is wrapped into rows, as a score is.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.display.figures import BLUE, GREEN, INK, ORANGE, PALE, PURPLE, RED, begin, save
from bandscribe.types import Activations, Transcription
from bandscribe.vocabulary import REDUCTIONS

_ROW = 30.0  # seconds
_MOST_ROWS = 12
_COLUMNS = 1500  # points per row; more than the picture shows
_LANE = 0.28  # inch, at the least
_WIDTH = 13.0  # inch

# One colour for each kind of drum.
_COLOURS = {
    "KD": BLUE, "SD": RED, "SS": RED, "CHH": GREEN, "OHH": GREEN, "HH": GREEN,
    "HT": PURPLE, "MT": PURPLE, "LT": PURPLE, "TT": PURPLE,
    "CR": ORANGE, "RD": ORANGE, "CY": ORANGE,
}  # fmt: skip


def draw(
    path: str | Path, activations: Activations, transcription: Transcription, *, title: str = ""
) -> None:
    """Draw probabilities and onsets into `path`: png, or whatever matplotlib knows by its suffix.

    Lanes are the transcription's classes; where these are a reduction of the activations' classes,
    a lane shows the greatest of those it holds. Rows are 30 s, and longer above six minutes.

    Raises ModuleNotFoundError, with its cure, without matplotlib; ValueError for activations that
    are no probabilities or an unknown suffix; OSError as `bandscribe.files.whole`.
    """
    if activations.kind != "probability":
        raise ValueError(f"activations: expected probabilities, got {activations.kind}")
    values = _lanes(activations, transcription.classes)
    length = max(transcription.duration, 1 / activations.frame_rate)
    rows, row = _rows(length)

    lanes = len(transcription.classes)
    lane = max(_LANE, 1.6 / lanes)  # inch
    height = rows * (lanes * lane + 0.45) + 0.75
    figure = begin(_WIDTH, height, title)
    axes = figure.subplots(rows, 1, squeeze=False)[:, 0]
    for i, axis in enumerate(axes):
        _draw_row(axis, i * row, row, length, activations.times, values, transcription)
    axes[-1].set_xlabel("time (s)", fontsize=10, color=INK)
    save(path, figure)


def _lanes(activations: Activations, classes: tuple[str, ...]) -> NDArray[np.float32]:
    """(frame, lane): the activations folded to the transcription's classes."""
    reduction = REDUCTIONS.get(len(classes), {})
    known = activations.classes
    lanes = []
    for name in classes:
        members = [i for i, label in enumerate(known) if reduction.get(label, label) == name]
        if not members:
            raise ValueError(f"activations: no class of {', '.join(known)} belongs to {name}")
        lanes.append(activations.values[:, members].max(axis=1))
    return np.stack(lanes, axis=1)


def _rows(length: float) -> tuple[int, float]:
    """How many rows, and the seconds of each."""
    if length <= _ROW:
        return 1, length
    rows = min(_MOST_ROWS, math.ceil(length / _ROW))
    return rows, max(_ROW, length / rows)


def _draw_row(
    axis: Any,
    start: float,
    seconds: float,
    length: float,
    times: NDArray[np.float64],
    values: NDArray[np.float32],
    transcription: Transcription,
) -> None:
    classes = transcription.classes
    end = start + seconds
    first, last = np.searchsorted(times, (start, end))
    shown, curves = _thin(times[max(0, first - 1) : last + 1], values[max(0, first - 1) : last + 1])
    here = (transcription.onsets >= start) & (transcription.onsets < end)
    for lane, name in enumerate(classes):
        # The first class, the kick, lies at the bottom, as in a score.
        colour = _COLOURS.get(name, BLUE)
        axis.axhline(lane, color=PALE, linewidth=0.8, zorder=1)
        if len(shown):
            axis.fill_between(
                shown, lane, lane + 0.66 * curves[:, lane], color=colour, alpha=0.55, linewidth=0.6
            )
        onsets = transcription.onsets[here & (transcription.labels == name)]
        axis.plot(
            onsets, np.full(len(onsets), lane + 0.8), "v", color=colour, markersize=4.5, zorder=3
        )
    if length < end:  # the recording ends within this row
        axis.axvspan(length, end, color="#F4F4F4", linewidth=0, zorder=0)
    axis.set_xlim(start, end)
    axis.set_ylim(-0.12, len(classes) + 0.02)
    axis.set_yticks(np.arange(len(classes)) + 0.36, labels=classes, fontsize=9)
    for text, name in zip(axis.get_yticklabels(), classes, strict=True):
        text.set_color(_COLOURS.get(name, INK))
        text.set_fontweight("bold")
    axis.tick_params(axis="y", length=0)
    axis.tick_params(axis="x", labelsize=9, color=PALE, labelcolor=INK)
    axis.grid(axis="x", color="#ECECEC", linewidth=0.7, zorder=0)
    axis.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.spines["bottom"].set_color(PALE)


def _thin(
    times: NDArray[np.float64], values: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """At most `_COLUMNS` points: of neighbouring frames the greatest, so that no peak is lost."""
    step = math.ceil(len(times) / _COLUMNS)
    if step <= 1:
        return times, values
    starts = np.arange(0, len(times), step)
    return times[starts], np.maximum.reduceat(values, starts, axis=0)
