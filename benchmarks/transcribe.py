"""How long `bandscribe transcribe` takes, from command to file, and how much memory.

    python benchmarks/transcribe.py [AUDIO] [--minutes 3 60]

AUDIO (examples/groove.flac) is repeated to each length and written as mp3. Prints, per length, wall
and processor seconds, audio seconds per second with and without the start-up that a 0.1 s file
needs, and the peak of resident memory; then the memory of the last length against the first's.
Needs a system with `os.wait4`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

GROOVE = Path(__file__).parents[1] / "examples" / "groove.flac"


def make(source: Path, seconds: float, path: Path) -> None:
    """Repeat a recording to a length, in blocks."""
    samples, rate = soundfile.read(source, dtype="float32", always_2d=True)
    left = round(seconds * rate)
    with soundfile.SoundFile(path, "w", rate, samples.shape[1], format="MP3") as file:
        while left > 0:
            file.write(samples[:left])
            left -= len(samples)


def measure(path: Path, out: Path) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak MB of one command."""
    command = [sys.executable, "-m", "bandscribe", "transcribe", str(path), "-o", str(out)]
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("audio", nargs="?", type=Path, default=GROOVE)
    parser.add_argument("--minutes", nargs="+", type=float, default=[3, 60])
    given = parser.parse_args()
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        short, out = Path(folder, "short.wav"), Path(folder, "out.mid")
        soundfile.write(short, np.zeros(4410), 44100)
        start_up = min(measure(short, out)[0] for _ in range(3))
        print(f"start-up: {start_up:.2f} s, {os.cpu_count()} cores")
        for minutes in given.minutes:
            path = Path(folder, "long.mp3")
            make(given.audio, 60 * minutes, path)
            wall, processor, peak = measure(path, out)
            peaks.append(peak)
            print(
                f"{minutes:g} min of mp3: {wall:.2f} s wall, {processor:.2f} s processor, "
                f"{60 * minutes / wall:.0f} x real time ({60 * minutes / (wall - start_up):.0f} x "
                f"apart from start-up), peak {peak:.0f} MB"
            )
    print(f"memory, last against first: {peaks[-1] / peaks[0]:.2f}")


if __name__ == "__main__":
    main()
