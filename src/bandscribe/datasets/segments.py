"""Single drum hits out of recorded performances, as Hiner 2024, Drum Classification, finds them.

Of a corpus in E-GMD's layout (section 3.1 of the report, and its author's code): the recordings on
six unconventional kits are left out; the most frequent instruments become the classes; a note is a
single hit when no other came within 100 ms before it and 200 ms are left of it when it ends 10 ms
before the next; a clip is the first half second of it. A recording one of whose hits peaks after
0.4 s, or begins past the end, does not follow its MIDI file, and is removed with all its clips.

The report counts MIDI notes, and takes those of five numbers; here the notes of one articulation
count together, such as the two of the closed hi-hat. The classes are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from bandscribe import audio
from bandscribe.datasets import alignment
from bandscribe.datasets.annotations import home
from bandscribe.files import inside, to_json, write_csv, write_text
from bandscribe.formats import midi
from bandscribe.readers import read_csv
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import ARTICULATIONS, ROLAND_TO_ARTICULATION

#: Section 3.1: six kits of E-GMD that are left out "to ease the learning task".
UNCONVENTIONAL = (
    "Ele-Drum", "Custom1", "Custom2", "Custom3", "Compact Lite (w/ Tambourine HH)", "Deep Daft",
)  # fmt: skip
#: Section 3.1: the number of classes, k, and seconds of a clip.
CLASSES, SECONDS = 5, 0.5
SAMPLE_RATE = 44100
#: Seconds without another note before a single hit, and of a clip at least; and those left out
#: before the next note, since a MIDI file may be late. The author's code, chop_dataset.py.
BEFORE, LEAST, TRIM = 0.1, 0.2, 0.01
#: Seconds after which a clip does not peak where its recording follows the MIDI file.
LATE = 0.4

#: What is written: the table of the corpus `hits`, that of all segments, one per recording, the
#: clips, and what was chosen.
LABELS, EVERY, PARTS, CLIPS = "labels.csv", "segments.csv", "recordings", "clips"
ABOUT = "segments.json"
COLUMNS = ("file", "label", "split", "group", "kit", "velocity", "recording", "start")
_PART = ("file", "label", "velocity", "start", "seconds", "peak")


@dataclass(frozen=True)
class KitRecording:
    """A performance, the `group`, on one kit; `duration` in seconds is that of the table."""

    id: str
    split: str
    group: str
    kit: str
    duration: float
    audio: Path
    midi: Path


@dataclass(frozen=True)
class SingleHit:
    """One hit: its articulation, its velocity in [0, 1], when it begins, how long it is alone."""

    label: str
    velocity: float
    start: float
    seconds: float


@dataclass(frozen=True)
class CutClip:
    """A segment that was cut: its `file` below the folder, and how long that is, in seconds.

    `peak` is when the whole segment is loudest, `start` when it begins in the recording. A segment
    past the end of the sound has no file, and peaks never: infinity.
    """

    file: str
    label: str
    velocity: float
    start: float
    seconds: float
    peak: float


@dataclass(frozen=True)
class Cut:
    """The hits that were cut out of a recording."""

    recording: KitRecording
    clips: tuple[CutClip, ...]

    @property
    def in_step(self) -> bool:
        """Whether no clip peaks after `LATE`, or begins past the end."""
        return all(clip.peak <= LATE for clip in self.clips)


def find_recordings(root: Path) -> list[KitRecording]:
    """The recordings that the table of a corpus in E-GMD's layout lists, on the kits that stay.

    Raises ValueError when the table is not there, lacks a column, or holds a wrong number.
    """
    folder = home(root, "e-gmd-v1.0.0")
    table = folder / "e-gmd-v1.0.0.csv"
    columns = ("audio_filename", "midi_filename", "split", "id", "kit_name", "duration")
    return [
        KitRecording(
            row["audio_filename"].rpartition(".")[0],
            row["split"],
            row["id"],
            row["kit_name"],
            _number(row["duration"], table),
            folder / row["audio_filename"],
            folder / row["midi_filename"],
        )
        for row in read_csv(table, *columns)
        if row["audio_filename"] and row["kit_name"] not in UNCONVENTIONAL
    ]


def read_notes(recording: KitRecording) -> Transcription:
    """The notes of a recording, as articulations; their duration is that of the table.

    Raises as `bandscribe.formats.midi.read`.
    """
    notes = midi.read(recording.midi, mapping=ROLAND_TO_ARTICULATION, channel=None)
    return replace(notes, duration=recording.duration)


def count(notes: Iterable[Transcription]) -> dict[str, int]:
    """Counts of the articulations, the most frequent first (figure 1 of the report)."""
    found: Counter[str] = Counter()
    for each in notes:
        found.update(each.labels.tolist())
    order = sorted(found, key=lambda name: (-found[name], ARTICULATIONS.index(name)))
    return {name: found[name] for name in order}


def find(notes: Transcription, classes: Sequence[str]) -> list[SingleHit]:
    """The single hits of these classes, each as long as it is alone; the last ends with the notes.

    Other notes part hits as those of the classes do.
    """
    onsets = notes.onsets
    before = np.diff(onsets, prepend=-np.inf)
    lengths = np.append(onsets[1:], notes.duration) - TRIM - onsets
    single = (before > BEFORE) & (lengths >= LEAST) & np.isin(notes.labels, list(classes))
    velocities = np.ones(len(onsets)) if notes.velocities is None else notes.velocities
    return [
        SingleHit(str(notes.labels[i]), float(velocities[i]), float(onsets[i]), float(lengths[i]))
        for i in np.flatnonzero(single)
    ]


def cut(
    recording: KitRecording,
    classes: Sequence[str],
    out: Path,
    *,
    seconds: float = SECONDS,
    align: bool = False,
) -> Cut:
    """Write the single hits of a recording below `out`, and a table of them, the last.

    Clips are `seconds` long at most. A recording whose table is there is not cut again. `align`
    first moves the notes to where the sound begins (`alignment.fit`), which the report does not;
    clips of a recording that its notes do not describe peak never, and so are cleaned away.

    Raises ValueError or OSError, in one line, for a file that cannot be read or written, and for
    an id or a split that leads out of the folder.
    """
    part = inside(out / PARTS, f"{recording.id}.csv")
    if part.is_file():
        return Cut(recording, _read_part(part))
    notes = read_notes(recording)
    sound = audio.read(recording.audio, sample_rate=SAMPLE_RATE, mono=True).samples[0]
    found = find(notes, classes)
    starts = np.array([segment.start for segment in found], dtype=np.float64)
    follows = True
    if align:
        fitted = alignment.fit(sound, SAMPLE_RATE, notes.onsets)
        starts, follows = fitted.move(starts), fitted.agreement >= alignment.LEAST
    name = recording.id.replace("/", "_")
    folder = inside(out / CLIPS, recording.split)
    clips = []
    for segment, start in zip(found, starts.tolist(), strict=True):
        first = max(0, round(start * SAMPLE_RATE))
        audible = sound[first : first + round(segment.seconds * SAMPLE_RATE)]
        samples = audible[: round(seconds * SAMPLE_RATE)]
        file, peak = "", np.inf
        if len(samples):
            number = round(1000 * segment.start)
            path = folder / segment.label / f"{name}_{number}.flac"
            file = path.relative_to(out).as_posix()
            # The next hit, where the notes are late, is at the end of what is audible.
            peak = float(np.abs(audible).argmax()) / SAMPLE_RATE if follows else np.inf
            path.parent.mkdir(parents=True, exist_ok=True)
            audio.write(path, Audio(np.ascontiguousarray(samples)[None], SAMPLE_RATE))
        begins, length = first / SAMPLE_RATE, len(samples) / SAMPLE_RATE
        clips.append(CutClip(file, segment.label, segment.velocity, begins, length, peak))
    part.parent.mkdir(parents=True, exist_ok=True)
    write_csv(part, _PART, (asdict(clip) for clip in clips))
    return Cut(recording, tuple(clips))


def begin(out: Path, **chosen: object) -> None:
    """Make the folder, and write down what was chosen.

    Raises ValueError where it holds clips that were cut by another choice.
    """
    out.mkdir(parents=True, exist_ok=True)
    text = to_json(chosen)
    about = out / ABOUT
    if about.is_file() and about.read_text(encoding="utf-8") != text:
        raise ValueError(f"{out}: holds clips that were cut otherwise; name another folder")
    write_text(about, text)


def collect(found: Sequence[Cut], out: Path, *, clean: bool = True) -> list[dict[str, str]]:
    """Write `labels.csv`, a row per clip, of the recordings that are in step, or of all.

    It is the table of the corpus `hits`, with the columns `COLUMNS`; `segments.csv` has all clips,
    with their length and peak in seconds, and 1 where their recording is in step. Returns the rows
    of `labels.csv`.
    """
    every = [
        {
            "file": clip.file, "label": clip.label, "split": each.recording.split,
            "group": each.recording.group, "kit": each.recording.kit,
            "velocity": f"{clip.velocity:.3f}", "recording": each.recording.id,
            "start": f"{clip.start:.4f}", "seconds": f"{clip.seconds:.4f}",
            "peak": f"{clip.peak:.4f}", "in_step": str(int(each.in_step)),
        }
        for each in found
        for clip in each.clips
    ]  # fmt: skip
    write_csv(out / EVERY, (*COLUMNS, "seconds", "peak", "in_step"), every)
    kept = [row for row in every if row["file"] and (row["in_step"] == "1" or not clean)]
    rows = [{name: row[name] for name in COLUMNS} for row in kept]
    write_csv(out / LABELS, COLUMNS, rows)
    return rows


def _read_part(path: Path) -> tuple[CutClip, ...]:
    return tuple(
        CutClip(
            row["file"],
            row["label"],
            *(_number(row[name], path) for name in ("velocity", "start", "seconds", "peak")),
        )
        for row in read_csv(path, *_PART)
    )


def _number(text: str, path: Path) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{path}: damaged: {text!r} is no number") from None
