"""Corpora at full size, simulated: seconds to start, memory, examples a second by workers.

    python benchmarks/corpora.py [CORPUS ...] [--scale 1] [--workers 0,1,2] [-o DIR]

Recordings are hard links of a few generated ones, so that E-GMD's 45,537 files (one-minute
recordings; the real ones last 35 s on average), 20,884 clips of AudioSet beside a table of two
million lines, and 260,000 single hits fit on any disk. `--scale 0.1` takes a tenth of the files.
CORPUS is egmd, precomputed (E-GMD with `--precompute true`), audioset or hits. What is read comes
out of the memory of the system: a disk adds its own time.

Prints of each corpus what a training does before its first step, the first time and once its cache
is there, in seconds of the clock and of processor cores; how many examples a second its batches
have, by the number of processes that make them, and per second of a core; and memory.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import soundfile

from bandscribe.training.batches import stream
from bandscribe.training.settings import Settings
from bandscribe.vocabulary.instruments import AUDIOSET

RATE = 44100
SEEDS = 8  # different recordings
_LINES = 2_000_000  # of AudioSet's table


def link(source: Path, target: Path) -> None:
    """A hard link; where the file system allows no more of them, a new copy to link to."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, source.with_suffix(".next"))
        source.with_suffix(".next").replace(source)
        os.link(source, target)


def make_egmd(root: Path, files: int) -> None:
    """Recordings of a minute with 400 notes, in the layout of E-GMD."""
    rng = np.random.default_rng(0)
    for seed in range(SEEDS):
        samples = 0.1 * rng.standard_normal((60 * RATE, 2))
        soundfile.write(root / f"{seed}.wav", samples, RATE, "PCM_16")
        track = mido.MidiTrack()
        for _ in range(400):
            note = int(rng.choice([36, 38, 42, 46, 51]))
            track.append(mido.Message("note_on", channel=9, note=note, velocity=90, time=140))
            track.append(mido.Message("note_off", channel=9, note=note, time=4))
        mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(root / f"{seed}.midi")
    lines = ["drummer,split,midi_filename,audio_filename,kit_name,id,duration"]
    shares = np.array([35217, 5031, 5289]) / 45537
    splits = np.repeat(["train", "validation", "test"], np.rint(shares * files).astype(int))
    for number, split in enumerate(splits):
        folder = root / f"drummer{number % 10}"
        folder.mkdir(exist_ok=True)
        for suffix in ("wav", "midi"):
            link(root / f"{number % SEEDS}.{suffix}", folder / f"{number}.{suffix}")
        name = f"drummer{number % 10}/{number}"
        lines.append(f"d{number % 10},{split},{name}.midi,{name}.wav,kit,{number},60")
    (root / "e-gmd-v1.0.0.csv").write_text("\n".join(lines) + "\n")


def make_audioset(root: Path, files: int) -> None:
    """Clips of ten seconds, and a table of two million lines, most without a class of ours."""
    rng = np.random.default_rng(0)
    (root / "audio").mkdir()
    for seed in range(SEEDS):
        soundfile.write(root / f"{seed}.wav", 0.1 * rng.standard_normal(10 * RATE), RATE, "PCM_16")
    ours = list(AUDIOSET)
    with (root / "unbalanced_train_segments.csv").open("w") as table:
        table.write("# YTID, start_seconds, end_seconds, positive_labels\n")
        for number in range(_LINES):
            label = ours[number % len(ours)] if number < files else "/m/04rlf"
            table.write(f'{number:011d}, 30.000, 40.000, "/m/09x0r2,{label}"\n')
            if number < files:
                link(root / f"{number % SEEDS}.wav", root / "audio" / f"{number:011d}.wav")


