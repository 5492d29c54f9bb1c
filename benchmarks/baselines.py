"""How fast the models for drums are that need no network, beside the one that is one.

    python benchmarks/baselines.py [AUDIO] [--minutes 3 30] [--models drums nmf nmfd]

AUDIO (examples/groove.flac) is repeated to each length. Prints for `bandscribe transcribe` with
each model: wall and processor seconds, the seconds of audio in one of each, and the peak of
resident memory. One thread for linear algebra. Needs a system with `os.wait4`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from transcribe import GROOVE, make


def measure(model: str, path: Path, out: Path) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak MB."""
    command = [sys.executable, "-m", "bandscribe", "transcribe", str(path), "-o", str(out)]
    one = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "VECLIB")}
    begin = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--model", model], stdout=subprocess.DEVNULL, env={**os.environ, **one}
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit


def main() -> None:
    """Measure every model on every length."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("audio", type=Path, nargs="?", default=GROOVE)
    parser.add_argument("--minutes", type=float, nargs="+", default=[3, 30])
    parser.add_argument("--models", nargs="+", default=["drums", "nmf", "nmfd"])
    given = parser.parse_args()
    print("model     minutes   wall s  times real time   processor s  times real time   peak MB")
    with tempfile.TemporaryDirectory() as folder:
        for minutes in given.minutes:
            path = Path(folder) / f"{minutes:g}.mp3"
            make(given.audio, 60 * minutes, path)
            for model in given.models:
                wall, busy, peak = measure(model, path, Path(folder) / "out.mid")
                print(
                    f"{model:<8}{minutes:9g}{wall:9.2f}{60 * minutes / wall:17.0f}"
                    f"{busy:14.2f}{60 * minutes / busy:17.0f}{peak:10.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
