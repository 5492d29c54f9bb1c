"""Single drum hits cut from recordings, and the kits they make up.

At most 1 ms lies before the onset of a hit. Levels are kept as recorded, so that `loudness_db`
compares the hits of one piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from bandscribe import audio
from bandscribe.synthesis.sound import Samples, envelope
from bandscribe.vocabulary import ARTICULATIONS

#: Ring longer than drums: open hi-hat and cymbals.
LONG = frozenset({"ohh", "cr", "ch", "sp", "rd", "rb"})
#: Must be one stroke; claps, tambourines and shaken percussion are many by nature.
SINGLE = frozenset({"kd", "sd", "ss", "chh", "phh", "ht", "mt", "lt"})

LONGEST = 1.5
LONGEST_RINGING = 3.0
LEAD_IN = 0.001
FADE_OUT = 0.02
LOUDNESS_SPAN = 0.3
ENVELOPE_STEP = 0.01
TAIL_DB = -60.0
ONSET = 0.1
#: Seconds of a file that are read.
MOST_SECONDS = 60.0
SILENCE = 1e-4


@dataclass(frozen=True, eq=False)
class RecordedHit:
    """One stroke: `microphones` (mic, sample) float32, aligned in time, the closest first.

    `loudness_db` is the power of the mean of the microphones over the first 0.3 s (what is missing
    counts as silence), in dB re full scale.
    """

    microphones: Samples
    sample_rate: int
    loudness_db: float


@dataclass(frozen=True, eq=False)
class KitPiece:
    """A drum in one articulation: `layers` from soft to loud, each with alternative hits.

    `velocities` (layer,) ascending in (0, 1]: layer i is meant up to `velocities[i]`.
    """

    name: str
    articulation: str
    layers: tuple[tuple[RecordedHit, ...], ...]
    velocities: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.articulation not in ARTICULATIONS:
            raise ValueError(
                f"articulation: expected one of {ARTICULATIONS}, got {self.articulation!r}"
            )
        if not self.layers or not all(self.layers):
            raise ValueError(f"layers: expected at least one hit in each, got {self.layers}")
        bounds = (0.0, *self.velocities)
        if len(self.velocities) != len(self.layers) or not all(
            low < high <= 1.0 for low, high in pairwise(bounds)
        ):
            raise ValueError(
                f"velocities: expected {len(self.layers)} ascending in (0, 1], "
                f"got {self.velocities}"
            )


@dataclass(frozen=True, eq=False)
class Kit:
    """A drum kit: its `pieces` by articulation. `licence` and `origin` are "" where unknown."""

    name: str
    licence: str
    origin: str
    sample_rate: int
    pieces: Mapping[str, tuple[KitPiece, ...]]

    @property
    def nbytes(self) -> int:
        """Memory taken by the sound."""
        return sum(
            hit.microphones.nbytes
            for pieces in self.pieces.values()
            for piece in pieces
            for layer in piece.layers
            for hit in layer
        )


def read(path: Path, sample_rate: int, *, semitones: float = 0.0) -> Samples:
    """A sound file as mono (sample,), the mean of its channels, played `semitones` higher.

    No more than the first `MOST_SECONDS` are read. Raises ValueError when it cannot be read or
    holds values that are no sound.
    """
    import soxr

    try:
        sound = audio.read(path, duration=MOST_SECONDS)
    except OSError as error:
        raise ValueError(str(error)) from error
    mono: Samples = sound.samples.mean(axis=0, dtype=np.float32)
    rate = sound.sample_rate * 2 ** (semitones / 12)  # played faster is recorded at a higher rate
    if rate != sample_rate:
        mono = soxr.resample(mono, rate, sample_rate).astype(np.float32)
    return mono


def cut(microphones: Samples, sample_rate: int, articulation: str) -> RecordedHit | None:
    """Trim (mic, sample) to one hit; None for silence, and for a drum struck more than once.

    The onset is found in the first microphone: where it first exceeds -40 dB re its peak, the
    largest value of the next 50 ms is taken, and the onset is the first sample from there above
    10 % of that (so that a slow swell is not cut). All microphones are cut at the same
    sample. The tail ends at -60 dB re the peak, or after 1.5 s (3 s for what rings), faded.
    """
    close = np.abs(microphones[0])
    peak = float(close.max(initial=0.0))
    if peak < SILENCE:
        return None
    start = int(np.argmax(close > 0.01 * peak))
    attack = close[start : start + int(0.05 * sample_rate)].max()
    onset = start + int(np.argmax(close[start:] > ONSET * attack))

    lead = min(onset, int(LEAD_IN * sample_rate))
    longest = LONGEST_RINGING if articulation in LONG else LONGEST
    first = onset - lead
    hit = microphones[:, first : first + int(longest * sample_rate)]
    step = int(ENVELOPE_STEP * sample_rate)
    if articulation in SINGLE and not is_single(envelope(hit[0], step)):
        return None
    level = envelope(np.abs(hit).max(axis=0), step)
    audible = np.flatnonzero(level > level.max() * 10 ** (TAIL_DB / 20))
    hit = hit[:, : (int(audible[-1]) + 1) * step].astype(np.float32)
    fade = min(int(FADE_OUT * sample_rate), hit.shape[1] // 4)
    hit[:, :lead] *= np.linspace(0, 1, lead, endpoint=False, dtype=np.float32)
    hit[:, hit.shape[1] - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return RecordedHit(hit, sample_rate, loudness_db(hit, sample_rate))


def is_single(level: Samples) -> bool:
    """Whether an envelope in steps of 10 ms is one stroke: no late attack, and no second one.

    Late: the first 50 ms stay 6 dB below the peak. A second attack: after those, a rise by 12 dB
    within 50 ms to within 10 dB of the peak, of the larger of two neighbouring steps (the envelope
    of a bass drum is rough).
    """
    decibels = 20 * np.log10(np.maximum(level / level.max(), 1e-5))
    if decibels[:5].max() < -6:
        return False
    smooth = np.maximum(decibels[:-1], decibels[1:])
    return not any(
        smooth[i] > -10 and smooth[i] - smooth[i - 5 : i].min() > 12 for i in range(5, len(smooth))
    )


def loudness_db(microphones: Samples, sample_rate: int) -> float:
    """Power of the mean of (mic, sample) over the first 0.3 s, in dB re full scale."""
    count = int(LOUDNESS_SPAN * sample_rate)
    mean = microphones[:, :count].mean(axis=0, dtype=np.float64)
    return float(10 * np.log10(np.sum(mean**2) / count + 1e-12))


def group(articulation_pieces: Iterable[KitPiece]) -> dict[str, tuple[KitPiece, ...]]:
    """Pieces by articulation, in the order of the vocabulary; absent articulations are left out."""
    pieces = list(articulation_pieces)
    return {
        articulation: found
        for articulation in ARTICULATIONS
        if (found := tuple(p for p in pieces if p.articulation == articulation))
    }


def stack(
    name: str, articulation: str, layers: Iterable[tuple[float, Sequence[RecordedHit]]]
) -> KitPiece | None:
    """A piece from (velocity, hits) pairs in any order; None when no hit is left."""
    kept = sorted(((v, tuple(hits)) for v, hits in layers if hits), key=lambda pair: pair[0])
    if not kept:
        return None
    return KitPiece(
        name, articulation, tuple(hits for _, hits in kept), tuple(velocity for velocity, _ in kept)
    )
