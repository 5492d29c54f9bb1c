"""A table with a header: `onset,class,velocity`; seconds, a class name, 0 to 1."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from bandscribe.files import whole
from bandscribe.types import Transcription

HEADER = ("onset", "class", "velocity")


def write(path: str | Path, transcription: Transcription) -> None:
    """Write one row per note; the velocity is left empty where it is unknown.

    Raises OSError as `bandscribe.files.whole`.
    """
    velocities = transcription.velocities
    with whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(HEADER)
        for i, (onset, label) in enumerate(
            zip(transcription.onsets, transcription.labels, strict=True)
        ):
            velocity = "" if velocities is None else f"{velocities[i]:.4f}"
            table.writerow((f"{onset:.6f}", label, velocity))


def read(
    path: str | Path, *, classes: tuple[str, ...], duration: float | None = None
) -> Transcription:
    """Read what `write` writes; further columns are ignored, rows may be in any order.

    `duration` None takes the last onset. Velocities are None when any row lacks one. Raises
    ValueError, naming the file and the line, for anything else; OSError where it cannot be read.
    """
    rows: list[tuple[float, str, float | None]] = []
    with Path(path).open(newline="", encoding="utf-8-sig") as handle:
        table = csv.DictReader(handle)
        try:
            if not {"onset", "class"} <= set(table.fieldnames or ()):
                raise ValueError("expected the header onset,class,velocity")
            for row in table:
                if row["class"] not in classes:
                    raise ValueError(f"expected one of {', '.join(classes)}, got {row['class']!r}")
                velocity = row.get("velocity")
                rows.append(
                    (float(row["onset"]), row["class"], float(velocity) if velocity else None)
                )
        except (ValueError, TypeError, csv.Error) as error:
            raise ValueError(f"{path}, line {table.line_num}: {error}") from error
    rows.sort(key=lambda row: row[0])
    velocities = [row[2] for row in rows if row[2] is not None]
    onsets = np.array([row[0] for row in rows], dtype=np.float64)
    try:
        return Transcription(
            onsets,
            np.array([row[1] for row in rows], dtype=np.str_),
            np.array(velocities, dtype=np.float64) if len(velocities) == len(rows) else None,
            duration if duration is not None else float(onsets.max(initial=0.0)),
            classes,
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
