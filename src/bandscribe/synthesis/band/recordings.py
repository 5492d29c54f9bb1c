"""A band without drums to hide the drums in: songs played through SoundFonts, amplifiers, voices.

`write_band` renders songs into a folder: our own (see `songs`), beside each its beat grid, and
re-arranged ones (see `arrangement`), which have none.

    band_0000.flac          mono, 44.1 kHz
    band_0000.beats.csv     time,position; only where the beats are known

`Backing` holds such folders in memory and cuts passages from them.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
import soundfile
from numpy.typing import NDArray

from bandscribe import audio
from bandscribe.files import whole
from bandscribe.synthesis.band.arrangement import arrange, read_song
from bandscribe.synthesis.band.ensemble import SAMPLE_RATE, Instruments, play
from bandscribe.synthesis.band.songs import Song, compose
from bandscribe.synthesis.band.synthesizer import load_library
from bandscribe.types import Audio, Beats


def write_band(
    soundfonts: Sequence[Path], out: Path, *, hours: float, seed: int,
    songs: Path | None = None, notes: Path | None = None, voices: Path | None = None,
) -> Iterator[tuple[Path, float]]:  # fmt: skip
    """Render songs until there are `hours`; half of them out of the zip `songs`, if one is given.

    `notes` is a folder of folders of single recorded notes (see `sampler`), `voices` a folder of
    speech (see `voice`). Yields each mono flac as it is done, and the hours so far. File `i`
    depends on the seed and on `i` alone, and those that are there are kept. Raises ValueError
    without fluidsynth, SoundFonts or songs.
    """
    load_library()  # says so at once where it is missing
    instruments = Instruments.load(soundfonts, notes=notes, voices=voices)
    names = _midi_names(songs) if songs else []
    out.mkdir(parents=True, exist_ok=True)
    done, index = 0.0, 0
    while done < hours:
        path = out / f"band_{index:04d}.flac"
        if not path.exists():
            rng = np.random.default_rng([seed, index])
            song = _rearranged(songs, names, rng) if songs and rng.random() < 0.5 else compose(rng)
            samples = play(song, instruments, rng)
            # The audio last, since its presence says that the song is complete.
            if song.beats is not None:
                write_beats(path.with_suffix(".beats.csv"), song.beats)
            audio.write(path, Audio(samples[None], SAMPLE_RATE))
        done += soundfile.info(path).duration / 3600
        index += 1
        yield path, done


def _midi_names(songs: Path) -> list[str]:
    with zipfile.ZipFile(songs) as archive:
        names = sorted(n for n in archive.namelist() if n.endswith(".mid"))
    if not names:
        raise ValueError(f"{songs}: no MIDI songs in it")
    return names


def _rearranged(songs: Path, names: Sequence[str], rng: np.random.Generator) -> Song:
    name = names[int(rng.integers(len(names)))]
    with zipfile.ZipFile(songs) as archive, archive.open(name) as file:
        return arrange(read_song(mido.MidiFile(file=file)), rng)


def write_beats(path: Path, beats: Beats | None) -> None:
    """A table of `time,position`, six decimals; without beats, its header alone."""
    with whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("time", "position"))
        if beats is not None:
            for time, position in zip(beats.times, beats.positions, strict=True):
                table.writerow((f"{time:.6f}", int(position)))


def read_beats(path: Path) -> Beats:
    """The table that `write_beats` wrote. Raises ValueError naming a file that is none."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if not rows or rows[0] != ["time", "position"]:
        raise ValueError(f"{path}: expected a table of time,position; delete it and render anew")
    times = np.array([float(row[0]) for row in rows[1:]], dtype=np.float64)
    return Beats(times, np.array([int(row[1]) for row in rows[1:]], dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Recording:
    """A song without drums: `samples` (n,) int16 at 44.1 kHz, and its beats if they are known."""

    samples: NDArray[np.int16]
    beats: Beats | None


@dataclass(frozen=True)
class Backing:
    """Drumless recordings in memory."""

    songs: tuple[Recording, ...]

    @classmethod
    def load(cls, folders: Sequence[Path]) -> Backing:
        """All mono 44.1 kHz flac files of some folders. Raises ValueError when there are none."""
        songs = []
        for path in [path for folder in folders for path in sorted(folder.glob("*.flac"))]:
            samples, rate = soundfile.read(path, dtype="int16")
            if rate != SAMPLE_RATE or samples.ndim != 1:
                raise ValueError(f"{path}: expected mono audio at {SAMPLE_RATE} Hz")
            grid = path.with_suffix(".beats.csv")
            songs.append(Recording(samples, read_beats(grid) if grid.exists() else None))
        if not songs:
            names = ", ".join(map(str, folders))
            raise ValueError(f"{names}: no .flac of a band; make one: bandscribe synthesize band")
        return cls(tuple(songs))

    def draw(
        self, rng: np.random.Generator, length: int
    ) -> tuple[NDArray[np.float32], Beats | None]:
        """A random passage of (length,) samples, and its beats, relative to its start.

        Short songs are padded with silence. One beat before the passage and one after it are
        among the beats where the song has them, so that a performance can be aligned throughout.
        """
        song = self.songs[rng.integers(len(self.songs))]
        start = int(rng.integers(max(1, len(song.samples) - length)))
        out = np.zeros(length, dtype=np.float32)
        passage = song.samples[start : start + length]
        out[: len(passage)] = passage / np.float32(32768)
        if song.beats is None:
            return out, None
        times = song.beats.times - start / SAMPLE_RATE
        # The last beat at or before the start, and the first at or after the end.
        first = max(0, int(np.searchsorted(times, 0.0, side="right")) - 1)
        last = int(np.searchsorted(times, length / SAMPLE_RATE)) + 1
        return out, Beats(times[first:last], song.beats.positions[first:last])
