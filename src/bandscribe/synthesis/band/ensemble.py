"""Plays a song: parts through SoundFonts or on recorded notes, guitars through amplifiers, voices,
and one mix of them all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.synthesis import effects, fluidsynth
from bandscribe.synthesis.band import amplifier, sampler, voice
from bandscribe.synthesis.band.songs import Part, Song
from bandscribe.synthesis.band.speech import Speech, talk
from bandscribe.synthesis.sound import SAMPLE_RATE, Rng, Samples, at_level, loudness

_DUCKED_SHARE = 0.07  # of songs, in which the band gives way to each kick
_BASS = r"bass(?!oon)"

#: Which recorded instruments (an expression found in their name) suit a part (the first word of
#: its role).
_RECORDED = {
    "bass": (_BASS,),
    "power": ("guitar",), "metal": ("guitar",), "crunch": ("guitar",), "riff": ("guitar",),
    "clean": ("guitar",), "strum": ("guitar",), "picking": ("guitar",), "skank": ("guitar",),
    "scratch": ("guitar",), "chick": ("guitar",), "muted": ("guitar",), "guitar": ("guitar",),
    "piano": ("piano",), "comping": ("piano",), "chords": ("piano",),
    "strings": ("cello",), "bridge": ("cello", "horn", "clarinet", "piano"),
    "brass": ("trombone", "horn", "sax"),
    "lead": ("sax", "cello", "flute", "clarinet", "oboe", "trombone", "bassoon", "horn", "guitar"),
}  # fmt: skip


@dataclass(frozen=True)
class Instruments:
    """SoundFonts and recorded notes to play on, and speech to sing with."""

    soundfonts: tuple[Path, ...]
    recorded: tuple[sampler.SampledInstrument, ...] = ()
    speech: Speech | None = None

    @classmethod
    def load(
        cls, soundfonts: Sequence[Path], *, notes: Path | None = None, voices: Path | None = None
    ) -> Instruments:
        """Read all but the SoundFonts into memory.

        `notes` is a folder as in `sampler`, `voices` one of speech. Raises ValueError where
        something is missing, without SoundFonts, and without FluidSynth.
        """
        if not soundfonts:
            raise ValueError("soundfonts: expected one at least")
        for path in soundfonts:
            if not path.is_file():
                raise ValueError(f"{path}: no such SoundFont; name a .sf2 file")
        fluidsynth.load_library()
        return cls(
            tuple(soundfonts),
            sampler.load(notes) if notes else (),
            Speech.load(voices) if voices else None,
        )


def play(song: Song, instruments: Instruments, rng: Rng) -> Samples:
    """A song, half of the time sung to: samples (n,) at 44.1 kHz with a peak of 0.7."""
    length = round(song.duration * SAMPLE_RATE)
    mix = np.zeros(length, dtype=np.float32)
    stems = _stems(song.parts, instruments, length, rng)
    for part, stem, level in zip(song.parts, stems, _draw_levels(song.parts, rng), strict=True):
        if part.distorted:
            stem = amplifier.amplify(stem, amplifier.sample_settings(rng))
        mix += at_level(stem, level)
    if song.drums is not None and rng.random() < _DUCKED_SHARE:
        mix *= _duck(length, song.drums.onsets[song.drums.labels == "kd"], rng)
    if rng.random() < 0.5:
        singing = at_level(_sing(song, instruments.speech, rng), rng.uniform(-6, 8))
        n = min(length, len(singing))
        mix[:n] += singing[:n] * np.float32(loudness(mix))
    return _master(mix, rng)


def _stems(parts: Sequence[Part], instruments: Instruments, length: int, rng: Rng) -> Samples:
    """Every part by itself, (part, length)."""
    fonts = rng.choice(len(instruments.soundfonts), 2)
    if rng.random() < 0.5:
        fonts[1] = fonts[0]
    voices = [
        fluidsynth.ChannelVoice(instruments.soundfonts[fonts[int(rng.integers(2))]], part.program)
        for part in parts
    ]
    recorded = [_draw_recorded(part, instruments.recorded, rng) for part in parts]
    apart = [
        part.role == "bass sub" or r is not None for part, r in zip(parts, recorded, strict=True)
    ]
    lines = [() if other else part.notes for part, other in zip(parts, apart, strict=True)]
    stems = fluidsynth.render(lines, voices, length, SAMPLE_RATE)
    for index, (part, instrument) in enumerate(zip(parts, recorded, strict=True)):
        if part.role == "bass sub":
            stems[index] = sampler.play_sub_bass(part.notes, length, rng)
        elif instrument is not None:
            stems[index] = sampler.play(instrument, part.notes, length, rng)
    return stems


def _draw_recorded(
    part: Part, recorded: Sequence[sampler.SampledInstrument], rng: Rng
) -> sampler.SampledInstrument | None:
    """The recorded notes that a part is played on, None for a SoundFont.

    Basses and guitars are more often real ones, since they mask drums most.
    """
    role = part.role.split()[0]
    names = _RECORDED.get(role, ())
    suitable = [i for i in recorded if any(re.search(name, i.name) for name in names)]
    plucked = names and names[0] in (_BASS, "guitar")
    if not suitable or rng.random() > (0.5 if plucked else 0.2):
        return None
    return suitable[int(rng.integers(len(suitable)))]


def _sing(song: Song, speech: Speech | None, rng: Rng) -> Samples:
    """A voice on the tune, or speech in rhythm; at times a second voice a third above."""
    notes = [(n.start, n.end, n.pitch) for n in song.tune]
    if speech is None or rng.random() < 0.15:
        return voice.sing(notes, song.duration, rng)
    if song.beats is not None and rng.random() < 0.25:
        return talk(speech, song.beats.times, song.duration, rng)
    sung = voice.sing_speech(speech, notes, song.duration, rng)
    if rng.random() < 0.25:
        above = [(start, end, pitch + int(rng.choice([3, 4]))) for start, end, pitch in notes]
        second = voice.sing_speech(speech, above, song.duration, rng)
        sung = sung + second * np.float32(rng.uniform(0.2, 0.7))
    return sung


def _draw_levels(parts: Sequence[Part], rng: Rng) -> list[float]:
    """The level of each part in dB: a bass from 3 dB below to 6 dB above the loudest other part."""
    levels = []
    for part in parts:
        if part.role == "lead":
            levels.append(rng.uniform(-5, 4))
        elif part.role in ("pad", "strings"):
            levels.append(rng.uniform(-16, 0))
        else:
            levels.append(rng.uniform(-10, 4))
    basses = [part.role.startswith("bass") for part in parts]
    top = max((level for level, low in zip(levels, basses, strict=True) if not low), default=0.0)
    return [
        float(top + rng.uniform(-3, 6) if low else level)
        for level, low in zip(levels, basses, strict=True)
    ]


def _duck(length: int, kicks: NDArray[np.float64], rng: Rng) -> Samples:
    """The gain (length,) of a compressor that the kicks at some seconds push down."""
    depth, release = rng.uniform(0.3, 0.9), rng.uniform(0.06, 0.3)
    dip = depth * np.exp(-np.arange(int(4 * release * SAMPLE_RATE)) / (release * SAMPLE_RATE))
    gain = np.ones(length, dtype=np.float32)
    for first in np.round(kicks * SAMPLE_RATE).astype(int).tolist():
        n = min(len(dip), length - first)
        gain[first : first + n] = np.minimum(gain[first : first + n], 1 - dip[:n])
    return gain


def _master(mix: Samples, rng: Rng) -> Samples:
    """Sometimes a room, sometimes loud: a peak of 0.7."""
    if rng.random() < 0.3:
        room = effects.sample_effects(rng)
        mix = effects.apply(mix, SAMPLE_RATE, replace(
            room, reverb_db=-8 - 14 * float(rng.random()), compressor_db=0.0, drive=0.0,
            noise_db=None, codec=None, highpass=0.0, lowpass=0.0,
        ))  # fmt: skip
    if rng.random() < 0.5:  # pushed into a limiter, as records are
        push = rng.uniform(0.1, 0.6) / (loudness(mix) or 1.0)
        mix = np.tanh(mix * np.float32(push))
    return np.asarray(0.7 * mix / (np.abs(mix).max() + 1e-9), dtype=np.float32)
