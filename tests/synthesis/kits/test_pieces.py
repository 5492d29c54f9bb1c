"""Single hits cut from recordings, and the pieces they make up."""

import numpy as np
import pytest
from tiny_kits import RATE, stroke

from bandscribe.synthesis.kits import pieces


def test_begins_within_a_millisecond_of_the_onset():
    hit = pieces.cut(stroke(silence=0.123)[None], RATE, "sd")
    assert hit is not None
    assert int(np.argmax(np.abs(hit.microphones[0]))) == 44  # 1 ms


def test_tail_ends_60_db_below_the_peak():
    # exp(-t / 0.05) falls by 60 dB in 0.05 * ln(1000) = 0.345 s; steps are 10 ms.
    hit = pieces.cut(stroke(length=1.0)[None], RATE, "sd")
    assert hit is not None
    assert hit.microphones.shape[1] / RATE == pytest.approx(0.345 + 0.001, abs=0.01)


@pytest.mark.parametrize(("articulation", "seconds"), [("lt", 1.5), ("cr", 3.0)])
def test_longest(articulation, seconds):
    hit = pieces.cut(stroke(length=4.0, decay=2.0)[None], RATE, articulation)
    assert hit is not None
    assert hit.microphones.shape[1] == seconds * RATE
    assert hit.microphones[0, -1] == 0


def test_slow_swell_begins_where_it_begins():
    t = np.arange(2 * RATE) / RATE
    swell = (np.sin(2 * np.pi * 4000 * t) * np.minimum(t / 0.5, 1) * np.exp(-t)).astype(np.float32)
    hit = pieces.cut(np.pad(swell, (RATE, 0))[None], RATE, "cr")
    assert hit is not None
    peak_at = np.argmax(np.abs(hit.microphones[0])) / RATE
    assert peak_at == pytest.approx(np.argmax(np.abs(swell)) / RATE, abs=0.015)


def test_microphones_stay_aligned():
    close = stroke(silence=0.05)
    room = 0.5 * np.roll(close, 300)
    hit = pieces.cut(np.stack([close, room]), RATE, "sd")
    assert hit is not None
    first, second = np.argmax(np.abs(hit.microphones), axis=1)
    assert second - first == 300


def test_loudness_is_the_power_of_the_first_300_ms():
    # Mean power of a * cos: a² / 2; two microphones of a and 0 have the mean a / 2.
    tone = stroke(silence=0.0, length=1.0, level=0.5, frequency=1000, decay=1e9)
    two = np.stack([tone, np.zeros_like(tone)])
    assert pieces.loudness_db(tone[None], RATE) == pytest.approx(-9.03, abs=0.01)
    assert pieces.loudness_db(two, RATE) == pytest.approx(-9.03 - 6.02, abs=0.01)
    short = tone[None, : round(0.15 * RATE)]
    assert pieces.loudness_db(short, RATE) == pytest.approx(-9.03 - 3.01, abs=0.01)


def test_silence_is_no_hit():
    assert pieces.cut(np.zeros((1, 100), dtype=np.float32), RATE, "kd") is None
    assert pieces.cut(np.zeros((1, 0), dtype=np.float32), RATE, "kd") is None


def test_a_drum_struck_twice_is_no_hit():
    twice = np.concatenate([stroke(), stroke()])[None]
    assert pieces.cut(twice, RATE, "sd") is None
    assert pieces.cut(twice, RATE, "clap") is not None


def test_a_late_attack_is_no_hit():
    late = np.concatenate([np.full(round(0.1 * RATE), 0.1, np.float32), stroke(silence=0)])
    assert pieces.cut(late[None], RATE, "phh") is None


HIT = pieces.RecordedHit(np.ones((1, 10), dtype=np.float32), RATE, -10.0)


def test_stack_sorts_and_leaves_out_empty_layers():
    piece = pieces.stack("snare", "sd", [(1.0, [HIT]), (0.5, []), (0.3, [HIT] * 2)])
    assert piece is not None
    assert piece.velocities == (0.3, 1.0)
    assert [len(layer) for layer in piece.layers] == [2, 1]
    assert pieces.stack("snare", "sd", [(1.0, [])]) is None


@pytest.mark.parametrize("velocities", [(0.5,), (0.5, 0.5), (0.0, 1.0), (0.5, 1.1)])
def test_velocities_ascend(velocities):
    with pytest.raises(ValueError, match="velocities"):
        pieces.KitPiece("snare", "sd", ((HIT,), (HIT,)), velocities)


def test_unknown_articulation():
    with pytest.raises(ValueError, match="articulation"):
        pieces.KitPiece("gong", "gong", ((HIT,),), (1.0,))
