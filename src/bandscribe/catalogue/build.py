"""Build a catalogue: find what remains to be analysed, and commit the rows as they are made.

A repeated build does only what is not committed yet: files are identified by path, size and time
of change, recordings by content, results by version. A build that is killed loses what was analysed
since the last commit: half a minute at first, later `COMMIT_SHARE` of its duration. Commits become
rarer because a query opens every part: a thousand parts add a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from bandscribe.catalogue.analysis import Analyser, Models
from bandscribe.catalogue.read import open_store
from bandscribe.catalogue.schema import DEFAULT_TASKS, TABLE_OF, TABLES, TASKS
from bandscribe.catalogue.sources import Source, search
from bandscribe.catalogue.store import Manifest, Store
from bandscribe.catalogue.work import Job, Ledger, Outcome

#: A part is committed after so many seconds, or this share of the duration of the build if that is
#: longer, and when it has so many recordings, which bounds memory.
COMMIT_SECONDS, COMMIT_SHARE, COMMIT_RECORDINGS = 30.0, 0.02, 1000

#: Runs jobs, on any machine, and yields their outcomes in any order.
Runner = Callable[[Sequence[Job], Analyser, Ledger], Iterable[Outcome]]


@dataclass
class Progress:
    """The progress of a build, in files, and in seconds of analysed audio."""

    files: int
    unchanged: int = 0
    done: int = 0
    analysed: int = 0
    duplicates: int = 0
    failed: int = 0
    #: How many of those that failed did so in an earlier build, and were not analysed again.
    failed_before: int = 0
    audio_seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)
    #: Inputs that do not exist; at the end also files that cannot be read or analysed.
    problems: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count the outcome of a file."""
        self.done += 1
        error = outcome.error
        if outcome.analysis is None:
            self.duplicates += error is None
        else:
            record = outcome.analysis.record
            error = record.get("error")
            self.analysed += 1
            self.audio_seconds += record.get("duration") or 0.0
        self.failed += error is not None

    @property
    def seconds(self) -> float:
        """Seconds since the build began."""
        return time.monotonic() - self.started

    @property
    def left(self) -> float | None:
        """Estimated seconds until the end; None before the first file is done."""
        to_do = self.files - self.unchanged - self.done
        return self.seconds / self.done * to_do if self.done else None


