"""Pictures: the activations of each class over time, the onsets picked from them, the reference.

One lane per class, and one for the beat above them, with lines through all lanes at the beats that
were found. A recording of more than half a minute is wrapped into rows, as a score is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.display.figures import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PALE,
    PURPLE,
    RED,
    begin,
    explain,
    save,
    style,
)
from bandscribe.types import Activations, Transcription
from bandscribe.vocabulary import REDUCTIONS

_ROW = 30.0  # seconds
_MOST_ROWS = 12
_COLUMNS = 1500  # points per row; more than the picture shows
_LANE = 0.28  # inch, at the least
_MOST_LINES = 150  # beats in a row; more would be a grey wall
_MOST_NUMBERS = 40  # bars in a row; of more, each second, fourth … one has its number
_SIZES = 2.5, 7.0  # of marks, in points: velocities 0 and 1
_PEAK, _MARKS, _TICKS = 0.58, 0.7, -0.1  # heights in a lane: of a curve, marks, the reference
_WIDTH = 13.0  # inch

# One colour for each kind of drum.
_COLOURS = {
    "KD": BLUE, "SD": RED, "SS": RED, "CHH": GREEN, "OHH": GREEN, "HH": GREEN,
    "HT": PURPLE, "MT": PURPLE, "LT": PURPLE, "TT": PURPLE,
    "CR": ORANGE, "RD": ORANGE, "CY": ORANGE, "beat": "#9A9A9A", "downbeat": INK,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Reference:
    """Notes (n,) to compare with: which were `found` (n,), and which (m,) picked are `right`."""

    notes: Transcription
    found: NDArray[np.bool_]
    right: NDArray[np.bool_]


def plot(
    path: str | Path,
    activations: Activations,
    transcription: Transcription,
    *,
    beats: Activations | None = None,
    reference: Reference | None = None,
    title: str = "",
) -> None:
    """Draw probabilities and onsets into `path`.

    Lanes are the transcription's classes; where these are a reduction of the activations' classes,
    a lane shows the greatest of those it holds. `beats` are the activations of the beat and the
    downbeat. Of a `reference`, each note is a tick below its lane; a note picked in error is a
    cross, one missed a ring. Rows are 30 s, and longer above six minutes; the lines of beats are
    left out where they would stand too close. Bars are numbered; marks are as large as velocities.

    Raises ValueError for activations that are no probabilities.
    """
    for name, given in (("activations", activations), ("beats", beats)):
        if given and given.kind != "probability":
            raise ValueError(f"{name}: expected probabilities, got {given.kind}")
    values = _lanes(activations, transcription.classes)
    length = max(transcription.duration, 1 / activations.frame_rate)
    rows, row = _rows(length)

    lanes = len(transcription.classes) + bool(beats)
    lane = max(_LANE, 1.6 / lanes)  # inch
    height = rows * (lanes * lane + 0.6) + 0.75 + 0.3 * bool(reference)
    figure = begin(_WIDTH, height, title)
    axes = figure.subplots(rows, 1, squeeze=False)[:, 0]
    for i, axis in enumerate(axes):
        start, end = i * row, (i + 1) * row
        _set_up(axis, start, end, length, transcription.classes, bool(beats))
        _draw_curves(axis, start, end, activations.times, values, transcription.classes)
        if beats:
            _draw_beats(axis, start, end, beats, len(transcription.classes))
        _draw_grid(axis, start, end, transcription)
        _draw_notes(axis, start, end, transcription, reference)
    if reference:
        _explain(axes[0], reference)
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
    """The number of rows, and the seconds of each."""
    if length <= _ROW:
        return 1, length
    rows = min(_MOST_ROWS, math.ceil(length / _ROW))
    return rows, max(_ROW, length / rows)


def _set_up(
    axis: Any, start: float, end: float, length: float, classes: tuple[str, ...], beats: bool
) -> None:
    """Lanes with their names; the first class, the kick, lies at the bottom, as in a score."""
    names = (*classes, "beat") if beats else classes
    last = min(end, length)  # the recording may end within this row
    axis.hlines(range(len(names)), start, last, color=PALE, linewidth=0.8, zorder=1)
    axis.set_xlim(start, end)
    axis.set_xticks([tick for tick in axis.get_xticks() if start <= tick <= last])
    axis.spines["bottom"].set_bounds(start, last)
    axis.set_ylim(-0.22, len(names) + 0.02)
    style(axis)
    axis.set_yticks(np.arange(len(names)) + 0.36, labels=names)
    for text, name in zip(axis.get_yticklabels(), names, strict=True):
        text.set_color(INK if name == "beat" else _COLOURS.get(name, INK))
        text.set_fontweight("bold")


def _draw_curves(
    axis: Any,
    start: float,
    end: float,
    times: NDArray[np.float64],
    values: NDArray[np.float32],
    names: tuple[str, ...],
    lowest: int = 0,
) -> None:
    """One filled curve per lane from `lowest` on."""
    first, last = np.searchsorted(times, (start, end))
    here = slice(max(0, first - 1), last + 1)
    shown, curves = _thin(times[here], values[here])
    if not len(shown):
        return
    for lane, name in enumerate(names, start=lowest):
        axis.fill_between(
            shown,
            lane,
            lane + _PEAK * curves[:, lane - lowest],
            color=_COLOURS.get(name, BLUE),
            alpha=0.55,
            linewidth=0.6,
            zorder=2,
        )


def _draw_beats(axis: Any, start: float, end: float, beats: Activations, lane: int) -> None:
    """Both curves in one lane, the downbeat's over the beat's."""
    for i, name in enumerate(beats.classes):
        _draw_curves(axis, start, end, beats.times, beats.values[:, [i]], (name,), lane)


def _draw_grid(axis: Any, start: float, end: float, transcription: Transcription) -> None:
    """Thin lines at the beats, stronger ones at the downbeats."""
    if transcription.beats is None:
        return
    times, positions = transcription.beats.times, transcription.beats.positions
    here = (times >= start) & (times < end)
    top = axis.get_ylim()[1]
    for chosen, colour, width in (
        (here & (positions > 1), "#DCDCDC", 0.7),
        (here & (positions == 1), "#A0A0A0", 1.1),
    ):
        if chosen.sum() <= _MOST_LINES:
            axis.vlines(times[chosen], -0.22, top, color=colour, linewidth=width, zorder=0.5)
    bars = list(enumerate(times[positions == 1].tolist(), start=1))
    shown = [(number, time) for number, time in bars if start <= time < end]
    step = 2 ** max(0, math.ceil(math.log2(max(1, len(shown)) / _MOST_NUMBERS)))
    for number, time in shown:
        if number % step == 1 % step:
            axis.text(time, top, str(number), fontsize=7, color="#8A8A8A", va="bottom")


def _draw_notes(
    axis: Any, start: float, end: float, notes: Transcription, reference: Reference | None
) -> None:
    right = np.ones(len(notes.onsets), bool) if reference is None else reference.right
    _mark_hits(axis, start, end, notes, right)
    _mark(axis, start, end, notes, ~right, "x")
    if reference is not None:
        _mark(axis, start, end, reference.notes, ~reference.found, "o")
        _mark(axis, start, end, reference.notes, np.ones_like(reference.found), "|", _TICKS)


#: Marker → what it looks like; those without a colour have that of the lane.
_STYLES: dict[str, dict[str, Any]] = {
    "v": {"markersize": 4.5},
    "x": {"markersize": 5, "color": INK, "markeredgewidth": 1.4},
    "o": {"markersize": 5, "color": INK, "markeredgewidth": 1.2, "markerfacecolor": "white"},
    "|": {"markersize": 3.6, "color": INK, "markeredgewidth": 1.2},
}


def _mark(
    axis: Any,
    start: float,
    end: float,
    notes: Transcription,
    chosen: NDArray[np.bool_],
    marker: str,
    height: float = _MARKS,
) -> None:
    here = chosen & (notes.onsets >= start) & (notes.onsets < end)
    for lane, name in enumerate(notes.classes):
        onsets = notes.onsets[here & (notes.labels == name)]
        style = {"color": _COLOURS.get(name, BLUE), **_STYLES[marker]}
        axis.plot(onsets, np.full(len(onsets), lane + height), marker, zorder=3, **style)


def _mark_hits(
    axis: Any, start: float, end: float, notes: Transcription, chosen: NDArray[np.bool_]
) -> None:
    """A triangle for each note, the larger the harder it was struck."""
    here = chosen & (notes.onsets >= start) & (notes.onsets < end)
    velocities = np.full(len(notes.onsets), 0.6)
    if notes.velocities is not None:
        velocities = notes.velocities.astype(np.float64)
    for lane, name in enumerate(notes.classes):
        mine = here & (notes.labels == name)
        least, most = _SIZES
        axis.scatter(
            notes.onsets[mine],
            np.full(mine.sum(), lane + _MARKS),
            (least + (most - least) * velocities[mine]) ** 2,
            marker="v", color=_COLOURS.get(name, BLUE), linewidths=0, zorder=3,
        )  # fmt: skip


def _explain(axis: Any, reference: Reference) -> None:
    """The legend of the marks, with the number of each."""
    from matplotlib.lines import Line2D

    right, found = reference.right, reference.found
    meanings = {
        "v": f"hit: {right.sum()}",
        "x": f"false alarm: {(~right).sum()}",
        "o": f"missed: {(~found).sum()}",
        "|": f"reference: {len(found)}",
    }
    marks = [
        Line2D([], [], linestyle="", marker=marker, label=text, **{"color": INK, **_STYLES[marker]})
        for marker, text in meanings.items()
    ]
    explain(axis, marks)


def _thin(
    times: NDArray[np.float64], values: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """At most `_COLUMNS` points: of neighbouring frames the greatest, so that no peak is lost."""
    step = math.ceil(len(times) / _COLUMNS)
    if step <= 1:
        return times, values
    starts = np.arange(0, len(times), step)
    return times[starts], np.maximum.reduceat(values, starts, axis=0)
