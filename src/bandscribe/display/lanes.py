"""Pictures of who plays when: a lane for each instrument, as an arrangement is drawn.

A bar lies where an instrument plays; the louder it plays, the stronger is its colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from bandscribe.types import Activations, Segment, Transcription

#: Families from the top of a score to its bottom, each with its colour.
_FAMILIES = {
    RED: ("voi",), ORANGE: ("flu", "cla", "sax", "tru"), PURPLE: ("vio", "cel"),
    GREEN: ("pia", "org"), BLUE: ("gac", "gel", "bas"), "#4A4A4A": ("dru",),
}  # fmt: skip
_COLOURS = {name: colour for colour, names in _FAMILIES.items() for name in names}
#: Kinds of strokes from the bottom up: what they are called, and their colour.
_STROKES = {
    "KD": ("kick", BLUE), "SD": ("snare", RED), "TT": ("toms", PURPLE), "HH": ("hi-hat", GREEN),
    "CY": ("cymbals", ORANGE),
}  # fmt: skip

_RANGE_DB = 30.0  # from the palest colour to the strongest
_PALEST = 0.12  # of a colour on white
_BLUR, _SHORTEST = 1 / 300, 0.2  # of the time, and seconds: the reach of a level
_WIDTH = 13.0  # inch
_LANE = 0.44  # inch
_BAR = 0.7  # of a lane
_SELDOM = 0.01  # of the time: who plays less has no lane
_APART = 1 / 400  # of the time: bars that are nearer are drawn as one
_STROKE_LANES = 1.6  # the height of the strokes
_COLUMNS = 1600  # points in a row; more than the picture shows
_SAMPLES = 4  # colours that are explained
_GREY = "#777777"
#: Steps between the numbers on the axis, in seconds.
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
_MOST_STEPS = 16


def plot(
    path: str | Path,
    level: Activations,
    segments: Sequence[Segment],
    duration: float,
    *,
    names: Mapping[str, str] | None = None,
    strokes: Transcription | None = None,
    title: str = "",
) -> None:
    """Draw the stretches in which instruments play into `path`: png, or what matplotlib knows.

    `level` in dB (frame, class), `duration` in seconds. The strongest colour is that of the
    loudest moment that is drawn. Classes that play in less than a hundredth of the time are listed
    below. `names` are titles of classes. `strokes` are notes of the drums, of five kinds, with
    a lane of their own.

    Raises ValueError for other values than levels.
    """
    if level.kind != "level_db":
        raise ValueError(f"level: expected levels in dB, got a {level.kind}")
    called = {name: name for name in level.classes} | dict(names or {})
    length = max(duration, 1 / level.frame_rate)
    played: dict[str, list[tuple[float, float]]] = {}
    for label, start, end, _ in segments:
        played.setdefault(label, []).append((start, end))
    shares = {name: sum(e - s for s, e in mine) / length for name, mine in played.items()}
    order = [name for name in _COLOURS if name in level.classes]
    order += [name for name in level.classes if name not in _COLOURS]
    shown = [name for name in order if shares.get(name, 0) >= _SELDOM]
    below = _STROKE_LANES if strokes else 0.0
    height = max(1.0, below + len(shown))

    figure = begin(_WIDTH, height * _LANE + 1.45, title)
    axis = figure.subplots()
    _set_up(axis, height, length)
    smooth = {name: _smooth(level, level.classes.index(name), length) for name in shown}
    loudest = max((values.max() for values in smooth.values()), default=0.0)
    for place, name in enumerate(shown):
        row = height - 1 - place
        colour = _COLOURS.get(name, BLUE)
        strength = (1 - (loudest - smooth[name]) / _RANGE_DB).clip(0, 1)
        _draw_bars(axis, row, colour, strength, played[name], length)
        _name_lane(axis, row + 0.5, called[name], colour)
        _format_share(axis, row + 0.5, shares[name])
    if strokes:
        _draw_strokes(axis, strokes, length)
    others = _name_others({called[name]: played.get(name) for name in order if name not in shown})
    axis.set_xlabel(others, fontsize=8.5, color=_GREY, loc="left", labelpad=9)
    if shown:
        _explain(axis, loudest)
    save(path, figure)


def _set_up(axis: Any, height: float, length: float) -> None:
    """Time in minutes and seconds, and a line at each number."""
    step = next((step for step in _STEPS if length / step <= _MOST_STEPS), 0)
    step = step or 3600 * int(np.ceil(length / 3600 / _MOST_STEPS))
    ticks = np.arange(0, length + 1e-6, step).astype(int)
    axis.set_xlim(0, length)
    axis.set_ylim(-0.06, height)
    axis.set_xticks(ticks, labels=[_clock(tick) for tick in ticks])
    axis.set_yticks([])
    style(axis, grid="x")
    axis.tick_params(axis="x", pad=5)


def _clock(seconds: float) -> str:
    """Minutes and whole seconds, of which no more have passed."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _smooth(level: Activations, column: int, length: float) -> NDArray[np.float64]:
    """Mean level in dB around each of `_COLUMNS` moments: phrases, and not each stroke."""
    powers = 10 ** (level.values[:, column].astype(np.float64) / 10)
    total = np.concatenate([[0.0], np.cumsum(powers)])
    middle = (np.arange(_COLUMNS) + 0.5) / _COLUMNS * length
    reach = max(_SHORTEST, _BLUR * length) / 2
    first, last = (
        np.rint((middle + side) * level.frame_rate).clip(0, len(powers)).astype(int)
        for side in (-reach, reach)
    )
    first = np.minimum(first, len(powers) - 1)
    last = np.maximum(last, first + 1)
    return np.asarray(10 * np.log10((total[last] - total[first]) / (last - first) + 1e-9))


