"""Standard MIDI Files: drums on channel 10, by the General MIDI percussion key map.

Written files are of type 1: a track with the tempo, a track with the notes. Time 0 is the start of
the audio. The tempo follows the beats where they are known, and is estimated from the onsets where
they are not; it only lays the grid, the onsets themselves are kept to half a tick (at most 0.8 ms).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import mido
import numpy as np

from bandscribe.files import whole
from bandscribe.formats.tempo import estimate_bpm
from bandscribe.types import Transcription
from bandscribe.vocabulary import ARTICULATIONS, GM_NOTES, GM_TO_ARTICULATION

TICKS_PER_BEAT = 960
CHANNEL = 9  # counted from 0: musicians say channel 10
_DEFAULT_TEMPO = 500_000  # µs per beat: 120 bpm
_TEMPI = (150_000, 1_500_000)  # 400 and 40 bpm; what is outside is no grid to write on
_DEFAULT_VELOCITY = 100
_LENGTH = 0.05  # seconds; drums have no note ends


def write(path: str | Path, transcription: Transcription) -> None:
    """Write notes of the ten, five or three drum classes.

    Velocities become 1 to 127, and 100 where they are unknown. Notes of one class on one tick
    become one, with the greater velocity. Raises OSError as `bandscribe.files.whole`, and
    ValueError for a class without a General MIDI note or an onset before 0.
    """
    unknown = sorted(set(transcription.classes) - set(GM_NOTES))
    if unknown:
        raise ValueError(f"classes: expected some of {', '.join(GM_NOTES)}, got {unknown}")
    if transcription.onsets.size and transcription.onsets[0] < 0:
        raise ValueError(f"onsets: expected times from 0 on, got {transcription.onsets[0]:g}")
    tempo = _tempo(transcription)
    ticks_per_second = TICKS_PER_BEAT * 1e6 / tempo
    events = _events(transcription, ticks_per_second)

    end = max(round(transcription.duration * ticks_per_second), events[-1][0] if events else 0)
    conductor = mido.MidiTrack(
        [
            mido.MetaMessage("set_tempo", tempo=tempo),
            mido.MetaMessage("time_signature", numerator=4, denominator=4),
            mido.MetaMessage("end_of_track", time=end),
        ]
    )
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
    song = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT, tracks=[conductor, drums])
    with whole(path) as temporary:
        song.save(temporary)


def _tempo(transcription: Transcription) -> int:
    """µs per beat: the median beat, else an estimate, else 120 bpm."""
    beats = transcription.beats
    if beats is None or len(beats.times) < 2:
        bpm = estimate_bpm(transcription.onsets)
        return round(60e6 / bpm) if bpm else _DEFAULT_TEMPO
    tempo = round(1e6 * float(np.median(np.diff(beats.times))))
    return tempo if _TEMPI[0] <= tempo <= _TEMPI[1] else _DEFAULT_TEMPO


def _events(transcription: Transcription, ticks_per_second: float) -> list[tuple[int, int, int]]:
    """(tick, velocity or 0 for an end, note), sorted; a note ends before the next of its pitch."""
    velocities = transcription.velocities
    hits: dict[int, dict[int, int]] = {}
    for i, (onset, label) in enumerate(
        zip(transcription.onsets, transcription.labels, strict=True)
    ):
        tick = round(float(onset) * ticks_per_second)
        velocity = (
            _DEFAULT_VELOCITY if velocities is None else max(1, round(127 * float(velocities[i])))
        )
        ticks = hits.setdefault(GM_NOTES[str(label)], {})
        ticks[tick] = max(velocity, ticks.get(tick, 0))
    length = max(1, round(_LENGTH * ticks_per_second))
    events = []
    for note, ticks in hits.items():
        for tick, following in pairwise([*ticks, max(ticks) + length]):
            events.append((tick, ticks[tick], note))
            events.append((min(tick + length, following), 0, note))
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
    data = Path(path).read_bytes()
    try:
        song = mido.MidiFile(file=io.BytesIO(data), clip=True)
    except (EOFError, OSError, ValueError, LookupError, mido.KeySignatureError) as error:
        why = str(error) or "it breaks off"
        raise ValueError(f"{path}: not a MIDI file that can be read ({why})") from error
    if song.type == 2 or song.ticks_per_beat <= 0:
        raise ValueError(f"{path}: a MIDI file of type 2, or timed by SMPTE, is not supported")

    notes: list[tuple[int, int, int]] = []
    tempi = {0: _DEFAULT_TEMPO}
    end = 0
    for track in song.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "set_tempo":
                tempi[tick] = message.tempo
            elif (
                message.type == "note_on"
                and message.velocity
                and channel in (None, message.channel)
            ):
                notes.append((tick, message.note, message.velocity))
        end = max(end, tick)
    notes.sort()
    ticks = np.array([note[0] for note in notes], dtype=np.int64)
    return Transcription(
        _seconds(ticks, tempi, song.ticks_per_beat),
        np.array([mapping.get(note[1], "other") for note in notes], dtype=np.str_),
        np.array([note[2] / 127 for note in notes], dtype=np.float64),
        float(_seconds(np.array([end]), tempi, song.ticks_per_beat)[0]),
        ARTICULATIONS,
    )


def _seconds(ticks: np.ndarray, tempi: Mapping[int, int], ticks_per_beat: int) -> np.ndarray:
    """Times of `ticks`, by a tempo map of µs per beat from each tick on."""
    changes = np.array(sorted(tempi), dtype=np.int64)
    per_tick = np.array([tempi[int(c)] for c in changes]) / (1e6 * ticks_per_beat)
    times = np.concatenate([[0.0], np.cumsum(np.diff(changes) * per_tick[:-1])])
    segment = np.searchsorted(changes, ticks, side="right") - 1
    return times[segment] + (ticks - changes[segment]) * per_tick[segment]
