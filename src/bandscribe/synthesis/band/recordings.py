"""Backing tracks without drums, on disk and in memory.

`write_band` renders songs into a folder: composed ones (see `songs`) with their beats and drum
part, rearranged melodies (see `arrangement`), some of which have none, or rearranged songs with
drum tracks (see `midi_songs`).

    band_0000.flac          mono, 44.1 kHz, without drums
    band_0000.beats.csv     time,position; only where the beats are known
    band_0000.drums.csv     time,articulation,velocity: the drum part that the arrangement was
                            written with; only where there is one
    band_0000.drums.flac    the sound of that part, aligned; only where it is known (modules)

`Backing` holds such folders in memory and cuts passages from them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import soundfile
from numpy.typing import NDArray

from bandscribe import audio
from bandscribe.files import write_csv
from bandscribe.formats import midi
from bandscribe.formats.csv import read_beats, write_beats
from bandscribe.readers import Archive, read_csv, refused
from bandscribe.synthesis.band import midi_songs
from bandscribe.synthesis.band.arrangement import arrange, find_beats, read_song
from bandscribe.synthesis.band.ensemble import Instruments, play
from bandscribe.synthesis.band.songs import LOCKED_SHARE, Song, compose
from bandscribe.synthesis.drummer.performance import excerpt
from bandscribe.synthesis.sound import SAMPLE_RATE, Rng, Samples
from bandscribe.types import Audio, Beats, Transcription
from bandscribe.vocabulary import ARTICULATIONS

S = TypeVar("S", np.int16, np.float32)

_REARRANGED_SHARE = 1 / 3
#: Optional files beside the audio of a song.
_BESIDE = ("beats.csv", "drums.csv", "drums.flac")


def write_band(
    soundfonts: Sequence[Path], out: Path, *, hours: float, seed: int,
    songs: Path | None = None, midi: Path | None = None, split: str = "train",
    notes: Path | None = None, voices: Path | None = None, locked_share: float = LOCKED_SHARE,
) -> Iterator[tuple[Path, float]]:  # fmt: skip
    """Render songs until there are `hours`; a third of them out of the zip `songs`, if it is given.

    With `midi`, a folder of songs with drum tracks, all are made of those of its `split`, in turn.
    In `locked_share` of the sections of composed songs, and of the rearranged melodies, the band is
    locked to the drums. `notes` is a folder of folders of single recorded notes (see `sampler`),
    `voices` a folder of speech (see `voice`). Yields each finished mono flac, and the hours so far.
    File `i` depends on the seed and on `i` alone, and existing ones are kept. Raises ValueError
    without FluidSynth, SoundFonts or songs.
    """
    instruments = Instruments.load(soundfonts, notes=notes, voices=voices)
    names = _midi_names(songs) if songs else []
    scores = midi_songs.find(midi, split) if midi else []
    scores = [scores[i] for i in np.random.default_rng(seed).permutation(len(scores))]
    out.mkdir(parents=True, exist_ok=True)
    done, index = 0.0, 0
    while done < hours:
        path = out / f"band_{index:04d}.flac"
        if not path.exists():
            rng = np.random.default_rng([seed, index])
            if scores:
                score = midi_songs.read(scores[index % len(scores)])
                song = midi_songs.rearrange(score, rng)
            elif songs and rng.random() < _REARRANGED_SHARE:
                song = _rearranged(songs, names, rng, locked_share)
            else:
                song = compose(rng, locked_share=locked_share)
            samples = play(song, instruments, rng)
            # The audio last: a song that has it is complete.
            if song.beats is not None:
                write_beats(path.with_suffix(".beats.csv"), song.beats)
            if song.drums is not None:
                write_drums(path.with_suffix(".drums.csv"), song.drums)
            audio.write(path, Audio(samples[None], SAMPLE_RATE))
        done += soundfile.info(path).duration / 3600
        index += 1
        yield path, done


def _midi_names(songs: Path) -> list[str]:
    with Archive(songs, largest=midi.LARGEST) as archive:
        names = sorted(n for n in archive.names if n.endswith(".mid"))
    if not names:
        raise ValueError(f"{songs}: no MIDI songs in it")
    return names


def _rearranged(songs: Path, names: Sequence[str], rng: Rng, locked_share: float) -> Song:
    name = names[int(rng.integers(len(names)))]
    with Archive(songs, largest=midi.LARGEST) as archive:
        song = midi.parse(archive.read(name), f"{songs}: {name}")
    with refused(f"{songs}: {name}: no song that can be arranged"):
        return arrange(read_song(song), rng, find_beats(song), locked_share=locked_share)


def write_drums(path: Path, drums: Transcription) -> None:
    """A table of `time,articulation,velocity`, six and four decimals; 0.8 where unknown."""
    count = len(drums.onsets)
    velocities = np.full(count, 0.8) if drums.velocities is None else drums.velocities
    rows = (
        (f"{time:.6f}", label, f"{max(velocity, 0.0001):.4f}")
        for time, label, velocity in zip(drums.onsets, drums.labels, velocities, strict=True)
    )
    write_csv(path, ("time", "articulation", "velocity"), rows)


def read_drums(path: Path, duration: float) -> Transcription:
    """The table that `write_drums` wrote, of a recording of `duration` seconds.

    Raises ValueError naming a file that is none.
    """
    rows = read_csv(path, "time", "articulation", "velocity")
    with refused(f"{path}: no notes; delete it and render it again"):
        return Transcription(
            np.array([row.number("time") for row in rows], dtype=np.float64),
            np.array([row["articulation"] for row in rows], dtype=np.str_),
            np.array([row.number("velocity") for row in rows], dtype=np.float64),
            duration,
            ARTICULATIONS,
        )


@dataclass(frozen=True, eq=False)
class BackingTrack(Generic[S]):
    """A song without drums at 44.1 kHz: `samples` (n,), int16 as kept in memory, float32 as cut.

    Where they are known: `beats`; `drums`, the drum part that belongs to the song, labelled with
    articulations; `stem` (n,), the sound of that part by itself. A passage has beats from the last
    one before it to the first one after it, so that a performance can be aligned throughout.
    """

    samples: NDArray[S]
    beats: Beats | None = None
    drums: Transcription | None = None
    stem: NDArray[S] | None = None


#: A stretch of a song; all times are relative to its start.
Passage = BackingTrack[np.float32]


@dataclass(frozen=True)
class Backing:
    """Drumless recordings in memory."""

    songs: tuple[BackingTrack[np.int16], ...]

    @classmethod
    def load(cls, folders: Sequence[Path]) -> Backing:
        """All mono 44.1 kHz flac files of some folders, and what lies beside each.

        A song is left out, with a warning, where one of its files is damaged or not as expected.
        Raises ValueError when there are none, or naming the first file of them when all are.
        """
        paths = [path for folder in folders for path in sorted(folder.glob("*.flac"))]
        paths = [path for path in paths if not path.stem.endswith(".drums")]
        names = ", ".join(map(str, folders))
        if not paths:
            raise ValueError(f"{names}: no .flac of a band; make one: bandscribe synthesize band")
        songs, problems = [], []
        for path in paths:
            try:
                songs.append(_read_song(path))
            except (ValueError, OSError) as error:
                problems.append(str(error))
        if not songs:
            raise ValueError(f"{names}: no band that can be used; the first: {problems[0]}")
        for problem in problems:
            warnings.warn(f"{problem}; left out", stacklevel=2)
        return cls(tuple(songs))

    def draw(self, rng: Rng, length: int) -> Passage:
        """A random passage of (length,) samples. Short songs are padded with silence."""
        song = self.songs[rng.integers(len(self.songs))]
        start = int(rng.integers(max(1, len(song.samples) - length)))
        seconds, duration = start / SAMPLE_RATE, length / SAMPLE_RATE
        return Passage(
            _cut(song.samples, start, length),
            None if song.beats is None else _beats_around(song.beats, seconds, duration),
            None if song.drums is None else excerpt(song.drums, seconds, duration),
            None if song.stem is None else _cut(song.stem, start, length),
        )


def _read_song(path: Path) -> BackingTrack[np.int16]:
    samples = _read_samples(path)
    beats, drums, stem = (path.with_suffix(f".{name}") for name in _BESIDE)
    recording = BackingTrack(
        samples,
        read_beats(beats) if beats.exists() else None,
        read_drums(drums, len(samples) / SAMPLE_RATE) if drums.exists() else None,
        _read_samples(stem) if stem.exists() else None,
    )
    if recording.stem is not None and len(recording.stem) != len(samples):
        raise ValueError(f"{stem}: expected the {len(samples)} samples of {path.name}")
    return recording


def _read_samples(path: Path) -> NDArray[np.int16]:
    try:
        samples, rate = soundfile.read(path, dtype="int16")
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{path}: no sound that can be decoded ({error.error_string})") from error
    if rate != SAMPLE_RATE or samples.ndim != 1:
        raise ValueError(f"{path}: expected mono audio at {SAMPLE_RATE} Hz")
    return np.asarray(samples, dtype=np.int16)


def _cut(samples: NDArray[np.int16], start: int, length: int) -> Samples:
    out = np.zeros(length, dtype=np.float32)
    passage = samples[start : start + length]
    out[: len(passage)] = passage / np.float32(32768)
    return out


def _beats_around(beats: Beats, start: float, duration: float) -> Beats:
    """From the last beat at or before the start to the first one at or after the end."""
    times = beats.times - start
    first = max(0, int(np.searchsorted(times, 0.0, side="right")) - 1)
    last = int(np.searchsorted(times, duration)) + 1
    return Beats(times[first:last], beats.positions[first:last])
