"""Mixtures of one to five players in one key and tempo, and each player's share of the sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bandscribe.synthesis import effects
from bandscribe.synthesis.instruments import piece as pieces
from bandscribe.synthesis.instruments.players import OTHER, PlayerSources, play
from bandscribe.synthesis.sound import SAMPLE_RATE, Rng, Samples, at_level, loudness
from bandscribe.types import Audio

LEAD_IN = 0.5  # seconds played before an excerpt begins, so that its start rings
#: Chance of a lossy codec.
CODEC_SHARE = 0.1
#: Chance of one to five instruments.
COUNTS = (0.25, 0.25, 0.2, 0.15, 0.15)
#: A band: the chance of each class, and its lowest and highest level in dB.
BAND: Mapping[str, tuple[float, float, float]] = {
    "dru": (0.95, -6, 0), "bas": (0.9, -9, -1), "voi": (0.85, -6, 3), "gel": (0.75, -10, 0),
    "gac": (0.45, -14, -3), "pia": (0.25, -14, -3), "org": (0.2, -16, -4), "sax": (0.08, -9, 0),
    "tru": (0.08, -10, 0), "vio": (0.06, -12, -2), "cel": (0.04, -14, -3), "flu": (0.04, -10, 0),
    "cla": (0.03, -10, 0), OTHER: (0.25, -18, -4),
}  # fmt: skip
#: An audible player is not further below the mixture, and plays for so many seconds at least.
INAUDIBLE_DB = -35.0
AUDIBLE = 0.2
_BLOCK = 1024


@dataclass(frozen=True, eq=False)
class Mixture:
    """`audio` (1 or 2, n); `stems` (n,) by class, mono, at their level in it; who is audible.

    Stems are as they were before the mixture as a whole was compressed, coloured or encoded, and
    their sum has its loudness. The stem `other`, where there is one, is none of the classes.
    """

    audio: Audio
    stems: Mapping[str, Samples]
    labels: frozenset[str]


def sample_mixture(
    sources: PlayerSources, rng: Rng, seconds: float, classes: Sequence[str] | None = None, *,
    counts: Sequence[float] = COUNTS, rests: float = 0.3, other: float = 0.2,
    stereo: bool = False,
) -> Mixture:  # fmt: skip
    """Some of `classes` (None: all that can be played), at levels up to 18 dB apart.

    `counts` are the chances of one, two, three and more instruments; `rests` is the share of the
    time in which a player is silent, on average; `other` the chance of an instrument of no class.
    """
    choices = sources.classes if classes is None else tuple(classes)
    if not choices:
        raise ValueError("classes: expected one at least")
    count = min(int(rng.choice(len(counts), p=counts)) + 1, len(choices))
    names = [choices[i] for i in rng.permutation(len(choices))[:count]]
    levels = [0.0, *rng.uniform(-18, 0, count - 1)]
    shares = [*rng.uniform(0, 2 * rests, count)]
    if rng.random() < other:
        names, levels = [*names, OTHER], [*levels, float(rng.uniform(-20, -3))]
        shares = [*shares, rests]
    return perform(sources, rng, seconds, names, levels, shares, codec=CODEC_SHARE, stereo=stereo)


def draw_band(sources: PlayerSources, rng: Rng, seconds: float) -> Mixture:
    """A song's passage: those of `BAND` that come, as `perform`; two at least.

    Half of the players never rest, as in most songs.
    """
    names: list[str] = []
    while len(names) < 2:
        names = [
            name
            for name, (chance, _, _) in BAND.items()
            if rng.random() < chance and name in (*sources.classes, OTHER)
        ]
    levels = [float(rng.uniform(*BAND[name][1:])) for name in names]
    rests = [float(rng.uniform(0, 0.6)) if rng.random() < 0.5 else 0.0 for _ in names]
    return perform(sources, rng, seconds, names, levels, rests, codec=CODEC_SHARE)


def perform(
    sources: PlayerSources, rng: Rng, seconds: float, names: Sequence[str],
    levels_db: Sequence[float], rests: Sequence[float], *, codec: float = 0.0, stereo: bool = False,
) -> Mixture:  # fmt: skip
    """These players, each class at most once, at these levels, with these shares of rests.

    Raises ValueError for `seconds` that are not positive, and as `players.play`.
    """
    if not seconds > 0:
        raise ValueError(f"seconds: expected a positive number, got {seconds}")
    if len(set(names)) != len(names) or not names:
        raise ValueError(f"names: expected different ones, got {list(names)}")
    length = round(seconds * SAMPLE_RATE)
    lead = round(LEAD_IN * SAMPLE_RATE)
    piece = pieces.sample_piece(rng, (lead + length) / SAMPLE_RATE)
    stems = {}
    for name, sound, level in zip(
        names, play(sources, piece, names, rests, rng), levels_db, strict=True
    ):
        treated = effects.apply(sound, SAMPLE_RATE, _microphone(rng))
        stems[name] = at_level(treated, level)[lead : lead + length]
    parts = np.stack(list(stems.values()))
    mix = _pan(parts, rng) if stereo else parts.sum(axis=0, keepdims=True)
    before = loudness(mix.mean(axis=0))
    samples = _master(mix, rng, codec)
    after = loudness(samples.mean(axis=0))
    gain = np.float32(after / before if before else 0.0)
    stems = {name: stem * gain for name, stem in stems.items()}
    audible = after * 10 ** (INAUDIBLE_DB / 20)
    labels = frozenset(
        name for name, stem in stems.items() if name != OTHER and _is_audible(stem, audible)
    )
    return Mixture(Audio(samples, SAMPLE_RATE), stems, labels)


def _is_audible(stem: Samples, audible: float) -> bool:
    """Whether a stem is above a level for `AUDIBLE` seconds in all."""
    blocks = stem[: len(stem) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    loud = np.mean(blocks**2, axis=1) > audible**2
    return bool(np.count_nonzero(loud) * _BLOCK >= AUDIBLE * SAMPLE_RATE)


def _microphone(rng: Rng) -> effects.Treatment:
    """A place in a room, a colour and, now and then, a compressor for one player."""
    drawn = effects.sample_effects(rng)
    return replace(
        drawn,
        # Drier than drums: tones smear, and the mixture may have a room of its own.
        reverb_db=None if drawn.reverb_db is None else drawn.reverb_db - 4,
        equaliser_db=tuple(0.6 * gain for gain in drawn.equaliser_db),
        lowpass=0.0,
        compressor_db=drawn.compressor_db if rng.random() < 0.5 else 0.0,
        drive=drawn.drive if rng.random() < 0.2 else 0.0,
        noise_db=None,
        peak_db=0.0,
    )


def _master(mix: Samples, rng: Rng, codec: float) -> Samples:
    """The mixture (side, n) as a record: both sides treated alike, their balance kept."""
    drawn = effects.sample_effects(rng, codec=codec)
    treatment = replace(
        drawn,
        reverb_db=drawn.reverb_db if rng.random() < 0.4 else None,
        drive=drawn.drive if rng.random() < 0.4 else 0.0,
    )
    out = np.stack([effects.apply(side, SAMPLE_RATE, treatment) for side in mix])
    # Effects set the peak of each side.
    out *= np.array([loudness(side) for side in mix], dtype=np.float32)[:, None]
    peak = 10 ** (treatment.peak_db / 20) / max(float(np.abs(out).max()), 1e-9)
    return np.asarray(out * np.float32(peak), dtype=np.float32)


def _pan(stems: Samples, rng: Rng) -> Samples:
    """(stem, n) to (2, n): everybody at a place of their own; the mean of the sides is the sum."""
    places = rng.uniform(-0.7, 0.7, len(stems)).astype(np.float32)
    return np.stack([1 - places, 1 + places]) @ stems
