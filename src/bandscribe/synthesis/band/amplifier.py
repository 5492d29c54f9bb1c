"""An electric guitar's amplifier and cabinet.

Tone controls before the valves, power supply sag, asymmetric clipping at four times the sample
rate, a loudspeaker, and now and then a noise gate. Chords must go through one amplifier together,
since their intermodulation is what distortion sounds like. Parameters are drawn first
(`sample_settings`) and applied second (`amplify`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.ndimage

from bandscribe.synthesis.sound import SAMPLE_RATE, Rng, Samples, envelope

_OVERSAMPLING = 4
_HOP = 256
_MARGIN = 4096  # samples that the filters may ring at both ends of a block
_BLOCK = 2**15 - 2 * _MARGIN


@dataclass(frozen=True)
class AmplifierSettings:
    """One amplifier. Frequencies in Hz, levels in dB."""

    drive_db: float  # of the loud parts above the clipping level
    bias: float  # of the clipping, 0 = symmetric
    hardness: float  # 0 soft, 1 hard clipping
    tight: float  # below it, bass is kept from the valves
    bite_db: float  # at 2 kHz, before the valves
    sag: float  # 0 to 1: how far loud chords are pushed down
    resonances: tuple[tuple[float, float, float], ...]  # of the cabinet: Hz, dB, octaves wide
    lowpass: float
    highpass: float
    gate_db: float | None  # below the loud parts


def sample_settings(rng: Rng) -> AmplifierSettings:
    """An amplifier between crunch and high gain."""
    drive_db = float(rng.uniform(4, 42))
    return AmplifierSettings(
        drive_db=drive_db,
        bias=float(rng.uniform(0, 0.5)),
        hardness=float(rng.uniform(0, 1)),
        tight=float(rng.uniform(60, 120 + 10 * drive_db)),
        bite_db=float(rng.uniform(-2, 10)),
        sag=float(rng.uniform(0, 0.7)),
        resonances=(
            (float(rng.uniform(90, 140)), float(rng.uniform(0, 7)), 0.7),
            (float(rng.uniform(350, 700)), float(rng.uniform(-8, 2)), 1.2),
            (float(rng.uniform(2000, 3500)), float(rng.uniform(2, 10)), 0.8),
            (float(rng.uniform(3200, 4500)), float(rng.uniform(-4, 6)), 0.3),
        ),
        lowpass=float(rng.uniform(4000, 6500)),
        highpass=float(rng.uniform(60, 100)),
        gate_db=float(rng.uniform(-50, -30)) if rng.random() < 0.4 else None,
    )


def amplify(samples: Samples, settings: AmplifierSettings) -> Samples:
    """Mono samples (n,) through an amplifier: same length, no delay, peak 1 unless silent."""
    loud = envelope(samples, _HOP)
    top = float(np.quantile(loud[loud > 1e-5], 0.9)) if np.any(loud > 1e-5) else 0.0
    if not top:
        return np.zeros_like(samples)
    n = len(samples)
    pushed = np.zeros(-(-n // _BLOCK) * _BLOCK + 2 * _MARGIN, dtype=np.float32)
    pushed[_MARGIN : _MARGIN + n] = samples * (_gain(loud / top, settings, n) / np.float32(top))
    size = _BLOCK + 2 * _MARGIN
    frequencies = np.linspace(0, SAMPLE_RATE / 2, size // 2 + 1, dtype=np.float32)
    before, cabinet = _before(frequencies, settings), _cabinet(frequencies, settings)
    out = np.zeros(len(pushed) - 2 * _MARGIN, dtype=np.float32)
    for first in range(0, len(out), _BLOCK):
        spectrum = scipy.fft.rfft(pushed[first : first + size]) * before
        # A padded spectrum is the same signal at a higher rate.
        fine = scipy.fft.irfft(spectrum, size * _OVERSAMPLING) * np.float32(_OVERSAMPLING)
        spectrum = scipy.fft.rfft(_clip(fine, settings))[: len(frequencies)] * cabinet
        block = scipy.fft.irfft(spectrum / np.float32(_OVERSAMPLING), size)
        out[first : first + _BLOCK] = block[_MARGIN:-_MARGIN]
    out = out[:n]
    return np.asarray(out / (np.abs(out).max() + 1e-9), dtype=np.float32)


def _gain(loud: Samples, settings: AmplifierSettings, n: int) -> Samples:
    """Sag and gate, (n,), out of the envelope relative to the loud parts."""
    # The supply sags within some 90 ms.
    slow = scipy.ndimage.uniform_filter1d(loud, 16, mode="constant", origin=7)
    gain = 1 / (1 + settings.sag * slow)
    if settings.gate_db is not None:
        held = scipy.ndimage.uniform_filter1d(loud, 8, mode="nearest")
        gain *= np.minimum(1, (held / 10 ** (settings.gate_db / 20)) ** 2)
    centres = (np.arange(len(loud)) + 0.5) * _HOP
    return np.asarray(np.interp(np.arange(n), centres, gain), dtype=np.float32)


def _clip(samples: Samples, settings: AmplifierSettings) -> Samples:
    driven = samples * np.float32(10 ** (settings.drive_db / 20)) + np.float32(settings.bias)
    hard = np.float32(settings.hardness)
    clipped = np.tanh(driven) * (1 - hard) + np.clip(driven, -1, 1) * hard
    return np.asarray(clipped, dtype=np.float32)


def _bell(frequencies: Samples, centre: float, octaves: float) -> Samples:
    distance = np.log2(np.maximum(frequencies, 1) / np.float32(centre)) / np.float32(octaves)
    return np.asarray(np.exp(-(distance**2)), dtype=np.float32)


def _before(frequencies: Samples, settings: AmplifierSettings) -> Samples:
    bite = 10 ** (settings.bite_db / 20 * _bell(frequencies, 2000, 1.5))
    return np.asarray(bite / np.sqrt(1 + (settings.tight / np.maximum(frequencies, 1)) ** 2),
                      dtype=np.float32)  # fmt: skip


def _cabinet(frequencies: Samples, settings: AmplifierSettings) -> Samples:
    level_db = sum(
        db * _bell(frequencies, centre, octaves) for centre, db, octaves in settings.resonances
    )
    low = 1 / np.sqrt(1 + (frequencies / settings.lowpass) ** 10)
    high = 1 / np.sqrt(1 + (settings.highpass / np.maximum(frequencies, 1)) ** 6)
    return np.asarray(10 ** (level_db / 20) * low * high, dtype=np.float32)
