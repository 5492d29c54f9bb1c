"""Effects: room, equaliser, compressor, clipping, limiter, bandwidth, noise, level, codec.

Parameters are sampled first (`sample_effects`) and applied second (`apply`), so that a treatment
can be stored and replayed. The linear parts share one pass through the frequency domain.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import scipy.fft
import soundfile
from numpy.lib.stride_tricks import sliding_window_view

from bandscribe.synthesis.sound import Rng, Samples, envelope

_HOP = 64  # samples between values of a gain
_WRITTEN_AT_ONCE = 1 << 16  # samples; long writes crash Vorbis
_CONTROL_HZ = np.geomspace(30, 18000, 7)
#: Half of usual low sample rates, in Hz.
_BANDWIDTHS = (4000, 5512, 8000, 11025, 16000)


@dataclass(frozen=True)
class Treatment:
    """One draw of all effects. Fractions and switches are 0 where an effect is off."""

    seed: int  # of the noises inside
    reverb_db: float | None  # level of the room against the direct sound
    reverb_seconds: float  # time to -60 dB
    reverb_cutoff: float  # Hz, above which the room swallows the treble
    pre_delay: float  # seconds
    gate_seconds: float  # after which a gate cuts the room off, 0 = off
    equaliser_db: tuple[float, ...]  # at 30 Hz to 18 kHz, seven points
    highpass: float  # Hz, 0 = off
    lowpass: float  # Hz, 0 = off
    compressor_db: float  # threshold below the peak, 0 = off
    compressor_ratio: float
    release_db: float  # per second
    drive: float  # of the saturation, 0 = off
    limit_db: float  # how far a limiter at full scale is driven, 0 = off
    bandwidth: float  # Hz, above which nothing is left, as after a low sample rate; 0 = off
    noise_db: float | None  # against full scale before the final level
    noise_slope: float  # 0 white, 1 pink, 2 brown
    peak_db: float  # final level
    codec: str | None  # OGG or MP3
    codec_quality: float


def sample_effects(rng: Rng, *, codec: float = 0.0, master: bool = False) -> Treatment:
    """A treatment, `codec` being the probability of a lossy one (some 30 times slower).

    A `master` is limited more often and more strongly, down to a crest factor of 6 dB, and more
    often of narrow bandwidth.
    """

    def maybe(probability: float, value: float) -> float:
        return value if rng.random() < probability else 0.0

    amount = rng.choice([0.0, 0.5, 1.0])  # a third of recordings is left nearly alone
    return Treatment(
        seed=int(rng.integers(2**32)),
        reverb_db=float(rng.uniform(-32, -3)) if rng.random() < 0.7 else None,
        reverb_seconds=float(np.exp(rng.uniform(np.log(0.12), np.log(1.8)))),
        reverb_cutoff=float(np.exp(rng.uniform(np.log(1500), np.log(18000)))),
        pre_delay=float(rng.uniform(0.0, 0.025)),
        gate_seconds=maybe(0.15, float(rng.uniform(0.06, 0.3))),
        equaliser_db=tuple(float(x) for x in amount * rng.normal(0, 4.5, len(_CONTROL_HZ))),
        highpass=maybe(0.2, float(rng.uniform(30, 140))),
        lowpass=maybe(0.25, float(rng.uniform(5000, 17000))),
        compressor_db=maybe(0.5, float(rng.uniform(6, 28))),
        compressor_ratio=float(rng.uniform(1.5, 8)),
        release_db=float(rng.uniform(40, 400)),
        drive=maybe(0.25, float(rng.uniform(0.5, 4))),
        limit_db=maybe(0.6 if master else 0.2, float(rng.uniform(1, 15 if master else 8))),
        bandwidth=maybe(
            0.2 if master else 0.05, float(rng.choice(_BANDWIDTHS) * rng.uniform(0.85, 1))
        ),
        noise_db=float(rng.uniform(-85, -38)) if rng.random() < 0.6 else None,
        noise_slope=float(rng.uniform(0, 2)),
        peak_db=float(-rng.exponential(5)),
        codec=str(rng.choice(["OGG", "MP3"])) if rng.random() < codec else None,
        codec_quality=float(rng.uniform(0.2, 0.95)),
    )


def apply(samples: Samples, sample_rate: int, what: Treatment) -> Samples:
    """Treat mono samples (n,); same length, no delay."""
    rng = np.random.default_rng(what.seed)
    out = _filter(samples, sample_rate, what, rng)
    peak = float(np.abs(out).max(initial=0.0))
    if peak > 0:
        out = out / np.float32(peak)
    if what.compressor_db:
        out *= _compressor_gain(out, sample_rate, what)
    if what.drive:
        driven = np.tanh(out * np.float32(what.drive)) / np.float32(np.tanh(what.drive))
        out = np.asarray(driven, dtype=np.float32)
    if what.limit_db:
        out = _limit(out * np.float32(10 ** (what.limit_db / 20)), sample_rate, what)
    if what.noise_db is not None:
        out = out + _noise(len(out), what.noise_db, what.noise_slope, rng)
    out = out * np.float32(10 ** (what.peak_db / 20))
    if what.codec:
        out = _codec(out, sample_rate, what.codec, what.codec_quality)
    return out


def _filter(samples: Samples, sample_rate: int, what: Treatment, rng: Rng) -> Samples:
    """Room, equaliser and band limits in one multiplication of spectra."""
    response = _room(sample_rate, what, rng)
    shaped = any(what.equaliser_db) or what.highpass or what.lowpass or what.bandwidth
    if not (len(response) or shaped):
        return samples
    n = len(samples)
    size = scipy.fft.next_fast_len(n + max(len(response), sample_rate // 20), real=True)
    spectrum = scipy.fft.rfft(samples, size)
    coarse = np.geomspace(10, sample_rate / 2, 96)
    curve_db = np.interp(np.log(coarse), np.log(_CONTROL_HZ), what.equaliser_db)
    if what.highpass:
        curve_db -= 10 * np.log10(1 + (what.highpass / coarse) ** 4)
    if what.lowpass:
        curve_db -= 10 * np.log10(1 + (coarse / what.lowpass) ** 12)
    frequencies = np.linspace(0, sample_rate / 2, len(spectrum), dtype=np.float32)
    # Zero-phase, so that the equaliser moves no onset.
    spectrum *= np.interp(frequencies, coarse, 10 ** (curve_db / 20)).astype(np.float32)
    if what.bandwidth:
        spectrum[frequencies > what.bandwidth] = 0
    if len(response):
        spectrum *= 1 + scipy.fft.rfft(response, size)
    filtered = scipy.fft.irfft(spectrum, size)[:n]
    return np.asarray(filtered, dtype=np.float32)


def _room(sample_rate: int, what: Treatment, rng: Rng) -> Samples:
    """Impulse response without the direct sound: early echoes, then a tail of decaying noise."""
    if what.reverb_db is None:
        return np.zeros(0, dtype=np.float32)
    n = int(min(what.reverb_seconds, 1.2) * sample_rate)
    tail = rng.standard_normal(n, dtype=np.float32)
    tail *= np.exp(-6.9 / (what.reverb_seconds * sample_rate) * np.arange(n, dtype=np.float32))
    if what.gate_seconds:
        tail[round(what.gate_seconds * sample_rate) :] = 0
    # Walls swallow treble: an average over the samples of half a period at the cutoff.
    width = max(1, int(sample_rate / (2 * what.reverb_cutoff)))
    total = np.cumsum(tail, dtype=np.float64)
    tail[width:] = (total[width:] - total[:-width]) / width
    echoes = rng.integers(sample_rate // 1000, sample_rate // 20, 8)
    response = np.zeros(n + int(what.pre_delay * sample_rate), dtype=np.float32)
    response[-n:] = tail
    response[echoes[echoes < len(response)]] += 3.0 * tail.std()
    response *= np.float32(10 ** (what.reverb_db / 20) / np.sqrt(np.sum(response**2)))
    return response


def _compressor_gain(samples: Samples, sample_rate: int, what: Treatment) -> Samples:
    """Gain (n,) of a feed-forward compressor that attacks at once and releases by dB per second.

    The level after a peak falls on a straight line in dB, so the envelope is a running maximum of
    `level + slope · time`, minus `slope · time`.
    """
    level = 20 * np.log10(envelope(samples, _HOP) + 1e-4)
    fall = what.release_db * _HOP / sample_rate * np.arange(len(level))
    falling = np.maximum.accumulate(level + fall) - fall
    over = np.maximum(0.0, falling + what.compressor_db)
    gain = 10 ** (-over * (1 - 1 / what.compressor_ratio) / 20)
    centres = (np.arange(len(level)) + 0.5) * _HOP
    return np.asarray(np.interp(np.arange(len(samples)), centres, gain), dtype=np.float32)


def _limit(samples: Samples, sample_rate: int, what: Treatment) -> Samples:
    """Brickwall limiter at full scale: two blocks of look-ahead, release in dB per second."""
    blocks = -(-len(samples) // _HOP)
    padded = np.zeros((blocks + 4) * _HOP, dtype=np.float32)
    padded[2 * _HOP : 2 * _HOP + len(samples)] = np.abs(samples)
    peaks = padded.reshape(-1, _HOP).max(axis=1)
    over = 20 * np.log10(np.maximum(1, sliding_window_view(peaks, 5).max(axis=1)))
    fall = what.release_db * _HOP / sample_rate * np.arange(blocks)
    falling = np.maximum(0, np.maximum.accumulate(over + fall) - fall)
    centres = (np.arange(blocks) + 0.5) * _HOP
    gain = np.interp(np.arange(len(samples)), centres, 10 ** (-falling / 20))
    return np.asarray(np.clip(samples * gain, -1, 1), dtype=np.float32)


def _noise(n: int, level_db: float, slope: float, rng: Rng) -> Samples:
    """Noise (n,) at a level, its power falling by 3 · slope dB per octave, drawn as a spectrum."""
    size = scipy.fft.next_fast_len(n, real=True)
    spectrum = rng.standard_normal((size // 2 + 1, 2), dtype=np.float32).view(np.complex64)[:, 0]
    index = np.arange(len(spectrum), dtype=np.float32)
    spectrum *= np.maximum(index, 20) ** np.float32(-slope / 2)
    noise = scipy.fft.irfft(spectrum, size)[:n]
    noise *= 10 ** (level_db / 20) / np.sqrt(np.mean(noise**2, dtype=np.float64))
    return np.asarray(noise, dtype=np.float32)


def _codec(samples: Samples, sample_rate: int, codec: str, quality: float) -> Samples:
    """Through a lossy codec and back; both formats keep the position of onsets."""
    file = io.BytesIO()
    clipped = np.clip(samples, -1, 1)
    with soundfile.SoundFile(
        file, "w", sample_rate, 1, format=codec, compression_level=quality
    ) as sound:
        for first in range(0, len(clipped), _WRITTEN_AT_ONCE):
            sound.write(clipped[first : first + _WRITTEN_AT_ONCE])
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    out = np.zeros_like(samples)
    n = min(len(out), len(decoded))
    out[:n] = decoded[:n]
    return out
