"""What `bandscribe catalogue build` does with many recordings: kills, speed, a lost node.

    python benchmarks/catalogue.py sounds FOLDER [--from DIR] [--recordings 2000] [--bad 50]
    python benchmarks/catalogue.py kills FOLDER        killed three times, resumed: the same rows?
    python benchmarks/catalogue.py throughput FOLDER   1 and 2 workers, and bandscribe transcribe
    python benchmarks/catalogue.py node FOLDER         two nodes of a cluster, one of them killed

`sounds` makes recordings of mixed formats and lengths out of those in DIR (examples): excerpts at
other speeds, so that no two are the same, and bad ones among them. The next three run on that
folder; `--keep DIR` keeps what is built, for `benchmarks/catalogue_million.py` to start from. Needs
the extra `catalogue`; m4a needs an ffmpeg on the PATH, `kills` and `throughput` need /proc.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

EXAMPLES = Path(__file__).parents[1] / "examples"
FORMATS = (
    ("wav", "PCM_16"), ("wav", "FLOAT"), ("flac", "PCM_24"), ("aiff", "PCM_16"),
    ("mp3", "MPEG_LAYER_III"), ("ogg", "VORBIS"), ("opus", "OPUS"), ("m4a", ""),
)  # fmt: skip
COMMAND = [sys.executable, "-m", "bandscribe"]


# recordings ---------------------------------------------------------------------------------------


def make_sounds(folder: Path, source: Path, count: int, bad: int, seconds: Sequence[float]) -> None:
    """Recordings of mixed formats and lengths, in folders of a hundred; `bad` of them broken."""
    rng = np.random.default_rng(0)
    known = [path for path in sorted(source.rglob("*")) if _opens(path)]
    formats = FORMATS if shutil.which("ffmpeg") else FORMATS[:-1]
    broken = set(rng.choice(count, bad, replace=False).tolist())
    for number in range(count):
        kind, subtype = formats[number % len(formats)]
        path = folder / f"{number // 100:03}" / f"{number:06}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number in broken:
            path.write_bytes(_make_bad(rng, number))
            continue
        with soundfile.SoundFile(known[int(rng.integers(len(known)))]) as sound:
            rate = sound.samplerate
            length = min(sound.frames, round(rng.uniform(*seconds) * rate))
            sound.seek(int(rng.integers(sound.frames - length + 1)))
            samples = sound.read(length, dtype="float32", always_2d=True)[:, :2]
        samples *= rng.uniform(0.5, 1)
        rate = 48000 if kind == "opus" else int(rng.choice([rate, 44100, 48000]))
        if kind == "m4a":
            with tempfile.NamedTemporaryFile(suffix=".wav") as plain:
                soundfile.write(plain.name, samples, rate)
                ffmpeg = ["ffmpeg", "-y", "-loglevel", "error", "-i", plain.name, str(path)]
                subprocess.run(ffmpeg, check=True)
        else:
            container = {"opus": "OGG", "ogg": "OGG"}.get(kind, kind.upper())
            shape = {"samplerate": rate, "channels": samples.shape[1]}
            with soundfile.SoundFile(path, "w", **shape, subtype=subtype, format=container) as out:
                for start in range(0, len(samples), rate):  # libsndfile crashes on long Vorbis
                    out.write(samples[start : start + rate])


def _opens(path: Path) -> bool:
    try:
        return path.is_file() and soundfile.info(path).frames > 0
    except soundfile.LibsndfileError:
        return False


def _make_bad(rng: np.random.Generator, number: int) -> bytes:
    """Nothing, text, noise, or a header without sound; no two alike but for the empty ones."""
    noise: bytes = rng.bytes(20_000)
    return [b"", b"no sound " + str(number).encode(), noise, b"fLaC" + noise, b"RIFF" + noise][
        number % 5
    ]


# processes ----------------------------------------------------------------------------------------


def build(folder: Path, out: Path, *options: str) -> list[str]:
    """The command."""
    return [*COMMAND, "catalogue", "build", str(folder), "-o", str(out), *options]


def run(command: list[str]) -> float:
    """Wall seconds of a command, whose last line is printed."""
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    wall = time.perf_counter() - begin
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    print(done.stdout.strip().splitlines()[-1], flush=True)
    return wall


def descendants(process: int) -> list[int]:
    """A process and all that it started, from /proc."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parts = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(parts[1]), []).append(int(stat.parent.name))
    found = [process]
    for each in found:
        found += children.get(each, [])
    return found


