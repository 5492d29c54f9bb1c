"""The steps on the way to the report's final model, as recipes; nothing is trained."""

from __future__ import annotations

import pytest

from bandscribe.studies import hits
from bandscribe.studies.runs import resolve_member
from bandscribe.training.hits.recipe import front_end

pytest.importorskip("torch")


def test_each_step_keeps_what_those_before_it_changed() -> None:
    made = {}
    for name in hits.QUESTIONS["steps"]:
        own = {"clips": "clean", **hits.ROWS[name].members[0]}
        recipe = resolve_member("hits", {"model": "report"}, {"classes": "kd,sd"}, own)
        bands = front_end(recipe)
        made[name.removeprefix("figure_")] = (
            recipe.clips[0], recipe.seconds, bands.sample_rate, bands.n_fft, bands.hop_length,
            bands.n_mels, recipe.learning_rate,
        )  # fmt: skip
    first, last = (400, 200, 128), (2048, 512, 256)
    assert made == {
        "report": ("clean", 0.5, 32000, *last, 1e-3),
        "6": ("half_unclean", 1.0, 44100, *first, 1e-3),
        "7": ("half_unclean", 0.5, 44100, *first, 1e-3),
        "8": ("half_unclean", 0.5, 44100, *first, 1e-3),
        "9": ("half", 0.5, 44100, *first, 1e-3),
        "10": ("half", 0.5, 22500, *first, 1e-3),
        "11": ("half", 0.5, 22500, 400, 100, 128, 1e-3),
        "12": ("half", 0.5, 32000, *first, 1e-3),
        "13": ("half", 0.5, 32000, *last, 1e-3),
        "15": ("clean", 0.5, 32000, *last, 1e-4),
        "16": ("clean", 0.5, 44100, *last, 1e-4),
    }
