import numpy as np
import pytest

from bandscribe.synthesis.drummer.performance import thin_out
from bandscribe.synthesis.kits import percussion
from bandscribe.types import Transcription
from bandscribe.vocabulary import ARTICULATIONS

RATE = 44100


@pytest.mark.parametrize("draw", [percussion.draw_tambourine, percussion.draw_shaker])
@pytest.mark.parametrize("seed", range(6))
def test_a_stroke_is_bright_and_over_within_a_second(draw: object, seed: int) -> None:
    sound = draw(np.random.default_rng(seed), RATE)  # type: ignore[operator]
    assert np.abs(sound).max() == pytest.approx(0.5)
    assert len(sound) < RATE
    power = np.abs(np.fft.rfft(sound)) ** 2
    above = np.fft.rfftfreq(len(sound), 1 / RATE) > 2000
    assert power[above].sum() > 0.5 * power.sum()
    assert np.abs(sound[-40:]).max() < 0.1 * np.abs(sound).max()


def test_the_same_seed_gives_the_same_piece_of_a_kit() -> None:
    one, other = (percussion.draw_piece(np.random.default_rng(3), RATE) for _ in range(2))
    assert one.articulation == "tmb"
    np.testing.assert_array_equal(one.layers[0][0].microphones, other.layers[0][0].microphones)


def test_a_thinned_performance_loses_whole_groups() -> None:
    labels = np.array(["kd", "sd", "chh", "rd", "cr"] * 4)
    notes = Transcription(np.arange(20.0), labels, np.full(20, 0.8), 20.0, ARTICULATIONS)
    left = [set(thin_out(notes, np.random.default_rng(s)).labels.tolist()) for s in range(200)]
    assert 0.05 < np.mean(["chh" not in each for each in left]) < 0.25
    assert all(("chh" in each) == ("rd" in each) for each in left)
    assert np.mean([len(each) == 5 for each in left]) > 0.7
