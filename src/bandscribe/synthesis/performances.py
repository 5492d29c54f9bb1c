"""Every performance of Groove MIDI on every kit, as E-GMD has them, in its layout.

    e-gmd-v1.0.0.csv                               one row per recording, E-GMD's columns
    drummer1/session1/1_funk_80_beat_4-4_7.flac    performance 1 on kit 7, mono, 44.1 kHz
    drummer1/session1/1_funk_80_beat_4-4_7.midi    the notes, as far off as E-GMD's may be
    drummer1/session1/1_funk_80_beat_4-4_7.csv     the notes as they sound: onset,class,velocity

A kit is tuned, miked and processed once, and sounds the same in all its recordings. Nothing is
humanised. Notes that a kit has no sound for are dropped, and so are kits of percussion alone.
Classes are articulations, which distinguish the pedal of a hi-hat from its stick.

Some of E-GMD's recordings do not follow their MIDI (Callender et al. 2020, and the data set's
page): `misaligned` is the share of recordings whose MIDI is early or late as a whole, by up to
`MOST` seconds, `drifting` the share whose MIDI is faster or slower by up to `DRIFT`, and `wrong`
that whose MIDI is of another performance. The table of notes beside them stays true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import mido
import numpy as np

from bandscribe import audio
from bandscribe.files import inside, whole
from bandscribe.formats import csv as note_table
from bandscribe.synthesis import effects
from bandscribe.synthesis.corpus import INDEX, write_index
from bandscribe.synthesis.drummer.groove import Performance
from bandscribe.synthesis.kits import Kit
from bandscribe.synthesis.render import DrumSet, draw_drum_set, render
from bandscribe.synthesis.sound import SAMPLE_RATE, Rng
from bandscribe.types import Audio, Transcription

#: Seconds by which a misaligned MIDI file is early or late, at most.
MOST = 0.06
#: The share by which a drifting MIDI file is faster or slower, at most.
DRIFT = 0.005
#: Silence before a performance, so that a MIDI file can be early; ringing after it.
LEAD_IN, RING_OUT = 0.1, 0.5
#: Groove MIDI's note of each articulation (table "Drum Mapping" of the data set's page).
NOTES: Mapping[str, int] = {
    "kd": 36, "sd": 38, "ss": 37, "chh": 42, "phh": 44, "ohh": 46, "ht": 48, "mt": 45, "lt": 43,
    "cr": 49, "rd": 51, "rb": 53,
}  # fmt: skip
#: What a kit has at least.
LEAST = ("kd", "sd", "chh")
_TICKS = 480
_LENGTH = 0.05  # seconds of a note


@dataclass(frozen=True, eq=False)
class PreparedKit:
    """A kit as it is set up for all its recordings."""

    name: str
    drum_set: DrumSet
    treatment: effects.Treatment


def set_up(kit: Kit, rng: Rng) -> PreparedKit:
    """Draw a kit's tuning, balance and microphones, and its room."""
    own = [articulation for articulation in NOTES if articulation in kit.pieces]
    return PreparedKit(kit.name, draw_drum_set([kit], own, rng), effects.sample_effects(rng))


