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


def test_the_energies_of_the_report_stand_beside_levels() -> None:
    """Both spectra are rows, labelled, whatever all other rows are given."""
    for given in ({}, {"features": '{"scale": "levels"}'}):
        scales = {}
        for name in ("report", "power", "levels"):
            row = hits.ROWS[name]
            recipe = resolve_member("hits", {"model": "report"}, given, row.members[0])
            scales[row.label] = front_end(recipe).scale
        assert scales == {
            "the report's final model": "levels" if given else "power",
            "power, as the report": "power",
            "levels in dB": "levels",
        }
    assert set(hits.QUESTIONS["spectrogram"]) >= {"report", "power", "levels"}
