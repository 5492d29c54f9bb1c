"""Catalogues of sounds that take no time: rows that follow from the bytes of a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bandscribe.catalogue.analysis import Analyser, Analysis
from bandscribe.catalogue.read import open_store
from bandscribe.catalogue.schema import TABLES, TASKS
from bandscribe.catalogue.store import Store
from bandscribe.catalogue.work import Claims, Job, Outcome, fetch, process
from bandscribe.names import INSTRUMENTS


def write_sounds(folder: Path, contents: dict[str, str]) -> None:
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def analyse(sound: Path, tasks: Sequence[str]) -> Analysis:
    """A file of text `tempo [instrument ...]`; any other is one that cannot be analysed."""
    words = sound.read_text().split()
    try:
        tempo = float(words[0])
    except (IndexError, ValueError):
        return Analysis({"error": "no sound that can be decoded"})
    record = {"format": "TEXT", "duration": 60.0, "loudness": -20.0}
    tables = {}
    if {TASKS[task] for task in tasks} & {"drums"}:
        pattern = np.zeros(48, np.float32)
        pattern[int(tempo) % 48] = 1
        record |= {"tempo": tempo, "metre": "4/4", "quarters": 1.0, "note_count": 3}
        record["pattern"] = pattern.tolist()
    if {TASKS[task] for task in tasks} & {"instruments"}:
        record["line_up"] = [0.9 if name in words else 0.1 for name in INSTRUMENTS]
    onsets = np.arange(3) * 60 / tempo
    if "drums" in tasks:
        tables["notes"] = {
            "onset": onsets,
            "class": np.array(["KD", "CHH", "SD"]),
            "velocity": np.array([0.9, 0.5, 0.7], np.float32),
        }
    if "beats" in tasks:
        tables["beats"] = {"time": onsets, "position": np.arange(1, 4, dtype=np.int16)}
    if "instruments" in tasks:
        plays = np.array([name in words for name in INSTRUMENTS])
        tables["instruments"] = {
            "class": list(INSTRUMENTS),
            "probability": np.where(plays, 0.9, 0.1).astype(np.float32),
            "present": plays,
            "share": np.where(plays, 0.5, 0.0).astype(np.float32),
            "spans": [[{"start": 0.0, "end": 30.0}] if each else [] for each in plays],
        }
    if "activity" in tasks:
        percent = [np.full(60, 90 if name in words else 10, np.uint8) for name in INSTRUMENTS]
        tables["activity"] = {"class": list(INSTRUMENTS), "percent": percent}
    return Analysis(record, tables)


class Run:
    """A runner in this process, which keeps the paths that were `analysed`."""

    def __init__(self) -> None:
        self.analysed: list[tuple[str, tuple[str, ...]]] = []

    def __call__(
        self, jobs: Sequence[Job], analyser: Analyser, ledger: Claims
    ) -> Iterator[Outcome]:
        for job in jobs:
            with fetch(job) as fetched:

                def counted(
                    sound: Path, tasks: Sequence[str], path: str = Path(job.path).name
                ) -> Analysis:
                    self.analysed.append((path, tuple(tasks)))
                    return analyse(sound, tasks)

                yield process(job, fetched, counted, ledger)  # type: ignore[arg-type]


def read_all(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """The rows of every table as one who asks sees them, and none of those that nobody sees."""
    with open_store(Store(folder)) as database:
        found = {}
        for name, table in TABLES.items():
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            rows = database.sql(f"SELECT {columns} FROM {name} ORDER BY ALL").fetchall()
            found[name] = rows
        return found
