"""Augmentation of clips: several strokes, simultaneous drums, tuning, cuts, a room, a telephone.

A scene is drawn first and played second, so that it can be replayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import soxr
from numpy.typing import NDArray

from bandscribe.synthesis import effects
from bandscribe.training.hits.clips import HitClip

Samples = NDArray[np.float32]

#: Seconds before the hit, in which earlier strokes ring.
BEFORE = 0.2
#: The most frames that a window begins before the hit.
BEFORE_FRAMES = 5
#: A semitone and a half makes no floor tom of a high one; other drums differ more, and notes most.
_SEMITONES, _TOM_SEMITONES, _NOTE_SEMITONES = 2.5, 1.5, 6.0
_TOMS = ("HT", "MT", "LT", "TT")
#: Seconds that are left of a drum that is cut short, and the least damping in dB per second: an
#: open hi-hat that is cut shorter is a closed one, and loose ones ring longer than those of kits.
_SHORTEST, _LEAST_DAMPING = 0.06, 5.0
_SHORTEST_CYMBAL, _LEAST_DAMPING_CYMBAL = 0.3, -25.0
#: Seconds that may be missing of an attack.
_LATEST = 0.01
_CYMBALS = ("OHH", "CR", "RD", "CY")
#: Longer than any clip, in seconds.
_WHOLE = 9.0


@dataclass(frozen=True)
class PlayedClip:
    """The playback of a clip: start (seconds after the hit), level, pitch, length.

    `amplitude` is its peak's. After `seconds` it is faded out in a tenth of them; `skip` seconds of
    its beginning are left out. `damping` is further decay in dB per second, or, below 0, less.
    """

    clip: HitClip
    start: float
    amplitude: float
    semitones: float
    seconds: float
    damping: float = 0.0
    skip: float = 0.0


@dataclass(frozen=True)
class Scene:
    """What sounds, what happens to it (None: nothing), and how early its window begins."""

    strokes: tuple[PlayedClip, ...]
    treatment: effects.Treatment | None
    early: int  # frames that the window begins before the hit


def play(scene: Scene, *, sample_rate: int, seconds: float) -> Samples:
    """(n,) samples, `BEFORE` seconds and then `seconds` from the hit on."""
    out = np.zeros(round((BEFORE + seconds) * sample_rate), dtype=np.float32)
    for stroke in scene.strokes:
        sound = _shape(stroke, sample_rate)
        first = round((BEFORE + stroke.start) * sample_rate)
        sound = sound[max(0, -first) :]
        first = max(0, first)
        cut = sound[: max(0, len(out) - first)]
        out[first : first + len(cut)] += cut
    if scene.treatment is None:
        return out
    return effects.apply(out, sample_rate, scene.treatment)


def _shape(stroke: PlayedClip, sample_rate: int) -> Samples:
    sound = stroke.clip.samples[round(stroke.skip * sample_rate) :]
    if abs(stroke.semitones) > 0.05:
        ratio = 2 ** (-stroke.semitones / 12)
        sound = soxr.resample(sound, sample_rate, sample_rate * ratio, quality="QQ")
    length = min(len(sound), round(stroke.seconds * sample_rate))
    fade = min(length, round(0.1 * stroke.seconds * sample_rate))
    gain = np.ones(length, dtype=np.float32)
    if length < len(sound):
        gain[length - fade :] = np.linspace(1, 0, fade, dtype=np.float32)
    if stroke.damping:
        gain *= (10 ** (-stroke.damping / 20 / sample_rate * np.arange(length))).astype(np.float32)
    peak = float(np.abs(sound[: sample_rate // 2]).max(initial=1e-6))
    return np.asarray(sound[:length] * gain * np.float32(stroke.amplitude / peak))


def sample_scene(
    main: HitClip, under: HitClip | None, kin: Sequence[HitClip], others: Sequence[HitClip],
    background: HitClip | None, rng: np.random.Generator, *, codec: float,
) -> Scene:  # fmt: skip
    """A scene with a stroke of `main`.

    `under` is one of its class that is laid under it; `kin` are clips of the same class and kit, of
    which there may be further strokes; `others` are struck together with it; `background` sounds
    softly below.
    """
    semitones = _tune(main, rng) if rng.random() < 0.7 else 0.0
    cymbal = main.label in _CYMBALS
    shortest = _SHORTEST_CYMBAL if cymbal else _SHORTEST
    seconds = float(np.exp(rng.uniform(np.log(shortest), 0.0))) if rng.random() < 0.25 else _WHOLE
    least = _LEAST_DAMPING_CYMBAL if cymbal else _LEAST_DAMPING
    damping = float(rng.uniform(least, 60)) if rng.random() < (0.5 if cymbal else 0.2) else 0.0
    # One-shots are at times cut a little late, into the attack.
    late = float(rng.uniform(0, _LATEST)) if rng.random() < 0.1 else 0.0
    strokes = [PlayedClip(main, 0.0, 1.0, semitones, seconds, damping, late)]
    if under is not None:
        start, tuned = float(rng.uniform(-0.003, 0.003)), _tune(under, rng)
        strokes.append(PlayedClip(under, start, _amplitude(rng, -15, 0), tuned, seconds, damping))
    strokes += [
        PlayedClip(
            clip,
            start=float(rng.uniform(-0.01, 0.02)),
            amplitude=_amplitude(rng, -9, 6),
            semitones=_tune(clip, rng),
            seconds=_WHOLE,
        )
        for clip in others
    ]
    if rng.random() < 0.3:
        again = replace(strokes[0], clip=kin[int(rng.integers(len(kin)))], skip=0.0)
        interval = float(np.exp(rng.uniform(np.log(0.04), np.log(0.7))))
        times = interval * np.arange(1, int(rng.integers(2, 9))) * rng.uniform(0.9, 1.1)
        strokes += [
            replace(again, start=float(t), amplitude=_amplitude(rng, -14, 2)) for t in times
        ]
        if rng.random() < 0.5:
            before = replace(again, start=-min(interval, BEFORE), amplitude=_amplitude(rng, -20, 0))
            strokes.append(before)
    if background is not None:
        strokes += _notes([background], rng, -36, -12)
    return Scene(tuple(strokes), _treat(rng, codec), int(rng.integers(0, BEFORE_FRAMES + 1)))


def draw_null(clips: Sequence[HitClip], rng: np.random.Generator, *, codec: float) -> Scene:
    """A scene of sounds that are no drum, begun anywhere within them; of none, noise."""
    treatment = _treat(rng, codec)
    if not clips:
        plain = treatment or effects.sample_effects(rng)
        treatment = replace(plain, noise_db=float(rng.uniform(-60, -6)))
    return Scene(
        tuple(_notes(clips, rng, -12, 0)), treatment, int(rng.integers(0, BEFORE_FRAMES + 1))
    )


def _notes(
    clips: Sequence[HitClip], rng: np.random.Generator, low: float, high: float
) -> list[PlayedClip]:
    """Notes that set in about the hit, some of them sooner or in their midst."""
    strokes = []
    for i, clip in enumerate(clips):
        held = rng.random() < 0.3
        start = float(rng.uniform(-BEFORE, 0.5)) if i or rng.random() < 0.3 else 0.0
        semitones = float(rng.uniform(-_NOTE_SEMITONES, _NOTE_SEMITONES))
        skip = float(rng.uniform(0, 0.8)) if held else 0.0
        strokes.append(
            PlayedClip(clip, start, _amplitude(rng, low, high), semitones, _WHOLE, 0.0, skip)
        )
    return strokes


def _tune(clip: HitClip, rng: np.random.Generator) -> float:
    most = _TOM_SEMITONES if clip.label in _TOMS else _SEMITONES
    return float(rng.uniform(-most, most))


def _amplitude(rng: np.random.Generator, low: float, high: float) -> float:
    return float(10 ** (rng.uniform(low, high) / 20))


def _treat(rng: np.random.Generator, codec: float) -> effects.Treatment | None:
    """Nothing for one in three; else what happens to drums, and now and then a telephone."""
    if rng.random() < 1 / 3:
        return None
    treatment = effects.sample_effects(rng, codec=codec)
    if rng.random() < 0.25:
        treatment = replace(
            treatment, noise_db=float(rng.uniform(-45, -15)), noise_slope=float(rng.uniform(0, 2))
        )
    if rng.random() < 0.2:
        treatment = replace(
            treatment,
            highpass=float(np.exp(rng.uniform(np.log(60), np.log(350)))),
            lowpass=float(rng.uniform(3500, 12000)),
        )
    return treatment
