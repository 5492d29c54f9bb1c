"""A catalogue of many recordings that are made up, and what it takes to add to it and to ask it.

    python benchmarks/catalogue_million.py CATALOGUE FOLDER [--recordings 1000000] [--part 10000]

CATALOGUE is one of real recordings. Each row of the large one, which is made in FOLDER, is that of
a real one at another tempo, up to 15 % slower or faster, with other probabilities and another
pattern; failed ones keep their share. Then each command runs by itself: wall seconds, processor
seconds, and peak of resident memory. `append` builds a hundred files more, whose analysis takes no
time. Last, what is stored, in bytes.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bandscribe.catalogue import connect
from bandscribe.catalogue.analysis import Analyser, Analysis
from bandscribe.catalogue.build import build
from bandscribe.catalogue.schema import TABLES
from bandscribe.catalogue.store import Store
from bandscribe.catalogue.work import Job, Ledger, Outcome

QUESTION = "vio > .5 and tempo between 90 and 110 and not voi"


class Sample:
    """The rows of real recordings, and from where to where those of each are in other tables."""

    def __init__(self, catalogue: Path) -> None:
        """All of a catalogue, the failed ones too."""
        database = connect(catalogue)
        self.tables: dict[str, pa.Table] = {}
        for name in ("recordings", "notes", "beats", "instruments"):
            columns = ", ".join(f'"{column.name}"' for column in TABLES[name].columns)
            query = f"SELECT {columns} FROM {name} ORDER BY recording"
            self.tables[name] = database.sql(query).to_arrow_table()
        keys = self.tables["recordings"]["recording"].to_numpy(zero_copy_only=False)
        self.bounds = {
            name: np.stack([np.searchsorted(column, keys, side) for side in ("left", "right")])
            for name in ("notes", "beats", "instruments")
            for column in [self.tables[name]["recording"].to_numpy(zero_copy_only=False)]
        }

    def draw(self, rng: np.random.Generator, count: int) -> dict[str, pa.Table]:
        """So many recordings as rows of each table."""
        keys = np.sort(np.frombuffer(rng.bytes(16 * count), ">u8").reshape(-1, 2), axis=0)
        names = np.array([f"{high:016x}{low:016x}" for high, low in keys.tolist()])
        pick = rng.integers(len(self.tables["recordings"]), size=count)
        factor = rng.uniform(0.85, 1.15, count)
        found = {"recordings": self._records(rng, names, pick, factor)}
        for name, (left, right) in self.bounds.items():
            counts = (right - left)[pick]
            ends = np.cumsum(counts)
            rows = np.arange(counts.sum()) - np.repeat(ends - counts - left[pick], counts)
            drawn = self.tables[name].take(pa.array(rows))
            columns = {"recording": pa.array(np.repeat(names, counts))}
            time_of = {"notes": "onset", "beats": "time"}.get(name)
            if time_of:
                values = drawn[time_of].to_numpy() / np.repeat(factor, counts)
                columns[time_of] = pa.array(values)
            else:
                values = drawn["probability"].to_numpy() + rng.normal(0, 0.1, len(drawn))
                columns["probability"] = pa.array(np.clip(values, 0, 1).astype(np.float32))
            found[name] = _replace(name, drawn, columns)
        return found

    def _records(
        self, rng: np.random.Generator, names: Any, pick: Any, factor: NDArray[np.float64]
    ) -> pa.Table:
        drawn = self.tables["recordings"].take(pa.array(pick))
        columns: dict[str, pa.Array] = {"recording": pa.array(names)}
        for name, scale in (("tempo", factor), ("duration", 1 / factor)):
            values = drawn[name].to_numpy(zero_copy_only=False).astype(np.float64) * scale
            kind = TABLES["recordings"].arrow.field(name).type
            columns[name] = pa.array(values, from_pandas=True).cast(kind)
        for name, unit in (("pattern", True), ("line_up", False)):
            column = drawn[name].combine_chunks()
            there = column.is_valid().to_numpy(zero_copy_only=False)
            width = len(column.values) // max(1, int(there.sum()))
            values = np.zeros((len(pick), width), np.float32)
            values[there] = column.flatten().to_numpy().reshape(-1, width)
            values = np.clip(values + rng.normal(0, 0.05, values.shape), 0, 1)
            if unit:
                values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)
            offsets = pa.array(np.arange(0, values.size + 1, width), pa.int32())
            flat = pa.array(values.ravel().astype(np.float32))
            columns[name] = pa.ListArray.from_arrays(offsets, flat, mask=pa.array(~there))
        return _replace("recordings", drawn, columns)


def _replace(name: str, table: pa.Table, columns: dict[str, pa.Array]) -> pa.Table:
    arrays = [columns.get(column.name, table[column.name]) for column in TABLES[name].columns]
    return pa.table(arrays, schema=TABLES[name].arrow)


def make(catalogue: Path, out: Path, count: int, size: int) -> None:
    """Commit parts of `size` recordings until there are `count`."""
    sample, rng, store = Sample(catalogue), np.random.default_rng(0), Store(out)
    manifest = Store(catalogue).read_manifest()
    store.write_manifest(manifest)
    versions = {version.partition("-")[0]: version for version in manifest.versions or {}}
    begin, spent = time.perf_counter(), time.process_time()
    commits = 0.0
    with store.writing():
        for done in range(0, count, size):
            drawn = sample.draw(rng, min(size, count - done))
            names = drawn["recordings"]["recording"]
            files = {
                "path": [f"/music/{done // 1000:06}/{key.as_py()}.flac" for key in names],
                "bytes": drawn["recordings"]["bytes"],
                "stamp": ["0"] * len(names),
                "recording": names,
                "error": pa.nulls(len(names), pa.string()),
            }
            before = time.process_time()
            store.commit(
                {
                    ("files", "1"): pa.table(files, schema=TABLES["files"].arrow),
                    ("recordings", "1"): drawn["recordings"],
                    ("notes", versions["drums"]): drawn["notes"],
                    ("beats", versions["drums"]): drawn["beats"],
                    ("instruments", versions["instruments"]): drawn["instruments"],
                }
            )
            commits += time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"made: {count:,} recordings in {-(-count // size):,} parts, "
        f"{time.perf_counter() - begin:.0f} s wall, {time.process_time() - spent:.0f} s processor "
        f"({commits:.0f} s of it to commit), peak {peak:.0f} MB",
        flush=True,
    )


def append(out: Path) -> None:
    """Add a hundred files whose analysis is there already."""

    def run(jobs: Sequence[Job], analyser: Analyser, ledger: Ledger) -> Iterator[Outcome]:
        for number, job in enumerate(jobs):
            yield Outcome(job, f"{number:032x}", None, Analysis({"bytes": job.bytes}), ("drums",))

    folder = out.parent / "more"
    folder.mkdir(exist_ok=True)
    for number in range(100):
        (folder / f"{number}.wav").write_text(str(number))
    progress = build(out, [str(folder)], run)
    print(f"{progress.analysed} of {progress.files} files added")


#: A small process that starts the command: one that a large process starts has its peak as its own.
_STARTER = """
import os, subprocess, sys, time
begin = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
spent = usage.ru_utime + usage.ru_stime
print(f"{time.perf_counter() - begin:.2f} s wall, {spent:.2f} s processor, "
      f"peak {usage.ru_maxrss / 1024:.0f} MB, exit code {process.returncode}")
