import numpy as np
import pytest

from bandscribe.formats.tempo import estimate_bpm


@pytest.mark.parametrize("bpm", [84, 90, 104, 120, 133, 150])
def test_a_rock_beat_tells_its_tempo(bpm: int) -> None:
    # Hi-hat eighths, kick on 1 and 3, snare on 2 and 4, by hands that are 5 ms unsure.
    rng = np.random.default_rng(bpm)
    eighths = np.arange(64) * 30 / bpm
    onsets = np.sort(np.concatenate([eighths, eighths[::2]]) + rng.normal(0, 0.005, 96))
    estimate = estimate_bpm(onsets - onsets[0])
    assert estimate == pytest.approx(bpm, rel=0.01)


def test_time_shift_changes_nothing() -> None:
    onsets = np.arange(40) * 0.27
    assert estimate_bpm(onsets) == estimate_bpm(onsets + 3.21)


def test_a_few_onsets_have_no_tempo() -> None:
    assert estimate_bpm(np.arange(7) * 0.5) is None