def build(
    folder: Path,
    named: Sequence[str],
    run: Runner,
    *,
    tasks: Sequence[str] = (),
    models: Models = Models(),  # noqa: B008 (it is frozen)
    retry: bool = False,
    show: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Add the files that `named` describes (see `sources`) to the catalogue in `folder`.

    `tasks` are some of `schema.TASKS`; none are those of the last build. Files that are gone from
    the named folders are removed. `retry` repeats analyses that failed. `show` is called after each
    file. In the returned progress `failed` includes files that failed in an earlier build: a
    resumed build reports the same problems as an uninterrupted one. If no file is found, no
    catalogue is made.

    Raises ValueError for an unknown task, a model that is not made for it, a folder with other
    content, or while another build writes to it; OSError if it cannot be written.
    """
    store = Store(folder)
    manifest = store.read_manifest()
    chosen = tuple(tasks) or manifest.tasks or DEFAULT_TASKS
    if unknown := [task for task in chosen if task not in TASKS]:
        raise ValueError(f"tasks: expected some of {', '.join(TASKS)}, got {', '.join(unknown)}")
    versions = models.versions(chosen)
    found = search(named)
    if not found.found and manifest.versions is None:
        nothing = f"{', '.join(named)}: no sound files; check the name"
        return Progress(0, problems=found.missing or [nothing])
    with store.writing():
        known = {**(manifest.versions or {}), **models.describe(chosen)}
        store.write_manifest(Manifest(chosen, known))
        writer = _Writer(store, versions)
        with open_store(store) as database:
            done = _find_done(database, versions, retry)
            files = _read_files(database)
        jobs = _plan(found.found.values(), files, done, chosen)
        gone = [
            path for path in files if path not in found.found and path.startswith((*found.folders,))
        ]  # fmt: skip
        writer.remove(gone)
        progress = Progress(len(found.found), len(found.found) - len(jobs))
        progress.problems += found.missing
        show(progress)
        try:
            for outcome in run(jobs, Analyser(models), Ledger(chosen, done)) if jobs else ():
                progress.add(outcome)
                writer.add(outcome)
                show(progress)
        except KeyboardInterrupt:
            writer.commit()
            raise
        writer.commit()
        _report_failures(progress, store, found.found, {job.path for job in jobs})
    return progress


def _plan(
    sources: Iterable[Source],
    files: Mapping[str, tuple[int, str, str | None]],
    done: Mapping[str, frozenset[str]],
    tasks: Sequence[str],
) -> list[Job]:
    """The files that are new, changed, could not be read, or lack results of these `tasks`."""
    jobs = []
    for source in sources:
        size, stamp, recording = files.get(source.path, (-1, "", None))
        known = (size, stamp) == (source.bytes, source.stamp) and recording is not None
        if not known or not done.get(recording or "", frozenset()).issuperset(tasks):
            jobs.append(Job(*source))
    return jobs


def _read_files(database: DuckDBPyConnection) -> dict[str, tuple[int, str, str | None]]:
    rows = database.execute("SELECT path, bytes, stamp, recording FROM files").fetchall()
    return {path: (size, stamp, recording) for path, size, stamp, recording in rows}


def _find_done(
    database: DuckDBPyConnection, versions: Mapping[str, str], retry: bool
) -> dict[str, frozenset[str]]:
    """The tasks of each recording whose results have these versions."""
    flags = [f"coalesce({task} = '{version}', false)" for task, version in versions.items()]
    only = "WHERE error IS NULL" if retry else ""
    query = f"SELECT recording, {', '.join(flags)} FROM latest_recordings {only}"
    sets: dict[tuple[bool, ...], frozenset[str]] = {}
    done = {}
    for recording, *holds in database.execute(query).fetchall():
        key = tuple(holds)
        if key not in sets:
            named = zip(versions, holds, strict=True)
            sets[key] = frozenset(task for task, is_done in named if is_done)
        done[recording] = sets[key]
    return done


def _report_failures(
    progress: Progress, store: Store, paths: Container[str], tried: Container[str]
) -> None:
    """Count and name the files among `paths` that failed, now or in an earlier build."""
    with open_store(store) as database:
        rows = database.execute(
            "SELECT path, error FROM files WHERE error IS NOT NULL UNION ALL "
            "SELECT path, failed.error FROM files JOIN (SELECT recording, error "
            "FROM latest_recordings WHERE error IS NOT NULL) AS failed USING (recording) "
            "ORDER BY path"
        ).fetchall()
    failed = {path: error for path, error in rows if path in paths}
    progress.failed = len(failed)
    progress.failed_before = sum(path not in tried for path in failed)
    progress.problems += [f"{path}: {error}" for path, error in failed.items()]


class _Writer:
    """Collects outcomes, and commits them at intervals."""

    def __init__(self, store: Store, versions: Mapping[str, str]) -> None:
        self._store, self._versions = store, versions
        scans = [int(scan) for scan in store.parts("files")]
        self._scan = str(max(scans, default=0) + 1)
        self._files: list[dict[str, Any]] = []
        self._outcomes: dict[str, Outcome] = {}
        self._begun = self._committed = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        job = outcome.job
        if outcome.analysis is not None and outcome.recording is not None:
            self._outcomes[outcome.recording] = outcome
        self._files.append(
            {**job._asdict(), "recording": outcome.recording, "error": outcome.error}
        )
        now = time.monotonic()
        pause = max(COMMIT_SECONDS, COMMIT_SHARE * (now - self._begun))
        if now - self._committed > pause or len(self._files) >= COMMIT_RECORDINGS:
            self.commit()

    def remove(self, paths: Iterable[str]) -> None:
        empty = {"bytes": None, "stamp": "", "recording": None, "error": None}
        self._files += [{"path": path, **empty} for path in paths]

    def commit(self) -> None:
        rows = [self._outcomes[recording] for recording in sorted(self._outcomes)]
        tables = dict(_results(rows, self._versions))
        tables |= _records(rows, self._versions, self._read_previous([*self._outcomes]))
        files = sorted(self._files, key=lambda row: str(row["path"]))
        tables["files", self._scan] = pa.Table.from_pylist(files, TABLES["files"].arrow)
        self._store.commit(tables)
        self._files, self._outcomes = [], {}
        self._committed = time.monotonic()

    def _read_previous(self, recordings: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The latest rows of these recordings, whose results of other tasks remain."""
        if not recordings or not self._store.parts("recordings"):
            return {}
        requested = pa.table({"recording": pa.array(recordings, pa.string())})
        with open_store(self._store) as database:
            database.register("requested", requested)
            found = database.sql(
                "SELECT * FROM latest_recordings SEMI JOIN requested USING (recording)"
            )
            rows = found.to_arrow_table().to_pylist()
        return {row["recording"]: row for row in rows}


def _records(
    outcomes: Sequence[Outcome],
    versions: Mapping[str, str],
    previous: Mapping[str, dict[str, Any]],
) -> dict[tuple[str, str], pa.Table]:
    """Rows of `recordings`, by revision."""
    by_revision: dict[int, list[dict[str, Any]]] = {}
    for outcome in outcomes:
        assert outcome.recording is not None and outcome.analysis is not None
        before = previous.get(outcome.recording, {"revision": 0})
        row = {
            **before,
            "error": None,
            "warning": None,
            **outcome.analysis.record,
            "recording": outcome.recording,
            **{task: versions[task] for task in outcome.tasks},
        }
        by_revision.setdefault(row.pop("revision") + 1, []).append(row)
    schema = TABLES["recordings"].arrow
    return {
        ("recordings", str(revision)): pa.Table.from_pylist(rows, schema)
        for revision, rows in by_revision.items()
    }


def _results(
    outcomes: Sequence[Outcome], versions: Mapping[str, str]
) -> Iterator[tuple[tuple[str, str], pa.Table]]:
    """Rows of each other table, by their version."""
    for task, version in versions.items():
        name = TABLE_OF[task]
        pieces = []
        for outcome in outcomes:
            assert outcome.analysis is not None
            columns = outcome.analysis.tables.get(name)
            if columns is None:
                continue
            count = len(columns[TABLES[name].columns[1].name])
            arrays = [
                pa.array(np.full(count, outcome.recording) if c.name == "recording" else
                         columns[c.name], c.type)
                for c in TABLES[name].columns
            ]  # fmt: skip
            pieces.append(pa.Table.from_arrays(arrays, schema=TABLES[name].arrow))
        if pieces:
            yield (name, version), pa.concat_tables(pieces)
