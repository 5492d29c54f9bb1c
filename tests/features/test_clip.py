"""Every feature by its name, against librosa."""

from collections.abc import Callable
from typing import Any

import librosa
import numpy as np
import pytest

from bandscribe.features.clip import FEATURES, STACKED, ClipAnalysis, stack
from parity import assert_parity

# What librosa says of sounds shorter than a frame, and of silence.
pytestmark = [
    pytest.mark.filterwarnings("ignore:n_fft="),
    pytest.mark.filterwarnings("ignore:Trying to estimate tuning from empty"),
]

L = librosa.feature


def _polynomial(order: int) -> Callable[[Any], Any]:
    return lambda sound: L.poly_features(**sound.spectral, order=order)


def _constant_q(feature: Callable[..., Any], sound: Any) -> Any:
    """A constant-Q feature; of fewer than two samples librosa has none, and they are silence."""
    samples = np.pad(sound.samples, (0, max(0, 2 - len(sound.samples))))
    found = feature(y=samples, sr=sound.sample_rate, hop_length=sound.hop_length)
    return found[:, : 1 + len(sound.samples) // sound.hop_length]


def _without_rate(sound: Any) -> dict[str, Any]:
    return {name: value for name, value in sound.spectral.items() if name != "sr"}


THEIRS: dict[str, Callable[[Any], Any]] = {
    "zero_crossing_rate": lambda s: L.zero_crossing_rate(s.samples, **s.framed),
    "rms": lambda s: L.rms(y=s.samples, **s.framed),
    "centroid": lambda s: L.spectral_centroid(**s.spectral),
    "bandwidth": lambda s: L.spectral_bandwidth(**s.spectral),
    "contrast": lambda s: L.spectral_contrast(**s.spectral),
    "rolloff": lambda s: L.spectral_rolloff(**s.spectral),
    "flatness": lambda s: L.spectral_flatness(**_without_rate(s)),
    "polynomial_0": _polynomial(0),
    "polynomial_1": _polynomial(1),
    "polynomial_2": _polynomial(2),
    "chroma": lambda s: L.chroma_stft(**s.spectral),
    "tonnetz": lambda s: _constant_q(L.tonnetz, s),
    "mfcc_13": lambda s: L.mfcc(**s.spectral, n_mfcc=13),
    "mfcc_40": lambda s: L.mfcc(**s.spectral, n_mfcc=40),
    "mel_128": lambda s: L.melspectrogram(**s.spectral),
    "mel_256": lambda s: L.melspectrogram(**s.spectral, n_mels=256),
    "log_spectrogram": lambda s: librosa.amplitude_to_db(
        np.abs(librosa.stft(**_without_rate(s))), ref=np.max
    ),
}

# What is in dB, or a cosine transform of dB, is wrong by dB, wherever its zero lies: 1e-5 of a
# hundred. The Tonnetz's coordinates lie around zero in [-1, 1], and follow a constant-Q transform,
# which is the same within 1e-3 (see test_constant_q).
SCALES = {
    "log_spectrogram": 100.0,
    "contrast": 100.0,
    "mfcc_13": 100.0,
    "mfcc_40": 100.0,
    "tonnetz": 100.0,  # 1e-3
}


def _clip(sound: Any) -> ClipAnalysis:
    return ClipAnalysis(sound.samples, sound.sample_rate, sound.n_fft, sound.hop_length)


@pytest.mark.parametrize("name", FEATURES)
def test_it_is_librosas(name: str, sound: Any) -> None:
    scale = SCALES.get(name)
    if not len(sound.samples):
        assert FEATURES[name](_clip(sound)).shape[0] == 1
        return
    assert_parity(FEATURES[name](_clip(sound)), THEIRS[name](sound).T, scale=scale)


def test_the_stack_has_forty_rows_in_the_seeds_order() -> None:
    # Section 4.3: one second at 44.1 kHz makes 87 frames of 40 features.
    clip = ClipAnalysis(np.random.default_rng(0).standard_normal(44100).astype(np.float32))
    stacked = stack(clip)
    assert stacked.shape == (87, 40)
    assert stacked.dtype == np.float32
    widths = [FEATURES[name](clip).shape[1] for name in STACKED]
    assert widths == [13, 12, 1, 1, 1, 7, 1, 1, 1, 2]
    np.testing.assert_array_equal(stacked[:, 25], FEATURES["zero_crossing_rate"](clip)[:, 0])
    np.testing.assert_array_equal(stacked[:, 28:35], FEATURES["contrast"](clip))


def test_frames_are_timed() -> None:
    assert ClipAnalysis(np.zeros(10, dtype=np.float32)).frame_rate == 44100 / 512


def test_stereo_is_refused() -> None:
    with pytest.raises(ValueError, match=r"samples: expected one channel \(n,\), got \(2, 100\)"):
        ClipAnalysis(np.zeros((2, 100), dtype=np.float32))
