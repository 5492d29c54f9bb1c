import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandscribe.features.spectrogram import LogSpectrogram, filter_frames, group, magnitude

NOISE = (0.1 * np.random.default_rng(0).standard_normal(20000)).astype(np.float32)


def test_magnitude_is_librosas() -> None:
    theirs = librosa.stft(NOISE, n_fft=2048, hop_length=441, pad_mode="constant")
    np.testing.assert_allclose(magnitude(NOISE), np.abs(theirs.T), atol=1e-5)


def test_log_compression_by_formula() -> None:
    front_end = LogSpectrogram()
    expected = np.log10(1 + 20.0 * (magnitude(NOISE) @ front_end.filters))
    np.testing.assert_allclose(front_end(NOISE), expected, atol=1e-6)
    assert front_end.frame_rate == 100
    assert front_end.n_bins == 84


def test_filtering_is_the_product_with_all_filters() -> None:
    filters = np.random.default_rng(1).random((1025, 23)).astype(np.float32)
    filters[100:, :10] = 0
    filters[:, 10:18] = 0  # a whole group, and part of the next
    padded = np.pad(NOISE, (1024, 1024))
    for power in (False, True):
        expected = magnitude(NOISE, hop_length=512) ** (1 + power) @ filters
        found = filter_frames(padded, group(filters), n_fft=2048, hop_length=512, power=power)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n", [0, 1, 440, 441, 1023, 1024, 2049])
def test_number_of_frames(n: int) -> None:
    assert len(LogSpectrogram()(NOISE[:n])) == 1 + n // 441


def test_a_click_is_brightest_in_its_frame() -> None:
    samples = np.zeros(44100, dtype=np.float32)
    samples[30 * 441] = 1
    assert LogSpectrogram()(samples).sum(axis=1).argmax() == 30


@settings(max_examples=30)
@given(
    st.integers(0, len(NOISE)),
    st.lists(st.integers(0, len(NOISE)), max_size=12),
    st.sampled_from([441, 2048, 3000]),
)
def test_streamed_equals_whole(n: int, cuts: list[int], hop_length: int) -> None:
    front_end = LogSpectrogram(hop_length=hop_length)
    blocks = np.split(NOISE[:n], sorted(min(cut, n) for cut in cuts))
    streamed = np.concatenate(list(front_end.stream(blocks)))
    np.testing.assert_allclose(streamed, front_end(NOISE[:n]), atol=1e-6)
