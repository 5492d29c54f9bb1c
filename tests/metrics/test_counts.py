import numpy as np
import pytest

from bandscribe.metrics.counts import figures, macro, micro, per_class, track_mean


def test_names_follow_the_averages() -> None:
    counts = np.random.default_rng(0).integers(0, 5, size=(4, 2, 3))
    counts[:, 1] = 0
    named = figures(counts, ("KD", "SD"))
    groups = {"micro": micro(counts), "macro": macro(counts), "track_mean": track_mean(counts)}
    for group, scores in (groups | per_class(counts, ("KD", "SD"))).items():
        for name in ("precision", "recall", "f1"):
            assert named[f"{group}.{name}"] == pytest.approx(getattr(scores, name), nan_ok=True)
    assert np.isnan(named["SD.f1"])
    assert named["macro.f1"] == named["KD.f1"]
    assert figures(counts, ("KD", "SD"), 0.0)["macro.f1"] == named["KD.f1"] / 2


def test_no_tracks_no_figures() -> None:
    named = figures(np.zeros((0, 2, 3), dtype=np.int64), ("KD", "SD"))
    assert all(np.isnan(value) for value in named.values())
