"""Which features distinguish classes: a row for each feature, the most significant on top.

To the left, a dot for the effect size of each of its dimensions; in the middle, the same in the
order of the dimensions; to the right, where the classes stand in its most significant dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.display.figures import BLUE, INK, ORANGE, PALE, begin, save, style, style_bar

_ROW = 0.5  # inch
_DEVIATIONS = 2.0  # from the mean of all, in the strongest colour
_DARK = 0.6  # share of the strongest colour from which writing on it is white


@dataclass(frozen=True, eq=False)
class FeatureRow:
    """A feature: per dimension what it means, its effect size ω² and two verdicts on it.

    `robust` dimensions are `significant` ones whose verdict does not hang on equal variances.
    `standing` (class, dimension) is in deviations from the mean of all classes. nan is a dimension
    that does not vary.
    """

    feature: str
    meanings: Sequence[str]
    effects: NDArray[np.float64]
    significant: NDArray[np.bool_]
    robust: NDArray[np.bool_]
    standing: NDArray[np.float64]

    @property
    def best(self) -> int:
        """The dimension of the largest effect."""
        return int(np.argmax(np.nan_to_num(self.effects, nan=-np.inf)))


def plot(
    path: str | Path, rows: Sequence[FeatureRow], classes: Sequence[str], *, title: str = ""
) -> None:
    """Draw into `path`. Raises ValueError where there is no row."""
    if not rows:
        raise ValueError("rows: expected at least one feature")
    rows = sorted(rows, key=lambda row: -np.nan_to_num(row.effects[row.best], nan=-1))
    figure = begin(8.5 + 0.55 * max(len(classes), 4), 1.8 + _ROW * max(len(rows), 4), title)
    ratios = (1.5, 1.2, 0.18 * max(len(classes), 4))
    dots, strips, table = figure.subplots(1, 3, width_ratios=ratios)
    _draw_dots(dots, rows)
    _draw_strips(strips, rows)
    _draw_classes(table, rows, classes)
    save(path, figure)


def _draw_dots(axis: Any, rows: Sequence[FeatureRow]) -> None:
    kinds = (
        ("significant, also without equal variances", BLUE, BLUE, lambda r: r.robust),
        ("significant by the analysis of variance alone", ORANGE, ORANGE, _by_anova_alone),
        ("not significant", "none", "#999999", lambda r: ~r.significant),
    )
    for label, face, edge, choose in kinds:
        x, y, sizes = [], [], []
        for place, row in enumerate(rows):
            spread = np.linspace(-0.3, 0.3, len(row.effects)) if len(row.effects) > 1 else [0.0]
            chosen = choose(row) & ~np.isnan(row.effects)
            x.append(row.effects[chosen])
            y.append(place + np.asarray(spread)[chosen])
            sizes.append(np.full(chosen.sum(), 26 if len(row.effects) < 100 else 10))
        axis.scatter(
            np.concatenate(x), np.concatenate(y), np.concatenate(sizes), face, edgecolors=edge,
            label=label, linewidths=0.7, alpha=0.75, clip_on=False, zorder=3,
        )  # fmt: skip
    for place, row in enumerate(rows):
        found, size = int(row.significant.sum()), len(row.effects)
        text = f"{found} of {size}" if size > 1 else "yes" if found else "no"
        axis.text(1.02, place, text, va="center", fontsize=8.5, color=INK)
    axis.set_xlim(min(-0.02, *(np.nanmin(row.effects, initial=0) for row in rows)), 1)
    axis.text(1.02, -0.75, "signif.", fontsize=8.5, color=INK)
    axis.set_yticks(range(len(rows)), labels=[row.feature for row in rows])
    axis.figure.legend(
        loc="outside lower left", ncols=3, frameon=False, fontsize=8.5, labelcolor=INK
    )
    _finish(axis, len(rows), "ω²: share of the variance that the class explains", grid="x")


def _by_anova_alone(row: FeatureRow) -> NDArray[np.bool_]:
    return row.significant & ~row.robust


def _draw_strips(axis: Any, rows: Sequence[FeatureRow]) -> None:
    for place, row in enumerate(rows):
        shown = np.where(row.significant, row.effects, np.nan)
        extent = (0, 1, place + 0.22, place - 0.34)
        axis.imshow(np.zeros((1, 1)), cmap="Greys", vmin=-0.1, vmax=1, extent=extent)
        image = axis.imshow(
            shown[None], cmap="viridis", vmin=0, vmax=1, extent=extent, interpolation="nearest"
        )
        if len(row.effects) > 1:
            for x, side, name in ((0, "left", row.meanings[0]), (1, "right", row.meanings[-1])):
                axis.text(x, place + 0.25, name, ha=side, va="top", fontsize=7, color="#666666")
    axis.set_aspect("auto")
    axis.set_xlim(0, 1)
    axis.set_xticks([])
    axis.set_yticks([])
    beneath = axis.inset_axes((0, -0.35 / len(rows), 1, 0.15 / len(rows)))
    bar = axis.figure.colorbar(image, cax=beneath, orientation="horizontal")
    style_bar(bar, "ω² (grey: not significant)")
    _finish(axis, len(rows), "by dimension")


def _draw_classes(axis: Any, rows: Sequence[FeatureRow], classes: Sequence[str]) -> None:
    standing = np.stack([row.standing[:, row.best] for row in rows])
    axis.imshow(standing, cmap="RdBu_r", vmin=-_DEVIATIONS, vmax=_DEVIATIONS, aspect="auto")
    for (place, column), value in np.ndenumerate(standing):
        if np.isfinite(value):
            dark = abs(value) > _DARK * _DEVIATIONS
            colour = "white" if dark else INK
            axis.text(column, place, f"{value:+.1f}", ha="center", va="center", fontsize=7.5,
                      color=colour)  # fmt: skip
    for place, row in enumerate(rows):
        name = row.meanings[row.best]
        axis.text(len(classes) - 0.4, place, name, va="center", fontsize=8, color=INK)
    axis.set_xticks(range(len(classes)), labels=classes)
    axis.set_yticks([])
    _finish(axis, len(rows), "class means in the best dimension\n(deviations from the mean)")


def _finish(axis: Any, rows: int, title: str, grid: str = "") -> None:
    axis.set_ylim(rows - 0.5, -0.5)
    style(axis, title=title, grid=grid, spine="")
    for edge in np.arange(rows - 1) + 0.5:
        axis.axhline(edge, color=PALE, linewidth=0.5, zorder=0)
