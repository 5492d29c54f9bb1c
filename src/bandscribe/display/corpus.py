"""The contents of a corpus, as a plot of six panels.

The panels: each class's share by split, labels per track, tracks and hours by split; which labels
go together, and the lengths of tracks by class and by number of labels (after Harmony Is All You
Need 2023, figures 2.8 to 2.14).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe import splits as split_names
from bandscribe.display.figures import (
    BLUE,
    INK,
    PURPLE,
    RED,
    SPLITS,
    annotate,
    begin,
    save,
    style,
    write_cells,
)  # fmt: skip

_OTHERS = (PURPLE, RED)
_LONG = 120.0  # seconds; above it, lengths are drawn in minutes


def plot(
    path: str | Path,
    *,
    splits: Sequence[str],
    seconds: NDArray[np.float64],
    classes: Sequence[str],
    amounts: NDArray[np.float64],
    unit: str,
    title: str = "",
) -> None:
    """Draw into `path`.

    `splits` and `seconds` (track,) are those of each track; `amounts` (track, class) count `unit`,
    and a class is present in a track where its amount is above 0.

    Raises ValueError where there is no track.
    """
    if not len(seconds):
        raise ValueError("seconds: expected at least one track")
    figure = begin(15.0, 9.4, title)
    top, bottom = figure.subfigures(2, 1, height_ratios=(0.8, 1))
    first = top.subplots(1, 3, width_ratios=(1.7, 1, 0.9))
    second = bottom.subplots(1, 3, width_ratios=(1, 1.15, 0.8))
    order = split_names.order(splits)
    which = np.array([order.index(split) for split in splits])
    present = amounts > 0
    _draw_classes(first[0], classes, amounts, which, order, unit)
    _draw_labels(first[1], present.sum(axis=1), which, order)
    _draw_splits(first[2], seconds, which, order)
    _draw_together(second[0], classes, present)
    _draw_lengths(
        second[1],
        seconds,
        {name: present[:, i] for i, name in enumerate(classes)},
        "length by class",
    )
    labels = present.sum(axis=1)
    _draw_lengths(
        second[2],
        seconds,
        {str(n): labels == n for n in range(labels.min(), labels.max() + 1)},
        "length by number of labels",
    )
    save(path, figure)


def _colour(split: str, order: Sequence[str]) -> str:
    others = [name for name in order if name not in SPLITS]
    return SPLITS.get(split) or _OTHERS[others.index(split) % len(_OTHERS)]


def _stack(
    axis: Any, names: Sequence[str], rows: NDArray[np.float64], order: Sequence[str], digits: int
) -> None:
    """Bars of `rows` (split, name), one split upon the other, with their sums above."""
    bottom = np.zeros(len(names))
    for split, row in zip(order, rows, strict=True):
        axis.bar(names, row, bottom=bottom, color=_colour(split, order), width=0.75, label=split)
        bottom += row
    for x, total in enumerate(bottom):
        text = f"{total:,.{digits}f}" if total else "0"
        annotate(axis, text, x, total, size=8 if len(names) < 12 or len(text) < 6 else 7)
    axis.set_ylim(0, max(bottom.max(), 1e-9) * 1.12)
    axis.locator_params(axis="y", integer=not digits)
    _leave_room(axis, len(names))


def _draw_classes(
    axis: Any,
    classes: Sequence[str],
    amounts: NDArray[np.float64],
    which: NDArray[np.int64],
    order: Sequence[str],
    unit: str,
) -> None:
    rows = np.stack([amounts[which == i].sum(axis=0) for i in range(len(order))])
    if unit == "hours" and rows.sum(axis=0).max() < 1:
        rows, unit = rows * 60, "minutes"
    total = rows.sum(axis=0)
    digits = 0 if np.all(total == np.round(total)) else 2 if total.max() < 10 else 1
    _stack(axis, classes, rows, order, digits)
    _finish(
        axis, f"{unit} of activity by class" if unit in ("hours", "minutes") else f"{unit} by class"
    )
    if len(order) > 1:
        axis.legend(frameon=False, fontsize=9, ncols=len(order), labelcolor=INK)
        axis.set_ylim(0, axis.get_ylim()[1] * 1.1)


def _draw_labels(
    axis: Any, labels: NDArray[np.int64], which: NDArray[np.int64], order: Sequence[str]
) -> None:
    numbers = np.arange(labels.min(), labels.max() + 1)
    rows = np.stack(
        [[np.sum((labels == n) & (which == i)) for n in numbers] for i in range(len(order))]
    ).astype(np.float64)
    _stack(axis, [str(n) for n in numbers], rows, order, 0)
    _finish(axis, "tracks by number of labels")


def _draw_splits(
    axis: Any, seconds: NDArray[np.float64], which: NDArray[np.int64], order: Sequence[str]
) -> None:
    scale, unit, letter = (3600, "hours", "h") if seconds.sum() >= 3600 else (60, "minutes", "min")
    times = [seconds[which == i].sum() / scale for i in range(len(order))]
    axis.bar(order, times, color=[_colour(split, order) for split in order], width=0.75)
    for x, time in enumerate(times):
        tracks = int(np.sum(which == x))
        text = f"{time:,.1f} {letter}\n{tracks:,} track{'s' if tracks != 1 else ''}"
        annotate(axis, text, x, time, shift=(0, 3), size=9)
    axis.set_ylim(0, max(times) * 1.25)
    _leave_room(axis, len(order), least=3)
    _finish(axis, f"{unit} by split")


def _draw_together(axis: Any, classes: Sequence[str], present: NDArray[np.bool_]) -> None:
    """Colours show the share of the rarer label's tracks that have the other too."""
    both = present.T.astype(np.int64) @ present.astype(np.int64)
    alone = np.diag(both)
    rarer = np.maximum(np.minimum(alone[:, None], alone[None, :]), 1)
    share = np.where(np.eye(len(classes), dtype=bool), np.nan, both / rarer)
    # A corpus of few pairs is to show them all the same.
    most = max(np.nanmax(share, initial=0.0), 0.01)
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1.3 * most, aspect="auto")
    size = 9 if len(classes) <= 6 else 7 if both.max() < 10_000 else 6
    same = np.eye(len(classes), dtype=bool)
    texts = [[str(number) if number else "" for number in row] for row in both.tolist()]
    write_cells(axis, texts, ~same & (share > 0.7 * most), same, size)
    axis.set_xticks(range(len(classes)), labels=classes)
    _finish(axis, "tracks with both labels (colour: share of the rarer's)")
    axis.spines["bottom"].set_visible(False)
    axis.grid(visible=False)
    axis.set_yticks(range(len(classes)), labels=classes)


