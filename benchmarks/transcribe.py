"""How long `bandscribe transcribe` takes, from command to file, where, and how much memory.

    python benchmarks/transcribe.py [AUDIO] [--minutes 3 60] [--runs 3] [--command recognize]

AUDIO (examples/groove.flac) is repeated to each length and written as mp3. Prints, per length, wall
and processor seconds of the command, audio seconds per second with and without the start-up that a
0.1 s file needs, and the peak of resident memory. Then its stages, each run alone on what the one
before it gave: the command is faster than their sum, since the network runs beside the first two;
and the time of the command without start-up over that of decoding plus one pass of real FFTs (2048
samples, every 441) over the same samples. Other commands than `transcribe` have no such stages. All
times are medians of some runs. Last, the memory of the last length against the first's. Needs a
system with `os.wait4`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import soundfile
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bandscribe import audio, chunks, drums, runtime
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.formats import midi

GROOVE = Path(__file__).parents[1] / "examples" / "groove.flac"


def make(source: Path, seconds: float, path: Path) -> None:
    """Repeat a recording to a length, in blocks."""
    samples, rate = soundfile.read(source, dtype="float32", always_2d=True)
    left = round(seconds * rate)
    with soundfile.SoundFile(path, "w", rate, samples.shape[1], format="MP3") as file:
        while left > 0:
            file.write(samples[:left])
            left -= len(samples)


#: The commands that can be measured, and the suffix of what each writes.
COMMANDS = {"transcribe": ".mid", "recognize": ".json", "track": ".csv"}


def measure(name: str, path: Path, out: Path, runs: int) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak MB of the command."""
    command = [sys.executable, "-m", "bandscribe", name, str(path), "-o", str(out)]
    wall, processor, peak = [], [], []
    for _ in range(runs):
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall.append(time.perf_counter() - begin)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        processor.append(usage.ru_utime + usage.ru_stime)
        peak.append(usage.ru_maxrss / 1024)
    return median(wall), median(processor), max(peak)


def time_stages(path: Path, out: Path, runs: int) -> dict[str, tuple[float, float]]:
    """Wall and processor seconds of each stage, in this process."""
    model = runtime.load("drums")
    card = model.card
    front_end = LogSpectrogram(**card.features)
    times: dict[str, list[tuple[float, float]]] = {}

    def run(stage: str, call: Callable[..., Any], *given: object, **named: object) -> Any:
        wall, processor = time.perf_counter(), time.process_time()
        result = call(*given, **named)
        spent = time.perf_counter() - wall, time.process_time() - processor
        times.setdefault(stage, []).append(spent)
        return result

    for _ in range(runs):
        blocks = run("decode", list, audio.stream(path, sample_rate=front_end.sample_rate))
        spectra = run("front end", list, front_end.stream([b.samples[0] for b in blocks]))
        sizes = card.chunk_frames, card.overlap_frames
        run("network", list, chunks.stitch(spectra, model, *sizes, threads=model.threads))
        activations = drums.infer(blocks, model)
        seconds = sum(block.duration for block in blocks)
        notes = run("peaks", drums.notes, activations, card, duration=seconds)
        run("write", midi.write, out, notes)
        run("FFT pass", transform, np.concatenate([block.samples[0] for block in blocks]))
    return {
        stage: (median(wall for wall, _ in spent), median(processor for _, processor in spent))
        for stage, spent in times.items()
    }


def transform(samples: NDArray[np.float32]) -> None:
    """Real FFTs of windows of 2048 samples, one every 441, in batches."""
    windows = sliding_window_view(samples, 2048)[::441]
    for start in range(0, len(windows), 512):
        np.fft.rfft(windows[start : start + 512])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("audio", nargs="?", type=Path, default=GROOVE)
    parser.add_argument("--minutes", nargs="+", type=float, default=[3, 60])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--command", choices=COMMANDS, default="transcribe")
    given = parser.parse_args()
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        short, out = Path(folder, "short.wav"), Path(folder, f"out{COMMANDS[given.command]}")
        soundfile.write(short, np.zeros(4410), 44100)
        start_up, start_up_work, _ = measure(given.command, short, out, given.runs)
        print(f"start-up: {start_up:.2f} s, {runtime.cores()} cores", flush=True)
        for minutes in given.minutes:
            path, seconds = Path(folder, "long.mp3"), 60 * minutes
            make(given.audio, seconds, path)
            wall, processor, peak = measure(given.command, path, out, given.runs)
            peaks.append(peak)
            print(
                f"{minutes:g} min of mp3: {wall:.2f} s wall, {processor:.2f} s processor, "
                f"{seconds / wall:.0f} x real time ({seconds / (wall - start_up):.0f} x "
                f"apart from start-up), peak {peak:.0f} MB",
                flush=True,
            )
            if given.command != "transcribe":
                continue
            work = wall - start_up, processor - start_up_work
            stages = time_stages(path, out, given.runs)
            for stage, (wall, processor) in stages.items():
                print(
                    f"  {stage:9} {wall:7.3f} s wall {processor:7.3f} s processor "
                    f"{seconds / wall:7.0f} x real time",
                    flush=True,
                )
            reference = np.add(stages["decode"], stages["FFT pass"])
            walls, processors = np.divide(work, reference)
            print(
                f"  apart from start-up, over decoding and FFT pass: {walls:.2f} by wall time, "
                f"{processors:.2f} by processor time",
                flush=True,
            )
    print(f"memory, last against first: {peaks[-1] / peaks[0]:.2f}")


if __name__ == "__main__":
    main()
