"""The sound of one player: SoundFonts, recorded notes, real solos, singers, drummers, amplifiers.

`PlayerSources` lists what can be played. `play` gives each player of a piece a source and a phrase;
all notes that use SoundFonts are rendered in one pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio
from bandscribe.synthesis import fluidsynth, kits
from bandscribe.synthesis.band import amplifier, sampler, voice
from bandscribe.synthesis.band.ensemble import Instruments
from bandscribe.synthesis.band.speech import Speech, talk
from bandscribe.synthesis.drummer.patterns import draw_pattern
from bandscribe.synthesis.drummer.performance import humanise
from bandscribe.synthesis.drummer.together import follow
from bandscribe.synthesis.fluidsynth import Note
from bandscribe.synthesis.instruments.classes import OTHERS, PROFILES, Profile
from bandscribe.synthesis.instruments.phrases import draw_phrase, draw_sections
from bandscribe.synthesis.instruments.piece import Piece
from bandscribe.synthesis.render import draw_drum_set, kit_weights, render
from bandscribe.synthesis.sound import SAMPLE_RATE, Rng, Samples, add
from bandscribe.vocabulary import INSTRUMENTS

#: An instrument of no class.
OTHER = "other"
_FARTHEST = 2  # semitones by which the timbre of a SoundFont is moved
_FADE = 0.03  # seconds
#: Chance of real solos, and of recorded notes where there are no solos or they were not drawn.
_SOLOS, _RECORDED = 0.3, 0.4
_THROAT = 3  # semitones by which formants are moved
#: Chance of one drum alone out of a drum set.
_ONE_DRUM = 0.15


@dataclass(frozen=True, eq=False)
class PlayerSources(Instruments):
    """What there is to play on. `solos` are clips (n,) int16 at 44.1 kHz by class."""

    kits: tuple[kits.Kit, ...] = ()
    solos: Mapping[str, tuple[NDArray[np.int16], ...]] | None = None

    @classmethod
    def load(
        cls, soundfonts: Sequence[Path], *, notes: Path | None = None, voices: Path | None = None,
        drum_kits: Sequence[str] = (), solos: Mapping[str, Sequence[Path]] | None = None,
    ) -> PlayerSources:  # fmt: skip
        """As `Instruments.load`, with `drum_kits`, which are addresses as in `kits.load`.

        `solos` are recordings of one instrument alone, by class. Raises ValueError also for an
        unknown class.
        """
        if unknown := sorted(set(solos or {}) - set(INSTRUMENTS)):
            raise ValueError(f"solos: {unknown} are not among the classes {INSTRUMENTS}")
        band = Instruments.load(soundfonts, notes=notes, voices=voices)
        return cls(
            band.soundfonts,
            band.recorded,
            band.speech,
            tuple(kits.load(address) for address in drum_kits),
            {name: tuple(map(_read, paths)) for name, paths in (solos or {}).items()},
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that can be played: drums only where there are kits."""
        return tuple(name for name in INSTRUMENTS if name != "dru" or self.kits)

    @cached_property
    def kit_weights(self) -> NDArray[np.float64]:
        """Chance of each kit, (kit,)."""
        return kit_weights(self.kits)


def _read(path: Path) -> NDArray[np.int16]:
    samples = audio.read(path, sample_rate=SAMPLE_RATE, mono=True).samples[0]
    peak = np.float32(np.abs(samples).max(initial=1e-9))
    return np.asarray(np.round(samples * (32000 / peak)), dtype=np.int16)


@dataclass(frozen=True)
class _Line:
    """Notes for a SoundFont, to be read `rate` times as fast."""

    notes: list[Note]
    voice: fluidsynth.ChannelVoice
    rate: float
    profile: Profile
    amplified: bool


def play(
    sources: PlayerSources, piece: Piece, names: Sequence[str], rests: Sequence[float], rng: Rng
) -> list[Samples]:
    """What each player plays, (n,) at 44.1 kHz, not yet at a level.

    `names` are classes, or `other`; `rests` the share of a piece in which each is silent. Raises
    ValueError for a class that `sources` cannot play.
    """
    length = round(piece.duration * SAMPLE_RATE)
    stems: list[Samples | None] = []
    lines: dict[int, _Line] = {}
    for index, (name, share) in enumerate(zip(names, rests, strict=True)):
        if name != OTHER and name not in sources.classes:
            raise ValueError(f"{name}: expected one of {', '.join((*sources.classes, OTHER))}")
        sections = draw_sections(rng, piece, share)
        stem = _without_soundfont(sources, piece, name, sections, rng)
        if stem is None:
            lines[index] = _draw_line(sources, piece, name, sections, rng)
        stems.append(stem)
    if lines:
        farthest = int(length * 2 ** (_FARTHEST / 12)) + SAMPLE_RATE // 10
        sounds = fluidsynth.render(
            [line.notes for line in lines.values()],
            [line.voice for line in lines.values()],
            farthest,
            SAMPLE_RATE,
        )
        for (index, line), sound in zip(lines.items(), sounds, strict=True):
            stems[index] = _finish(sound, line, length, rng)
    return [stem for stem in stems if stem is not None]