def _draw_bars(
    axis: Any,
    row: float,
    colour: str,
    strength: NDArray[np.float64],
    stretches: Sequence[tuple[float, float]],
    length: float,
) -> None:
    """A bar for each stretch, coloured by the strength (column,) in [0, 1]."""
    bottom = row + (1 - _BAR) / 2
    stretches = _join(stretches, length * _APART)
    axis.axhline(row + 0.5, color=PALE, linewidth=0.8, zorder=1)
    image = np.zeros((1, _COLUMNS, 4))
    image[0, :, :3] = _mix(colour, strength)
    for stretch in stretches:
        first, last = (round(seconds / length * _COLUMNS) for seconds in stretch)
        image[0, first : max(first + 1, last), 3] = 1
    axis.imshow(
        image, extent=(0, length, bottom, bottom + _BAR), aspect="auto", interpolation="nearest",
        zorder=2,
    )  # fmt: skip
    bars = [(start, end - start) for start, end in stretches]
    axis.broken_barh(
        bars, (bottom, _BAR), facecolor="none", edgecolor=colour, linewidth=0.6, zorder=3
    )


def _join(stretches: Sequence[tuple[float, float]], gap: float) -> list[tuple[float, float]]:
    """Join segments less than `gap` seconds apart: their outlines would hide their content."""
    joined: list[tuple[float, float]] = []
    for start, end in stretches:
        if joined and start - joined[-1][1] < gap:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return joined


def _mix(colour: str, strength: NDArray[np.float64]) -> NDArray[np.float64]:
    """The colour on white, (n, 3), from its palest to its full strength."""
    from matplotlib.colors import to_rgb

    share = _PALEST + (1 - _PALEST) * strength[:, np.newaxis]
    return np.asarray(1 - share * (1 - np.array(to_rgb(colour))))


def _name_lane(axis: Any, height: float, name: str, colour: str, size: float = 11) -> None:
    axis.text(
        -0.008, height, name, ha="right", va="center", fontsize=size, fontweight="bold",
        color=colour, transform=axis.get_yaxis_transform(), parse_math=False,
    )  # fmt: skip


def _format_share(axis: Any, height: float, share: float) -> None:
    """The share of the time that an instrument plays."""
    axis.text(
        1.008, height, f"{share:.0%}", va="center", fontsize=9.5, color=INK,
        transform=axis.get_yaxis_transform(),
    )  # fmt: skip


def _name_others(played: Mapping[str, Sequence[tuple[float, float]] | None]) -> str:
    """Of the classes without a lane, those that play a little, and when first; and all others."""
    seldom = [f"{name} ({_clock(times[0][0])})" for name, times in played.items() if times]
    never = [name for name, times in played.items() if not times]
    parts = (("seldom", seldom), ("never", never))
    return "; ".join(f"{what}: {', '.join(who)}" for what, who in parts if who)


def _draw_strokes(axis: Any, strokes: Transcription, length: float) -> None:
    """A short line for each, kinds above each other in the lowest lane."""
    height = (_STROKE_LANES - 0.2) / len(_STROKES)
    width = 1.0 if length <= 60 else 0.5
    for place, (kind, (name, colour)) in enumerate(_STROKES.items()):
        times = strokes.onsets[strokes.labels == kind]
        bottom = 0.08 + place * height
        axis.vlines(times, bottom, bottom + 0.8 * height, color=colour, linewidth=width, zorder=3)
        _name_lane(axis, bottom + 0.4 * height, name, colour, size=7.5)


def _explain(axis: Any, loudest: float) -> None:
    """The legend of the strength of colours."""
    from matplotlib.patches import Patch

    shares = np.linspace(0, 1, _SAMPLES)
    colours = _mix(INK, shares)
    handles = [
        Patch(facecolor=tuple(colour), edgecolor=INK, linewidth=0.6, label=f"{db:.0f} dB")
        for colour, db in zip(colours, loudest + (shares - 1) * _RANGE_DB, strict=True)
    ]
    explain(axis, handles, handlelength=1.6, columnspacing=1.2, labelcolor=INK)
