"""Notes at one tempo, on a grid."""

import mido
import numpy as np
import pytest
from playing import ROCK, play, thirds

from bandscribe import score
from bandscribe.formats import midi


@pytest.mark.parametrize("faster", [1.0, 1.1])
def test_notes_are_on_the_grid_of_one_tempo(tmp_path, faster: float) -> None:
    part = play([ROCK] * 8, faster=faster, start=0.4)
    snapped = score.snap(part, 16)
    intervals = np.diff(snapped.beats.times)
    np.testing.assert_allclose(intervals, intervals[0])
    sixteenths = snapped.onsets / intervals[0] * 4
    np.testing.assert_allclose(sixteenths, np.rint(sixteenths), atol=1e-9)
    hats = sixteenths[snapped.labels == "CHH"] / 2
    assert hats.round().tolist() == list(range(64))
    midi.write(tmp_path / "x.mid", snapped)
    messages = list(mido.MidiFile(tmp_path / "x.mid").tracks[0])
    assert len([m for m in messages if m.type == "set_tempo"]) == 1


def test_triplets_need_a_grid_of_their_own() -> None:
    part = play([{"SD": thirds(*range(12))}] * 2, start=0.0)
    beat = np.diff(score.snap(part, 12).beats.times)[0]
    np.testing.assert_allclose(score.snap(part, 12).onsets / beat * 3, np.arange(24), atol=1e-6)


def test_another_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="quantise: expected one of 4, 8, 12, 16, 24, 32, 48"):
        score.snap(play([ROCK]), 5)
