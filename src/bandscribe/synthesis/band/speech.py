"""Recorded speech in memory, split into syllables and phrases, and talked in the rhythm of a song.

A syllable is a vowel (a voiced stretch between two dips of energy) and the consonants on either
side of it; a phrase is a row of syllables without a pause.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import scipy.fft
import scipy.ndimage
import scipy.signal
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bandscribe import audio
from bandscribe.decode import length
from bandscribe.synthesis.sound import SAMPLE_RATE, Rng, Samples, add, fade

LIMIT = 3600.0
_HOP = 220  # samples: 5 ms
_REACH = int(0.3 * SAMPLE_RATE)  # the longest run of consonants
_SHORT = 30.0  # seconds: shorter files of a folder are taken for one speaker's
_TOP = 14000.0  # Hz, up to which dull recordings are brightened


@dataclass(frozen=True)
class SpeechRecording:
    """One speaker: samples (n,) int16 at 44.1 kHz, and where the syllables and phrases are."""

    samples: NDArray[np.int16]
    syllables: NDArray[np.int64]  # (m, 4) samples: first, vowel begins, vowel ends, last
    phrases: NDArray[np.int64]  # (k, 2): first syllable, last syllable + 1

    def cut(self, first: int, last: int) -> Samples:
        """The samples from `first` up to `last`, in ±1."""
        return self.samples[first:last].astype(np.float32) / np.float32(32768)

    def draw(self, rng: Rng) -> NDArray[np.int64]:
        """Some syllables (1 to 16, 4) of one phrase, in the order in which they were spoken."""
        i = int(rng.integers(len(self.syllables)))
        first, last = self.phrases[np.searchsorted(self.phrases[:, 1], i, side="right")]
        return self.syllables[max(first, i - 8) : min(last, i + 8)]


@dataclass(frozen=True)
class Speech:
    """Speakers to sing and talk with."""

    recordings: tuple[SpeechRecording, ...]

    @classmethod
    def load(cls, folder: Path) -> Speech:
        """All sound files under a folder; of more than 20 minutes, an even share of each file.

        Treble that a low sample rate lacks is replaced by noise. Short files of one folder count as
        one speaker. Raises ValueError without sound or without a voice in it.
        """
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in audio.EXTENSIONS)
        if not paths:
            raise ValueError(f"{folder}: no sound files of speech in it")
        recordings = []
        for samples in _speakers(paths):
            syllables, phrases = split(samples)
            if len(phrases):
                loud = np.abs(samples).max()
                pcm = np.round(samples * np.float32(32000 / loud)).astype(np.int16)
                recordings.append(SpeechRecording(pcm, syllables, phrases))
        if not recordings:
            raise ValueError(f"{folder}: no voice was found in its sound files")
        return cls(tuple(recordings))


def _speakers(paths: list[Path]) -> Iterator[Samples]:
    """What the files hold, the short ones of a folder joined together."""
    spread = np.linspace(0, len(paths) - 1, int(LIMIT / 2)).astype(int)
    paths = [paths[i] for i in np.unique(spread)]
    left = LIMIT
    joined: list[Samples] = []
    speaker = paths[0]
    pause = np.zeros(SAMPLE_RATE // 3, np.float32)
    for index, path in enumerate(paths):
        with warnings.catch_warnings():  # half a word is speech too
            warnings.simplefilter("ignore", audio.TruncatedAudioWarning)
            sound = audio.read(path, mono=True, duration=left / (len(paths) - index))
            new = path if length(path) > _SHORT else path.parent
        left -= sound.duration
        samples = audio.resample(sound, SAMPLE_RATE).samples[0]
        if sound.sample_rate < 2 * _TOP:
            samples = brighten(samples, 0.45 * sound.sample_rate)
        if joined and new != speaker:
            yield np.concatenate(joined)
            joined = []
        joined += [pause, samples, pause]
        speaker = new
    yield np.concatenate(joined)


def brighten(samples: Samples, cutoff: float) -> Samples:
    """Adds noise above `cutoff` in Hz that follows the treble just below: (n,) to (n,).

    It goes on at the level of the octave below and falls by 9 dB per octave up to 14 kHz, so
    that an s of a 16 kHz recording has the spectrum of an s.
    """
    n = len(samples)
    noise = np.random.default_rng(0).standard_normal(5 * SAMPLE_RATE).astype(np.float32)
    frequencies = np.fft.rfftfreq(len(noise), 1 / SAMPLE_RATE)
    octaves = np.log2(np.maximum(frequencies, 1) / cutoff)
    shape = 10 ** (-9 * octaves / 20) / (1 + (frequencies / _TOP) ** 8)
    shape *= 1 / (1 + np.exp((cutoff - frequencies) / 100))
    noise = np.fft.irfft(np.fft.rfft(noise) * shape, len(noise)).astype(np.float32)
    band = scipy.signal.butter(
        4, [0.65 * cutoff, 0.98 * cutoff], "band", fs=SAMPLE_RATE, output="sos"
    )
    treble = scipy.signal.sosfilt(band, samples).astype(np.float32)
    power = scipy.ndimage.uniform_filter1d(treble**2, int(0.004 * SAMPLE_RATE))
    # White noise of variance 1 has 2 / SAMPLE_RATE of it in each Hz.
    level = np.sqrt(np.maximum(power, 0) * (SAMPLE_RATE / 2 / (0.33 * cutoff)))
    out = samples + level * np.resize(noise, n)
    return np.asarray(out, dtype=np.float32)


def split(samples: Samples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Syllables (m, 4) and phrases (k, 2) of speech (n,) at 44.1 kHz; see `SpeechRecording`."""
    low, high, periodicity = _features(samples)
    voice = np.maximum(low, high)
    if not len(low) or (reference := np.percentile(low, 95)) < -80:
        return np.zeros((0, 4), np.int64), np.zeros((0, 2), np.int64)
    loud = scipy.ndimage.binary_closing(np.pad(voice > reference - 40, 40), np.ones(30))[40:-40]
    voiced = (periodicity > 0.5) & (low > high) & (low > reference - 25)
    voiced = scipy.ndimage.binary_closing(voiced, np.ones(4))
    voiced = scipy.ndimage.binary_opening(voiced, np.ones(12))
    smooth = scipy.ndimage.gaussian_filter1d(low, 4)
    peaks, _ = scipy.signal.find_peaks(smooth, prominence=3, distance=20)
    vowels = []
    for first, last in _runs(voiced):
        inside = peaks[(peaks >= first) & (peaks < last)]
        dips = [int(a + np.argmin(smooth[a:b])) for a, b in pairwise(inside)]
        edges = [first, *dips, last]
        vowels += [(a, b) for a, b in pairwise(edges) if b - a >= 12]
    syllables: list[list[int]] = []
    phrases: list[tuple[int, int]] = []
    for first, last in _runs(loud):
        row = [(a, b) for a, b in vowels if first <= a and b <= last]
        if not row:
            continue
        bounds = [first, *(x for vowel in row for x in vowel), last]
        phrases.append((len(syllables), len(syllables) + len(row)))
        syllables += [bounds[2 * i : 2 * i + 4] for i in range(len(row))]
    places = np.array(syllables, np.int64).reshape(-1, 4) * _HOP
    places[:, 0] = np.maximum(places[:, 0], places[:, 1] - _REACH)
    places[:, 3] = np.minimum(places[:, 3], places[:, 2] + _REACH)
    return places, np.array(phrases, np.int64).reshape(-1, 2)


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _features(
    samples: Samples,
) -> tuple[Samples, Samples, Samples]:
    """Per 5 ms: dB below 3 kHz, dB above 4 kHz, and the peak of the autocorrelation, 0 to 1."""
    count = len(samples) // _HOP
    filters = [
        scipy.signal.butter(4, edge, kind, fs=SAMPLE_RATE, output="sos")
        for edge, kind in (([120, 3000], "band"), (4000, "high"))
    ]
    low, high = (
        10 * np.log10(np.mean(band[: count * _HOP].reshape(count, _HOP) ** 2, axis=1) + 1e-12)
        for band in (scipy.signal.sosfilt(sos, samples).astype(np.float32) for sos in filters)
    )
    coarse = soxr.resample(samples, SAMPLE_RATE, SAMPLE_RATE // 4)
    width, hop = 384, _HOP // 4  # 35 ms
    frames = sliding_window_view(np.pad(coarse, (width // 2, width)), width)[::hop][:count]
    window = np.hanning(width).astype(np.float32)
    taper = np.fft.irfft(np.abs(np.fft.rfft(window, 768)) ** 2)[27:158]  # 70 to 408 Hz
    taper = (taper / np.sum(window**2)).astype(np.float32)
    periodicity = np.zeros(count, np.float32)
    for i in range(0, count, 4096):
        spectrum = scipy.fft.rfft(frames[i : i + 4096] * window, 768)
        r = scipy.fft.irfft(spectrum.real**2 + spectrum.imag**2, 768)
        peak = np.max(r[:, 27:158] / taper, axis=1) / (r[:, 0] + 1e-6)
        periodicity[i : i + 4096] = peak
    return low, high, periodicity


def talk(speech: Speech, beats: NDArray[np.float64], duration: float, rng: Rng) -> Samples:
    """One speaker talks or raps: vowels begin on eighths or sixteenths of `beats` (n,) seconds.

    Samples (n,), peak 1; silence where there are fewer than two beats.
    """
    out = np.zeros(round(duration * SAMPLE_RATE), np.float32)
    recording = speech.recordings[rng.integers(len(speech.recordings))]
    tempo = rng.uniform(0.9, 1.1)
    talkative = rng.uniform(0.5, 3.0)  # beats of pause between phrases, at most
    steps = np.arange(max(0, 4 * (len(beats) - 1)) + 1) / 4
    grid = np.interp(steps, np.arange(len(beats)), beats) if len(beats) > 1 else np.zeros(0)
    slot = int(rng.integers(4))
    while slot < len(grid) and grid[slot] < duration:
        stride = int(rng.choice([1, 2], p=[0.6, 0.4]))  # sixteenths or eighths
        for first_sample, vowel, _, end in _in_order(recording.draw(rng)):
            if slot >= len(grid):
                break
            seconds = (end - first_sample) / SAMPLE_RATE / tempo
            ahead = np.arange(slot + stride, len(grid), stride)
            ends = ahead[grid[ahead] >= grid[slot] + 0.88 * seconds]
            following = int(ends[0]) if len(ends) else len(grid)
            room = grid[following] - grid[slot] if following < len(grid) else seconds
            rate = np.clip(tempo * seconds / room, 0.85, 1.15)
            sound = _respeed(recording.cut(first_sample, end), rate, rng)
            add(out, round(grid[slot] * SAMPLE_RATE - (vowel - first_sample) / rate), sound)
            slot = following
        slot += int(rng.integers(1, 2 + int(4 * talkative)))
    return normalize(out)


def _in_order(syllables: NDArray[np.int64]) -> list[tuple[int, int, int, int]]:
    """Syllables that end where the next begins."""
    ends = [*syllables[1:, 0], syllables[-1, 3]]
    return [
        (int(a), int(b), int(c), max(int(c), int(end)))
        for (a, b, c, _), end in zip(syllables, ends, strict=True)
    ]


def _respeed(sound: Samples, rate: float, rng: Rng) -> Samples:
    """Played faster or slower, the speed bent by up to 4 % on the way; faded at both ends."""
    n = int(len(sound) / rate)
    bend = rng.uniform(-0.04, 0.04) * np.linspace(-1, 1, n)
    at = np.cumsum(rate * (1 + bend)) - rate
    out = np.interp(at, np.arange(len(sound)), sound, right=0.0).astype(np.float32)
    return fade(out, int(0.005 * SAMPLE_RATE), int(0.02 * SAMPLE_RATE))


def normalize(samples: Samples) -> Samples:
    """Samples (n,) with a peak of 1; silence stays silent."""
    return np.asarray(samples / np.abs(samples).max(initial=1e-9), dtype=np.float32)
