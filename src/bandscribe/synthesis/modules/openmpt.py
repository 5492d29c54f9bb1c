"""Modules (MOD, S3M, XM, IT and their kin) played by libopenmpt, called through ctypes.

Time is counted in samples of what is rendered: the position in the song is queried after every
short block, so that jumps, loops and changes of tempo need no reading of our own.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from bandscribe.synthesis.sound import Samples

SAMPLE_RATE = 44100
LONGEST = 600.0  # seconds
_CHUNK = 8192
_STEP = 64  # samples between two looks at the place in the song

# The columns of a pattern, and the effects that place a note within its row (libopenmpt's numbers).
_NOTE, _INSTRUMENT, _EFFECT, _PARAMETER = 0, 1, 3, 5
_RETRIGGER, _EXTENDED, _EXTENDED_S3M = 15, 19, 20
_HIGHEST_NOTE = 120


class ModuleNote(NamedTuple):
    """A note of an instrument (from 1) as the pattern has it: seconds, OpenMPT's note number."""

    time: float
    instrument: int
    note: int


@dataclass(frozen=True)
class Speed:
    """The playback speed of a module: factors of its tempo and of its pitch."""

    tempo: float = 1.0
    pitch: float = 1.0


class _Interactive(ctypes.Structure):
    """libopenmpt's interface "interactive", which is a table of functions."""

    _set_factor = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_double)
    _set_mute = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int32, ctypes.c_int)
    _fields_ = (
        ("set_current_speed", ctypes.c_void_p),
        ("set_current_tempo", ctypes.c_void_p),
        ("set_tempo_factor", _set_factor),
        ("get_tempo_factor", ctypes.c_void_p),
        ("set_pitch_factor", _set_factor),
        ("get_pitch_factor", ctypes.c_void_p),
        ("set_global_volume", ctypes.c_void_p),
        ("get_global_volume", ctypes.c_void_p),
        ("set_channel_volume", ctypes.c_void_p),
        ("get_channel_volume", ctypes.c_void_p),
        ("set_channel_mute_status", ctypes.c_void_p),
        ("get_channel_mute_status", ctypes.c_void_p),
        ("set_instrument_mute_status", _set_mute),
        ("get_instrument_mute_status", ctypes.c_void_p),
        ("play_note", ctypes.c_void_p),
        ("stop_note", ctypes.c_void_p),
    )


@cache
def load_library() -> ctypes.CDLL:
    """libopenmpt. Raises ValueError with the cure where it is not installed."""
    name = ctypes.util.find_library("openmpt")
    if name is None:
        raise ValueError("libopenmpt: not found; install it (Debian: apt install libopenmpt0)")
    library = ctypes.CDLL(name)
    pointer, number = ctypes.c_void_p, ctypes.c_int32
    library.openmpt_module_ext_create_from_memory.restype = pointer
    library.openmpt_module_ext_create_from_memory.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, *[pointer] * 7,
    ]  # fmt: skip
    library.openmpt_module_ext_get_module.restype = pointer
    library.openmpt_module_ext_get_module.argtypes = [pointer]
    library.openmpt_module_ext_get_interface.argtypes = [
        pointer, ctypes.c_char_p, pointer, ctypes.c_size_t,
    ]  # fmt: skip
    library.openmpt_module_ext_destroy.argtypes = [pointer]
    library.openmpt_module_set_repeat_count.argtypes = [pointer, number]
    library.openmpt_module_get_pattern_row_channel_command.restype = ctypes.c_uint8
    library.openmpt_module_get_pattern_row_channel_command.argtypes = [
        pointer, number, number, number, ctypes.c_int,
    ]  # fmt: skip
    library.openmpt_module_read_interleaved_float_stereo.restype = ctypes.c_size_t
    library.openmpt_module_read_interleaved_float_stereo.argtypes = [
        pointer, number, ctypes.c_size_t, pointer,
    ]  # fmt: skip
    for name in (
        "num_instruments", "num_samples", "num_channels", "current_order", "current_pattern",
        "current_row", "current_speed", "current_tempo",
    ):  # fmt: skip
        function = getattr(library, f"openmpt_module_get_{name}")
        function.argtypes, function.restype = [pointer], number
    library.openmpt_module_get_duration_seconds.argtypes = [pointer]
    library.openmpt_module_get_duration_seconds.restype = ctypes.c_double
    return library


