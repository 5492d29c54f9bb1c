"""Parts of a mixture that was made louder or softer than they are."""

import numpy as np
import pytest

from bandscribe.training.activity.envelopes import match_levels


def test_parts_are_as_loud_as_they_are_heard() -> None:
    rng = np.random.default_rng(0)
    parts = {name: rng.standard_normal(1000).astype(np.float32) for name in ("vio", "pia")}
    heard = 0.1 * (parts["vio"] + parts["pia"])
    mixture, matched = match_levels(heard, parts)
    assert mixture is heard
    for name, part in parts.items():
        assert matched[name] == pytest.approx(0.1 * part, rel=1e-5)
        assert matched[name].dtype == np.float32


def test_where_nobody_plays_noise_is_nobodys() -> None:
    noise = np.full(1000, 0.01, dtype=np.float32)
    _, matched = match_levels(noise, {"vio": np.full(1000, 1e-6, dtype=np.float32)})
    assert not matched["vio"].any()
