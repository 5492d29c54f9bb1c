"""Pieces on disk with the sound of each player: synthesized, or mixtures of real clips.

    train/00007/mixture.wav     the mixture: mono, 16 bit, 44.1 kHz
    train/00007/vio.wav         and a file for each class that plays, at its level in the mixture
    train/00007/other.wav       where an instrument plays that is none of the classes

In some pieces all classes are equally likely, others have a band. Training pieces have more players
than test pieces, since training remixes some of them. Piece `i` depends on the split, the seed and
`i` alone: an interrupted call continues where it was.

Mixtures of clips of one instrument each also have a table `labels.csv` of file, label (separated by
semicolons) and split, so that they evaluate the recognition of instruments (corpus `clips`) and
their tracking over time (corpus `stems`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from bandscribe import audio, splits
from bandscribe.files import write_csv
from bandscribe.synthesis.instruments.mixtures import COUNTS, Mixture, draw_band, sample_mixture
from bandscribe.synthesis.instruments.players import PlayerSources
from bandscribe.synthesis.sound import SAMPLE_RATE, Rng, Samples, at_level
from bandscribe.types import Audio

SECONDS = 20.0
#: Chance of one to six instruments in pieces to train on.
MANY = (0.0, 0.0, 0.2, 0.3, 0.25, 0.25)
#: How many players a mixture has, at the least and at the most.
PLAYERS = (2, 4)
#: How far the softest player may be below the loudest.
SPREAD_DB = 6.0
#: Seconds of each player in turn (Neuroment 2022, section 5.3).
TURN = 5.0
_PEAK = 0.9
_FADE = 0.005  # seconds, where a clip is cut
Clips = Mapping[str, Sequence[Path]]


def write_stems(
    sources: PlayerSources, out: Path, *, hours: float, seed: int, split: str = "train",
    bands: float = 0.0,
) -> Iterator[tuple[Path, float]]:  # fmt: skip
    """Render pieces of a split until there are `hours`; yields each folder, and the hours so far.

    `bands` is the chance of a band. Raises ValueError for an unknown split, OSError where `out`
    cannot be written.
    """
    splits.check(split)
    counts = MANY if split == "train" else COUNTS
    for index in range(max(1, round(hours * 3600 / SECONDS))):
        folder = out / split / f"{index:05d}"
        if not folder.exists():
            rng = np.random.default_rng([seed, splits.SPLITS.index(split), index])
            if rng.random() < bands:
                drawn = draw_band(sources, rng, SECONDS)
            else:
                drawn = sample_mixture(sources, rng, SECONDS, counts=counts)
            write_piece(folder, drawn)
        yield folder, (index + 1) * SECONDS / 3600


def write_piece(folder: Path, piece: Mixture) -> None:
    """All files of a piece or none: the folder gets its name last. Raises OSError."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    # A player may be louder than the mixture, where others cancel it.
    peak = max(float(np.abs(sound).max()) for sound in piece.stems.values())
    gain = np.float32(1 / max(1.0, peak))
    rate = piece.audio.sample_rate
    audio.write(partial / "mixture.wav", Audio(piece.audio.samples * gain, rate))
    for name, stem in piece.stems.items():
        audio.write(partial / f"{name}.wav", Audio(stem[np.newaxis] * gain, rate))
    partial.rename(folder)


def write_mixtures(
    clips: Clips,
    out: Path,
    *,
    count: int,
    seed: int,
    split: str = "test",
    players: tuple[int, int] = PLAYERS,
    in_turn: bool = False,
) -> Iterator[Path]:
    """Write `count` pieces of clips, which are given by class; yields the folder of each.

    A piece has a clip each of `players` classes (least, most). They sound together, as long as the
    longest of them, the others repeated, at levels up to `SPREAD_DB` apart; `in_turn`, `TURN`
    seconds of each after the other, equally loud.

    Raises ValueError for an unknown split, or fewer classes than players; or where a clip cannot be
    read; OSError where `out` cannot be written.
    """
    splits.check(split)
    least, most = players
    if not 1 <= least <= most <= len(clips):
        raise ValueError(
            f"players: expected 1 to {len(clips)}, as many as there are classes with clips, "
            f"got {least} to {most}"
        )
    for index in range(count):
        folder = out / split / f"{index:05d}"
        if not folder.exists():
            rng = np.random.default_rng([seed, splits.SPLITS.index(split), index])
            chosen = _choose(clips, players, rng)
            write_piece(folder, _take_turns(chosen) if in_turn else _lay_over(chosen, rng))
        yield folder
    _write_labels(out)


def _choose(clips: Clips, players: tuple[int, int], rng: Rng) -> dict[str, Samples]:
    """Clips of different classes, in the order in which they were drawn."""
    number = int(rng.integers(players[0], players[1] + 1))
    names = [sorted(clips)[i] for i in rng.permutation(len(clips))[:number]]
    paths = {name: clips[name][int(rng.integers(len(clips[name])))] for name in names}
    return {
        name: audio.read(path, sample_rate=SAMPLE_RATE, mono=True).samples[0]
        for name, path in paths.items()
    }


def _lay_over(chosen: Mapping[str, Samples], rng: Rng) -> Mixture:
    """All at once."""
    length = max(len(samples) for samples in chosen.values())
    return _mix(
        {
            name: at_level(_repeat(samples, length), -float(rng.uniform(0, SPREAD_DB)))
            for name, samples in chosen.items()
        }
    )


def _take_turns(chosen: Mapping[str, Samples]) -> Mixture:
    """One after the other."""
    length = round(TURN * SAMPLE_RATE)
    stems = {}
    for turn, (name, samples) in enumerate(chosen.items()):
        stem = np.zeros(length * len(chosen), dtype=np.float32)
        stem[turn * length : (turn + 1) * length] = at_level(_repeat(samples, length), 0.0)
        stems[name] = stem
    return _mix(stems)


def _repeat(samples: Samples, length: int) -> Samples:
    """From its beginning again and again until `length`, faded where it is cut."""
    fade = min(round(_FADE * SAMPLE_RATE), len(samples) // 2)
    shape = np.ones(len(samples), dtype=np.float32)
    if fade:
        shape[:fade] = np.linspace(0, 1, fade)
        shape[-fade:] = np.linspace(1, 0, fade)
    repeated: Samples = np.resize(samples * shape, length)
    if fade:
        repeated[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return repeated


def _mix(stems: Mapping[str, Samples]) -> Mixture:
    total = np.sum(list(stems.values()), axis=0)
    gain = np.float32(_PEAK / max(float(np.abs(total).max()), 1e-9))
    return Mixture(
        Audio((total * gain)[np.newaxis], SAMPLE_RATE),
        {name: stem * gain for name, stem in stems.items()},
        frozenset(stems),
    )


def _write_labels(out: Path) -> None:
    """A row for each piece of any split."""
    rows = []
    folders = (out / name for name in splits.SPLITS)
    for path in (path for folder in folders for path in sorted(folder.glob("*/mixture.wav"))):
        names = sorted({stem.stem for stem in path.parent.glob("*.wav")} - {path.stem})
        place = path.relative_to(out)
        rows.append((place.as_posix(), ";".join(names), place.parts[0]))
    write_csv(out / "labels.csv", ("file", "label", "split"), rows)
