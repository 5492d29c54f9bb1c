"""Tables with a header.

Notes: `onset,class,velocity`; seconds, a class name, 0 to 1. Beats: `time,position`; seconds, and
the place in the bar, from 1. Activity of instruments: a row per
frame, or a row per stretch in which one plays.
"""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bandscribe.files import whole, write_csv
from bandscribe.readers import read_csv, refused
from bandscribe.types import Activations, Beats, Segment, Transcription

HEADER = ("onset", "class", "velocity")
BEATS_HEADER = ("time", "position")
SEGMENT_HEADER = ("class", "start", "end", "level_db")

_ROWS = 4096  # at once: an hour of frames has more than 100,000


def write(path: str | Path, transcription: Transcription) -> None:
    """Write one row per note; the velocity is left empty where it is unknown.

    Raises OSError as `bandscribe.files.whole`.
    """
    onsets, labels, known = transcription.onsets, transcription.labels, transcription.velocities
    velocities = [""] * len(onsets) if known is None else [f"{value:.4f}" for value in known]
    times = [f"{onset:.6f}" for onset in onsets]
    write_csv(path, HEADER, zip(times, labels, velocities, strict=True))


def write_beats(path: str | Path, beats: Beats | None) -> None:
    """Write `time,position`, a row per beat; without beats, the header alone.

    Raises OSError as `bandscribe.files.whole`.
    """
    pairs = () if beats is None else zip(beats.times, beats.positions, strict=True)
    rows = ((f"{time:.6f}", int(position)) for time, position in pairs)
    write_csv(path, BEATS_HEADER, rows)


def read_beats(path: str | Path) -> Beats:
    """Read beats from a file of `write_beats`. Raises ValueError naming any other file."""
    rows = read_csv(path, *BEATS_HEADER)
    with refused(f"{path}: no beats"):
        return Beats.of((row["time"], row["position"]) for row in rows)


def write_activity(path: str | Path, probability: Activations, level: Activations) -> None:
    """Write `time`, then `CLASS_probability` and `CLASS_level_db` of each class; a row per frame.

    Raises ValueError when the two do not share their frames, OSError as `bandscribe.files.whole`.
    """
    if probability.values.shape != level.values.shape or probability.classes != level.classes:
        raise ValueError(
            f"level: expected frames and classes of the probability, {probability.values.shape}, "
            f"got {level.values.shape}"
        )
    columns = [f"{name}_{kind}" for name in level.classes for kind in ("probability", "level_db")]
    pattern = ",".join(["%.6f", *["%.4f", "%.2f"] * len(level.classes)]) + "\n"
    times = probability.times
    # Time, then the two kinds in turn.
    rows = np.empty((_ROWS, 1 + len(columns)))
    with whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as handle:
        handle.write(",".join(["time", *columns]) + "\n")
        for first in range(0, len(times), _ROWS):
            here = slice(first, min(first + _ROWS, len(times)))
            block = rows[: here.stop - first]
            block[:, 0] = times[here]
            block[:, 1::2] = probability.values[here]
            # Rounded up to nothing, a level would else be written as -0.00.
            block[:, 2::2] = level.values[here].round(2) + 0.0
            handle.writelines(pattern % tuple(row) for row in block.tolist())


def write_segments(path: str | Path, segments: Sequence[Segment]) -> None:
    """Write `class,start,end,level_db`; seconds, and the mean level. A row per stretch.

    Raises OSError as `bandscribe.files.whole`.
    """
    rows = ((label, f"{s:.3f}", f"{e:.3f}", f"{level:.2f}") for label, s, e, level in segments)
    write_csv(path, SEGMENT_HEADER, rows)


def read(
    path: str | Path, *, classes: tuple[str, ...], duration: float | None = None
) -> Transcription:
    """Read what `write` writes; further columns are ignored, rows may be in any order.

    `duration` None takes the last onset. Velocities are None when any row lacks one. Raises
    ValueError, naming the file and the line, for anything else; OSError where it cannot be read.
    """
    rows: list[tuple[float, str, float | None]] = []
    for row in read_csv(path, "onset", "class"):
        label = row["class"]
        if label not in classes:
            known, given = ", ".join(classes), reprlib.repr(label)
            raise ValueError(f"{row.where}: expected one of {known}, got {given}")
        velocity = row.number("velocity") if row.get("velocity") else None
        rows.append((row.number("onset"), label, velocity))
    try:
        return Transcription.of(rows, classes, duration=duration)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
