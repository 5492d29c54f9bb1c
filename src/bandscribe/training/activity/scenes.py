"""Recordings of single players, remixed for every example; and over songs without a singer.

Folders are labelled by `labels.csv`: `file`, `class` and `group`, and perhaps `split`. A class is
one of `INSTRUMENTS`, `other` for a player of none of them, or `backing` for a band of unknown
instruments without a singer. A group is whatever was recorded together: one player, one
library, one song. Classes and then groups are drawn alike, so that neither the many recordings of
one maker nor how they were made become the class; and every player goes through an equaliser, and
often a band limit and a room of their own, the mixture through noise and at times a codec.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.readers import read_csv
from bandscribe.synthesis import effects
from bandscribe.synthesis.instruments.mixtures import BAND
from bandscribe.synthesis.sound import at_level
from bandscribe.training.activity.pieces import OTHER, Mixture, Samples, read_mono
from bandscribe.training.batches import attempt
from bandscribe.training.mapped import leave_out
from bandscribe.vocabulary import INSTRUMENTS

Rng = np.random.Generator
BACKING = "backing"
SAMPLE_RATE = 44100

#: Chance of players over a backing, and of a band; else players are drawn from all classes alike.
_OVER_BACKING, _BANDS = 0.3, 0.3
#: Chance of none to two players over a backing; that the first of them sings.
_OVER, _SINGS = (0.3, 0.5, 0.2), 0.6
#: Chance of one to five players otherwise.
_COUNTS = (0.3, 0.25, 0.2, 0.15, 0.1)
_QUIETEST_DB = -18.0  # of a player beside the loudest
_FARTHEST = 1.5  # semitones by which a recording is moved
_RESTS = 0.35  # chance that a player rests for a part of the excerpt
#: Most players in a scene without rests, and how far they are below the loudest one.
_MOST_CONTINUOUS, _QUIETEST_CONTINUOUS_DB = 4, -6.0
_FADE = 0.02  # seconds


@dataclass(frozen=True, eq=False)
class Scenes:
    """Recordings (n,) int16 at 44.1 kHz, by class and group; `codec` is the chance of a lossy one.

    Drawing is deterministic given the generator.
    """

    recordings: Mapping[str, Mapping[str, Sequence[NDArray[np.int16]]]]
    codec: float = 0.0

    @classmethod
    def load(cls, folders: Sequence[str], split: str, *, codec: float = 0.0) -> Scenes:
        """Read all recordings of a split of all folders into memory.

        A row without a split belongs to each. A recording that cannot be read has a line on
        standard error, and is left out. Raises ValueError where a row is not understood, or no
        recordings of `INSTRUMENTS` are left.
        """
        found: dict[str, dict[str, list[NDArray[np.int16]]]] = {}
        for folder in map(Path, folders):
            table = folder / "labels.csv"
            for row in read_csv(table, "file", "class", "group"):
                name = row["class"]
                if name not in (*INSTRUMENTS, OTHER, BACKING):
                    raise ValueError(
                        f"{table}: {row['file']}: expected a class of {', '.join(INSTRUMENTS)}, "
                        f"{OTHER} or {BACKING}, got {name!r}"
                    )
                if row.get("split") in (None, "", split):
                    sound = attempt(_read, folder / row["file"])
                    if isinstance(sound, str):
                        leave_out([sound])
                        continue
                    found.setdefault(name, {}).setdefault(row["group"], []).append(sound)
        if not set(found) & set(INSTRUMENTS):
            raise ValueError(f"{', '.join(folders)}: no recordings of instruments in {split}")
        return cls({name: found[name] for name in sorted(found)}, codec)

    def draw(self, rng: Rng, seconds: float, *, continuous: bool = False) -> Mixture:
        """A mixture at 44.1 kHz; a `continuous` one has one to four players, who never rest.

        Players of a continuous one are of all classes alike, at levels within 6 dB.
        """
        length = round(seconds * SAMPLE_RATE)
        names, levels = self._cast_continuous(rng) if continuous else self._cast(rng)
        rests = 0.0 if continuous else _RESTS
        stems = {
            name: at_level(self._play(rng, name, length, rests), level)
            for name, level in zip(names, levels, strict=True)
        }
        known = frozenset(INSTRUMENTS)
        if BACKING in stems:
            known = frozenset({"voi"})
            stems[OTHER] = stems.pop(BACKING)
        mix = np.sum(list(stems.values()), axis=0)
        return Mixture(effects.apply(mix, SAMPLE_RATE, _master(rng, self.codec)), stems, known)

    def _cast(self, rng: Rng) -> tuple[list[str], list[float]]:
        """The players, and their levels in dB."""
        there = [name for name in INSTRUMENTS if name in self.recordings]
        chance = rng.random()
        if chance < _OVER_BACKING and BACKING in self.recordings:
            count = int(rng.choice(len(_OVER), p=_OVER))
            players = [there[i] for i in rng.permutation(len(there))[:count]]
            if players and "voi" in there and "voi" not in players and rng.random() < _SINGS:
                players[0] = "voi"
            levels = [float(level) for level in rng.uniform(-8, 6, len(players))]
            return [BACKING, *players], [0.0, *levels]
        if chance < _OVER_BACKING + _BANDS:
            band = [n for n in BAND if n in self.recordings and rng.random() < BAND[n][0]]
            if band:
                return band, [float(rng.uniform(*BAND[name][1:])) for name in band]
        count = int(rng.choice(len(_COUNTS), p=_COUNTS)) + 1
        players = [there[i] for i in rng.permutation(len(there))[:count]]
        if OTHER in self.recordings and rng.random() < 0.2:
            players.append(OTHER)
        return players, [0.0, *map(float, rng.uniform(_QUIETEST_DB, 0, len(players) - 1))]

    def _cast_continuous(self, rng: Rng) -> tuple[list[str], list[float]]:
        there = [name for name in INSTRUMENTS if name in self.recordings]
        count = int(rng.integers(1, _MOST_CONTINUOUS + 1))
        players = [there[i] for i in rng.permutation(len(there))[:count]]
        levels = rng.uniform(_QUIETEST_CONTINUOUS_DB, 0, len(players) - 1)
        return players, [0.0, *map(float, levels)]

    def _play(self, rng: Rng, name: str, length: int, rests: float) -> Samples:
        """A stretch of a recording of this class, or several short ones of a group in turn.

        `rests` is the chance that the player rests for a part of it.
        """
        groups = self.recordings[name]
        files = groups[list(groups)[rng.integers(len(groups))]]
        rate = 2 ** (rng.uniform(-_FARTHEST, _FARTHEST) / 12)
        out = np.zeros(length, dtype=np.float32)
        first = 0
        while first < length:
            sound = files[int(rng.integers(len(files)))]
            needed = int((length - first) * rate) + 2
            start = int(rng.integers(max(1, len(sound) - needed + 1)))
            taken = sound[start : start + needed].astype(np.float32) / np.float32(32768)
            moved = np.interp(np.arange(0, len(taken) - 1, rate), np.arange(len(taken)), taken)
            part = _fade(moved.astype(np.float32))[: length - first]
            out[first : first + len(part)] = part
            first += max(len(part), SAMPLE_RATE // 20)
        if rng.random() < rests:
            at = int(rng.integers(length))
            width = np.float32(round(_FADE * SAMPLE_RATE))
            after = np.clip((np.arange(length, dtype=np.float32) - at) / width + 0.5, 0, 1)
            out *= 1 - after if rng.random() < 0.5 else after
        return effects.apply(out, SAMPLE_RATE, _channel(rng))


def _read(path: Path) -> NDArray[np.int16]:
    samples = read_mono(path, SAMPLE_RATE)
    peak = float(np.abs(samples).max(initial=0.0))
    if not peak:
        raise ValueError(f"{path}: silent; take it out of labels.csv")
    return np.asarray(samples * np.float32(32767 / peak), dtype=np.int16)


def _fade(samples: Samples) -> Samples:
    """Both ends faded."""
    width = min(round(_FADE * SAMPLE_RATE), len(samples) // 2)
    if width:
        ramp = np.linspace(0, 1, width, dtype=np.float32)
        samples[:width] *= ramp
        samples[-width:] *= ramp[::-1]
    return samples


def _channel(rng: Rng) -> effects.Treatment:
    """The recording of one player: often in a narrower band, in a room.

    Noise is the mixture's: that of a resting player would count as playing.
    """
    drawn = effects.sample_effects(rng, master=rng.random() < 0.5)
    return replace(
        drawn,
        reverb_db=drawn.reverb_db if rng.random() < 0.4 else None,
        compressor_db=drawn.compressor_db if rng.random() < 0.5 else 0.0,
        drive=drawn.drive if rng.random() < 0.2 else 0.0,
        limit_db=drawn.limit_db if rng.random() < 0.3 else 0.0,
        noise_db=None,
        peak_db=0.0,
    )


def _master(rng: Rng, codec: float) -> effects.Treatment:
    """The effects of the mixture."""
    drawn = effects.sample_effects(rng, codec=codec, master=rng.random() < 0.5)
    return replace(
        drawn,
        reverb_db=drawn.reverb_db if rng.random() < 0.3 else None,
        drive=drawn.drive if rng.random() < 0.4 else 0.0,
    )