def _without_soundfont(
    sources: PlayerSources, piece: Piece, name: str, sections: Sequence[tuple[int, int]], rng: Rng
) -> Samples | None:
    """A player who needs no SoundFont, or None."""
    if name == "dru":
        return _drum(sources, piece, sections, rng)
    clips = (sources.solos or {}).get(name, ())
    if clips and rng.random() < _SOLOS:
        return _solo(clips, piece, sections, rng)
    if name == "voi":
        return _sing(sources, piece, sections, rng)
    profile = _profile(name, rng)
    recorded = [i for i in sources.recorded if any(part in i.name for part in profile.recorded)]
    if not recorded or rng.random() >= _RECORDED:
        return None
    instrument = recorded[rng.integers(len(recorded))]
    notes = draw_phrase(rng, piece, profile, sections)
    length = round(piece.duration * SAMPLE_RATE)
    sound = sampler.play(instrument, notes, length, rng)
    if name == "gel" and rng.random() < 0.7:
        sound = amplifier.amplify(sound, amplifier.sample_settings(rng))
    return sound


def _profile(name: str, rng: Rng) -> Profile:
    return OTHERS[rng.integers(len(OTHERS))] if name == OTHER else PROFILES[name]


def _draw_line(
    sources: PlayerSources, piece: Piece, name: str, sections: Sequence[tuple[int, int]], rng: Rng
) -> _Line:
    profile = _profile(name, rng)
    program = int(rng.choice(profile.programs))
    semitones = int(rng.integers(-_FARTHEST, _FARTHEST + 1))
    rate = 2 ** (semitones / 12)
    notes = [
        Note(note.start * rate, note.end * rate, note.pitch - semitones, note.velocity)
        for note in draw_phrase(rng, piece, profile, sections)
    ]
    font = sources.soundfonts[rng.integers(len(sources.soundfonts))]
    distorted = rng.random() < {26: 0.4, 27: 0.6, 28: 0.5, 29: 0.3, 30: 0.3}.get(program, 0)
    return _Line(notes, fluidsynth.ChannelVoice(font, program), rate, profile, distorted)


def _finish(sound: Samples, line: _Line, length: int, rng: Rng) -> Samples:
    """At its own speed, with random tuning, vibrato and swells; amplified if the line is."""
    at = np.arange(length, dtype=np.float64)
    at *= line.rate * 2 ** (float(rng.normal(0, 8)) / 1200)
    t = np.arange(length) / SAMPLE_RATE
    if line.profile.sustained and rng.random() < 0.5:
        hertz = rng.uniform(4.3, 6.8)
        depth = 2 ** (rng.uniform(5, 45) / 1200) - 1  # of the frequency
        slow = 0.6 + 0.4 * np.sin(2 * np.pi * (rng.uniform(0.1, 0.5) * t + rng.random()))
        at += depth * SAMPLE_RATE / (2 * np.pi * hertz) * slow * np.sin(2 * np.pi * hertz * t)
    out = np.interp(at, np.arange(len(sound)), sound).astype(np.float32)
    if line.profile.sustained:
        knots = rng.normal(0, 2.5, int(length / SAMPLE_RATE * 2) + 2)
        swell = np.interp(2 * t, np.arange(len(knots)), 10 ** (knots / 20))
        out *= swell.astype(np.float32)
    if line.amplified:
        out = amplifier.amplify(out, amplifier.sample_settings(rng))
    return out


