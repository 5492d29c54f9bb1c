"""Kills commands at random moments, runs them again, and compares what they left in the end.

    python benchmarks/kills.py [--kills 10] [--seed 0] [COMMAND ...]

Run it in a checkout, with the extra `dev`. COMMAND is any of transcribe, evaluate, synthesize,
train and tune (default: all); their inputs are synthetic and tiny. Each is first run without
interruption. Then, `--kills` times into a new folder, it is sent SIGKILL (with all processes of its
group) at a moment drawn uniformly from the duration of the first run, and run again to its end.

Prints a row for each command: how often it was killed before its end, in how many of the results
any file differs from those of the first run, and in how many a temporary file is left. Not compared
are the fields `minutes` and `seconds`, `last.pt`, `curve.png`, `versions.json` (the starts),
`train.log` (which tells the speed) and Ray's own records. Exits 1 if there are differences.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests")]

from tiny_corpus import RATE, write_corpus  # noqa: E402

TIMES = {"minutes", "seconds", "seconds_per_step", "created", "time", "date"}
NOT_COMPARED = {"last.pt", "curve.png", "versions.json", "train.log"}
SETTINGS = ["--threads", "1", "--workers", "1", "--model", "crnn", "--batch", "2"]
SETTINGS += ["--options", '{"channels": [4, 4], "hidden": 8}', "--excerpt-seconds", "1"]


def write_kit(folder: Path) -> Path:
    """A kit of three one-shots."""
    rng = np.random.default_rng(0)
    t = np.arange(RATE // 4) / RATE
    pieces = []
    folder.mkdir()
    for name, sound in (
        ("kd", np.sin(2 * np.pi * 60 * t)),
        ("sd", rng.uniform(-1, 1, len(t))),
        ("chh", np.diff(rng.uniform(-1, 1, len(t) + 1)) / 2),
    ):
        soundfile.write(folder / f"{name}.wav", 0.7 * sound * np.exp(-t / 0.03), RATE)
        pieces.append({"file": f"{name}.wav", "class": name, "piece": name, "rank": 1})
    (folder / "kit.json").write_text(json.dumps(pieces))
    return folder


def transcribe(place: Path) -> list[str]:
    """A batch of 8 recordings, as MIDI and JSON."""
    songs = place / "songs"
    songs.mkdir()
    for index, path in enumerate(sorted(write_corpus(place / "corpus").rglob("*.wav")) * 2):
        shutil.copy(path, songs / f"song{index}.wav")
    return ["transcribe", str(songs), "--format", "midi,json", "-o"]


def evaluate(place: Path) -> list[str]:
    """The shipped model on a corpus."""
    corpus = write_corpus(place / "corpus")
    return ["evaluate", "drums", "egmd", str(corpus), "--split", "all", "-o"]


def synthesize(place: Path) -> list[str]:
    """Rendered performances."""
    kit = write_kit(place / "kit")
    return ["synthesize", "drums", "--kits", str(kit), "--hours", "0.02", "--seed", "3", "-o"]


def train(place: Path) -> list[str]:
    """A small network, for a few steps."""
    corpus = write_corpus(place / "corpus")
    steps = ["--steps", "30", "--validate-every", "10", "--checkpoint-minutes", "0.02"]
    return ["train", "drums", "--corpora", f"egmd={corpus}", *SETTINGS, *steps, "-o"]


def tune(place: Path) -> list[str]:
    """A search over two small networks."""
    corpus = write_corpus(place / "corpus")
    search = ["--grid", "--space", '{"hidden": [4, 8]}', "--jobs", "1", "--scheduler", "fifo"]
    steps = ["--epochs", "2", "--validate-every", "4", "--checkpoint-minutes", "0.02"]
    return ["tune", "drums", "--corpus", f"egmd={corpus}", *search, *SETTINGS, *steps, "-o"]


COMMANDS: Mapping[str, Callable[[Path], list[str]]] = {
    "transcribe": transcribe, "evaluate": evaluate, "synthesize": synthesize, "train": train,
    "tune": tune,
}  # fmt: skip


def run(command: list[str], after: float | None = None) -> bool:
    """Run a command; whether it was killed, `after` seconds. Raises where it fails by itself."""
    words = [sys.executable, "-m", "bandscribe", *command]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(words, stdout=output, stderr=output, start_new_session=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after)
        killed = process.poll() is None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.returncode and not killed:
            output.seek(0)
            raise SystemExit(f"{' '.join(command)}: {output.read().decode()[-2000:]}")
    return killed


def contents(folder: Path) -> dict[str, str]:
    """Digest of each file, by its path in the folder, without what tells the time."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in NOT_COMPARED and "ray" not in path.parts:
            data = path.read_bytes()
            if path.suffix == ".json":
                data = json.dumps(strip(json.loads(data))).encode()
            elif path.suffix == ".csv":
                data = strip_columns(data.decode()).encode()
            found[str(path.relative_to(folder))] = hashlib.sha256(data).hexdigest()
    return found


def strip(value: Any) -> Any:
    """JSON without the fields in `TIMES`."""
    if isinstance(value, dict):
        return {key: strip(each) for key, each in value.items() if key not in TIMES}
    return [strip(each) for each in value] if isinstance(value, list) else value


def strip_columns(text: str) -> str:
    """A table without the columns in `TIMES`."""
    rows = [line.split(",") for line in text.splitlines()]
    keep = [i for i, name in enumerate(rows[0]) if name not in TIMES] if rows else []
    return "\n".join(",".join(row[i] for i in keep if i < len(row)) for row in rows)


def main() -> int:
    """Run from the command line; 1 where anything differed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commands", nargs="*", metavar="COMMAND", choices=[*COMMANDS, []])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for results that differ")
    given = parser.parse_args()
    rng, failed = random.Random(given.seed), 0
    print("command     seconds  killed  different  litter")
    for name in given.commands or COMMANDS:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            command = COMMANDS[name](place)
            begun = time.monotonic()
            run([*command, str(place / "whole")])
            duration = time.monotonic() - begun
            expected = contents(place / "whole")
            killed = different = litter = 0
            for number in range(given.kills):
                out = place / f"out{number}"
                killed += run([*command, str(out)], after=rng.uniform(0, duration))
                run([*command, str(out)])
                found = contents(out)
                names = {n for n in found.keys() | expected if found.get(n) != expected.get(n)}
                left = [n for n in names if ".bandscribe" in n or ".tmp" in n]
                different, litter = different + bool(names), litter + bool(left)
                if names:
                    print(f"{name} {number}: {', '.join(sorted(names)[:8])}", flush=True)
                    if given.keep:
                        shutil.copytree(out, given.keep / f"{name}{number}")
                shutil.rmtree(out)
        failed += different
        print(f"{name:<11} {duration:7.1f} {killed:7} {different:10} {litter:7}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
