from typing import Any

import librosa
import numpy as np
import pytest

from bandscribe.features import chroma, constant_q
from bandscribe.features.spectrogram import magnitude
from parity import assert_parity

# What librosa says of sounds shorter than a frame, and of silence.
pytestmark = [
    pytest.mark.filterwarnings("ignore:n_fft="),
    pytest.mark.filterwarnings("ignore:Trying to estimate tuning from empty"),
]


#: Where the last part of a kernel's spectrum that counts is as large as another but for rounding,
#: either may be left out.
ROUNDING = 2e-3


@pytest.mark.parametrize("tuning", [0.0, -0.4])
def test_magnitudes_are_librosas(sound: Any, tuning: float) -> None:
    ours = constant_q.magnitude(
        sound.samples, sound.sample_rate, hop_length=sound.hop_length, tuning=tuning
    )
    if len(sound.samples) < 2:  # librosa has no transform of so few
        assert ours.shape == (1, 252) and ours.any() == sound.samples.any()
        return
    theirs = librosa.cqt(
        sound.samples, sr=sound.sample_rate, hop_length=sound.hop_length, tuning=tuning,
        n_bins=252, bins_per_octave=36,
    )  # fmt: skip
    expected = np.abs(theirs).T[: len(ours)]
    assert ours.dtype == np.float32 and ours.shape == expected.shape
    error = np.abs(ours - expected).max(axis=0) / max(expected.max(), 1e-15)
    assert np.sort(error)[-3] <= 1e-5
    assert error.max() <= ROUNDING


def test_chroma_is_librosas(sound: Any) -> None:
    place = {"sr": sound.sample_rate, "hop_length": sound.hop_length}
    ours = chroma.constant_q_chroma(sound.samples, sound.sample_rate, hop_length=sound.hop_length)
    if len(sound.samples) < 2:  # librosa has no transform of so few
        assert ours.shape == (1, 12) and ours.any() == sound.samples.any()
        return
    theirs = librosa.feature.chroma_cqt(y=sound.samples, **place).T[: len(ours)]
    assert_parity(ours, theirs, tolerance=ROUNDING, scale=1.0)


def tone(hertz: float, sample_rate: int = 44100) -> Any:
    seconds = np.arange(sample_rate) / sample_rate
    return np.sin(2 * np.pi * hertz * seconds).astype(np.float32)


def test_a_tone_is_its_bin() -> None:
    for semitones in (0, 1, 27, 82):  # C1 and up
        found = constant_q.magnitude(tone(constant_q.LOWEST * 2 ** (semitones / 12)), 44100)
        assert found.shape == (87, 252)
        assert int(found.mean(axis=0).argmax()) == 3 * semitones
    found = constant_q.magnitude(tone(440 * 2 ** (0.5 / 36)), 44100, tuning=0.5)
    assert int(found.mean(axis=0).argmax()) == 3 * 45


def test_low_notes_lie_apart() -> None:
    """The spectrum of 2048 samples has bins of four semitones there."""
    low = tone(librosa.note_to_hz("D#2"))
    share = chroma.constant_q_chroma(low, 44100).mean(axis=0)
    blurred = chroma.chroma(magnitude(low, hop_length=512), 44100).mean(axis=0)
    assert share[3] == share.max() and np.sort(share)[-2] < 0.3 * share[3]
    assert np.sort(blurred)[-2] > 0.9 * blurred.max()


def test_an_octave_beyond_half_the_rate_is_absent() -> None:
    low = constant_q.magnitude(tone(110, 8000), 8000, hop_length=200)
    assert low.shape == (41, 6 * 36)
    assert int(low.mean(axis=0).argmax()) == 36 + 27
    assert int(chroma.constant_q_chroma(tone(110, 8000), 8000).mean(axis=0).argmax()) == 9


def test_a_sound_of_no_length_is_a_silent_frame() -> None:
    for n in (0, 1):
        assert not constant_q.magnitude(np.zeros(n, np.float32), 44100).any()