def make_hits(root: Path, files: int) -> None:
    """Half-second clips of five drums, as `bandscribe segment` writes them."""
    rng = np.random.default_rng(0)
    (root / "clips").mkdir()
    for seed in range(SEEDS):
        samples = rng.standard_normal(RATE // 2) * np.exp(-np.arange(RATE // 2) / 4000)
        soundfile.write(root / f"{seed}.flac", 0.1 * samples, RATE)
    lines = ["file,label,split,group"]
    for number in range(files):
        link(root / f"{number % SEEDS}.flac", root / "clips" / f"{number}.flac")
        split = ("train", "train", "train", "train", "train", "validation", "test")[number % 7]
        label = ("sd", "kd", "chh", "phh", "rd")[number % 5]
        lines.append(f"clips/{number}.flac,{label},{split},{split} {number // 50}")
    (root / "labels.csv").write_text("\n".join(lines) + "\n")


Draw = tuple[Callable[..., object], Settings, bool]


def open_egmd(root: Path, cache: Path, workers: int) -> Draw:
    """Excerpts of four seconds with the default front end."""
    from bandscribe.training.drums import sources
    from bandscribe.training.drums.recipe import Recipe, front_end
    from bandscribe.training.drums.train import DrumExamples as Excerpts

    recipe = Recipe(corpora=(f"egmd={root}",), cache=str(cache), workers=workers, device="cpu")
    training, _ = sources.load(recipe)
    return Excerpts(training, front_end(recipe), 4.0, 0.5), recipe, False


def open_precomputed(root: Path, cache: Path, workers: int) -> Draw:
    """The same excerpts, of spectrograms that were computed once."""
    from bandscribe.training.drums import sources
    from bandscribe.training.drums.recipe import Recipe, front_end
    from bandscribe.training.drums.train import DrumExamples as Excerpts

    recipe = Recipe(
        corpora=(f"egmd={root}",), cache=str(cache), precompute=True, workers=workers, device="cpu"
    )
    training, _ = sources.load(recipe)
    return Excerpts(training, front_end(recipe), 4.0, 0.5), recipe, False


def open_audioset(root: Path, cache: Path, workers: int) -> Draw:
    """Windows of a second, mixed, augmented but for pitch, as mel spectrograms."""
    from bandscribe.features.windows import RecognitionFrontEnd
    from bandscribe.training import task
    from bandscribe.training.recognition import corpora, survey
    from bandscribe.training.recognition.examples import WindowExamples as Mixtures

    given = {
        "model": "resnet50", "corpora": f"audioset={root}",
        "cache": str(cache), "workers": str(workers), "steps": "1000000",
    }  # fmt: skip
    recipe = task.resolve("recognition", None, given)
    classes = corpora.classes_of(recipe.corpora)
    windows = corpora.cut(corpora.load(recipe.corpora, "train", classes), 1.0, RATE)
    corpora.load(recipe.held_out, "validation", classes)
    found = survey.survey(windows, workers=workers, folder=cache)
    front_end = RecognitionFrontEnd(recipe.features, found.statistics)
    draw = Mixtures(windows, windows.targets, front_end, 0, "base_persistent", semitones=0)
    return draw, recipe, True


def open_hits(root: Path, cache: Path, workers: int) -> Draw:
    """Clips as they are, with the features of the report."""
    from bandscribe.training import task
    from bandscribe.training.hits.examples import Turns
    from bandscribe.training.hits.train import keep

    given = {"model": "report", "clips": str(root), "classes": "sd,kd,chh,phh,rd",
             "cache": str(cache), "workers": str(workers), "steps": "1000000"}  # fmt: skip
    recipe = task.resolve("hits", None, given)
    return Turns(keep(recipe, "train"), 0), recipe, True


CORPORA = {
    "egmd": (make_egmd, open_egmd, 45537),
    "precomputed": (make_egmd, open_precomputed, 45537),
    "audioset": (make_audioset, open_audioset, 20884),
    "hits": (make_hits, open_hits, 260_000),
}


def measure(draw: Draw, workers: int, seconds: float) -> tuple[float, float]:
    """Examples a second, and a second of a core, of batches that are made by so many processes.

    The latter is known without any.
    """
    make, recipe, numbered = draw
    batches = stream(make, replace(recipe, workers=workers, steps=1_000_000), numbered=numbered)(0)
    next(batches)
    began, spent, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < seconds:
        count += len(next(batches)[0])
    cores = time.process_time() - spent
    return count / (time.perf_counter() - began), count / cores if not workers else float("nan")


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Print how long something took."""
    began, spent = time.perf_counter(), sum(os.times()[:4])
    yield
    took, cores = time.perf_counter() - began, sum(os.times()[:4]) - spent
    print(f"  {name:<46}{took:>10.1f} s  {cores:>8.1f} of cores", flush=True)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("corpora", nargs="*", metavar="CORPUS", default=list(CORPORA))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--workers", default="0,1,2")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("-o", "--output", type=Path, help="where the files are made, and left")
    given = parser.parse_args()
    workers = [int(number) for number in given.workers.split(",")]
    for name in given.corpora:
        make, begin, whole = CORPORA[name]
        files = max(50, round(whole * given.scale))
        with tempfile.TemporaryDirectory(prefix="corpora_") as temporary:
            root = (given.output or Path(temporary)) / name
            print(f"{name}: {files:,} files", flush=True)
            if not root.is_dir():
                root.mkdir(parents=True)
                with timed("(files made)"):
                    make(root, files)
            cache = Path(temporary) / "cache"
            most = max(workers)
            with timed(f"to the first step, {most} workers"):
                begin(root, cache, most)
            kept = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file())
            with timed("to the first step, with its cache"):
                draw = begin(root, cache, most)
            for number in workers:
                rate, core = measure(draw, number, given.seconds)
                of_core = "" if number else f"{core:>10.0f} of a core"
                print(f"  {f'examples a second, {number} workers':<46}{rate:>10.0f}  {of_core}",
                      flush=True)  # fmt: skip
            print(f"  {'cache':<46}{kept / 1e9:>10.3f} GB")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"  {'largest memory of the process so far':<46}{peak:>10.2f} GB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
