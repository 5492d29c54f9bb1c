"""Plays parts on recorded single notes, and a bass of sine waves.

Recorded notes are folders of sounds, each with a `notes.json`:

    [{"file": "e2_f_rr1.ogg", "pitch": 40, "dynamic": "f"}, …]

`pitch` is a MIDI number, or null for what is no single note; `dynamic` a marking such as p, mf,
forte, or vl1 to vl5, or null. Folders are named after their instrument.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bandscribe import audio
from bandscribe.readers import read_json, refused
from bandscribe.synthesis.fluidsynth import Note
from bandscribe.synthesis.sound import SAMPLE_RATE, Rng, Samples

FARTHEST = 3  # semitones that a recording is moved, at most
SUSTAIN = 8.0  # seconds that are kept of a recording

#: Loudness from 0 to 1 by the first letters of a dynamic marking.
_DYNAMICS = {
    "molto-pianissimo": 0.05, "pianissimo": 0.15, "pp": 0.15, "mezzo-piano": 0.45, "mp": 0.45,
    "piano": 0.3, "p": 0.3, "mezzo-forte": 0.6, "mf": 0.6, "fortissimo": 0.95, "ff": 0.95,
    "forte": 0.8, "f": 0.8,
}  # fmt: skip
#: Ways to play that are no plain note.
_STRANGE = re.compile("trill|glissando|cresc|harmonic|tremolo|flutter|tongu|phrase")


@dataclass(frozen=True, eq=False)
class InstrumentSample:
    """One recorded note: samples (n,) from its onset on, peak 1; loudness from 0 to 1."""

    samples: Samples
    pitch: int
    loudness: float


@dataclass(frozen=True, eq=False)
class SampledInstrument:
    """All that was recorded of one instrument, in one way of playing."""

    name: str
    sounds: tuple[InstrumentSample, ...]

    def reaches(self, pitch: int) -> bool:
        """Whether there is a sound near enough."""
        return any(abs(sound.pitch - pitch) <= FARTHEST for sound in self.sounds)


def load(folder: Path) -> tuple[SampledInstrument, ...]:
    """The instruments under a folder, by name. Raises ValueError where there are none.

    Each way of playing (`technique`) that is given counts as an instrument of its own.
    """
    instruments = []
    for index in sorted(folder.glob("*/notes.json")):
        rows = read_json(index)
        with refused(f"{index}: expected a list of file, pitch, dynamic"):
            notes = [
                (str(row.get("technique", "")), index.parent / row["file"], int(row["pitch"]),
                 _loudness(row["dynamic"]))
                for row in rows
                if row["pitch"] is not None
                and not _STRANGE.search(f"{row['dynamic']} {row.get('articulation', '')}")
            ]  # fmt: skip
        for technique in sorted({note[0] for note in notes}):
            sounds = [_read(*note[1:]) for note in notes if note[0] == technique]
            name = f"{index.parent.name} {technique}".strip()
            instruments.append(SampledInstrument(name, tuple(sounds)))
    if not instruments:
        raise ValueError(f"{folder}: no */notes.json with single notes in it")
    return tuple(instruments)


def _read(path: Path, pitch: int, loudness: float) -> InstrumentSample:
    sound = audio.read(path, sample_rate=SAMPLE_RATE, mono=True, duration=SUSTAIN + 1)
    samples = sound.samples[0]
    peak = float(np.abs(samples).max(initial=0.0))
    if not peak:
        raise ValueError(f"{path}: silent; take it out of notes.json")
    # The onset: the first sample within 30 dB of the peak, and 2 ms before it.
    first = max(0, int(np.argmax(np.abs(samples) > 0.03 * peak)) - SAMPLE_RATE // 500)
    samples = samples[first : first + int(SUSTAIN * SAMPLE_RATE)] / np.float32(peak)
    return InstrumentSample(samples, pitch, loudness)


def _loudness(dynamic: object) -> float:
    text = str(dynamic)
    if match := re.fullmatch(r"vl(\d)", text):
        return int(match.group(1)) / 5
    return _DYNAMICS.get(text, 0.6)


def play(instrument: SampledInstrument, notes: Sequence[Note], length: int, rng: Rng) -> Samples:
    """Samples (length,): per note the nearest sound, moved in pitch, faded out when it ends.

    A note out of reach is moved by octaves; what cannot be reached at all is left out.
    """
    out = np.zeros(length, dtype=np.float32)
    release = float(rng.uniform(0.03, 0.25))
    for note in notes:
        pitch = min(
            range(note.pitch % 12, 128, 12),
            key=lambda p: (not instrument.reaches(p), abs(p - note.pitch)),
        )
        sound = _choose(instrument, pitch, note.velocity / 127, rng)
        first = round(note.start * SAMPLE_RATE)
        if sound is None or first >= length:
            continue
        rate = 2 ** ((pitch - sound.pitch) / 12)
        n = int(min(note.end - note.start + release, len(sound.samples) / rate / SAMPLE_RATE)
                * SAMPLE_RATE)  # fmt: skip
        n = min(n, length - first)
        tone = np.interp(np.arange(n) * rate, np.arange(len(sound.samples)), sound.samples)
        fade = max(1, int(release * SAMPLE_RATE))
        held = np.arange(n) / SAMPLE_RATE - (note.end - note.start)
        tone *= np.clip(1 - held * SAMPLE_RATE / fade, 0, 1)
        out[first : first + n] += (tone * (note.velocity / 127) ** 1.5).astype(np.float32)
    return out


def _choose(
    instrument: SampledInstrument, pitch: int, loudness: float, rng: Rng
) -> InstrumentSample | None:
    """A sound that is near in pitch and loudness, not always the same one."""
    near = [s for s in instrument.sounds if abs(s.pitch - pitch) <= FARTHEST]
    if not near:
        return None
    costs = [
        abs(s.pitch - pitch) + 3 * abs(s.loudness - loudness) + rng.uniform(0, 0.8) for s in near
    ]
    return near[int(np.argmin(costs))]


def play_sub_bass(notes: Sequence[Note], length: int, rng: Rng) -> Samples:
    """Samples (length,) of a bass as in hip-hop and electronic music: one sound, drawn at random.

    A drum machine's long kick, tuned: each note falls into its pitch from above within some
    hundredths of a second, rings on and is driven a little, so that small loudspeakers carry it.
    Most of it lies where kicks lie.
    """
    out = np.zeros(length, dtype=np.float32)
    attack, release = rng.uniform(0.001, 0.02), rng.uniform(0.02, 0.15)
    decay = rng.uniform(0.3, 3.0)  # seconds to a third
    bend = rng.choice([0.0, 0.0, rng.uniform(1, 12)])  # semitones above the pitch, at first
    settle = rng.uniform(0.008, 0.04)
    drive = rng.uniform(0.3, 3.0)
    for note in notes:
        first = round(note.start * SAMPLE_RATE)
        n = min(int((note.end - note.start + release) * SAMPLE_RATE), length - first)
        if n <= 0:
            continue
        time = np.arange(n) / SAMPLE_RATE
        pitch = note.pitch + bend * np.exp(-time / settle)
        phase = 2 * np.pi * np.cumsum(440 * 2 ** ((pitch - 69) / 12)) / SAMPLE_RATE
        envelope = np.minimum(1, time / attack) * np.exp(-time / decay)
        envelope *= np.clip((note.end - note.start + release - time) / release, 0, 1)
        tone = np.tanh(drive * np.sin(phase) * envelope) / np.tanh(drive)
        out[first : first + n] += (tone * (note.velocity / 127) ** 1.5).astype(np.float32)
    return out