def _draw_lengths(
    axis: Any, seconds: NDArray[np.float64], groups: dict[str, NDArray[np.bool_]], title: str
) -> None:
    scale, unit = (60.0, "min") if np.median(seconds) > _LONG else (1.0, "s")
    parts = [seconds[chosen] / scale for chosen in groups.values()]
    boxes = axis.boxplot(
        parts,
        widths=0.6,
        patch_artist=True,
        flierprops={"marker": ".", "markersize": 3, "markeredgecolor": "#888888"},
        medianprops={"color": RED, "linewidth": 1.6},
    )
    for box in boxes["boxes"]:
        box.set(facecolor="#CFE3F0", edgecolor=BLUE)
    axis.set_xticks(range(1, len(groups) + 1), labels=list(groups))
    low, high = seconds.min() / scale, seconds.max() / scale
    if high - low < 0.1 * high:  # all of one length: leave room, so that no noise is magnified
        axis.set_ylim(0, high * 1.2)
    _leave_room(axis, len(groups), first=1)
    _finish(axis, f"{title} ({unit})")


def _leave_room(axis: Any, bars: int, *, first: int = 0, least: int = 5) -> None:
    """Few bars stay as narrow as if they were `least`."""
    room = max(bars, least) / 2
    middle = first + (bars - 1) / 2
    axis.set_xlim(middle - room, middle + room)


def _finish(axis: Any, title: str) -> None:
    axis.yaxis.set_major_formatter("{x:,g}")
    style(axis, title=title, grid="y")
