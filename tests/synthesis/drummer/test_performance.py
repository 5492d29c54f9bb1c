import numpy as np
import pytest

from bandscribe.synthesis.drummer import performance
from bandscribe.synthesis.drummer.patterns import draw_pattern
from bandscribe.synthesis.drummer.performance import excerpt, humanise, remap, stretch, warp
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import ARTICULATIONS


def notes(onsets, labels, velocities=None, duration=4.0, beats=None):
    return Transcription(
        np.array(onsets, dtype=np.float64),
        np.array(labels, dtype=np.str_),
        None if velocities is None else np.array(velocities, dtype=np.float64),
        duration,
        ARTICULATIONS,
        beats,
    )


BEATS = Beats(np.arange(0.0, 4.0, 0.5), np.arange(8) % 4 + 1)
PLAYED = notes([0.0, 0.5, 1.25, 3.0], ["kd", "chh", "sd", "cr"], [1, 0.5, 0.2, 0.9], beats=BEATS)


def same(first, second):
    return (
        np.array_equal(first.onsets, second.onsets)
        and np.array_equal(first.labels, second.labels)
        and np.array_equal(first.velocities, second.velocities)
    )


@pytest.mark.parametrize("change", [humanise, remap])
def test_same_seed_same_result(change):
    part = draw_pattern(np.random.default_rng(3), 8.0)
    first, second = (change(part, np.random.default_rng(5)) for _ in range(2))
    assert same(first, second)


@pytest.mark.parametrize("change", [humanise, remap])
def test_results_stay_valid(change):
    rng = np.random.default_rng(4)
    for _ in range(60):
        part = draw_pattern(rng, 4.0)
        result = change(part, rng)
        assert result.duration == 4.0
        assert result.onsets.size == 0 or (result.onsets.min() >= 0 and result.onsets.max() < 4.0)
        for label in set(result.labels.tolist()):
            assert np.all(np.diff(result.onsets[result.labels == label]) >= performance.MIN_GAP)


def test_humanise_keeps_the_part():
    part = draw_pattern(np.random.default_rng(11), 8.0)
    loud = part.onsets[part.velocities >= performance.GHOST]
    for seed in range(30):
        result = humanise(part, np.random.default_rng(seed))

        inside = loud[(loud > part.beats.times[0]) & (loud < part.beats.times[-1])]
        # Drift moves notes and beats alike: measured on the beat grid, notes hardly move.
        placed = np.interp(result.onsets, result.beats.times, part.beats.times)
        distance = np.abs(inside[:, None] - placed[None, :]).min(axis=1)
        assert distance.max() < 0.015 + 4 * 0.012
        assert len(result.onsets) <= len(part.onsets)


def test_humanise_without_velocities():
    result = humanise(notes([1.0], ["kd"]), np.random.default_rng(0))
    assert 0.02 <= result.velocities[0] <= 1


def test_drift_follows_the_tempo():
    # A tempo curve that rises linearly: its integral is quadratic, and the ends stay.
    source, target = performance._drift_knots(np.array([-0.05, 0.05]), 4.0)
    expected = source * 0.95 + 0.1 * source**2 / 8.0
    np.testing.assert_allclose(target, expected, atol=1e-12)
    assert (target[0], target[-1]) == (0.0, pytest.approx(4.0))


def test_warp_is_exact():
    bent = warp(PLAYED, np.array([0.0, 1.0, 4.0]), np.array([0.0, 2.0, 3.5]))
    np.testing.assert_allclose(bent.onsets, [0.0, 1.0, 2.125, 3.0])
    np.testing.assert_allclose(bent.beats.times, [0, 1, 2, 2.25, 2.5, 2.75, 3, 3.25])
    assert bent.duration == 3.5
    assert bent.labels is PLAYED.labels


def test_warp_refuses_bad_knots():
    with pytest.raises(ValueError, match="ascending"):
        warp(PLAYED, np.array([0.0, 4.0]), np.array([4.0, 0.0]))
    with pytest.raises(ValueError, match="expected knots from 0 to 4"):
        warp(PLAYED, np.array([0.0, 2.0]), np.array([0.0, 2.0]))


def test_stretch_multiplies_every_time():
    slow = stretch(PLAYED, 1.2)
    np.testing.assert_allclose(slow.onsets, 1.2 * PLAYED.onsets)
    np.testing.assert_allclose(slow.beats.times, 1.2 * BEATS.times)
    assert slow.duration == pytest.approx(4.8)
    with pytest.raises(ValueError, match="factor: expected a positive"):
        stretch(PLAYED, 0.0)


def test_excerpt_is_half_open():
    part = excerpt(PLAYED, 0.5, 2.5)
    np.testing.assert_allclose(part.onsets, [0.0, 0.75])
    assert part.labels.tolist() == ["chh", "sd"]
    assert part.velocities.tolist() == [0.5, 0.2]
    np.testing.assert_allclose(part.beats.times, [0.0, 0.5, 1.0, 1.5, 2.0])
    assert part.beats.positions.tolist() == [2, 3, 4, 1, 2]
    assert part.duration == 2.5
    assert len(excerpt(PLAYED, 3.5, 10.0).onsets) == 0
    with pytest.raises(ValueError, match="duration: expected a positive"):
        excerpt(PLAYED, 0.0, 0.0)


def test_remap_applies_the_drawn_changes(monkeypatch):
    changes = [
        performance.Change("ht", "mt", 0.0, 4.0),
        performance.Change("mt", "ht", 0.0, 4.0),
        performance.Change("chh", "rd", 1.0, 2.0),
    ]
    monkeypatch.setattr(performance, "draw_changes", lambda rng, duration: changes)
    part = notes([0.0, 0.5, 1.0, 1.5, 2.5], ["chh", "ht", "chh", "mt", "chh"], [0.5] * 5)
    result = remap(part, np.random.default_rng(0))
    assert result.labels.tolist() == ["chh", "mt", "rd", "ht", "chh"]
    np.testing.assert_array_equal(result.onsets, part.onsets)


def test_orchestrations_are_drawn_as_often_as_said():
    rng = np.random.default_rng(0)
    drawn = [performance.draw_changes(rng, 4.0) for _ in range(2000)]
    share = np.mean([any(c.source == "sd" and c.target == "ss" for c in d) for d in drawn])
    assert share == pytest.approx(0.15, abs=0.03)
    assert all(0 <= c.start <= c.end <= 4.0 for d in drawn for c in d)
