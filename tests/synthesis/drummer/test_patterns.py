from collections import Counter

import numpy as np
import pytest

from bandscribe.synthesis.drummer import patterns, styles
from bandscribe.synthesis.drummer.patterns import draw_pattern
from bandscribe.vocabulary import ARTICULATION_TO_10, ARTICULATIONS, DRUMS_10


@pytest.fixture(scope="module")
def draws():
    rng = np.random.default_rng(1)
    return [draw_pattern(rng, 10.0) for _ in range(300)]


def test_same_seed_same_pattern():
    first, second = (draw_pattern(np.random.default_rng(7), 6.0) for _ in range(2))
    np.testing.assert_array_equal(first.onsets, second.onsets)
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_array_equal(first.velocities, second.velocities)
    np.testing.assert_array_equal(first.beats.times, second.beats.times)
    other = draw_pattern(np.random.default_rng(8), 6.0)
    assert not np.array_equal(first.onsets, other.onsets)


def test_onsets_and_beats_lie_inside(draws):
    for draw in draws:
        assert draw.classes == ARTICULATIONS and draw.duration == 10.0
        for times in (draw.onsets, draw.beats.times):
            assert times.size == 0 or (times.min() >= 0 and times.max() < 10.0)
        steps = np.diff(draw.beats.times)
        np.testing.assert_allclose(steps, steps[0])
        assert 60 / 440 - 1e-9 <= steps[0] <= 60 / 50 + 1e-9  # the beats of 7/8 are eighths
        turns = np.diff(draw.beats.positions)
        assert np.all((turns == 1) | (draw.beats.positions[1:] == 1))


def test_classes_are_represented(draws):
    counts = Counter(ARTICULATION_TO_10[label] for draw in draws for label in draw.labels.tolist())
    total = sum(counts[name] for name in DRUMS_10)
    share = {name: counts[name] / total for name in DRUMS_10}
    bounds = {
        "KD": (0.19, 0.29), "SD": (0.17, 0.27), "SS": (0.018, 0.05), "CHH": (0.19, 0.31),
        "OHH": (0.03, 0.08), "HT": (0.02, 0.05), "MT": (0.02, 0.05), "LT": (0.025, 0.065),
        "CR": (0.025, 0.06), "RD": (0.07, 0.14),
    }  # fmt: skip
    assert {n: s for n, s in share.items() if not bounds[n][0] <= s <= bounds[n][1]} == {}
    assert 0.03 < counts[None] / total < 0.2


def test_every_style_and_fill_stays_in_its_bar():
    rng = np.random.default_rng(2)
    for meter in styles.METERS.values():
        for _, _, _, style in styles.STYLES.values():
            for label in ("chh", "rd", "lt"):
                bar = style(rng, meter, label)
                # Random onsets off the grid may lie up to a sixteenth after their step.
                assert all(0 <= p < meter.beats + meter.eighth / 2 for p, _, _ in bar)
                assert all(x in ARTICULATION_TO_10 and 0 < v <= 1 for _, x, v in bar)
        for _ in range(50):
            notes = styles.fill(rng, meter, meter.beats - 1.0)
            assert all(meter.beats - 1 <= p < meter.beats for p, _, _ in notes)


def test_swing_delays_the_off_beat_only():
    # A ratio of 2/3 is the triplet feel: the off-beat eighth moves from 1/2 to 2/3.
    assert patterns._swing(3.5, 2 / 3, 1.0) == pytest.approx(3 + 2 / 3)
    assert patterns._swing(3.0, 2 / 3, 1.0) == pytest.approx(3.0)
    assert patterns._swing(3.25, 2 / 3, 1.0) == pytest.approx(3 + 1 / 3)
    assert patterns._swing(3.75, 2 / 3, 0.5) == pytest.approx(3.5 + 1 / 3)
    assert patterns._swing(0.3, 0.5, 1.0) == 0.3


def test_hats_struck_at_once_sound_once():
    notes = [(1.0, "chh", 0.9), (1.0, "ohh", 0.4), (1.0, "kd", 0.5), (1.0, "kd", 0.8)]
    beats = draw_pattern(np.random.default_rng(0), 1.0).beats
    kept = patterns.gather(notes, 0.5, 0.0, 1.0, beats)
    assert list(zip(kept.onsets, kept.labels, kept.velocities, strict=True)) == [
        (0.5, "kd", 0.8),
        (0.5, "ohh", 0.4),
    ]


def test_duration_must_be_positive():
    with pytest.raises(ValueError, match="duration: expected a positive"):
        draw_pattern(np.random.default_rng(0), 0.0)
