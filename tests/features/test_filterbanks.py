import librosa
import numpy as np
import pytest

from bandscribe.features import filterbanks


def test_logarithmic_has_the_84_bands_of_the_literature() -> None:
    filters = filterbanks.logarithmic(44100, 2048)
    assert filters.shape == (1025, 84)
    np.testing.assert_allclose(filters.sum(axis=0), 1, rtol=5e-6)


def test_logarithmic_is_centred_on_a4() -> None:
    # Fine enough that each semitone has a bin of its own: one filter peaks at 440 Hz exactly.
    filters = filterbanks.logarithmic(44100, 44100, fmin=390, fmax=500)
    centres = filterbanks.fft_frequencies(44100, 44100)[filters.argmax(axis=0)]
    np.testing.assert_array_equal(centres, [415, 440, 466])  # G sharp, A, A sharp


def test_a_triangle_by_hand() -> None:
    # 1 Hz per bin, corners at 440 / 2, 440 and 880: (x - 220) / 220 up, (880 - x) / 440 down.
    filters = filterbanks.logarithmic(2000, 2000, bands_per_octave=1, fmin=220, fmax=880)
    raw = np.maximum(0, np.minimum((np.arange(1001) - 220) / 220, (880 - np.arange(1001)) / 440))
    np.testing.assert_allclose(filters[:, 0], raw / raw.sum(), atol=1e-8)


@pytest.mark.parametrize(("n_mels", "fmin", "fmax"), [(128, 0, None), (40, 27.5, 16000)])
def test_mel_is_librosas(n_mels: int, fmin: float, fmax: float | None) -> None:
    ours = filterbanks.mel(44100, 2048, n_mels=n_mels, fmin=fmin, fmax=fmax)
    theirs = librosa.filters.mel(sr=44100, n_fft=2048, n_mels=n_mels, fmin=fmin, fmax=fmax)
    np.testing.assert_allclose(ours, theirs.T, atol=1e-8)


@pytest.mark.parametrize("bounds", [(0.0, 1000.0), (2000.0, 1000.0), (20.0, 30000.0)])
def test_impossible_bounds_are_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="fmin, fmax"):
        filterbanks.logarithmic(44100, 2048, fmin=bounds[0], fmax=bounds[1])
