"""SoundFonts played by FluidSynth, each part as a stem.

The library (libfluidsynth 2 or 3, of Debian's package `fluidsynth`) is called through ctypes, since
the command mixes all parts into one file, before guitars get their amplifier and parts their level.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from bandscribe.synthesis.sound import Samples

_CHANNELS = 16
_DRUM_CHANNEL = 9
_BLOCK = 8192
_POINTERS = ctypes.POINTER(ctypes.c_float) * (2 * _CHANNELS)


@dataclass(frozen=True)
class Note:
    """One note of a band part: seconds, MIDI pitch, velocity 1 to 127."""

    start: float
    end: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class ChannelVoice:
    """The preset of a channel: a General MIDI program (from 0) in a bank of a SoundFont."""

    soundfont: Path
    program: int
    bank: int = 0


@cache
def load_library() -> ctypes.CDLL:
    """FluidSynth's library. Raises ValueError with the cure where it is not installed."""
    name = ctypes.util.find_library("fluidsynth")
    if name is None:
        raise ValueError(
            "fluidsynth: not found; install it (Debian: apt install fluidsynth, macOS: brew "
            "install fluid-synth)"
        )
    library = ctypes.CDLL(name)
    for function in ("new_fluid_settings", "new_fluid_synth"):
        getattr(library, function).restype = ctypes.c_void_p
    for level in range(5):
        library.fluid_set_log_function(level, None, None)
    return library


@contextmanager
def _synth(sample_rate: int, dynamic: bool) -> Iterator[tuple[ctypes.CDLL, ctypes.c_void_p]]:
    """A synthesizer with an output pair for each channel."""
    library = load_library()
    settings = ctypes.c_void_p(library.new_fluid_settings())
    library.fluid_settings_setnum(settings, b"synth.sample-rate", ctypes.c_double(sample_rate))
    library.fluid_settings_setnum(settings, b"synth.gain", ctypes.c_double(0.5))
    for name, value in (
        (b"synth.audio-channels", _CHANNELS), (b"synth.audio-groups", _CHANNELS),
        (b"synth.reverb.active", 0), (b"synth.chorus.active", 0), (b"synth.polyphony", 512),
        (b"synth.dynamic-sample-loading", int(dynamic)),
    ):  # fmt: skip
        library.fluid_settings_setint(settings, name, value)
    synth = ctypes.c_void_p(library.new_fluid_synth(settings))
    try:
        yield library, synth
    finally:
        library.delete_fluid_synth(synth)
        library.delete_fluid_settings(settings)


def render(
    lines: Sequence[Sequence[Note]],
    voices: Sequence[ChannelVoice],
    length: int,
    sample_rate: int,
    *,
    dynamic: bool = True,
) -> Samples:
    """Stems (line, length), the sides of each summed; at most 15 lines, one voice each.

    `dynamic` loads no samples but those that are played, which saves time with a large SoundFont;
    FluidSynth 2.3 then clicks at the end of some that have no loop.

    Raises ValueError naming a SoundFont that is none, or lacks a program, or without FluidSynth.
    """
    if len(lines) != len(voices) or len(lines) >= _CHANNELS:
        raise ValueError(f"lines: expected at most 15, a voice each, got {len(lines)}")
    out = np.zeros((len(lines), length), dtype=np.float32)
    channels = [i for i in range(_CHANNELS) if i != _DRUM_CHANNEL][: len(lines)]
    with _synth(sample_rate, dynamic) as (library, synth):
        fonts = {}
        for voice, channel in zip(voices, channels, strict=True):
            if voice.soundfont not in fonts:
                fonts[voice.soundfont] = _load(library, synth, voice.soundfont)
            font = fonts[voice.soundfont]
            preset = (voice.bank, voice.program)
            if library.fluid_synth_program_select(synth, channel, font, *preset) < 0:
                raise ValueError(
                    f"{voice.soundfont}: no program {voice.program} in it; use a General MIDI set"
                )
        buffers = np.zeros((2 * _CHANNELS, _BLOCK), dtype=np.float32)
        pointers = _POINTERS(
            *(row.ctypes.data_as(ctypes.POINTER(ctypes.c_float)) for row in buffers)
        )
        now = 0
        for seconds, on, line, pitch, velocity in [*_events(lines), (np.inf, 0, 0, 0, 0)]:
            until = min(length, round(min(seconds * sample_rate, length)))
            while now < until:
                n = min(_BLOCK, until - now)
                buffers[:, :n] = 0  # the library adds to what is there
                library.fluid_synth_process(synth, n, 0, None, len(buffers), pointers)
                for index, channel in enumerate(channels):
                    np.add(
                        buffers[2 * channel, :n], buffers[2 * channel + 1, :n],
                        out=out[index, now : now + n],
                    )  # fmt: skip
                now += n
            if now >= length:
                break
            if on:
                library.fluid_synth_noteon(synth, channels[line], pitch, velocity)
            else:
                library.fluid_synth_noteoff(synth, channels[line], pitch)
    return out


def _load(library: ctypes.CDLL, synth: ctypes.c_void_p, path: Path) -> int:
    font = int(library.fluid_synth_sfload(synth, str(path).encode(), 0))
    if font < 0:
        raise ValueError(f"{path}: FluidSynth cannot read it; name a SoundFont (.sf2)")
    return font


def _events(lines: Sequence[Sequence[Note]]) -> list[tuple[float, int, int, int, int]]:
    """(seconds, on or off, line, pitch, velocity) in order, an end before a start.

    A note ends before its pitch comes again, so that its end does not cut the next one.
    """
    events = []
    for line, notes in enumerate(lines):
        until: dict[int, float] = {}
        for note in sorted(notes, key=lambda n: -n.start):
            end = min(note.end, until.get(note.pitch, np.inf))
            until[note.pitch] = note.start
            events += [
                (note.start, 1, line, note.pitch, note.velocity),
                (end, 0, line, note.pitch, 0),
            ]
    return sorted(events)
