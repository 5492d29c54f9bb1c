"""Every feature of a clip over its time, one under the other; several versions side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.display.figures import (
    BLUE,
    INK,
    ORANGE,
    RED,
    begin,
    plot_outline,
    save,
    style,
    style_bar,
)  # fmt: skip
from bandscribe.features.frames import decibels

_LINES = 3  # dimensions; a feature of so many is drawn as curves, of more as an image
_HEIGHTS = {"curve": 0.75, "image": 1.1, "spectrum": 1.7}  # inches
_WIDTH = 7.5  # inch, of a version
_POINTS = 3000  # of an outline; more than the picture shows
_STYLES = ((BLUE, "-"), (ORANGE, "-"), (RED, "--"))
_UNITS = {
    "centroid": "Hz", "bandwidth": "Hz", "rolloff": "Hz", "contrast": "dB", "mel": "dB",
    "log": "dB",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class ClipVersion:
    """A clip, under its `name`: `samples` (n,) at `sample_rate` Hz, and its features by name.

    Features are (frame, dimension), frame `i` centred on `i / frame_rate` seconds.
    """

    name: str
    samples: NDArray[np.float32]
    sample_rate: int
    features: Mapping[str, NDArray[np.float32]]
    frame_rate: float
    meanings: Mapping[str, Sequence[str]] = field(default_factory=dict)


def plot(path: str | Path, versions: Sequence[ClipVersion], *, title: str = "") -> None:
    """Draw into `path`.

    A row per feature of the first version, a column per version; a row has one scale, so that
    versions can be compared. Mel powers are drawn in dB, coefficients of a polynomial each as a
    share of its largest.

    Raises ValueError for no version, or versions of different features.
    """
    if not versions or any(list(v.features) != list(versions[0].features) for v in versions):
        raise ValueError("versions: expected one or more, all of the same features")
    names = list(versions[0].features)
    kinds = [_kind(name, versions[0].features[name].shape[1]) for name in names]
    heights = [_HEIGHTS["curve"], *(_HEIGHTS[kind] for kind in kinds)]
    figure = begin(_WIDTH * len(versions) + 2, sum(heights) + 1, title)
    axes = figure.subplots(
        len(heights), len(versions), height_ratios=heights, sharex=True, sharey="row", squeeze=False
    )
    for column, version in zip(axes.T, versions, strict=True):
        seconds = len(version.samples) / version.sample_rate
        plot_outline(column[0], version.samples, seconds, points=_POINTS)
        column[0].set_xlim(0, max(seconds, 1e-3))
        style(column[0], title=version.name)
        column[-1].set_xlabel("seconds", fontsize=9, color=INK)
    for row, name, kind in zip(axes[1:], names, kinds, strict=True):
        shown = [_scale(name, version.features[name]) for version in versions]
        if kind == "curve":
            _draw_curves(row, shown, versions, name)
        else:
            # A few loud frames, or the level among cepstral coefficients, are not to hide the rest.
            _draw_images(row, shown, versions, name, 1 if kind == "spectrum" else 4)
    for row, name, kind in zip(axes, ["samples", *names], ["", *kinds], strict=True):
        unit = _UNITS.get(name.partition("_")[0])
        label = f"{name} ({unit})" if unit else name
        row[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9.5, color=INK)
        for axis in row:
            style(axis, grid="y" if kind == "curve" else "")
    save(path, figure)


def _kind(name: str, size: int) -> str:
    if size <= _LINES:
        return "curve"
    return "spectrum" if name.startswith(("mel", "log_spectrogram")) else "image"


def _scale(name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    if name.startswith("mel"):
        return decibels(values, reference=float(values.max(initial=0)))
    if name.startswith("polynomial") and values.shape[1] > 1:
        largest = np.abs(values).max(axis=0, initial=0)
        return np.asarray(values / np.where(largest > 0, largest, 1), dtype=np.float32)
    return values


def _draw_curves(
    row: Sequence[Any], shown: Sequence[Any], versions: Sequence[ClipVersion], name: str
) -> None:
    for axis, values, version in zip(row, shown, versions, strict=True):
        seconds = np.arange(len(values)) / version.frame_rate
        meanings = version.meanings.get(name, [str(i) for i in range(values.shape[1])])
        for curve, (colour, line), meaning in zip(values.T, _STYLES, meanings, strict=False):
            axis.plot(seconds, curve, line, color=colour, linewidth=1.1, label=meaning)
        if values.shape[1] > 1:
            axis.legend(
                loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=7.5,
                labelcolor=INK, handlelength=1,
            )  # fmt: skip


def _draw_images(
    row: Sequence[Any],
    shown: Sequence[Any],
    versions: Sequence[ClipVersion],
    name: str,
    beyond: float,
) -> None:
    """Colours from a percentile, `beyond`, to the one as far from the top."""
    values = np.concatenate([values.ravel() for values in shown])
    low, high = np.percentile(values, [beyond, 100 - beyond]) if values.size else (0, 1)
    for axis, image, version in zip(row, shown, versions, strict=True):
        half = 0.5 / version.frame_rate
        size = image.shape[1]
        extent = (-half, len(image) / version.frame_rate - half, -0.5, size - 0.5)
        drawn = axis.imshow(
            image.T, origin="lower", aspect="auto", cmap="magma", vmin=low,
            vmax=max(high, low + 1e-9), extent=extent,
            interpolation="nearest" if size < 50 else "antialiased",
        )  # fmt: skip
        meanings = version.meanings.get(name, [str(i) for i in range(size)])
        places = range(size) if size <= 7 else (0, size // 2, size - 1)
        axis.set_yticks(list(places), labels=[meanings[place] for place in places])
    bar = row[-1].figure.colorbar(drawn, ax=list(row), pad=0.01, aspect=8, fraction=0.03)
    style_bar(bar)
