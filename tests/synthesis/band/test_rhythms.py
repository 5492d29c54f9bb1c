"""Rhythms that follow a bar of drums."""

import numpy as np
import pytest

from bandscribe.synthesis.band.rhythms import RhythmNote, with_cymbals, with_kicks
from bandscribe.synthesis.drummer.styles import METERS, Note

BAR: list[Note] = [
    (0.0, "kd", 0.9), (1.75, "kd", 0.8), (2.5, "kd", 0.8), (1.0, "sd", 0.9), (3.0, "sd", 0.9),
    (3.75, "sd", 0.2), *((i / 2, "chh", 0.6) for i in range(8)),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_every_kick_has_a_stroke_and_kicks_are_the_loud_ones(seed: int) -> None:
    strokes = with_kicks(np.random.default_rng(seed), METERS["4/4"], BAR)
    places = [s.at for s in strokes]
    assert {0.0, 1.75, 2.5} <= set(places)
    assert places == sorted(set(places))
    on, off = ([s.loud for s in strokes if (s.at in (0.0, 1.75, 2.5)) == k] for k in (True, False))
    assert min(on) >= max(off, default=0.0)
    for stroke, following in zip(strokes, [*places[1:], 4.0], strict=True):
        assert 0 < stroke.length <= max(0.08, following - stroke.at)


def test_a_walking_bass_goes_on_walking() -> None:
    walk = [RhythmNote(float(i), 0.9, 0.7, tone) for i, tone in enumerate((0, 4, 7, 9))]
    strokes = with_kicks(np.random.default_rng(0), METERS["4/4"], BAR, walk)
    assert [s.at for s in strokes] == [0.0, 1.0, 1.75, 2.0, 2.5, 3.0]
    assert [s.tone for s in strokes if s.at in (0.0, 1.0, 2.0, 3.0)] == [0, 4, 7, 9]


@pytest.mark.parametrize("seed", range(8))
def test_chords_come_with_the_hats_and_accent_the_snare(seed: int) -> None:
    strokes = with_cymbals(np.random.default_rng(seed), METERS["4/4"], BAR)
    assert [s.at for s in strokes] == [i / 2 for i in range(8)]
    accents = [s.loud for s in strokes if s.at in (1.0, 3.0)]  # not with the ghost note
    assert min(accents) > max(s.loud for s in strokes if s.at not in (1.0, 3.0)) - 0.02


def test_nothing_to_follow_is_an_empty_bar() -> None:
    rng = np.random.default_rng(0)
    assert with_kicks(rng, METERS["4/4"], [n for n in BAR if n[1] != "kd"]) == []
    assert with_cymbals(rng, METERS["4/4"], BAR[:6]) == []
