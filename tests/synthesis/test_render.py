import numpy as np
import pytest
from small import SAMPLE_RATE, hit, kit, piece

from bandscribe.synthesis.kits.pieces import Kit
from bandscribe.synthesis.render import PlacedPiece, draw_drum_set, kit_weights, render
from bandscribe.types import Transcription
from bandscribe.vocabulary import ARTICULATIONS


def performance(*notes: tuple[float, str, float], duration: float = 1.0) -> Transcription:
    onsets, labels, velocities = zip(*notes, strict=True)
    return Transcription(
        np.array(onsets), np.array(labels), np.array(velocities), duration, ARTICULATIONS
    )


def voice(articulation: str, seconds: float = 0.2, exponent: float = 1.0) -> PlacedPiece:
    struck = piece(articulation, hit(seconds=seconds))
    return PlacedPiece(struck, 0.0, 0.0, 0.0, exponent, 0.0, (1.0,))


def test_a_stroke_sounds_at_its_time_with_its_velocity() -> None:
    notes = performance((0.25, "kd", 0.5), (0.75, "kd", 1.0))
    samples, heard = render(notes, {"kd": (voice("kd"),)}, np.random.default_rng(0))
    stroke = hit().microphones[0]
    expected = np.zeros(SAMPLE_RATE, dtype=np.float32)
    for start, velocity in ((11025, 0.5), (33075, 1.0)):
        expected[start : start + len(stroke)] += velocity * stroke
    np.testing.assert_allclose(samples, expected, atol=1e-6)
    assert heard.labels.tolist() == ["KD", "KD"]
    np.testing.assert_array_equal(heard.onsets, [0.25, 0.75])


def test_the_velocity_curve_is_a_power() -> None:
    levels = []
    for velocity in (0.25, 1.0):
        notes = performance((0.0, "kd", velocity))
        samples, _ = render(notes, {"kd": (voice("kd", exponent=1.5),)}, np.random.default_rng(0))
        levels.append(float(np.abs(samples).max()))
    assert levels[0] / levels[1] == pytest.approx(0.25**1.5, rel=1e-4)


def test_a_closed_hat_chokes_an_open_one() -> None:
    drum_set = {"ohh": (voice("ohh", seconds=0.9),), "chh": (voice("chh", seconds=0.01),)}
    ringing, _ = render(performance((0.0, "ohh", 1.0)), drum_set, np.random.default_rng(0))
    notes = performance((0.0, "ohh", 1.0), (0.3, "chh", 1.0))
    choked, _ = render(notes, drum_set, np.random.default_rng(0))
    after = slice(round(0.4 * SAMPLE_RATE), None)
    assert np.abs(ringing[after]).max() > 0.01
    assert not choked[after].any()


def test_what_cannot_be_played_is_not_labelled_and_percussion_neither() -> None:
    notes = performance((0.1, "kd", 1.0), (0.2, "sd", 1.0), (0.3, "clap", 1.0))
    drum_set = {"kd": (voice("kd"),), "clap": (voice("clap"),)}
    samples, heard = render(notes, drum_set, np.random.default_rng(0))
    assert heard.labels.tolist() == ["KD"]
    assert samples[round(0.3 * SAMPLE_RATE)] != 0


def test_two_crashes_at_once_are_one_note() -> None:
    notes = performance((0.1, "cr", 1.0), (0.105, "ch", 1.0), (0.2, "cr", 1.0))
    drum_set = {"cr": (voice("cr"),), "ch": (voice("ch"),)}
    _, heard = render(notes, drum_set, np.random.default_rng(0))
    np.testing.assert_array_equal(heard.onsets, [0.1, 0.2])


def test_missing_pieces_come_from_relatives_and_other_kits() -> None:
    kits = [kit("kd", "mt"), kit("rd")]
    wanted = ["kd", "ht", "rd", "ss"]
    for seed in range(10):
        drum_set = draw_drum_set(kits, wanted, np.random.default_rng(seed))
        assert sorted(drum_set) == ["ht", "kd", "rd"]
        assert drum_set["ht"][0].piece.articulation == "mt"


def test_drum_sets_repeat_with_their_seed() -> None:
    kits = [kit("kd", "sd"), kit("sd", "chh")]
    first, again = (
        draw_drum_set(kits, ["kd", "sd", "chh"], np.random.default_rng(3)) for _ in range(2)
    )
    assert first == again


def test_percussion_kits_only_lend() -> None:
    nothing = Kit("p", "", "", SAMPLE_RATE, {"other": (piece("other", hit()),)})
    np.testing.assert_array_equal(kit_weights([kit("kd"), nothing]), [1.0, 0.0])
