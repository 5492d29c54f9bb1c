from typing import Any

import librosa
import numpy as np
import pytest

from bandscribe.features import chroma, filterbanks
from bandscribe.features.spectrogram import magnitude
from parity import assert_parity


@pytest.mark.parametrize(("sample_rate", "n_fft"), [(44100, 2048), (22050, 4096), (16000, 512)])
@pytest.mark.parametrize("tuning", [0.0, -0.37])
def test_filters_are_librosas(sample_rate: int, n_fft: int, tuning: float) -> None:
    theirs = librosa.filters.chroma(sr=sample_rate, n_fft=n_fft, tuning=tuning)
    ours = filterbanks.chroma(sample_rate, n_fft, tuning=tuning)
    np.testing.assert_allclose(ours, theirs.T, atol=1e-7)


@pytest.mark.filterwarnings("ignore:Trying to estimate tuning from empty")
def test_tuning_is_librosas(sound: Any) -> None:
    spectrum = magnitude(sound.samples, n_fft=sound.n_fft, hop_length=sound.hop_length, double=True)
    for power in (1, 2):
        theirs = librosa.estimate_tuning(S=(spectrum**power).T, sr=sound.sample_rate)
        assert chroma.estimate_tuning(spectrum**power, sound.sample_rate) == theirs


def test_a_given_tuning_is_kept(sound: Any) -> None:
    spectrum = magnitude(sound.samples, n_fft=sound.n_fft, hop_length=sound.hop_length, double=True)
    theirs = librosa.feature.chroma_stft(
        S=np.square(spectrum).T, sr=sound.sample_rate, n_fft=sound.n_fft, tuning=0.23
    )
    assert_parity(chroma.chroma(spectrum, sound.sample_rate, tuning=0.23), theirs.T)


def test_a_note_is_its_pitch_class() -> None:
    seconds = np.arange(22050) / 44100
    for name, hertz in {"C": 523.25, "F#": 739.99, "A": 440.0, "B": 987.77}.items():
        note = np.sin(2 * np.pi * hertz * seconds).astype(np.float32)
        heard = chroma.chroma(magnitude(note, n_fft=4096, hop_length=512), 44100)
        assert chroma.PITCH_CLASSES[int(heard.mean(axis=0).argmax())] == name


def test_the_tonnetz_by_hand() -> None:
    # C lies at the top of all three circles, each semitone turns that of the fifths by 7/6 π, and
    # C, D sharp, F sharp and A divide that of the minor thirds in four.
    classes = np.eye(12, dtype=np.float32)
    found = chroma.tonnetz(classes)
    np.testing.assert_allclose(found[0], [0, 1, 0, 1, 0, 0.5], atol=1e-6)
    # A fifth is seven semitones: 49/6 π, which is 30° and four whole turns.
    np.testing.assert_allclose(found[7, :2], [0.5, np.sqrt(0.75)], atol=1e-6)
    np.testing.assert_allclose(found[[0, 3, 6, 9], 2:4].sum(axis=0), 0, atol=1e-6)
    # Silence lies in the middle.
    assert not chroma.tonnetz(np.zeros((1, 12), dtype=np.float32)).any()
