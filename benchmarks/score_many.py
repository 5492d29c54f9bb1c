"""A corpus of a thousand made-up tracks: scored, killed half-way, resumed, with the same figures.

    python benchmarks/score_many.py [--tracks 1000] [--jobs N]

Tracks are minutes of random notes in a plain folder; the estimates are these with notes moved,
left out and invented. Prints seconds of wall time, with one process and with N (default: one per
core), and fails where a figure differs.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bandscribe.formats import csv
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS_10

NOTES = 400
SECONDS = 60.0


def main() -> None:
    """Measure, check and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=None)
    given = parser.parse_args()
    jobs = [] if given.jobs is None else ["--jobs", str(given.jobs)]
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        write(home, given.tracks)
        seconds = {
            "one process": evaluate(home, "one", ["--jobs", "1"]),
            "in parallel": evaluate(home, "parallel", jobs),
        }
        kill_half_way(home, "killed", jobs, given.tracks)
        kept = len(list((home / "killed/tracks").glob("*.json")))
        assert not (home / "killed/metrics.json").exists()
        seconds[f"resumed with {kept} tracks kept"] = evaluate(home, "killed", jobs)
        seconds["with all of them kept"] = evaluate(home, "killed", jobs)
        for file in ("metrics.json", "tracks.csv", "report.html"):
            contents = {(home / out / file).read_bytes() for out in ("one", "parallel", "killed")}
            assert len(contents) == 1, file
    for what, taken in seconds.items():
        print(f"{given.tracks} tracks, {what}: {taken:.1f} s")
    print("identical figures")


def write(home: Path, tracks: int) -> None:
    """`home`/corpus and `home`/estimates. Nobody hears the sound files, which are empty."""
    for folder in ("corpus", "estimates"):
        (home / folder).mkdir()
    for i in range(tracks):
        rng = np.random.default_rng(i)
        onsets, labels = rng.uniform(0, SECONDS, NOTES), rng.choice(DRUMS_10, NOTES)
        (home / f"corpus/{i:05}.wav").touch()
        write_notes(home / f"corpus/{i:05}.csv", onsets, labels)
        kept = rng.random(NOTES) < 0.9
        moved = np.abs(onsets[kept] + rng.normal(0, 0.02, kept.sum()))
        invented = rng.uniform(0, SECONDS, NOTES // 10), rng.choice(DRUMS_10, NOTES // 10)
        write_notes(
            home / f"estimates/{i:05}.csv",
            np.concatenate([moved, invented[0]]),
            np.concatenate([labels[kept], invented[1]]),
        )


def write_notes(path: Path, onsets: np.ndarray, labels: np.ndarray) -> None:
    """Notes in any order."""
    order = np.argsort(onsets)
    csv.write(path, Transcription(onsets[order], labels[order], None, SECONDS, DRUMS_10))


def command(home: Path, output: str, options: list[str]) -> list[str]:
    """The call of bandscribe."""
    corpus, estimates = str(home / "corpus"), str(home / "estimates")
    call = [sys.executable, "-m", "bandscribe", "evaluate", "drums", "folder", corpus]
    return [*call, "--estimates", estimates, "-o", str(home / output), *options]


def evaluate(home: Path, output: str, options: list[str]) -> float:
    """Seconds that a call takes."""
    begin = time.perf_counter()
    subprocess.run(command(home, output, options), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def kill_half_way(home: Path, output: str, options: list[str], tracks: int) -> None:
    """Begin, and kill the process without a warning when half of the tracks are there."""
    started = subprocess.Popen(command(home, output, options), stdout=subprocess.DEVNULL)
    while len(list((home / output / "tracks").glob("*.json"))) < tracks // 2:
        assert started.poll() is None, "it ended before it could be killed"
        time.sleep(0.05)
    started.kill()
    started.wait()


if __name__ == "__main__":
    main()
