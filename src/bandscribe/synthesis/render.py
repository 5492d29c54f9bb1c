"""Render a performance: choose pieces of a kit, then strike them.

A *drum set* is drawn once per excerpt: for each articulation one piece, mostly of one kit, now and
then borrowed from another, with its own pitch, decay, level and velocity curve. Rendering then
plays each note with the layer nearest to its velocity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from bandscribe.synthesis.kits import percussion
from bandscribe.synthesis.kits.pieces import Kit, KitPiece, RecordedHit
from bandscribe.synthesis.sound import SAMPLE_RATE, Rng, Samples
from bandscribe.types import Transcription
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS_10, relabel

HATS = ("chh", "phh", "ohh")

#: Substitutes for an articulation that a kit lacks, tried before other kits.
RELATIVES: Mapping[str, tuple[str, ...]] = {
    "phh": ("chh",), "ch": ("cr",), "sp": ("cr",), "ht": ("mt",), "lt": ("mt",), "mt": ("ht", "lt"),
}  # fmt: skip
#: Semitones by which a relative is moved to take the missing piece's place.
RELATIVE_SEMITONES: Mapping[tuple[str, str], float] = {
    ("ht", "mt"): 3.0, ("lt", "mt"): -4.0, ("mt", "ht"): -3.0, ("mt", "lt"): 4.0, ("sp", "cr"): 5.0,
}  # fmt: skip
#: Usual level of a full stroke against the kick in dB, so that kits of one-shots, which come
#: normalised, balance like a mixed drum set.
BALANCE_DB: Mapping[str, float] = {
    "kd": 0, "sd": 0, "ss": -7, "chh": -13, "phh": -17, "ohh": -9, "ht": -3, "mt": -3, "lt": -3,
    "cr": -5, "ch": -6, "sp": -8, "rd": -11, "rb": -9, "cb": -10, "clap": -6, "tmb": -13,
    "other": -11,
}  # fmt: skip


#: The parts of a kit that a mix sets against each other, with how their common level is drawn: the
#: lowest, the usual and the highest level in dB. Cymbals lie low in many mixes.
GROUP_DB: Mapping[tuple[str, ...], tuple[float, float, float]] = {
    ("kd",): (-9, 0, 6),
    ("sd", "ss"): (-7, 0, 6),
    ("chh", "phh", "ohh"): (-15, -1, 9),
    ("ht", "mt", "lt"): (-9, 0, 6),
    ("cr", "ch", "sp", "rd", "rb"): (-13, -1, 8),
}


#: Share of tambourines and shakers that are synthesised.
SYNTHESISED_SHARE = 0.6


@dataclass(frozen=True)
class PlacedPiece:
    """One piece as it is set up and miked for an excerpt."""

    piece: KitPiece
    gain_db: float
    semitones: float
    damping: float  # additional decay in dB per second
    exponent: float  # amplitude = velocity ** exponent
    darkening: float  # how much of the treble a soft stroke loses, 0 to 1
    microphones: tuple[float, ...]  # weights


DrumSet = Mapping[str, tuple[PlacedPiece, ...]]


def kit_weights(kits: Sequence[Kit]) -> NDArray[np.float64]:
    """Chance of each kit (kit,): as the root of its number of drum hits, since rich kits vary more.

    Kits of percussion alone have none: they only lend.
    """
    hits = [
        sum(
            len(layer)
            for articulation, pieces in kit.pieces.items()
            if ARTICULATION_TO_10[articulation]
            for piece in pieces
            for layer in piece.layers
        )
        for kit in kits
    ]
    roots = np.sqrt(np.array(hits, dtype=np.float64))
    return np.asarray(roots / roots.sum())


def draw_drum_set(
    kits: Sequence[Kit],
    articulations: Sequence[str],
    rng: Rng,
    weights: NDArray[np.float64] | None = None,
) -> DrumSet:
    """A piece (or two where the kit has several) for each articulation that the kits offer.

    `weights` (kit,) is the chance of each kit to be the one most pieces come from.
    """
    base = kits[int(rng.choice(len(kits), p=weights))]
    borrow = rng.choice([0.0, 0.1, 0.5])
    balanced = rng.random() < 0.8  # else the kit's own balance
    exponent = rng.uniform(0.8, 1.7)
    darkening = rng.uniform(0.0, 0.8)
    tuning = rng.normal(0, 0.7)
    groups: dict[str, float] = {}
    for names, levels in GROUP_DB.items():
        groups |= dict.fromkeys(names, float(rng.triangular(*levels)))
    drum_set: dict[str, tuple[PlacedPiece, ...]] = {}
    for articulation in articulations:
        kit = kits[int(rng.integers(len(kits)))] if rng.random() < borrow else base
        found = _find(kit, articulation) or _borrow(kits, articulation, rng)
        if articulation == "tmb" and rng.random() < SYNTHESISED_SHARE:
            found = (percussion.draw_piece(rng, SAMPLE_RATE),), 0.0
        if found is None:
            continue
        pieces, semitones = found
        count = min(len(pieces), int(rng.choice([1, 1, 2])))
        family = groups.get(articulation, 0.0) + rng.normal(0, 2.0)
        voices = []
        for index in rng.choice(len(pieces), count, replace=False):
            piece = pieces[index]
            loudness = piece.layers[-1][0].loudness_db
            level = BALANCE_DB[articulation] - loudness if balanced else -18.0 - _loudest_db(kit)
            mics = piece.layers[0][0].microphones.shape[0]
            voices.append(
                PlacedPiece(
                    piece,
                    gain_db=level + family + rng.normal(0, 1.5),
                    semitones=semitones + tuning + float(np.clip(rng.normal(0, 1.2), -3, 3)),
                    damping=float(rng.choice([0.0, 0.0, rng.uniform(5, 40)])),
                    exponent=exponent,
                    darkening=darkening if len(piece.layers) < 3 else 0.3 * darkening,
                    microphones=tuple(_microphone_weights(mics, rng)),
                )
            )
        drum_set[articulation] = tuple(voices)
    return drum_set


def _loudest_db(kit: Kit) -> float:
    """Loudness in dB of the kit's loudest full stroke."""
    return max(p.layers[-1][0].loudness_db for pieces in kit.pieces.values() for p in pieces)


