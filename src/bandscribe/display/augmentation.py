"""A clip before and after each augmentation: samples to the left, mel bands to the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.display.figures import BLUE, GREY, INK, begin, plot_outline, save, style

_POINTS = 800  # of an outline; more than the picture shows


@dataclass(frozen=True, eq=False)
class AugmentedClip:
    """A clip, by its `name`: `samples` (n,) and `levels` (frame, band) in dB, low bands first."""

    name: str
    samples: NDArray[np.float32]
    levels: NDArray[np.float32]


def plot(
    path: str | Path,
    before: AugmentedClip,
    after: Sequence[AugmentedClip],
    sample_rate: int,
    *,
    title: str = "",
) -> None:
    """Draw into `path`.

    A row per version `after`, beside `before`: a row is a comparison by itself. Where the samples
    are as they were, it says so.

    Raises ValueError where there is no version `after`.
    """
    if not after:
        raise ValueError("after: expected at least one version")
    figure = begin(14, 0.9 + 1.35 * len(after), title)
    axes = figure.subplots(len(after), 4, width_ratios=(2.2, 2.2, 3, 3), sharex=True, squeeze=False)
    seconds = len(before.samples) / sample_rate
    loudest = max(float(np.abs(v.samples).max(initial=1e-6)) for v in (before, *after))
    low = min(float(v.levels.min()) for v in (before, *after))
    for row, version in zip(axes, after, strict=True):
        for axis, shown, colour in ((row[0], before, GREY), (row[1], version, BLUE)):
            plot_outline(axis, shown.samples, seconds, points=_POINTS, colour=colour)
            axis.set_ylim(-1.05 * loudest, 1.05 * loudest)
        for axis, shown in ((row[2], before), (row[3], version)):
            axis.imshow(
                shown.levels.T, origin="lower", aspect="auto", cmap="magma", vmin=low, vmax=0,
                extent=(0, seconds, 0, shown.levels.shape[1]), interpolation="antialiased",
            )  # fmt: skip
        if np.array_equal(before.samples, version.samples):
            row[1].clear()
            row[1].text(
                0.5, 0.5, "samples as they were", ha="center", va="center", fontsize=9,
                color=GREY, transform=row[1].transAxes,
            )  # fmt: skip
        row[0].set_ylabel(
            version.name, rotation=0, ha="right", va="center", fontsize=10, color=INK, labelpad=8
        )
        for axis in row:
            _finish(axis, seconds)
    for axis, heading in zip(
        axes[0],
        ("samples before", "samples after", "mel bands before (dB)", "mel bands after (dB)"),
        strict=True,
    ):
        style(axis, title=heading)
    for axis in axes[-1]:
        axis.set_xlabel("seconds", fontsize=9, color=INK)
    save(path, figure)


def _finish(axis: Any, seconds: float) -> None:
    axis.set_xlim(0, max(seconds, 1e-3))
    axis.set_yticks([])
    style(axis)
