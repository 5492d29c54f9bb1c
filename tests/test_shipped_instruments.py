"""The law of level, of the shipped weights: no gain changes who plays, nor when, nor how loud."""

import numpy as np
import pytest

from bandscribe import instruments, runtime
from bandscribe.types import Audio
from bandscribe.vocabulary import INSTRUMENTS

RATE = 44100
GAINS_DB = (-40, -24, -12, 6, 12, 20)


def tone(pitches: tuple[int, ...], partials: int, vibrato: float) -> np.ndarray:
    """Notes of 0.6 s in turn, of partials that fall by 6 dB an octave; (n,)."""
    t = np.arange(round(0.6 * RATE)) / RATE
    wave = vibrato * np.sin(2 * np.pi * 5.5 * t)
    notes = []
    for pitch in pitches:
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        phase = 2 * np.pi * hertz * (t + wave / 30)
        note = sum(np.sin(k * phase) / k for k in range(1, partials + 1))
        notes.append(note * np.minimum(1, 12 * np.minimum(t, 0.6 - t)))
    return np.concatenate(notes).astype(np.float32)


SOUNDS = {
    "bowed": tone((67, 71, 74, 79, 76), 20, 0.01),
    "hollow": tone((60, 64, 67, 72, 67), 5, 0.0),
    "low": tone((36, 43, 36, 41, 36), 9, 0.0),
    "chord": tone((60, 62, 64, 65, 67), 12, 0.0) + tone((48, 50, 52, 53, 55), 8, 0.0),
    "noise": np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32),
}


@pytest.fixture(scope="module")
def model() -> runtime.Model:
    return runtime.load("instruments")


@pytest.mark.parametrize("name", SOUNDS)
def test_no_gain_changes_what_is_tracked(model: runtime.Model, name: str) -> None:
    sound = 0.1 * SOUNDS[name] / np.abs(SOUNDS[name]).max()
    plain = instruments.track(Audio(sound[None], RATE), model=model)
    for gain_db in GAINS_DB:
        louder = Audio(sound[None] * np.float32(10 ** (gain_db / 20)), RATE)
        found = instruments.track(louder, model=model)
        np.testing.assert_allclose(found.probability.values, plain.probability.values, atol=0.02)
        means, before = (each.probability.values.mean(axis=0) for each in (found, plain))
        assert means.argmax() == before.argmax()
        playing = plain.probability.values >= plain.thresholds
        np.testing.assert_allclose(
            found.level.values[playing], plain.level.values[playing], atol=0.5
        )


def test_only_some_classes_may_occur(model: runtime.Model) -> None:
    """Three of thirteen were there on average; the odds of two possible ones rise by one factor."""
    frequency = np.array(list(model.card.calibration["s1"]["frequency"].values()))
    assert 2.5 < frequency.sum() < 3.5
    sound = Audio(0.1 * SOUNDS["bowed"][None], RATE)
    plain = instruments.recognize(sound, model=model).tags.scores.astype(np.float64)
    among = ("vio", "cel")
    places = [INSTRUMENTS.index(name) for name in among]
    found = instruments.recognize(sound, model=model, among=among).tags.scores.astype(np.float64)
    assert not np.delete(found, places).any()
    odds = [scores[places] / (1 - scores[places]) for scores in (plain, found)]
    np.testing.assert_allclose(odds[1] / odds[0], (odds[1] / odds[0])[0], rtol=1e-3)
    assert (found[places] > plain[places]).all()
