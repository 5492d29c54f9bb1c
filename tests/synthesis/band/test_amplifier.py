from dataclasses import replace

import numpy as np
import pytest

from bandscribe.synthesis.band import amplifier

RATE = 44100
CLEAN = replace(
    amplifier.sample_settings(np.random.default_rng(0)),
    drive_db=-20.0, bias=0.0, hardness=0.0, tight=1.0, bite_db=0.0, sag=0.0,
    resonances=(), lowpass=5000.0, highpass=80.0, gate_db=None,
)  # fmt: skip


def tones(*frequencies: float) -> np.ndarray:
    t = np.arange(RATE) / RATE
    return sum(0.2 * np.sin(2 * np.pi * f * t) for f in frequencies).astype(np.float32)


def level(samples: np.ndarray, frequency: int) -> float:
    return float(np.abs(np.fft.rfft(samples))[frequency])


def test_a_low_drive_leaves_the_sound_as_it_is() -> None:
    sound = tones(440)
    heard = amplifier.amplify(sound, CLEAN)
    middle = heard[4000:-4000]  # away from the ends, where the tone is cut off
    np.testing.assert_allclose(middle / np.abs(middle).max(), sound[4000:-4000] / 0.2, atol=0.01)


def test_the_cabinet_halves_the_power_at_its_limits() -> None:
    middle, low, high = (
        np.abs(amplifier._cabinet(np.array([f], np.float32), CLEAN)[0]) for f in (800, 80, 5000)
    )
    assert middle == pytest.approx(1, abs=0.01)
    assert low == pytest.approx(np.sqrt(0.5), abs=0.01)
    assert high == pytest.approx(np.sqrt(0.5), abs=0.01)


def test_chords_intermodulate_and_nothing_is_aliased() -> None:
    driven = replace(CLEAN, drive_db=30.0)
    heard = amplifier.amplify(tones(1000, 1500), driven)
    assert level(heard, 2000) > 0.02 * level(heard, 1000)  # 2 · 1500 - 1000
    # 1000 and 1500 Hz distort into multiples of 500 Hz alone, whatever their order.
    spectrum = np.abs(np.fft.rfft(heard))
    others = np.delete(spectrum[:5000], np.arange(0, 5000, 500))
    assert others.max() < 0.02 * spectrum.max()


def test_bias_makes_even_harmonics() -> None:
    drive = replace(CLEAN, drive_db=12.0)
    even = [
        level(amplifier.amplify(tones(500), replace(drive, bias=bias)), 1000) for bias in (0.0, 0.4)
    ]
    assert even[0] < 0.01 * even[1]


def test_the_gate_silences_what_is_soft() -> None:
    sound = tones(440) * np.where(np.arange(RATE) < RATE // 2, 1, 0.003).astype(np.float32)
    heard = [
        amplifier.amplify(sound, replace(CLEAN, drive_db=40.0, gate_db=gate))[-RATE // 4 :]
        for gate in (None, -30.0)
    ]
    assert np.abs(heard[1]).max() < 0.1 * np.abs(heard[0]).max()


def test_silence_and_length() -> None:
    settings = amplifier.sample_settings(np.random.default_rng(3))
    assert not amplifier.amplify(np.zeros(1000, np.float32), settings).any()
    heard = amplifier.amplify(tones(300)[:1234], settings)
    assert (heard.shape, heard.dtype) == ((1234,), np.float32)
    assert np.abs(heard).max() == pytest.approx(1)
