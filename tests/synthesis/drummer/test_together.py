import numpy as np
import pytest

from bandscribe.synthesis.drummer.together import draw_percussion, follow, merge
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import ARTICULATION_TO_10, ARTICULATIONS


def played(beats: int = 16, beat: float = 0.5) -> Transcription:
    """A kick on every beat and a hat between; louder and louder."""
    times = np.arange(beats) * beat
    onsets = np.sort(np.concatenate([times, times + beat / 2]))
    labels = np.array(["kd", "chh"] * beats)
    velocities = np.linspace(0.1, 0.9, len(onsets))
    grid = Beats(times, np.arange(beats) % 4 + 1)
    return Transcription(onsets, labels, velocities, beats * beat, ARTICULATIONS, grid)


def test_kicks_fall_on_the_beats_of_others() -> None:
    """A grid that slows down, begins on the third beat and before the excerpt does."""
    times = np.cumsum([-0.1, 0.40, 0.42, 0.45, 0.5, 0.6])
    grid = Beats(times, np.array([3, 4, 1, 2, 3, 4]))
    found = follow(played(), grid, 2.0, np.random.default_rng(0))
    assert found is not None and found.beats is not None
    kicks = found.onsets[found.labels == "kd"]
    np.testing.assert_allclose(kicks, times[1:5], atol=1e-9)
    hats = found.onsets[found.labels == "chh"]
    np.testing.assert_allclose(hats, (times[:5] + times[1:]) / 2)
    np.testing.assert_allclose(found.beats.times, times[1:5])
    assert found.beats.positions.tolist() == [4, 1, 2, 3]
    # From the third or seventh or eleventh beat on: the louder, the later.
    assert found.velocities is not None and np.all(np.diff(found.velocities) > 0)
    assert found.duration == 2.0


@pytest.mark.parametrize(("beats", "grid"), [(4, 8), (16, 1), (16, 0)])
def test_too_few_beats_give_nothing(beats: int, grid: int) -> None:
    others = Beats(np.arange(grid) * 0.4, np.arange(grid) % 4 + 1)
    assert follow(played(beats), others, 2.0, np.random.default_rng(0)) is None


def test_percussion_is_on_the_grid_and_no_drum_class() -> None:
    grid = Beats(0.1 + np.arange(17) * 0.6, np.arange(17) % 4 + 1)
    steps = 0.6 / 12  # of halves, thirds and quarters alike
    for seed in range(20):
        found = draw_percussion(np.random.default_rng(seed), grid, 8.0)
        assert {ARTICULATION_TO_10[label] for label in found.labels.tolist()} <= {None}
        off = (found.onsets - 0.1 + steps / 2) % steps - steps / 2
        assert np.abs(off).max() < 0.025  # a hand's jitter: 6 ms standard deviation
        assert found.onsets.min() >= 0 and found.onsets.max() < 8.0


def test_a_merge_is_in_order_and_keeps_the_first_ones_beats() -> None:
    one = played(4)
    other = draw_percussion(np.random.default_rng(1), Beats(np.arange(3.0), np.arange(3) + 1), 2.0)
    both = merge(one, other)
    assert len(both.onsets) == len(one.onsets) + len(other.onsets)
    assert both.beats is one.beats
    parts = [one.velocities, other.velocities]
    assert both.velocities is not None and parts[0] is not None and parts[1] is not None
    np.testing.assert_array_equal(np.sort(both.velocities), np.sort(np.concatenate(parts)))
