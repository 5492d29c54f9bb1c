"""Music in stems, remixed for each example.

Folders are as `synthesis.instruments.stems` writes them: SPLIT/PIECE/CLASS.wav, and `other.wav` for
what is none of the classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from bandscribe import audio
from bandscribe.synthesis import effects
from bandscribe.training.batches import attempt, draw_readable
from bandscribe.training.mapped import leave_out
from bandscribe.vocabulary import INSTRUMENTS

Samples = NDArray[np.float32]
OTHER = "other"
#: Chance that all play, at the levels that they were recorded with.
_ENTIRE = 0.35
#: Chance of one to five players otherwise.
COUNTS = (0.25, 0.25, 0.2, 0.18, 0.12)
_QUIETEST_DB = -18.0  # of a player beside the loudest
_FARTHEST = 1.5  # semitones by which all that is played is moved
_ALONE_SILENT = 1e-4


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture (n,), its `parts` (n,) by class, and the classes whose absence is `known`.

    Of the others it is only known that they play where their part does.
    """

    mixture: Samples
    parts: Mapping[str, Samples]
    known: frozenset[str] = frozenset(INSTRUMENTS)


@dataclass(frozen=True)
class StemSet:
    """The files of a piece by class, `frames` samples of each at `sample_rate`."""

    stems: Mapping[str, Path]
    frames: int
    sample_rate: int


@dataclass(frozen=True)
class Pieces:
    """Pieces to draw excerpts from; `codec` is the chance of a lossy one."""

    pieces: tuple[StemSet, ...]
    codec: float = 0.0

    @classmethod
    def load(cls, folders: Sequence[str], split: str, *, codec: float = 0.0) -> Pieces:
        """The pieces of a split of all folders. Raises ValueError where one has none.

        A piece that cannot be opened has a line on standard error, and is left out.
        """
        found: list[StemSet | str] = []
        for root in folders:
            places = sorted(path for path in (Path(root) / split).glob("*") if path.is_dir())
            places = [path for path in places if not path.name.endswith(".partial")]
            if not places:
                raise ValueError(f"{root}: no pieces in {split}; write some with synthesize stems")
            opened = [attempt(_open, path) for path in places]
            if all(isinstance(each, str) for each in opened):
                raise ValueError(str(opened[0]))
            found += opened
        leave_out(each for each in found if isinstance(each, str))
        return cls(tuple(each for each in found if isinstance(each, StemSet)), codec)

    def read(self, sample_rate: int) -> Iterator[Mixture]:
        """All pieces, whole; one that cannot be read has a line on standard error, and is left out.

        Raises ValueError where none is left.
        """
        left = len(self.pieces)
        for piece in self.pieces:
            read = attempt(partial(_read_whole, sample_rate=sample_rate), piece)
            if not isinstance(read, str):
                yield read
                continue
            left -= 1
            if not left:
                raise ValueError(read)
            leave_out([read])

    def draw(self, rng: np.random.Generator, seconds: float, sample_rate: int) -> Mixture:
        """An excerpt of a piece, of which all play, or some at other levels.

        The parts are as loud as they are in the mixture before it was compressed and coloured.
        Raises ValueError as `draw_readable`, where pieces are too short, of another sample rate, or
        damaged.
        """
        return draw_readable(partial(self._draw, rng, seconds, sample_rate))

    def _draw(self, rng: np.random.Generator, seconds: float, sample_rate: int) -> Mixture:
        piece = self.pieces[rng.integers(len(self.pieces))]
        rate = 2 ** (rng.uniform(-_FARTHEST, _FARTHEST) / 12)
        length = round(seconds * sample_rate)
        taken = int(length * rate) + 2
        if taken > piece.frames or piece.sample_rate != sample_rate:
            raise ValueError(
                f"{next(iter(piece.stems.values())).parent}: expected {taken / sample_rate:.1f} s "
                f"at {sample_rate} Hz, got {piece.frames / piece.sample_rate:.1f} s at "
                f"{piece.sample_rate} Hz"
            )
        first = int(rng.integers(piece.frames - taken + 1))
        names = sorted(piece.stems)
        entire = rng.random() < _ENTIRE
        count = min(int(rng.choice(len(COUNTS), p=COUNTS)) + 1, len(names))
        at = np.arange(length, dtype=np.float64) * rate
        stems: dict[str, Samples] = {}
        for index in rng.permutation(len(names))[: None if entire else count]:
            with _naming(piece.stems[names[index]]) as path:
                sound, _ = soundfile.read(path, frames=taken, start=first, dtype="float32")
                if len(sound) < taken:
                    raise ValueError(f"{path}: breaks off after {first + len(sound)} samples")
            level_db = rng.uniform(_QUIETEST_DB, 0) if stems else 0.0
            moved = np.interp(at, np.arange(taken), sound).astype(np.float32)
            stems[names[index]] = moved if entire else _at_level(moved, level_db)
        mix = np.sum(list(stems.values()), axis=0)
        return Mixture(effects.apply(mix, sample_rate, self._master(rng)), stems)

    def _master(self, rng: np.random.Generator) -> effects.Treatment:
        """The effects of the mixture; half of the mixtures have no room of their own."""
        drawn = effects.sample_effects(rng, codec=self.codec)
        return replace(
            drawn,
            reverb_db=drawn.reverb_db if rng.random() < 0.5 else None,
            drive=drawn.drive if rng.random() < 0.4 else 0.0,
        )


def read_mono(path: Path, sample_rate: int) -> Samples:
    """A sound file (n,). Raises as `audio.read`."""
    samples: Samples = audio.read(path, sample_rate=sample_rate, mono=True).samples[0]
    return samples


def _read_whole(piece: StemSet, sample_rate: int) -> Mixture:
    parts = {name: read_mono(path, sample_rate) for name, path in piece.stems.items()}
    place = next(iter(piece.stems.values()))
    return Mixture(read_mono(place.with_name("mixture.wav"), sample_rate), parts)


def _open(folder: Path) -> StemSet:
    known = (*INSTRUMENTS, OTHER)
    stems = {path.stem: path for path in sorted(folder.glob("*.wav")) if path.stem in known}
    if not stems:
        raise ValueError(f"{folder}: expected CLASS.wav of {', '.join(known)}")
    headers = []
    for stem in stems.values():
        with _naming(stem) as path:
            headers.append(soundfile.info(path))
    rates = {header.samplerate for header in headers}
    if len(rates) > 1:
        raise ValueError(f"{folder}: expected stems of one sample rate, got {sorted(rates)}")
    return StemSet(stems, min(header.frames for header in headers), rates.pop())


@contextmanager
def _naming(path: Path) -> Iterator[Path]:
    """Raise ValueError, which names the file, for one that cannot be decoded."""
    try:
        yield path
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{path}: no sound that can be decoded ({error.error_string})") from error


def _at_level(samples: Samples, level_db: float) -> Samples:
    """At a root mean square of its loud half of `level_db`; silence stays silent."""
    blocks = samples[: len(samples) // 2048 * 2048].reshape(-1, 2048)
    powers = np.sort(np.mean(blocks**2, axis=1))[len(blocks) // 2 :]
    loud = float(np.sqrt(powers.mean())) if len(powers) else 0.0
    if loud < _ALONE_SILENT:
        return samples
    return samples * np.float32(10 ** (level_db / 20) / loud)
