"""The report of the study of features: features.csv, features.json, features.png."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe import __version__
from bandscribe.display import clip as picture
from bandscribe.display import significance
from bandscribe.features.clip import FEATURES, ClipAnalysis
from bandscribe.files import write_csv, write_json
from bandscribe.studies.features import ALPHA, DOUBT, STUDIED, FeatureStudy, name_dimensions
from bandscribe.studies.tables import align


def columns(study: FeatureStudy) -> dict[str, list[Any]]:
    """The columns of features.csv, which has a row per dimension."""
    tests = {
        "f": study.anova.statistic, "p": study.anova.p,
        "p_holm": study.p_holm, "eta2": study.anova.eta2, "omega2": study.anova.omega2,
        "brown_forsythe_f": study.brown_forsythe.statistic,
        "brown_forsythe_p": study.brown_forsythe.p,
        "welch_f": study.welch.statistic, "welch_p": study.welch.p,
        "kruskal_h": study.kruskal.statistic, "kruskal_p": study.kruskal.p,
    }  # fmt: skip
    verdicts = {
        "significant": study.significant,
        "significant_holm": study.p_holm < ALPHA,
        "unequal_variances": study.unequal,
        "robust": study.robust,
    }
    return {
        "feature": [dimension.feature for dimension in study.dimensions],
        "dimension": [dimension.index for dimension in study.dimensions],
        "meaning": [dimension.meaning for dimension in study.dimensions],
        **{name: [_plain(value) for value in values] for name, values in tests.items()},
        **{name: values.astype(int).tolist() for name, values in verdicts.items()},
    }


def summarise(study: FeatureStudy) -> dict[str, dict[str, Any]]:
    """For each feature its dimensions, how many have each verdict, and the best one."""
    found: dict[str, dict[str, Any]] = {}
    for feature, chosen in _rows(study).items():
        best = chosen[int(np.argmax(np.nan_to_num(study.anova.omega2[chosen], nan=-np.inf)))]
        found[feature] = {
            "dimensions": len(chosen),
            "significant": int(study.significant[chosen].sum()),
            "significant_holm": int((study.p_holm[chosen] < ALPHA).sum()),
            "robust": int(study.robust[chosen].sum()),
            "unequal_variances": int(study.unequal[chosen].sum()),
            "median_omega2": _median(study.anova.omega2[chosen]),
            "best": {
                "dimension": study.dimensions[best].index,
                "meaning": study.dimensions[best].meaning,
                "f": _plain(study.anova.statistic[best]),
                "p": _plain(study.anova.p[best]),
                "eta2": _plain(study.anova.eta2[best]),
                "omega2": _plain(study.anova.omega2[best]),
                "standing": {
                    name: _plain(value)
                    for name, value in zip(study.classes, study.standing[:, best], strict=True)
                },
            },
        }
    return found


def tabulate(study: FeatureStudy) -> list[str]:
    """A line per feature, and their interpretation."""
    head = ("", "dim", "signif", "Holm", "robust", "unequal", "median ω²", "best ω²", "η²", "F",
            "p", "at")  # fmt: skip
    rows: list[Sequence[str]] = [head]
    for feature, summary in summarise(study).items():
        best = summary["best"]
        counts = ("dimensions", "significant", "significant_holm", "robust", "unequal_variances")
        rows.append(
            (
                feature,
                *(str(summary[name]) for name in counts),
                _number(summary["median_omega2"], ".2f"),
                _number(best["omega2"], ".2f"),
                _number(best["eta2"], ".2f"),
                _number(best["f"], ".1f"),
                "-" if best["p"] is None else _write_p(best["p"]),
                best["meaning"],
            )
        )
    return [*align(rows), "", *remark(study)]


def remark(study: FeatureStudy) -> list[str]:
    """The assumptions of the tests, and how far they are met."""
    total, unequal = int((~np.isnan(study.anova.p)).sum()), int(study.unequal.sum())
    found, robust = int(study.significant.sum()), int(study.robust.sum())
    holm, clips = int((study.p_holm < ALPHA).sum()), sum(study.counts)
    remarks = [
        f"{found} of {total} dimensions differ between classes: p < {ALPHA:g}, one-way analysis of "
        f"variance; {holm} when corrected for that many tests (Holm).",
        f"That supposes equal variances, in doubt for {unequal} (Brown-Forsythe, p < {DOUBT:g}). "
        f"Welch's and Kruskal and Wallis's tests do without: {robust} of the {found} are robust.",
    ]
    if (recordings := study.recordings) < clips:
        remarks.append(
            f"It supposes independent clips too; these {clips} are of {recordings} recordings."
        )
    return remarks


def write(
    folder: Path, study: FeatureStudy, described: Mapping[str, Any], *, title: str = ""
) -> None:
    """Write features.csv, .json and .png into an existing folder.

    `described` is what features.json says first: what was studied.

    Raises OSError as `bandscribe.files.whole`; ModuleNotFoundError without matplotlib.
    """
    content = {
        "study": "features",
        **described,
        "alpha": ALPHA,
        "alpha_of_unequal_variances": DOUBT,
        "clips": dict(zip(study.classes, study.counts, strict=True)),
        "classes_of_one_clip": study.dropped,
        "features": summarise(study),
        "notes": remark(study),
        "version": __version__,
    }
    plot(folder / "features.png", study, title=title)
    table = columns(study)
    write_csv(folder / "features.csv", list(table), zip(*table.values(), strict=True), digits=6)
    write_json(folder / "features.json", content)


def plot(path: Path, study: FeatureStudy, *, title: str = "") -> None:
    """Plot the effect sizes by feature. Raises as `bandscribe.display.significance.plot`."""
    rows = [
        significance.FeatureRow(
            feature,
            [study.dimensions[i].meaning for i in chosen],
            study.anova.omega2[chosen],
            study.significant[chosen],
            study.robust[chosen],
            study.standing[:, chosen],
        )
        for feature, chosen in _rows(study).items()
    ]
    significance.plot(path, rows, study.classes, title=title)


def plot_clip(path: Path, clip: ClipAnalysis, *, title: str = "") -> None:
    """Plot every feature of a clip over time. Raises as `bandscribe.display.clip.plot`."""
    names: dict[str, list[str]] = {}
    for dimension in name_dimensions(STUDIED):
        names.setdefault(dimension.feature, []).append(dimension.meaning)
    version = picture.ClipVersion(
        "",
        clip.samples,
        clip.sample_rate,
        {name: FEATURES[name](clip) for name in STUDIED},
        clip.frame_rate,
        names,
    )
    picture.plot(path, [version], title=title)


def _rows(study: FeatureStudy) -> dict[str, list[int]]:
    """The dimensions of each feature."""
    found: dict[str, list[int]] = {}
    for row, dimension in enumerate(study.dimensions):
        found.setdefault(dimension.feature, []).append(row)
    return found


def _plain(value: float) -> float | None:
    """Replace nan and infinity, which JSON lacks, by None."""
    return float(value) if math.isfinite(value) else None


def _median(values: Any) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else None


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _write_p(p: float) -> str:
    """A p-value, a small one as 2e-17; <1e-307 below the range of floats."""
    if p < 1e-307:
        return "<1e-307"
    return f"{p:.3f}" if p >= 0.01 else f"{p:.0e}".replace("e-0", "e-")