def find_workers(process: int) -> list[int]:
    """The processes that analyse for a build."""
    found = []
    for each in descendants(process):
        try:
            if b"MapWorker" in Path(f"/proc/{each}/cmdline").read_bytes():
                found.append(each)
        except OSError:
            continue
    return found


class Memory(threading.Thread):
    """The resident memory of a process and of its workers, every second, in MB."""

    def __init__(self, process: int) -> None:
        """Watch this process."""
        super().__init__(daemon=True)
        self.process, self.driver, self.workers = process, [0.0], [0.0]
        self.ended = threading.Event()

    def run(self) -> None:
        """Until `ended`."""
        while not self.ended.wait(1.0):
            self.driver.append(measure_memory(self.process))
            self.workers.append(max(map(measure_memory, find_workers(self.process)), default=0))


def measure_memory(process: int) -> float:
    """Resident memory in MB without what is shared, which is the object store; 0 once it ended."""
    try:
        pages = Path(f"/proc/{process}/statm").read_text().split()
    except OSError:
        return 0.0
    return (int(pages[1]) - int(pages[2])) * resource.getpagesize() / 2**20


def read_rows(out: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, in an order of their own."""
    from bandscribe.catalogue import connect
    from bandscribe.catalogue.schema import TABLES

    database = connect(out)
    return {
        name: database.execute(
            f"SELECT {', '.join(chr(34) + c.name + chr(34) for c in table.columns)} "
            f"FROM {name} ORDER BY ALL"
        ).fetchall()
        for name, table in TABLES.items()
    }


def compare(expected: Path, found: Path) -> None:
    """Print whether two catalogues have the same rows."""
    first, second = read_rows(expected), read_rows(found)
    for name in first:
        same = repr(first[name]) == repr(second[name])
        print(f"  {name}: {len(first[name]):,} rows, {'identical' if same else 'DIFFERENT'}")


# what is measured ---------------------------------------------------------------------------------


def measure_kills(folder: Path, work: Path, jobs: str) -> None:
    """An uninterrupted build, and one of which driver, worker and driver are killed."""
    process = subprocess.Popen(build(folder, work / "whole", "--jobs", jobs), stdout=sys.stderr)
    memory = Memory(process.pid)
    memory.start()
    begin = time.perf_counter()
    process.wait()
    whole = time.perf_counter() - begin
    memory.ended.set()
    third = max(1, len(memory.driver) // 3)
    print(
        f"uninterrupted: {whole:.0f} s; memory of the driver {max(memory.driver[: 2 * third]):.0f} "
        f"MB, in the last third {max(memory.driver[-third:]):.0f} MB; of the largest worker "
        f"{max(memory.workers[: 2 * third]):.0f} MB, in the last third "
        f"{max(memory.workers[-third:]):.0f} MB",
        flush=True,
    )
    total, out = count(work / "whole"), work / "killed"
    process = subprocess.Popen(build(folder, out, "--jobs", jobs), stdout=sys.stderr)
    for victim, share in (("driver", 0.2), ("worker", 0.4), ("driver", 0.7)):
        if process.poll() is not None:
            time.sleep(5)
            process = subprocess.Popen(build(folder, out, "--jobs", jobs), stdout=sys.stderr)
        while process.poll() is None and count(out) < share * total:
            time.sleep(1)
        workers = find_workers(process.pid)
        for each in [process.pid] if victim == "driver" else workers[:1]:
            os.kill(each, signal.SIGKILL)
        if victim == "driver":
            process.wait()
        print(f"killed: {victim}, when {count(out)} of {total} were committed", flush=True)
    time.sleep(5)
    run(build(folder, work / "killed", "--jobs", jobs))
    compare(work / "whole", work / "killed")


def count(out: Path) -> int:
    """Recordings in a catalogue, if there is one."""
    from bandscribe.catalogue import connect

    if not (out / "manifest.json").is_file():
        return 0
    [[found]] = connect(out).execute("SELECT count(*) FROM recordings").fetchall()
    return int(found)


def measure_throughput(folder: Path, work: Path) -> None:
    """Hours of audio per hour and per core-hour: drums and beats, and with instruments.

    The start of Ray is measured by a build of one short file, and is part of all other times.
    """
    short = work / "short"
    short.mkdir()
    soundfile.write(short / "short.wav", np.zeros(44100), 44100)
    start = run(build(short, work / "start", "--jobs", "2"))
    print(f"start and end of Ray: {start:.1f} s, in each of the times of builds", flush=True)
    for tasks in ("drums,beats", "drums,beats,instruments"):
        walls = {}
        for jobs in (1, 2):
            out = work / f"{tasks}-{jobs}"
            walls[jobs] = run(build(folder, out, "--jobs", str(jobs), "--tasks", tasks))
            rate = seconds_of_audio(out) / walls[jobs]
            print(
                f"{tasks}, {jobs} workers: {walls[jobs]:.1f} s; {rate:.0f} h of audio an hour, "
                f"{rate / jobs:.0f} per core-hour",
                flush=True,
            )
        print(
            f"2 workers against 1: {walls[1] / walls[2]:.2f}, "
            f"without the start of Ray {(walls[1] - start) / (walls[2] - start):.2f}",
            flush=True,
        )
    for jobs in (1, 2):
        parts = work / f"parts-{jobs}"
        command = [*COMMAND, "transcribe", str(folder), "-o", str(parts), "--jobs", str(jobs)]
        print(f"transcribe, {jobs} processes: {run(command):.1f} s", flush=True)


def seconds_of_audio(out: Path) -> float:
    """What was analysed."""
    from bandscribe.catalogue import connect

    [[found]] = connect(out).execute("SELECT sum(duration) FROM recordings").fetchall()
    return float(found)


def measure_node(folder: Path, work: Path) -> None:
    """Two nodes of one core each; one is killed when a third is done."""
    from ray.cluster_utils import Cluster

    whole = work / "alone"
    run(build(folder, whole, "--jobs", "1"))
    total = count(whole)
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_worker_niceness="0")
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 1,
            "object_store_memory": 100 << 20,
            "include_dashboard": False,
        },
    )
    node = cluster.add_node(num_cpus=1, object_store_memory=100 << 20)
    cluster.wait_for_nodes()
    out = work / "nodes"
    begin = time.perf_counter()
    process = subprocess.Popen(build(folder, out, "--address", cluster.address))
    while process.poll() is None:
        time.sleep(2)
        done = count(out)
        if done > total / 3:
            cluster.remove_node(node, allow_graceful=False)
            print(f"node killed after {done} of {total} recordings", flush=True)
            break
    process.wait()
    print(f"two nodes, one of them killed: {time.perf_counter() - begin:.0f} s")
    cluster.shutdown()
    compare(whole, out)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("sounds", "kills", "throughput", "node"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--from", dest="source", type=Path, default=EXAMPLES)
    parser.add_argument("--recordings", type=int)
    parser.add_argument("--bad", type=int, default=50)
    parser.add_argument("--seconds", type=float, nargs=2, default=(10, 30))
    parser.add_argument("--jobs", default="1")
    parser.add_argument("--keep", type=Path, help="keep what is built here")
    given = parser.parse_args()
    if given.what == "sounds":
        make_sounds(given.folder, given.source, given.recordings or 2000, given.bad, given.seconds)
        return
    with tempfile.TemporaryDirectory() as temporary:
        work = given.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        measures: dict[str, Callable[[], None]] = {
            "kills": lambda: measure_kills(given.folder, work, given.jobs),
            "throughput": lambda: measure_throughput(given.folder, work),
            "node": lambda: measure_node(given.folder, work),
        }
        measures[given.what]()


if __name__ == "__main__":
    main()
