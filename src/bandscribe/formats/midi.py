"""Standard MIDI Files: drums on channel 10, by the General MIDI percussion key map.

Written files are of type 1: a track with the tempo, a track with the notes. Time 0 is the start of
the audio. Where the beats are known, the tempo follows them, so that they fall on whole beats and
bar lines on downbeats (`bandscribe.formats.bars`); where they are not, it is one, estimated from
the onsets. It only lays the grid: onsets are kept to half a tick (less than 1 ms).
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import mido
import numpy as np

from bandscribe.files import whole
from bandscribe.formats import bars
from bandscribe.formats.tempo import estimate_bpm
from bandscribe.readers import refused
from bandscribe.types import Transcription
from bandscribe.vocabulary import ARTICULATIONS, GM_NOTES, GM_TO_ARTICULATION

TICKS_PER_BEAT = 960
CHANNEL = 9  # counted from 0: musicians say channel 10
LARGEST = 2**24  # bytes of a file: hours of the densest music
_DEFAULT_VELOCITY = 100
_MOST_BEATS = 100_000  # of one time signature
_LENGTH = 0.05  # seconds; drums have no note ends


def write(
    path: str | Path, transcription: Transcription, *, numbers: Mapping[str, int] = GM_NOTES
) -> None:
    """Write notes of the ten, five or three drum classes, each class as its number in a drum map.

    Velocities become 1 to 127, and 100 where they are unknown. Notes of one class on one tick
    become one, with the greater velocity. Raises OSError as `bandscribe.files.whole`, and
    ValueError for a class without a number or an onset before 0.
    """
    unknown = sorted(set(transcription.classes) - set(numbers))
    if unknown:
        raise ValueError(f"classes: expected some of {', '.join(numbers)}, got {unknown}")
    if transcription.onsets.size and transcription.onsets[0] < 0:
        raise ValueError(f"onsets: expected times from 0 on, got {transcription.onsets[0]:g}")
    grid = _grid(transcription)
    events = _events(transcription, grid, numbers)

    last = int(grid.nearest(np.array([transcription.duration]))[0])
    end = max(last, events[-1][0] if events else 0)
    drums = mido.MidiTrack([mido.MetaMessage("track_name", name="Drums")])
    now = 0
    for tick, velocity, note in events:
        drums.append(
            mido.Message(
                "note_on" if velocity else "note_off",
                channel=CHANNEL,
                note=note,
                velocity=velocity,
                time=tick - now,
            )
        )
        now = tick
    drums.append(mido.MetaMessage("end_of_track", time=end - now))
    song = mido.MidiFile(
        type=1, ticks_per_beat=TICKS_PER_BEAT, tracks=[_conductor(grid, end), drums]
    )
    with whole(path) as temporary:
        song.save(temporary)


def _grid(transcription: Transcription) -> bars.TempoMap:
    """A map along the beats, else of an estimated tempo, else of 120 bpm."""
    beats = transcription.beats
    if beats is None or len(beats.times) < 2:
        bpm = estimate_bpm(transcription.onsets)
        return bars.steady(round(60e6 / bpm) if bpm else bars.DEFAULT_TEMPO, TICKS_PER_BEAT)
    return bars.follow(beats, TICKS_PER_BEAT) or bars.steady(bars.DEFAULT_TEMPO, TICKS_PER_BEAT)


def _conductor(grid: bars.TempoMap, end: int) -> mido.MidiTrack:
    """The track of tempi and time signatures, up to tick `end`."""
    timed = [
        (tick, mido.MetaMessage("set_tempo", tempo=tempo))
        for tick, tempo in zip(grid.ticks.tolist(), grid.tempi.tolist(), strict=True)
    ] + [
        (tick, mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator))
        for tick, numerator, denominator in grid.metres
    ]
    track = mido.MidiTrack()
    now = 0
    for tick, message in sorted(timed, key=lambda event: event[0]):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=max(0, end - now)))
    return track


def _events(
    transcription: Transcription, grid: bars.TempoMap, numbers: Mapping[str, int]
) -> list[tuple[int, int, int]]:
    """(tick, velocity or 0 for an end, note), sorted; a note ends before the next of its pitch."""
    velocities = transcription.velocities
    hits: dict[int, dict[int, int]] = {}
    starts = grid.nearest(transcription.onsets).tolist()
    for i, (tick, label) in enumerate(zip(starts, transcription.labels.tolist(), strict=True)):
        velocity = (
            _DEFAULT_VELOCITY if velocities is None else max(1, round(127 * float(velocities[i])))
        )
        ticks = hits.setdefault(numbers[label], {})
        ticks[tick] = max(velocity, ticks.get(tick, 0))
    events = []
    for note, ticks in hits.items():
        begins = np.array([*ticks])
        ends = np.maximum(grid.nearest(grid.seconds(begins) + _LENGTH), begins + 1)
        following = [*begins[1:].tolist(), int(ends[-1])]
        for tick, end, after in zip(ticks, ends.tolist(), following, strict=True):
            events.append((tick, ticks[tick], note))
            events.append((min(end, after), 0, note))
    return sorted(events)


def read(
    path: str | Path,
    *,
    mapping: Mapping[int, str] = GM_TO_ARTICULATION,
    channel: int | None = CHANNEL,
) -> Transcription:
    """The notes of a file as articulations (`vocabulary.ARTICULATIONS`), in seconds.

    `mapping` gives each note's articulation; notes that it lacks are `other`. `channel` is counted
    from 0; None takes the notes of all channels. `duration` is the end of the longest track.
    For the ten classes: `relabel(read(path), ARTICULATION_TO_10, DRUMS_10)`.

    Raises ValueError for what is no MIDI file, and OSError where it cannot be read.
    """
    if Path(path).stat().st_size > LARGEST:
        raise ValueError(f"{path}: larger than {LARGEST:,} bytes: not a MIDI file of music")
    song = parse(Path(path).read_bytes(), path)
    if song.type == 2 or song.ticks_per_beat <= 0:
        raise ValueError(f"{path}: a MIDI file of type 2, or timed by SMPTE, is not supported")
    with refused(f"{path}: no notes in MIDI that can be read"):
        return _notes(song, mapping, channel)


def parse(data: bytes, name: str | Path) -> mido.MidiFile:
    """Parse the MIDI file `name`. Raises ValueError if it is none."""
    message = f"{name}: not a MIDI file that can be read"
    try:
        with refused(message):
            return mido.MidiFile(file=io.BytesIO(data), clip=True)
    except (EOFError, OSError, struct.error, mido.KeySignatureError) as error:
        raise ValueError(f"{message} ({str(error) or 'it breaks off'})") from error


class MidiNote(NamedTuple):
    """A note in ticks; `end` is None where it is never released. Channels are counted from 0."""

    start: int
    end: int | None
    channel: int
    pitch: int
    velocity: int


@dataclass(frozen=True)
class MidiEvents:
    """The merged tracks of a file, in ticks: `end` is that of the longest track.

    `tempi` are (tick, µs per quarter), `signatures` (tick, numerator, denominator), `programs` the
    first one of each channel. A note ends where it is released, or its pitch comes again.
    """

    notes: list[MidiNote]
    tempi: list[tuple[int, int]]
    signatures: list[tuple[int, int, int]]
    programs: dict[int, int]
    end: int

    @classmethod
    def of(cls, song: mido.MidiFile) -> MidiEvents:
        """Merge the tracks of a file in the order of time. Raises ValueError for SMPTE timing."""
        if song.ticks_per_beat <= 0:
            raise ValueError("timed by SMPTE")
        events = cls([], [], [], {}, 0)
        sounding: dict[tuple[int, int], int] = {}
        tick = 0
        for message in mido.merge_tracks(song.tracks, skip_checks=True):
            tick += message.time
            if message.type == "set_tempo":
                events.tempi.append((tick, message.tempo))
            elif message.type == "time_signature":
                events.signatures.append((tick, message.numerator, message.denominator))
            elif message.type == "program_change":
                events.programs.setdefault(message.channel, message.program)
            elif message.type in ("note_on", "note_off"):
                key = message.channel, message.note
                if key in sounding:
                    index = sounding.pop(key)
                    events.notes[index] = events.notes[index]._replace(end=tick)
                if message.type == "note_on" and message.velocity:
                    sounding[key] = len(events.notes)
                    events.notes.append(MidiNote(tick, None, *key, message.velocity))
        return replace(events, end=tick)


def lay_beats(
    numerator: int, denominator: int, resolution: int, start: int, stop: int
) -> tuple[list[float], list[int]]:
    """The ticks of the beats of a time signature in [start, stop), and their places in the bar.

    A compound metre, such as 6/8, has dotted beats. Raises ValueError for an absurd number of them.
    """
    beat = resolution * 4 / denominator
    if denominator == 8 and numerator > 3 and numerator % 3 == 0:
        numerator, beat = numerator // 3, 3 * beat
    count = math.ceil((stop - start) / beat)
    if numerator < 1 or count > _MOST_BEATS:
        raise ValueError(f"{count:,} beats in {numerator}/{denominator}")
    return [start + i * beat for i in range(count)], [i % numerator + 1 for i in range(count)]


def _notes(song: mido.MidiFile, mapping: Mapping[int, str], channel: int | None) -> Transcription:
    events = MidiEvents.of(song)
    notes = [note for note in events.notes if channel in (None, note.channel)]
    notes.sort(key=lambda note: (note.start, note.pitch, note.velocity))
    grid = bars.TempoMap.of(events.tempi, song.ticks_per_beat)
    return Transcription(
        grid.seconds(np.array([note.start for note in notes], dtype=np.int64)),
        np.array([mapping.get(note.pitch, "other") for note in notes], dtype=np.str_),
        np.array([note.velocity / 127 for note in notes], dtype=np.float64),
        float(grid.seconds(np.array([events.end]))[0]),
        ARTICULATIONS,
    )