@contextmanager
def _opened(data: bytes, speed: Speed, only: Collection[int] | None) -> Iterator[int]:
    """A module at its start, all instruments (from 1) but `only` silent; raises ValueError."""
    library = load_library()
    handle = library.openmpt_module_ext_create_from_memory(data, len(data), *[None] * 7)
    if not handle:
        raise ValueError("not a module that libopenmpt can read")
    try:
        module: int = library.openmpt_module_ext_get_module(handle)
        library.openmpt_module_set_repeat_count(module, 0)
        controls = _Interactive()
        if not library.openmpt_module_ext_get_interface(
            handle, b"interactive", ctypes.byref(controls), ctypes.sizeof(controls)
        ):
            raise ValueError("libopenmpt: too old to mute instruments; install 0.5 or later")
        controls.set_tempo_factor(handle, speed.tempo)
        controls.set_pitch_factor(handle, speed.pitch)
        if only is not None:
            # Modules without instruments count their samples as such.
            count = library.openmpt_module_get_num_instruments(
                module
            ) or library.openmpt_module_get_num_samples(module)
            for index in range(count):
                controls.set_instrument_mute_status(handle, index, int(index + 1 not in only))
        yield module
    finally:
        library.openmpt_module_ext_destroy(handle)


def render(data: bytes, speed: Speed = Speed(), only: Collection[int] | None = None) -> Samples:
    """Both sides (2, n) of a song from its start to its end, or of `only` some instruments of it.

    Raises ValueError for what is no module, and without libopenmpt.
    """
    library = load_library()
    blocks = []
    with _opened(data, speed, only) as module:
        for _ in range(int(LONGEST * SAMPLE_RATE / _CHUNK)):
            block = np.empty((_CHUNK, 2), dtype=np.float32)
            count = library.openmpt_module_read_interleaved_float_stereo(
                module, SAMPLE_RATE, _CHUNK, block.ctypes.data
            )
            if not count:
                break
            blocks.append(block[:count])
    return np.ascontiguousarray(np.concatenate(blocks or [np.zeros((0, 2), np.float32)]).T)


def strikes(data: bytes, speed: Speed = Speed()) -> list[ModuleNote]:
    """The notes of a song in the order of time, to 1.5 ms; those repeated in a row each time.

    Some do not sound: they slide into the note before, or have no volume.
    Raises ValueError as `render`.
    """
    library = load_library()
    found: list[ModuleNote] = []
    with _opened(data, speed, None) as module:
        channels = library.openmpt_module_get_num_channels(module)
        instruments, notes = [0] * channels, [0] * channels
        block = np.empty((_STEP, 2), dtype=np.float32)
        row, sample = None, 0
        while sample < LONGEST * SAMPLE_RATE:
            count = library.openmpt_module_read_interleaved_float_stereo(
                module, SAMPLE_RATE, _STEP, block.ctypes.data
            )
            if not count:
                break
            order = library.openmpt_module_get_current_order(module)
            place = order, library.openmpt_module_get_current_row(module)
            if place != row:
                row = place
                found += _read_row(library, module, sample / SAMPLE_RATE, speed, instruments, notes)
            sample += count
        # Past its end the library fades out what comes after the jump back to the start.
        end = library.openmpt_module_get_duration_seconds(module) / speed.tempo
    return sorted(strike for strike in found if strike.time < end - _STEP / SAMPLE_RATE)


def _read_row(
    library: ctypes.CDLL, module: int, time: float, speed: Speed,
    instruments: list[int], notes: list[int],
) -> Iterator[ModuleNote]:  # fmt: skip
    """What the row that sounds now strikes; `instruments` and `notes` are the last per channel."""
    pattern = library.openmpt_module_get_current_pattern(module)
    row = library.openmpt_module_get_current_row(module)
    ticks = library.openmpt_module_get_current_speed(module)
    tick = 2.5 / max(1, library.openmpt_module_get_current_tempo(module)) / speed.tempo
    for channel in range(len(instruments)):
        note, instrument, effect, parameter = (
            library.openmpt_module_get_pattern_row_channel_command(
                module, pattern, row, channel, column
            )
            for column in (_NOTE, _INSTRUMENT, _EFFECT, _PARAMETER)
        )
        instruments[channel] = instrument or instruments[channel]
        struck = 1 <= note <= _HIGHEST_NOTE
        if struck:
            notes[channel] = note
        kind, value = divmod(parameter, 16)
        extended = effect in (_EXTENDED, _EXTENDED_S3M)
        delay = value if extended and kind == 0xD else 0
        again = value if effect == _RETRIGGER or (effect == _EXTENDED and kind == 9) else 0
        places = [delay] if struck and delay < ticks else []
        if again:
            places += range(again, ticks, again)
        if instruments[channel] and notes[channel]:
            for at in places:
                yield ModuleNote(time + at * tick, instruments[channel], notes[channel])
