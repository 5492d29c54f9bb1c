import numpy as np
import pytest

from bandscribe.metrics.offset import estimate_offset, shift
from bandscribe.metrics.onsets import score
from bandscribe.types import Transcription

CLASSES = ("KD", "SD")


def random_track(rng: np.random.Generator) -> Transcription:
    onsets = np.cumsum(rng.uniform(0.15, 0.4, 60))
    return Transcription(onsets, rng.choice(CLASSES, 60), None, 30.0, CLASSES)


@pytest.mark.parametrize("seconds", [0.0, 0.013, -0.03, 0.08, -0.1])
@pytest.mark.parametrize("tolerance", [0.02, 0.05])
def test_a_constant_delay_is_found(seconds: float, tolerance: float) -> None:
    rng = np.random.default_rng(0)
    tracks = [random_track(rng) for _ in range(2)]
    late = [shift(track, -seconds) for track in tracks]
    found = estimate_offset(tracks, late, CLASSES, tolerance=tolerance)
    assert found.seconds == pytest.approx(seconds, abs=1e-6)
    assert found.tp == 120
    assert found.tp_unshifted == score(tracks, late, CLASSES, tolerance).micro.tp


def test_stray_notes_do_not_move_it() -> None:
    rng = np.random.default_rng(1)
    track, stray = random_track(rng), random_track(rng)
    onsets = np.concatenate([track.onsets[::2] - 0.04, stray.onsets[::3]])
    order = np.argsort(onsets)
    labels = np.concatenate([track.labels[::2], stray.labels[::3]])[order]
    estimate = Transcription(onsets[order], labels, None, 30.0, CLASSES)
    found = estimate_offset([track], [estimate], CLASSES, tolerance=0.02)
    assert found.seconds == pytest.approx(0.04, abs=0.003)
    assert found.tp > found.tp_unshifted


def test_nothing_to_match() -> None:
    track = random_track(np.random.default_rng(2))
    assert estimate_offset([track], [shift(track, 100.0)], CLASSES) == (0.0, 0, 0)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="estimates: expected 1, got 0"):
        estimate_offset([random_track(np.random.default_rng(3))], [], CLASSES)
    with pytest.raises(ValueError, match="limit: expected seconds, got -1"):
        estimate_offset([], [], CLASSES, limit=-1)