def _find(kit: Kit, articulation: str) -> tuple[tuple[KitPiece, ...], float] | None:
    if kit.pieces.get(articulation):
        return kit.pieces[articulation], 0.0
    for relative in RELATIVES.get(articulation, ()):
        if kit.pieces.get(relative):
            return kit.pieces[relative], RELATIVE_SEMITONES.get((articulation, relative), 0.0)
    return None


def _borrow(
    kits: Sequence[Kit], articulation: str, rng: Rng
) -> tuple[tuple[KitPiece, ...], float] | None:
    owners = [kit for kit in kits if kit.pieces.get(articulation)]
    owners = owners or [kit for kit in kits if _find(kit, articulation)]
    return _find(owners[int(rng.integers(len(owners)))], articulation) if owners else None


def _microphone_weights(count: int, rng: Rng) -> NDArray[np.float64]:
    if count == 1:
        return np.ones(1)
    weights = 10 ** (rng.uniform(-20, 0, count) / 20)
    return np.asarray(weights / weights.max())


def render(
    performance: Transcription, drum_set: DrumSet, rng: Rng
) -> tuple[Samples, Transcription]:
    """Play a performance: mono samples (n,) at 44.1 kHz and the notes that sound, in ten classes.

    Notes whose articulation the drum set lacks are dropped from both. A hi-hat stroke chokes the
    ones before it.
    """
    length = round(performance.duration * SAMPLE_RATE)
    out = np.zeros(length, dtype=np.float32)
    if performance.velocities is None:
        raise ValueError("performance: expected velocities")
    sounds: dict[tuple[int, int], tuple[Samples, Samples | None]] = {}
    playable = np.isin(performance.labels, list(drum_set))
    playable &= ~_doubled(performance)
    played = performance.select(playable)
    velocities = performance.velocities[playable]
    starts = np.rint(played.onsets * SAMPLE_RATE).astype(int)
    hat_starts = starts[np.isin(played.labels, HATS)]
    choke = int(rng.uniform(0.015, 0.06) * SAMPLE_RATE)
    picks = rng.random((len(starts), 2))
    for start, label, velocity, pick in zip(starts, played.labels, velocities, picks, strict=True):
        voices = drum_set[str(label)]
        voice = voices[int(pick[0] ** 2 * len(voices))]
        hit = _choose(voice.piece, velocity, pick[1])
        key = (id(voice), id(hit))
        if key not in sounds:
            sounds[key] = _prepare(hit, voice)
        sound, dark = sounds[key]
        gain = 10 ** ((voice.gain_db + _layer_db(voice.piece, hit)) / 20) * velocity**voice.exponent
        shade = voice.darkening * (1 - velocity) if dark is not None else 0.0
        end = min(start + len(sound), length)
        if label in HATS:
            later = hat_starts[np.searchsorted(hat_starts, start + 441) :]
            if len(later):
                end = min(end, int(later[0]) + choke)
        n = end - start
        stroke = sound[:n] * np.float32(gain * (1 - shade))
        if shade and dark is not None:
            stroke += dark[:n] * np.float32(gain * shade)
        if n < len(sound):
            fade = min(choke, n)
            stroke[n - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
        out[start:end] += stroke
    return out, relabel(played, ARTICULATION_TO_10, DRUMS_10)


def _doubled(performance: Transcription) -> NDArray[np.bool_]:
    """Strokes less than 15 ms after another of the same drum class, such as two crashes at once."""
    doubled = np.zeros(len(performance.onsets), dtype=bool)
    last: dict[str, float] = {}
    for i, (onset, label) in enumerate(zip(performance.onsets, performance.labels, strict=True)):
        name = ARTICULATION_TO_10[str(label)]
        if name is not None:
            doubled[i] = onset - last.get(name, -1.0) < 0.015
            if not doubled[i]:
                last[name] = float(onset)
    return doubled


def _choose(piece: KitPiece, velocity: float, pick: float) -> RecordedHit:
    layer = min(int(np.searchsorted(piece.velocities, velocity)), len(piece.layers) - 1)
    # Drummers are not that even: now and then the next softer layer.
    if pick < 0.2 and layer > 0:
        layer -= 1
    hits = piece.layers[layer]
    return hits[int(pick * 997) % len(hits)]


def _layer_db(piece: KitPiece, hit: RecordedHit) -> float:
    """Undo the layer's own level: the velocity curve sets it, the layer brings the timbre."""
    return float(np.clip(piece.layers[-1][0].loudness_db - hit.loudness_db, -6.0, 40.0))


def _prepare(hit: RecordedHit, voice: PlacedPiece) -> tuple[Samples, Samples | None]:
    """The hit as set up for this excerpt, and a copy without treble."""
    sound = np.asarray(voice.microphones, dtype=np.float32) @ hit.microphones
    if abs(voice.semitones) > 0.05:
        ratio = 2 ** (-voice.semitones / 12)
        sound = soxr.resample(sound, SAMPLE_RATE, SAMPLE_RATE * ratio, quality="QQ")
    if voice.damping:
        decay = 10 ** (-voice.damping / 20 * np.arange(len(sound)) / SAMPLE_RATE)
        sound = sound * decay.astype(np.float32)
    if voice.darkening < 0.05:
        return sound, None
    # A moving average over 8 samples: -3 dB at 2.4 kHz.
    total = np.cumsum(sound, dtype=np.float64)
    dark = total.copy()
    dark[8:] -= total[:-8]
    return sound, (dark / 8).astype(np.float32)