def _sing(
    sources: PlayerSources, piece: Piece, sections: Sequence[tuple[int, int]], rng: Rng
) -> Samples | None:
    """Speech that sings or talks, or a synthetic voice; None for a choir of a SoundFont."""
    chance = rng.random()
    if chance < 0.2:
        return None
    notes = [
        (note.start, note.end, note.pitch)
        for note in draw_phrase(rng, piece, PROFILES["voi"], sections)
    ]
    if sources.speech is None or chance < 0.35:
        # This voice goes down by up to two octaves.
        octave = 12 if max((pitch for _, _, pitch in notes), default=0) < 70 else 0
        return voice.sing([(a, b, p + octave) for a, b, p in notes], piece.duration, rng)
    if chance < 0.45:
        beats = piece.beats.times
        sound = talk(sources.speech, beats[beats >= 0], piece.duration, rng)
        return sound * _mask(piece, sections)
    sung = _sing_speech(sources.speech, notes, piece.duration, rng)
    if chance > 0.75:  # a second voice, or the same line once more
        interval = int(rng.choice([0, 0, 3, 4, 12]))
        above = [(start, end, pitch + interval) for start, end, pitch in notes]
        second = _sing_speech(sources.speech, above, piece.duration, rng)
        sung = sung + second * np.float32(rng.uniform(0.3, 0.8))
    return sung


def _sing_speech(
    speech: Speech, notes: Sequence[tuple[float, float, int]], duration: float, rng: Rng
) -> Samples:
    """Sung speech whose formants are moved as by a change of tape speed."""
    semitones = float(rng.uniform(-_THROAT, _THROAT))
    rate = 2 ** (semitones / 12)
    length = round(duration * SAMPLE_RATE)
    moved = [(start * rate, end * rate, pitch - round(semitones)) for start, end, pitch in notes]
    sound = voice.sing_speech(speech, moved, duration * rate + 0.1, rng)
    read = np.interp(np.arange(length) * rate, np.arange(len(sound)), sound)
    return np.asarray(read, dtype=np.float32)


def _drum(
    sources: PlayerSources, piece: Piece, sections: Sequence[tuple[int, int]], rng: Rng
) -> Samples:
    """A drum part on the beats of the piece; strokes ring over into rests."""
    grid = piece.beats
    seconds = (len(grid.times) + 2 * piece.metre) * 60 / 50
    pattern = draw_pattern(rng, seconds, beats=piece.metre)
    played = follow(pattern, grid, piece.duration, rng) or draw_pattern(rng, piece.duration)
    played = humanise(played, rng, steady=True)
    in_bar = (played.onsets - piece.start) / (piece.beat * piece.metre) + 0.02
    keep = np.any([(in_bar >= first) & (in_bar < last) for first, last in sections], axis=0)
    played = played.select(keep)
    articulations = sorted(set(played.labels.tolist()))
    if articulations and rng.random() < _ONE_DRUM:
        articulations = [articulations[rng.integers(len(articulations))]]
    drum_set = draw_drum_set(sources.kits, articulations, rng, sources.kit_weights)
    return render(played, drum_set, rng)[0]


def _solo(
    clips: Sequence[NDArray[np.int16]], piece: Piece, sections: Sequence[tuple[int, int]], rng: Rng
) -> Samples:
    """A real recording, or several one after another, moved by up to a whole tone."""
    length = round(piece.duration * SAMPLE_RATE)
    out = np.zeros(length, dtype=np.float32)
    rate = 2 ** (rng.uniform(-2, 2) / 12)
    first = -int(rng.integers(SAMPLE_RATE))
    fade = int(_FADE * SAMPLE_RATE)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    while first < length - fade:
        clip = clips[int(rng.integers(len(clips)))].astype(np.float32) / np.float32(32768)
        moved = np.interp(np.arange(0, len(clip) - 1, rate), np.arange(len(clip)), clip)
        sound = moved.astype(np.float32)
        if len(sound) > 2 * fade:
            sound[:fade] *= ramp
            sound[-fade:] *= ramp[::-1]
        add(out, first, sound)
        first += max(len(sound) - fade, fade)
    return out * _mask(piece, sections)


def _mask(piece: Piece, sections: Sequence[tuple[int, int]]) -> Samples:
    """1 in the sections, 0 outside, with short ramps: (n,)."""
    t = np.arange(round(piece.duration * SAMPLE_RATE)) / SAMPLE_RATE
    mask = np.zeros(len(t), dtype=np.float32)
    bar = piece.beat * piece.metre
    for first, last in sections:
        begin, end = piece.start + first * bar, piece.start + last * bar
        inside = np.minimum((t - begin) / _FADE + 1, (end - t) / _FADE)
        mask = np.maximum(mask, np.clip(inside, 0, 1).astype(np.float32))
    return mask
