"""Singing voices: their sibilants, plosives, breaths and glides are easily mistaken for drums.

`sing` is a source-filter voice of formants and noise bursts. `sing_speech` makes recorded speech
sing: consonants are kept as spoken and placed before the beat; vowels are stretched to the note and
vocoded to its pitch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

from bandscribe.synthesis.band.speech import Speech, SpeechRecording, normalize
from bandscribe.synthesis.band.vocoder import HOP, vocode
from bandscribe.synthesis.sound import SAMPLE_RATE, Rng, Samples, add, fade

#: First four formants of sung vowels in Hz (Peterson and Barney 1952, men; a fourth added).
VOWELS = (
    (730, 1090, 2440, 3400), (270, 2290, 3010, 3600), (530, 1840, 2480, 3400),
    (300, 870, 2240, 3300), (570, 840, 2410, 3300), (490, 1350, 1690, 3200),
)  # fmt: skip
#: Band in Hz and length in seconds of consonants: s, sh, f, t, k, p, h.
CONSONANTS = (
    (5000, 12000, 0.11), (2500, 7000, 0.11), (1500, 11000, 0.08), (3500, 9000, 0.025),
    (1500, 4500, 0.03), (200, 2500, 0.02), (500, 5000, 0.07),
)  # fmt: skip


def sing(notes: Sequence[tuple[float, float, int]], duration: float, rng: Rng) -> Samples:
    """Sing `(start, end, MIDI pitch)` notes on random syllables: samples (n,), peak 1."""
    out = np.zeros(round(duration * SAMPLE_RATE), dtype=np.float32)
    size = rng.uniform(0.95, 1.3)  # of the vocal tract: men to children
    octave = 12 * int(rng.choice([-2, -1, 0], p=[0.2, 0.5, 0.3]))
    breath = rng.uniform(0.01, 0.12)
    bite = rng.uniform(0.2, 1.5)  # level of the consonants
    wordy = rng.uniform(0.4, 0.95)  # share of notes that begin with one
    for start, end, pitch in notes:
        length = int(min(end - start, 4.0) * SAMPLE_RATE)
        first = int(start * SAMPLE_RATE)
        if length < 1000 or first >= len(out):
            continue
        vowel = VOWELS[rng.integers(len(VOWELS))]
        f0 = 440 * 2 ** ((pitch + octave - 69) / 12)
        add(out, first, _vowel(length, f0, vowel, size, breath, rng))
        if rng.random() < wordy:
            consonant = _consonant(rng) * np.float32(bite * rng.uniform(0.1, 0.5))
            add(out, max(0, first - int(0.7 * len(consonant))), consonant)
    return out / np.float32(np.abs(out).max(initial=1e-9))


def _vowel(
    length: int, f0: float, formants: tuple[int, ...], size: float, breath: float, rng: Rng
) -> Samples:
    t = np.arange(length) / SAMPLE_RATE
    vibrato = rng.uniform(0, 0.03) * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * t) * (t > 0.2)
    glide = rng.uniform(-0.06, 0.06) * np.exp(-t / 0.05)
    phase = np.cumsum(f0 * (1 + vibrato + glide)) / SAMPLE_RATE
    pulse = 1 - 2 * (phase % 1.0)  # a sawtooth falls by 6 dB per octave, much as a glottis does
    pulse += breath * rng.standard_normal(length)
    n_fft = scipy.fft.next_fast_len(length, real=True)
    frequencies = np.fft.rfftfreq(n_fft, 1 / SAMPLE_RATE)
    response = np.full(len(frequencies), 0.003)
    for level, formant in zip((1.0, 0.5, 0.25, 0.15), formants, strict=True):
        width = 60 + 0.04 * formant
        response += level / (1 + ((frequencies - formant * size) / width) ** 2)
    tone = scipy.fft.irfft(scipy.fft.rfft(pulse, n_fft) * response, n_fft)[:length]
    attack, release = int(0.03 * SAMPLE_RATE), min(length // 3, int(0.08 * SAMPLE_RATE))
    envelope = np.minimum(1, np.arange(length) / attack)
    envelope[length - release :] *= np.linspace(1, 0, release)
    tone *= envelope * rng.uniform(0.5, 1.0) / (np.abs(tone).max() + 1e-9)
    return np.asarray(tone, dtype=np.float32)


def _consonant(rng: Rng) -> Samples:
    low, high, seconds = CONSONANTS[rng.integers(len(CONSONANTS))]
    n = int(seconds * rng.uniform(0.7, 1.5) * SAMPLE_RATE)
    frequencies = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    band = 1 / (1 + (low / np.maximum(frequencies, 1)) ** 6) / (1 + (frequencies / high) ** 6)
    burst = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * band, n)
    attack = int((0.002 if seconds < 0.05 else 0.02) * SAMPLE_RATE)
    burst *= np.minimum(1, np.arange(n) / attack) * np.linspace(1, 0, n)
    return np.asarray(burst / (np.abs(burst).max() + 1e-9), dtype=np.float32)


_FADE = int(0.02 * SAMPLE_RATE)


def sing_speech(
    speech: Speech, notes: Sequence[tuple[float, float, int]], duration: float, rng: Rng
) -> Samples:
    """One speaker sings `(start, end, MIDI pitch)` notes, a syllable each, the vowel on the start.

    Samples (n,), peak 1. Of notes that overlap, the earlier ends where the later begins. The melody
    moves by octaves into the singer's range.
    """
    n = round(duration * SAMPLE_RATE)
    out = np.zeros(n, np.float32)
    melody = _in_range(_one_by_one(notes, duration), rng)
    if not melody:
        return normalize(out)
    recording = speech.recordings[rng.integers(len(speech.recordings))]
    bite = rng.uniform(0.6, 1.6)  # level of the consonants
    slurred = rng.uniform(0.0, 0.25)  # share of notes that go on with the vowel before
    closed = rng.uniform(0.1, 0.6)  # share of syllables that end in consonants
    breathing = rng.uniform(0.0, 0.8)
    position = np.zeros(n // HOP + 1, np.int64)  # in the recording, of each frame
    gain = np.zeros(len(position), np.float32)
    spans = _join(melody, slurred, rng)
    chosen = _draw_syllables(recording, len(spans), rng)
    for i, (start, end) in enumerate(spans):
        first, vowel, stop, last = (int(x) for x in chosen[i])
        before = start - (spans[i - 1][0] if i else -1.0)
        first = max(first, vowel - int(0.5 * before * SAMPLE_RATE))
        if i + 1 < len(spans):  # leave room for the consonants of the next
            following = spans[i + 1][0]
            lead = min(
                (chosen[i + 1, 1] - chosen[i + 1, 0]) / SAMPLE_RATE, 0.5 * (following - start)
            )
            end = min(end, following - lead)
        loud = np.sqrt(np.mean(recording.cut(vowel, stop) ** 2)) + 1e-4
        level = np.float32(rng.uniform(0.7, 1.0) / loud)
        onset = _limited(recording.cut(first, vowel + _FADE) * level) * np.float32(bite)
        at = round(start * SAMPLE_RATE)
        add(out, at - (vowel - first), fade(onset, 200, _FADE))
        frames = np.arange(-(-at // HOP), min(len(gain), -(-round(end * SAMPLE_RATE) // HOP)))
        if len(frames):
            u = frames * HOP - at
            length = max(1, round((end - start) * SAMPLE_RATE))
            position[frames] = vowel + _stretch(u, length, stop - vowel)
            ramp = np.minimum(1, np.minimum((u + 1) / _FADE, (length - u) / min(2 * _FADE, length)))
            gain[frames] = level * np.maximum(ramp, 0)
        if last - stop > 400 and rng.random() < closed:
            coda = _limited(recording.cut(stop - _FADE, last) * level) * np.float32(bite)
            add(out, round(end * SAMPLE_RATE) - _FADE, fade(coda, _FADE, 400))
        if (not i or start - spans[i - 1][1] > 0.4) and rng.random() < breathing:
            breath = _breath(rng)
            add(out, at - (vowel - first) - len(breath) - 1000, breath)
    f0 = _contour(melody, len(position), rng)
    out += vocode(recording.samples, position, gain, f0, rng)[:n]
    return normalize(out)


def _one_by_one(
    notes: Sequence[tuple[float, float, int]], duration: float
) -> list[tuple[float, float, int]]:
    """One note at a time: the highest of a chord, each at least 80 ms and at most 6 s long."""
    melody: list[tuple[float, float, int]] = []
    for start, end, pitch in sorted(notes, key=lambda note: (note[0], -note[2])):
        if start < 0 or start >= duration or (melody and start < melody[-1][0] + 0.08):
            continue
        if melody and melody[-1][1] > start:
            melody[-1] = (melody[-1][0], start, melody[-1][2])
        melody.append((start, min(max(end, start + 0.08), start + 6.0, duration), pitch))
    return melody


def _in_range(melody: list[tuple[float, float, int]], rng: Rng) -> list[tuple[float, float, int]]:
    centre = rng.uniform(50, 69)  # from bass to soprano
    if not melody:
        return []
    shift = 12 * round((centre - float(np.median([pitch for _, _, pitch in melody]))) / 12)
    moved = [(start, end, pitch + shift) for start, end, pitch in melody]
    return [
        (start, end, pitch + (12 * round((centre - pitch) / 12) if abs(pitch - centre) > 14 else 0))
        for start, end, pitch in moved
    ]


def _join(
    melody: list[tuple[float, float, int]], slurred: float, rng: Rng
) -> list[tuple[float, float]]:
    """Spans of one syllable each: a note, or a few that are slurred."""
    spans: list[tuple[float, float]] = []
    for start, end, _ in melody:
        if spans and start - spans[-1][1] < 0.05 and rng.random() < slurred:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _draw_syllables(recording: SpeechRecording, count: int, rng: Rng) -> NDArray[np.int64]:
    """Syllables (count, 4) in phrases as they were spoken."""
    rows: list[NDArray[np.int64]] = []
    while sum(map(len, rows)) < count:
        rows.append(recording.draw(rng))
    return np.concatenate(rows)[:count]


def _limited(consonant: Samples) -> Samples:
    """Attenuated to the peaks of a vowel of power 1 at most."""
    return consonant * np.float32(min(1.0, 4.0 / np.abs(consonant).max(initial=1e-9)))


def _stretch(u: NDArray[np.int64], length: int, available: int) -> NDArray[np.int64]:
    """Where in a vowel of `available` samples to be `u` samples into a note of `length`.

    Longer notes keep the first and the last quarter of the vowel as spoken and stretch its middle.
    """
    if length <= available:
        return np.asarray(u * available // length)
    edge = available // 4
    knots = np.interp(u, [0, edge, length - edge, length], [0, edge, available - edge, available])
    return knots.astype(np.int64)


def _contour(melody: list[tuple[float, float, int]], frames: int, rng: Rng) -> NDArray[np.float64]:
    """The pitch of each frame in Hz: glides, scoops, vibrato and a little wandering."""
    t = np.arange(frames) * HOP / SAMPLE_RATE
    starts = np.array([start for start, _, _ in melody])
    pitches = np.array([pitch for _, _, pitch in melody]) + rng.normal(0, 0.08, len(melody))
    index = np.maximum(0, np.searchsorted(starts, t, side="right") - 1)
    since = np.maximum(0, t - starts[index])
    scoops = rng.uniform(-1.5, 0.3, len(melody)) * (rng.random(len(melody)) < 0.4)
    semitones = pitches[index] + scoops[index] * np.exp(-since / 0.04)
    width = rng.uniform(0.02, 0.05) * SAMPLE_RATE / HOP
    semitones = scipy.ndimage.gaussian_filter1d(semitones, width / 2, mode="nearest")
    depth = rng.uniform(0, 0.5) * np.clip((since - 0.15) / 0.3, 0, 1)
    semitones += depth * np.sin(2 * np.pi * rng.uniform(4.8, 6.3) * t)
    semitones += 0.3 * scipy.ndimage.gaussian_filter1d(rng.standard_normal(frames), 5)
    return np.asarray(440 * 2 ** ((semitones - 69) / 12))


def _breath(rng: Rng) -> Samples:
    n = int(rng.uniform(0.2, 0.45) * SAMPLE_RATE)
    f = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    shape = sum(
        np.exp(-(np.log2(np.maximum(f, 1) / centre) ** 2) / 0.15)
        for centre in rng.uniform((900, 1800, 4500), (1400, 3000, 7500))
    )
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * shape, n).astype(np.float32)
    swell = np.sin(np.pi * np.linspace(0, 1, n) ** 1.5).astype(np.float32) ** 2
    return noise * swell * np.float32(10 ** rng.uniform(-1.6, -0.7) / (noise.std() + 1e-9))