def write_performances(
    grooves: Sequence[Performance],
    kits: Sequence[Kit],
    out: Path,
    *,
    hours: float,
    seed: int,
    split: str,
    misaligned: float = 0.0,
    drifting: float = 0.0,
    wrong: float = 0.0,
) -> Iterator[tuple[dict[str, str], float]]:
    """Render pairs of a performance and a kit, in an order of the seed, until there are `hours`.

    Yields each one's row of the index and the hours so far. Existing recordings are kept, and so
    are rows of other splits in the index. A longer call begins with the pairs of a shorter one.

    Raises ValueError without performances or kits, OSError where `out` cannot be written.
    """
    drums = [kit for kit in kits if all(name in kit.pieces for name in LEAST)]
    if not grooves or not drums:
        raise ValueError("grooves, kits: expected at least one each, with kick, snare and hi-hat")
    prepared = [set_up(kit, np.random.default_rng([seed, 0, i])) for i, kit in enumerate(drums)]
    order = np.random.default_rng([seed, 1]).permutation(len(grooves) * len(drums))
    rows: list[dict[str, str]] = []
    done = 0.0
    for pair in order.tolist():
        groove, number = grooves[pair // len(drums)], pair % len(drums)
        rng = np.random.default_rng([seed, 2, pair])
        late = float(rng.uniform(-MOST, MOST)) if rng.random() < misaligned else 0.0
        # A generator of its own, so that the sound does not depend on the errors of the MIDI file.
        own = np.random.default_rng([seed, 3, pair])
        stretch = float(own.uniform(-DRIFT, DRIFT)) if own.random() < drifting else 0.0
        others = [each for each in grooves if each.name != groove.name]
        swapped = own.random() < wrong and len(others) > 0
        written = others[int(own.integers(len(others)))] if swapped else groove
        notes = _perform(written.notes, prepared[number])
        write = partial(write_midi, notes=notes, bpm=groove.bpm, late=late, stretch=stretch)
        row = _write(groove, prepared[number], number + 1, out, split, write, rng)
        rows.append(row)
        done += float(row["duration"]) / 3600
        yield row, done
        if done >= hours:
            break
    write_index(out / INDEX, rows, split)


def _write(
    groove: Performance, kit: PreparedKit, number: int, out: Path, split: str,
    write_file: Callable[[Path], None], rng: Rng,
) -> dict[str, str]:  # fmt: skip
    notes = _perform(groove.notes, kit)
    session, _, index = groove.name.rpartition("/")
    beats = groove.notes.beats
    metre = f"{beats.positions.max(initial=1) if beats else 4}-4"
    bpm = f"{groove.bpm:g}"
    style = groove.style.replace("/", "-")
    name = f"{session}/{index}_{style}_{bpm}_{groove.kind}_{metre}_{number}"
    stem = inside(out, name)
    # Names hold dots where a tempo does.
    sound = stem.with_name(f"{stem.name}.flac")
    if not sound.is_file():
        sound.parent.mkdir(parents=True, exist_ok=True)
        samples, _ = render(notes, kit.drum_set, rng)
        samples = effects.apply(samples, SAMPLE_RATE, kit.treatment)
        write_file(stem.with_name(f"{stem.name}.midi"))
        note_table.write(stem.with_name(f"{stem.name}.csv"), notes)
        # The audio last: a recording that has it is complete.
        audio.write(sound, Audio(np.clip(samples, -1, 1)[None], SAMPLE_RATE))
    return {
        "drummer": groove.drummer, "session": session, "id": groove.name, "style": style,
        "bpm": bpm, "beat_type": groove.kind, "time_signature": metre,
        "duration": f"{notes.duration:.6f}", "split": split, "midi_filename": f"{name}.midi",
        "audio_filename": f"{name}.flac", "kit_name": kit.name,
    }  # fmt: skip


def _perform(notes: Transcription, kit: PreparedKit) -> Transcription:
    """The part of a performance that the kit can play, after the lead-in."""
    kept = notes.select(np.isin(notes.labels, list(kit.drum_set)))
    return replace(
        kept,
        onsets=kept.onsets + LEAD_IN,
        duration=notes.duration + LEAD_IN + RING_OUT,
        beats=None,
    )


def write_midi(
    path: Path, notes: Transcription, *, bpm: float, late: float = 0.0, stretch: float = 0.0
) -> None:
    """Write articulations as the notes of Groove MIDI's kit, `late` seconds after they sound.

    Times are longer by the share `stretch`.

    Raises ValueError for an articulation that the kit lacks, or without velocities; OSError as
    `bandscribe.files.whole`.
    """
    if unknown := sorted(set(notes.labels.tolist()) - set(NOTES)):
        raise ValueError(f"notes: expected some of {', '.join(NOTES)}, got {unknown}")
    if notes.velocities is None:
        raise ValueError("notes: expected velocities, got none")
    tempo = mido.bpm2tempo(bpm)
    events: list[tuple[int, int, int]] = []
    for onset, label, velocity in zip(notes.onsets, notes.labels, notes.velocities, strict=True):
        begin = max(0.0, float(onset) * (1 + stretch) + late)
        for seconds, loud in ((begin, max(1, round(127 * float(velocity)))), (begin + _LENGTH, 0)):
            ticks = round(mido.second2tick(seconds, _TICKS, tempo))
            events.append((ticks, loud, NOTES[str(label)]))
    head = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=tempo)])
    drums = mido.MidiTrack()
    now = 0
    for ticks, loud, note in sorted(events):
        drums.append(mido.Message("note_on", channel=9, note=note, velocity=loud, time=ticks - now))
        now = ticks
    song = mido.MidiFile(type=1, ticks_per_beat=_TICKS, tracks=[head, drums])
    with whole(path) as temporary:
        song.save(temporary)
