"""Pictures of features: one clip, two versions of it, and which features tell classes apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bandscribe.display import clip, significance

pytest.importorskip("matplotlib")


def version(name: str, gain: float, frames: int = 20) -> clip.ClipVersion:
    rng = np.random.default_rng(frames)
    sizes = {"rms": 1, "polynomial_1": 2, "tonnetz": 6, "mel_128": 128}
    return clip.ClipVersion(
        name,
        (gain * rng.standard_normal(512 * frames)).astype(np.float32),
        44100,
        {
            feature: gain * rng.random((frames, size), dtype=np.float32)
            for feature, size in sizes.items()
        },
        44100 / 512,
        {"tonnetz": ("5x", "5y", "m3x", "m3y", "M3x", "M3y")},
    )


@pytest.mark.parametrize("gain", [0.1, 0.0])
def test_versions_are_drawn_side_by_side(tmp_path: Path, gain: float) -> None:
    from matplotlib.image import imread

    one, two = version("before_$1", gain), version("after", 0.1, frames=1)
    clip.plot(tmp_path / "one.png", [one], title="a_$1 file")
    clip.plot(tmp_path / "two.png", [one, two])
    first, second = (imread(tmp_path / f"{name}.png") for name in ("one", "two"))
    assert second.shape[1] - first.shape[1] == pytest.approx(7.5 * 110, abs=1)


def test_versions_that_cannot_be_compared(tmp_path: Path) -> None:
    one = version("one", 1)
    other = clip.ClipVersion("two", one.samples, 44100, {"rms": one.features["rms"]}, 86.1)
    for versions in ([], [one, other]):
        with pytest.raises(ValueError, match="versions: expected one or more"):
            clip.plot(tmp_path / "x.png", versions)


def test_draws_significance_the_same_each_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    rows = []
    for feature, size in (("rms", 1), ("tonnetz", 6), ("log_spectrogram", 300), ("still", 1)):
        effects = np.full(size, np.nan) if feature == "still" else rng.uniform(-0.1, 0.9, size)
        significant = np.nan_to_num(effects) > 0.3
        standing = np.where(np.isnan(effects), np.nan, rng.standard_normal((3, size)))
        rows.append(
            significance.FeatureRow(
                feature,
                [str(i) for i in range(size)],
                effects,
                significant,
                significant & (rng.random(size) > 0.5),
                standing,
            )
        )
    for name in ("a.png", "b.png"):
        significance.plot(tmp_path / name, rows, ("cel", "cla", "voi"), title="a $1 corpus_x")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with pytest.raises(ValueError, match="rows: expected at least one"):
        significance.plot(tmp_path / "x.png", [], ("cel",))
