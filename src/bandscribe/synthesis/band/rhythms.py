"""Rhythms of one bar of a band: strokes on the straight grid of the metre.

They accent the beats, and the backbeats where the snare is. `with_kicks` and `with_cymbals` follow
a given bar of drums. `songs` gives them tempo and swing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from bandscribe.synthesis.drummer.styles import Meter, Note, chance, grid, pick
from bandscribe.synthesis.sound import Rng


class RhythmNote(NamedTuple):
    """When in the bar and for how long, in beats; how loud, 0 to 1; and what.

    `tone` is an interval for a bass, an index into the chord for an arpeggio, and for chords
    0 a down stroke, 1 an up stroke, 2 a damped one.
    """

    at: float
    length: float
    loud: float
    tone: int = 0


def _accented(rng: Rng, meter: Meter, at: float, depth: float) -> float:
    beat, part = divmod(at + 1e-6, 1.0)
    strong = 1.0 if beat == 0 and part < 1e-3 else 0.75 if part < 1e-3 else 0.3
    if part < 1e-3 and beat in meter.backbeats:
        strong = 0.95
    return float(np.clip(0.85 - depth * (1 - strong) + rng.normal(0, 0.04), 0.1, 1.0))


def _strokes(
    rng: Rng, meter: Meter, times: Sequence[float], hold: float, tones: Sequence[int] = (0,)
) -> list[RhythmNote]:
    """Strokes at `times`, each held for a share of the time to the next one."""
    depth = rng.uniform(0.1, 0.6)
    ends = [*times[1:], float(meter.beats)]
    return [
        RhythmNote(at, max(0.08, hold * (end - at)), _accented(rng, meter, at, depth),
               tones[i % len(tones)])
        for i, (at, end) in enumerate(zip(times, ends, strict=True))
    ]  # fmt: skip


def whole(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """One chord a bar, or two."""
    times = [0.0, meter.beats // 2] if meter.beats > 2 and chance(rng, 0.35) else [0.0]
    return _strokes(rng, meter, times, rng.uniform(0.85, 1.0))


def quarters(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """Every beat."""
    return _strokes(rng, meter, grid(meter, 1.0), float(rng.choice([0.25, 0.6, 0.95])))


def eighths(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """Every eighth, those off the beat often damped."""
    tones = pick(rng, ((0,), (0, 2), (0, 2, 2), (0, 2, 2, 0, 2, 2, 0, 2), (0, 1)))
    hold = float(rng.choice([0.4, 0.7, 1.0]))
    return _strokes(rng, meter, grid(meter, meter.eighth), hold, tones)


def sixteenths(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """Every sixteenth, with a few left out."""
    full = chance(rng, 0.4)
    times = [t for t in grid(meter, meter.eighth / 2) if full or t % 1 < 1e-6 or chance(rng, 0.8)]
    return _strokes(rng, meter, times, rng.uniform(0.25, 0.7), pick(rng, ((0, 1), (2,), (0, 2))))


def offbeats(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """The skank: the eighth after each beat, short."""
    times = grid(meter, 1.0, 1 - meter.eighth)
    return [
        s._replace(length=0.3, loud=rng.uniform(0.6, 1)) for s in _strokes(rng, meter, times, 1)
    ]


def backbeats(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """A chop together with the snare, at times doubled."""
    times = sorted(float(b) for b in meter.backbeats)
    if chance(rng, 0.3):
        times = sorted({*times, *(b + meter.eighth for b in times)})
    length = rng.uniform(0.15, 0.5)
    return [
        s._replace(length=length, loud=rng.uniform(0.7, 1)) for s in _strokes(rng, meter, times, 1)
    ]


def syncopated(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """A random figure of sixteenths or eighths from the one on."""
    step = meter.eighth / int(rng.choice([1, 2, 2]))
    density = rng.uniform(0.25, 0.65)
    times = [t for t in grid(meter, step) if t == 0 or chance(rng, density)]
    hold = float(rng.choice([0.35, 0.6, 0.9]))
    return _strokes(rng, meter, times, hold, pick(rng, ((0,), (0, 1), (0, 0, 2))))


def figure(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """One of the figures that every band knows: tresillo, Charleston, bossa, anticipations."""
    pattern = pick(rng, ((0, 3, 6), (0, 3), (0, 3, 4, 7), (0, 3, 4), (0, 2, 3, 6), (0, 3, 5),
                         (0, 1, 4, 5), (0, 4, 7), (0, 2, 5, 7), (0, 2, 4, 7)))  # fmt: skip
    times = [i * meter.eighth for i in pattern if i * meter.eighth < meter.beats - 1e-6]
    return _strokes(rng, meter, times, float(rng.choice([0.3, 0.6, 0.95])))


def gallop(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """An eighth and two sixteenths on each beat, damped but for the first."""
    half = meter.eighth / 2
    offsets = pick(rng, ((0.0, 0.5, 0.75), (0.0, 0.25, 0.5), (0.0, 0.25, 0.5, 0.75)))
    times = [b + o * half * 4 for b in range(meter.beats) for o in offsets if o * half * 4 < 1]
    return [s._replace(tone=0 if s.at % 2 == 0 else 2) for s in _strokes(rng, meter, times, 0.6)]


def scratch(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """Sixteenths of the wrist: mostly damped, some chords among them."""
    open_share = rng.uniform(0.15, 0.5)
    density = rng.uniform(0.6, 1.0)
    times = [t for t in grid(meter, meter.eighth / 2) if chance(rng, density)]
    strokes = _strokes(rng, meter, times or [0.0], 0.5)
    return [
        s._replace(tone=int(rng.integers(2)) if chance(rng, open_share) else 2) for s in strokes
    ]


def strum(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """Down on the beats and up between them, as a wrist swings."""
    step = meter.eighth / int(rng.choice([1, 1, 2]))
    density = rng.uniform(0.5, 0.95)
    strokes = _strokes(rng, meter, [
        t for t in grid(meter, step) if t % 1 < 1e-6 or chance(rng, density)
    ], rng.uniform(0.7, 1.1))  # fmt: skip
    return [s._replace(tone=round(s.at / step) % 2) for s in strokes]


def octaves(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """Low on the beat, high after it: disco and slap."""
    step = meter.eighth / int(rng.choice([1, 1, 2]))
    return _strokes(rng, meter, grid(meter, step), rng.uniform(0.3, 0.8), (0, 12))


def stabs(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """One to four short chords somewhere."""
    places = grid(meter, meter.eighth)
    chosen = rng.choice(len(places), int(rng.integers(1, 5)) % len(places) + 1, replace=False)
    strokes = _strokes(rng, meter, [places[i] for i in sorted(chosen)], 1.0)
    return [s._replace(length=rng.uniform(0.12, 0.4), loud=rng.uniform(0.7, 1)) for s in strokes]


def arpeggio(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """The chord one by one, up, down or about."""
    step = meter.eighth / int(rng.choice([1, 1, 2]))
    order = pick(
        rng, ((0, 1, 2, 3), (0, 2, 1, 2), (0, 1, 2, 1), (3, 2, 1, 0), (0, 2, 4, 2), (0, 4, 2, 3))
    )
    return _strokes(rng, meter, grid(meter, step), rng.uniform(0.4, 1.2), order)


def walk(rng: Rng, meter: Meter) -> list[RhythmNote]:
    """A tone of the chord or next to it on every beat."""
    tones = [0, *(int(rng.choice([2, 3, 4, 5, 7, 7, 9, 10, 12, -1])) for _ in range(meter.beats))]
    strokes = _strokes(rng, meter, grid(meter, 1.0), rng.uniform(0.7, 0.98), tones)
    if chance(rng, 0.3):
        at = meter.beats - meter.eighth
        strokes.append(RhythmNote(at, meter.eighth, 0.5, int(rng.choice([0, 7, -1]))))
    return strokes


def with_kicks(
    rng: Rng, meter: Meter, groove: Sequence[Note], base: Sequence[RhythmNote] = ()
) -> list[RhythmNote]:
    """A stroke on every kick of a bar of drums; between them those of `base`, or a few eighths.

    Without a kick in the bar there is none. The notes on the kicks are the louder ones.
    """
    kicks = _places(meter, groove, ("kd",))
    if not kicks:
        return []
    passing = rng.uniform(0.0, 0.3)
    others = [s.at for s in base] or [
        t for t in grid(meter, meter.eighth) if t == 0 or chance(rng, passing)
    ]
    free = [t for t in others if min(abs(t - k) for k in kicks) > 0.1]
    times = sorted([*kicks, *free])
    hold = rng.choice([0.35, 0.6, 0.9, 1.0])
    tones = pick(rng, ((0,), (0,), (0, 0, 0, 7), (0, 12), (0, 0, 12)))
    given = {s.at: s.tone for s in base}
    strokes = []
    for index, (at, end) in enumerate(zip(times, [*times[1:], float(meter.beats)], strict=True)):
        loud = rng.uniform(0.75, 1.0) if at in kicks else rng.uniform(0.35, 0.75)
        tone = given.get(at, tones[index % len(tones)])
        strokes.append(RhythmNote(at, max(0.08, hold * (end - at)), loud, tone))
    return strokes


def with_cymbals(rng: Rng, meter: Meter, groove: Sequence[Note]) -> list[RhythmNote]:
    """A strummed stroke with every hi-hat or cymbal of a bar of drums, louder with the snare.

    With fewer than three of them there is none.
    """
    times = _places(meter, groove, ("chh", "phh", "ohh", "rd", "rb", "cr", "ch"))
    if len(times) < 3:
        return []
    snares = _places(meter, [n for n in groove if n[2] > 0.5], ("sd", "ss"))
    hold, soft = rng.choice([0.3, 0.6, 0.95]), rng.uniform(0.35, 0.8)
    damped = float(rng.choice([0.0, 0.0, 0.3, 0.7]))
    strokes = []
    for at, end in zip(times, [*times[1:], float(meter.beats)], strict=True):
        accent = any(abs(at - s) < 0.05 for s in snares)
        loud = rng.uniform(0.85, 1.0) if accent else soft + rng.uniform(-0.06, 0.06)
        tone = 0 if accent else 2 if chance(rng, damped) else 0 if at % 1 < 1e-6 else 1
        strokes.append(RhythmNote(at, max(0.08, hold * (end - at)), loud, tone))
    return strokes


def _places(meter: Meter, groove: Sequence[Note], labels: Sequence[str]) -> list[float]:
    """Where in the bar something of these labels is struck, ascending, each once."""
    at = {round(position, 6) for position, label, _ in groove if label in labels}
    return sorted(p for p in at if 0 <= p < meter.beats)


Rhythm = Callable[[Rng, Meter], list[RhythmNote]]
