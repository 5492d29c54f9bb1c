"""Ten thousand one-shots classified: seconds, memory, and beside them what decoding alone takes.

    python benchmarks/classify.py [--files 10000] [--model NAME]

One-shots are decaying tones and noises of 0.1 to 2 s at three rates, WAV and FLAC; one in a
thousand is no sound file at all. Prints seconds of wall time and of processor time (which other
programs on the machine change less), the largest resident memory for a tenth of them and for all,
and both ratios to reading the same files with soundfile in one process.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

RATES = (22050, 44100, 48000)
BROKEN = 1000

READ = """
import sys, pathlib, soundfile
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        soundfile.read(path, dtype="float32")
    except soundfile.LibsndfileError:
        pass
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--model", default="hits")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        # The smaller folder first: memory is that of the largest child so far.
        for files in (max(1, given.files // 10), given.files):
            folder = Path(name, str(files))
            write(folder, files)
            call = [sys.executable, "-m", "bandscribe", "classify", str(folder)]
            taken, busy, code = run([*call, "--model", given.model, "-o", f"{folder}.csv"])
            memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            rows = len(Path(f"{folder}.csv").read_text().splitlines()) - 1
            broken = len(range(0, files, BROKEN))
            if (code, rows) != (1, files - broken):
                raise SystemExit(f"expected {files - broken} rows, got {rows}, exit code {code}")
            reading, alone, _ = run([sys.executable, "-c", READ, str(folder)])
            print(
                f"{files} one-shots: {taken:.1f} s, {1000 * taken / files:.2f} ms each, of the "
                f"processor {busy:.1f} s; {memory:.0f} MB; reading alone {reading:.1f} s, "
                f"{taken / reading:.1f} times that, of the processor {busy / alone:.1f} times"
            )


def run(call: list[str]) -> tuple[float, float, int]:
    """Seconds that a call takes by the clock, and of the processor, and its exit code."""
    begin, before = time.perf_counter(), processor()
    done = subprocess.run(call, check=False, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin, processor() - before, done.returncode


def processor() -> float:
    """Seconds that all calls so far have computed."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def write(folder: Path, files: int) -> None:
    """One-shots with names that say nothing."""
    folder.mkdir()
    for i in range(files):
        rng = np.random.default_rng(i)
        path = folder / f"{i:05}.{'flac' if i % 3 else 'wav'}"
        if i % BROKEN == 0:
            path.write_bytes(b"no sound")
            continue
        rate = RATES[i % len(RATES)]
        t = np.arange(round(rng.uniform(0.1, 2.0) * rate)) / rate
        tone = np.sin(2 * np.pi * np.exp(rng.uniform(4, 8)) * t)
        sound = tone * rng.uniform() + rng.standard_normal(len(t)) * rng.uniform()
        sound *= 0.3 * np.exp(-t / rng.uniform(0.02, 0.3))
        soundfile.write(path, sound, rate)


if __name__ == "__main__":
    main()
