import numpy as np
import pytest

from bandscribe.synthesis.band.voice import sing


def test_sings_the_note_and_nothing_else() -> None:
    samples = sing([(0.5, 1.5, 69)], 2.0, np.random.default_rng(0))
    assert samples.shape == (88200,)
    assert np.abs(samples).max() == pytest.approx(1.0)
    assert not samples[: 44100 // 4].any()
    assert not samples[70000:].any()
    middle = samples[30000:60000]
    r = np.fft.irfft(np.abs(np.fft.rfft(middle, 1 << 16)) ** 2)[80:700]
    octaves = np.log2(44100 / (80 + int(np.argmax(r))) / 440)
    assert abs(octaves - round(octaves)) < np.log2(1.03)


def test_no_notes_are_silence() -> None:
    assert not sing([], 1.0, np.random.default_rng(0)).any()
