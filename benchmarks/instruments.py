"""What a model of instruments does with the same clips at other levels, and with singers over time.

    python benchmarks/instruments.py [--clips DIR [--among gac,cel]] [--voices DIR...]
                                     [--model instruments]

`--clips`: a folder with `labels.csv` of `file` and `label`; prints how many have the class with the
highest mean probability right, and in how many it is the same at each gain. `--voices`: a folder
with `labels.csv` of `file` and `group`, and `file`, `on` and `off` in seconds of sung notes
(`vocal_notes.csv`; those closer than 0.3 s are one phrase) or lines (`vocal_lines.csv`); prints the
balanced accuracy of the tracked voice per song, and of songs in which nobody sings, the share of
the time in which a voice is called.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio, instruments, runtime
from bandscribe.datasets import clips as corpus
from bandscribe.readers import read_csv
from bandscribe.types import Audio
from bandscribe.vocabulary import INSTRUMENTS

GAINS_DB = (-40, -24, -12, 6, 12, 20)
#: Tables of when somebody sings, and the gap in seconds over which two rows are one phrase.
TABLES = (("vocal_notes.csv", 0.3), ("vocal_lines.csv", 0.0))
VOICE = INSTRUMENTS.index("voi")


def top(sound: Audio, model: runtime.Model, gain_db: float = 0.0) -> NDArray[np.float64]:
    """The mean probability of each class, (class,)."""
    louder = Audio(sound.samples * np.float32(10 ** (gain_db / 20)), sound.sample_rate)
    found = instruments.recognize(louder, model=model)
    return found.probability.values.mean(axis=0, dtype=np.float64)


def clips(folder: Path, model: runtime.Model, among: Sequence[str]) -> None:
    """Who is recognized in clips of one instrument, and whether a gain changes that."""
    sounds = []
    for track in corpus.index(folder):
        label = track.load()
        if len(label) == 1 and label <= set(among or INSTRUMENTS):
            sounds.append((next(iter(label)), audio.read(track.audio, mono=True)))
    plain = [top(sound, model) for _, sound in sounds]
    labels = np.array([INSTRUMENTS.index(name) for name, _ in sounds])
    best = np.array([scores.argmax() for scores in plain])
    print(f"{len(sounds)} clips: right of thirteen {np.mean(best == labels):.3f}", end="")
    if among:
        columns = [INSTRUMENTS.index(name) for name in among]
        chosen = np.array([columns[int(scores[columns].argmax())] for scores in plain])
        print(f", among {len(among)} {np.mean(chosen == labels):.3f}", end="")
    print()
    for gain_db in GAINS_DB:
        found = np.array([top(sound, model, gain_db).argmax() for _, sound in sounds])
        print(
            f"gain {gain_db:+4d} dB: same class {np.mean(found == best):.3f}, "
            f"right {np.mean(found == labels):.3f}"
        )


def voices(folder: Path, model: runtime.Model) -> None:
    """When a voice is called in songs, against when somebody sings."""
    table, gap = next((name, gap) for name, gap in TABLES if (folder / name).is_file())
    sung: dict[str, list[tuple[float, float]]] = {}
    for row in read_csv(folder / table, "file", "on", "off"):
        sung.setdefault(row["file"], []).append((float(row["on"]), float(row["off"])))
    songs: dict[str, list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]] = {}
    for row in read_csv(folder / "labels.csv", "file", "group"):
        activity = instruments.track(folder / row["file"], model=model)
        plays = activity.plays()[:, VOICE]
        rate = activity.probability.frame_rate
        song = row["file"].rpartition("_")[0]
        wanted = annotate(sung.get(row["file"], []), len(plays), rate, gap)
        songs.setdefault(song, []).append((wanted, plays))
    figures = []
    for song, parts in sorted(songs.items()):
        wanted, plays = (np.concatenate(each) for each in zip(*parts, strict=True))
        if not wanted.any():
            print(f"{song}: nobody sings, called {plays.mean():.3f} of the time")
            continue
        found, rested = plays[wanted].mean(), (~plays[~wanted]).mean() if not wanted.all() else 1.0
        figures.append((found + rested) / 2)
        print(f"{song}: {figures[-1]:.3f} (found {found:.2f}, rests {rested:.2f})")
    print(f"mean balanced accuracy of {len(figures)} songs: {np.mean(figures):.3f}")


def annotate(
    spans: Iterable[tuple[float, float]], frames: int, rate: float, gap: float
) -> NDArray[np.bool_]:
    """Whether somebody sings in each frame, (frame,); spans less than `gap` apart are one."""
    sings = np.zeros(frames, dtype=bool)
    end = -np.inf
    for on, off in sorted(spans):
        start = end if on - end < gap else on
        sings[round(start * rate) : round(off * rate)] = True
        end = max(end, off)
    return sings


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--among", default="")
    parser.add_argument("--voices", type=Path, action="append", default=[])
    parser.add_argument("--model", default=instruments.MODEL)
    given = parser.parse_args()
    model = runtime.load(given.model)
    if given.clips:
        clips(given.clips, model, tuple(filter(None, given.among.split(","))))
    for folder in given.voices:
        voices(folder, model)


if __name__ == "__main__":
    main()
