"""A rendered corpus on disk, in the layout of E-GMD, so that any tool can look at it.

    e-gmd-v1.0.0.csv                                  one row per track, E-GMD's columns
    drummer1/session1/1_style_bpm_beat_4-4_1.flac     audio, mono, 44.1 kHz (E-GMD has wav)
    drummer1/session1/1_style_bpm_beat_4-4_1.midi     notes with velocities
    … .csv and … .beats.csv                           the notes, and the beat grid, as tables

Track `i` depends on the source, the seed, the split and `i` alone: an interrupted call continues
where it was, and a longer corpus begins with the shorter one. Each split is a session.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bandscribe import audio
from bandscribe.files import write_csv
from bandscribe.formats import csv as note_table
from bandscribe.formats import midi
from bandscribe.readers import read_csv
from bandscribe.splits import SPLITS
from bandscribe.synthesis.source import SyntheticSource
from bandscribe.types import Beats

INDEX = "e-gmd-v1.0.0.csv"
COLUMNS = (
    "drummer", "session", "id", "style", "bpm", "beat_type", "time_signature", "duration",
    "split", "midi_filename", "audio_filename", "kit_name",
)  # fmt: skip
TRACK_SECONDS = 60.0
SESSIONS = {"train": "session1", "validation": "session2", "test": "session3"}


def write_corpus(
    source: SyntheticSource, out: Path, *, hours: float, seed: int, split: str = "train"
) -> Iterator[dict[str, str]]:
    """Render tracks of a minute until there are `hours`; yields each one's row of the index.

    Existing tracks are kept. The index is written at the end; its rows of other splits stay. Raises
    OSError where `out` cannot be written.
    """
    folder = out / "drummer1" / SESSIONS[split]
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for index in range(max(1, round(hours * 3600 / TRACK_SECONDS))):
        seconds = min(TRACK_SECONDS, hours * 3600)
        row = _write_track(source, out, folder, index, seconds, seed, split)
        rows.append(row)
        yield row
    write_index(out / INDEX, rows, split)


def write_index(path: Path, rows: list[dict[str, str]], split: str) -> None:
    """Write the rows of a split to an index, which keeps those of other splits.

    Raises ValueError where that is no index, OSError as `bandscribe.files.whole`.
    """
    others = read_csv(path, *COLUMNS) if path.is_file() else []
    write_csv(path, COLUMNS, [*(row for row in others if row["split"] != split), *rows])


def _write_track(
    source: SyntheticSource,
    out: Path,
    folder: Path,
    index: int,
    seconds: float,
    seed: int,
    split: str,
) -> dict[str, str]:
    done = sorted(folder.glob(f"{index + 1}_*.flac"))
    if done:
        stem = done[0].with_suffix("")
    else:
        # Of one seed, too, nothing that was trained on is tested on.
        parts = [seed, index] if split == "train" else [seed, index, SPLITS.index(split)]
        sound, notes = source.draw(np.random.default_rng(parts), seconds)
        bpm, meter = _tempo(notes.beats)
        stem = folder / f"{index + 1}_drums_{bpm}_beat_{meter}_1"
        midi.write(stem.with_suffix(".midi"), notes)
        note_table.write(stem.with_suffix(".csv"), notes)
        note_table.write_beats(stem.with_suffix(".beats.csv"), notes.beats)
        # The audio last: a track that has it is complete.
        audio.write(stem.with_suffix(".flac"), sound)
    _, style, bpm_text, kind, meter, kit = stem.name.split("_")
    name = stem.relative_to(out).as_posix()
    return {
        "drummer": "drummer1", "session": f"drummer1/{folder.name}",
        "id": f"drummer1/{folder.name}/{index + 1}",
        "style": style, "bpm": bpm_text, "beat_type": kind, "time_signature": meter,
        "duration": f"{seconds:.6f}", "split": split, "midi_filename": f"{name}.midi",
        "audio_filename": f"{name}.flac", "kit_name": kit,
    }  # fmt: skip


def _tempo(beats: Beats | None) -> tuple[int, str]:
    if beats is None or len(beats.times) < 2:
        return 120, "4-4"
    return round(60 / float(np.median(np.diff(beats.times)))), f"{int(beats.positions.max())}-4"