"""


def measure(what: str, command: list[str]) -> None:
    """Print what a command takes."""
    starter = [sys.executable, "-S", "-c", _STARTER, *command]
    done = subprocess.run(starter, capture_output=True, text=True)
    print(f"{what}: {done.stdout.strip()} {done.stderr.strip()[-300:]}".rstrip(), flush=True)


def main() -> None:
    """Make, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recordings", type=int, default=1_000_000)
    parser.add_argument("--part", type=int, default=10_000)
    parser.add_argument("--append", action="store_true", help="only add a hundred files")
    given = parser.parse_args()
    if given.append:
        append(given.catalogue)
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    out = given.folder / "catalogue"
    if not out.exists():
        make(given.catalogue, out, given.recordings, given.part)
    [[known]] = (
        connect(given.catalogue)
        .execute("SELECT min(path) FROM recordings WHERE pattern IS NOT NULL")
        .fetchall()
    )
    command = [sys.executable, "-m", "bandscribe", "catalogue"]
    csv = ["--format", "csv"]
    measure("start-up (--help)", [*command, "--help"])
    measure("find by tempo", [*command, "find", str(out), "tempo between 100 and 101", *csv])
    measure("find by instruments", [*command, "find", str(out), QUESTION, *csv])
    notes = "SELECT class, count(*), avg(velocity) FROM notes GROUP BY class"
    measure("count all notes", [*command, "find", str(out), "--sql", notes, *csv])
    measure("similar", [*command, "similar", str(out), known, *csv])
    measure("stats", [*command, "stats", str(out)])
    measure(
        "export m3u", [*command, "export", str(out), QUESTION, "-o", str(given.folder / "a.m3u")]
    )
    again = [sys.executable, __file__, str(out), str(given.folder), "--append"]
    measure("append 100 files", again)
    database = connect(out)
    [[recordings, seconds]] = database.execute(
        "SELECT count(*), sum(duration) FROM latest_recordings"
    ).fetchall()
    for name in TABLES:
        size = sum(path.stat().st_size for path in out.glob(f"{name}/*/*.parquet"))
        [[rows]] = database.execute(f"SELECT count(*) FROM {name}").fetchall()
        print(
            f"  {name}: {rows:,} rows, {size / 1e6:,.1f} MB, {size / recordings:,.0f} bytes per "
            f"recording, {size / (seconds / 3600):,.0f} per hour of audio"
        )


if __name__ == "__main__":
    main()
