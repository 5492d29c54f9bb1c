"""Parts of a mixture that was made louder or softer than they are."""

import numpy as np
import pytest

from bandscribe.training.activity.envelopes import match_levels
from bandscribe.training.activity.pieces import Mixture


def test_parts_are_as_loud_as_they_are_heard() -> None:
    rng = np.random.default_rng(0)
    parts = {name: rng.standard_normal(1000).astype(np.float32) for name in ("vio", "pia")}
    heard = 0.1 * (parts["vio"] + parts["pia"])
    made = match_levels(Mixture(heard, parts))
    assert made.mixture is heard
    for name, part in parts.items():
        assert made.parts[name] == pytest.approx(0.1 * part, rel=1e-5)
        assert made.parts[name].dtype == np.float32


def test_where_nobody_plays_noise_is_nobodys() -> None:
    noise = np.full(1000, 0.01, dtype=np.float32)
    made = match_levels(Mixture(noise, {"vio": np.full(1000, 1e-6, dtype=np.float32)}))
    assert not made.parts["vio"].any()
