"""Pictures of comparisons, and of what augmentation does."""

from pathlib import Path

import numpy as np
import pytest

from bandscribe.display import augmentation, comparison
from bandscribe.display.comparison import Bar, Panel

pytest.importorskip("matplotlib")


def test_bars_are_drawn_the_same_each_time(tmp_path: Path) -> None:
    from matplotlib.image import imread

    bars = [
        Bar("three_$1 seeds", {"f1": np.array([0.4, 0.5, 0.9]), "cost": np.array([2e3])}),
        Bar("unknown", {"f1": np.array([np.nan]), "cost": np.array([np.nan])}),
        Bar("chance", {"f1": np.array([0.0]), "cost": np.array([1.0])}, beside=True),
    ]
    panels = [Panel("f1", "F1"), Panel("cost", "seconds", logarithmic=True)]
    for name in ("a.png", "b.png"):
        comparison.plot(tmp_path / name, bars, panels, title="why_$1?")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    comparison.plot(tmp_path / "more.png", bars * 2, panels)
    assert imread(tmp_path / "more.png").shape[0] > imread(tmp_path / "a.png").shape[0]
    bars[0] = Bar(bars[0].label, bars[0].values, {"f1": (-0.1, 1.3)})
    comparison.plot(tmp_path / "interval.png", bars, panels, title="why_$1?")
    assert (tmp_path / "interval.png").read_bytes() != (tmp_path / "a.png").read_bytes()
    for nothing in (([], panels), (bars, [])):
        with pytest.raises(ValueError, match="bars, panels: expected at least one"):
            comparison.plot(tmp_path / "x.png", *nothing)


def test_versions_are_drawn_beside_what_they_were(tmp_path: Path) -> None:
    from matplotlib.image import imread

    rng = np.random.default_rng(0)

    def version(name: str) -> augmentation.AugmentedClip:
        samples = rng.standard_normal(4410).astype(np.float32)
        return augmentation.AugmentedClip(
            name, samples, -80 * rng.random((9, 256), dtype=np.float32)
        )

    before, after = version("before"), version("noise_$1")
    masked = augmentation.AugmentedClip("masks", before.samples, after.levels)
    augmentation.plot(tmp_path / "one.png", before, [after], 44100, title="a_$1 file")
    augmentation.plot(tmp_path / "two.png", before, [after, masked], 44100)
    assert imread(tmp_path / "two.png").shape[0] > imread(tmp_path / "one.png").shape[0]
    with pytest.raises(ValueError, match="after: expected at least one"):
        augmentation.plot(tmp_path / "x.png", before, [], 44100)
