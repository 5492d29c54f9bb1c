"""One bar of drums in each of many styles, and the fills between.

A bar is a list of notes `(position in beats, articulation, velocity)`, all on the straight grid
of its metre; swing, tempo and form are added by `patterns`. The styles are the beats that drum
methods teach, each loosened by chance so that no two sections are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bandscribe.synthesis.sound import Rng

Note = tuple[float, str, float]
T = TypeVar("T")


@dataclass(frozen=True)
class Meter:
    """`beats` to the bar, `eighth` notes as a part of the beat, and the `backbeats` (from 0)."""

    beats: int
    eighth: float
    backbeats: tuple[int, ...]


METERS: dict[str, Meter] = {
    "4/4": Meter(4, 1 / 2, (1, 3)),
    "3/4": Meter(3, 1 / 2, (1, 2)),
    "2/4": Meter(2, 1 / 2, (1,)),
    "5/4": Meter(5, 1 / 2, (1, 4)),
    "6/8": Meter(2, 1 / 3, (1,)),
    "12/8": Meter(4, 1 / 3, (1, 3)),
    "7/8": Meter(7, 1.0, (2, 4)),  # the beats are the eighths: 2 + 2 + 3
}


def pick(rng: Rng, options: Sequence[T]) -> T:
    """One of the options, all alike; write an option twice to double its chance."""
    return options[int(rng.random() * len(options))]


def chance(rng: Rng, probability: float) -> bool:
    """True with this probability."""
    return rng.random() < probability


def grid(meter: Meter, step: float, start: float = 0.0) -> list[float]:
    """Every `step` of the bar from `start` on, in beats."""
    return [start + i * step for i in range(round((meter.beats - start) / step))]


def hit(rng: Rng, position: float, label: str, velocity: float) -> Note:
    """One note, its velocity loosened by a tenth."""
    return position, label, min(1.0, velocity * (0.9 + 0.2 * rng.random()))


def keep(rng: Rng, meter: Meter, label: str, step: float) -> list[Note]:
    """The time keeper's bar: `label` on every `step`, with one of three ways to accent it."""
    accent = pick(rng, ("beat", "off", "flat"))
    loud = 0.55 + 0.4 * rng.random()
    soft = loud * (0.4 + 0.5 * rng.random())
    opened = 0.12 if label == "chh" and chance(rng, 0.3) else 0.0
    notes = []
    for position in grid(meter, step):
        on_beat = position % 1.0 < 1e-6
        strong = accent == "flat" or on_beat == (accent == "beat")
        played = "ohh" if not on_beat and chance(rng, opened) else label
        notes.append(hit(rng, position, played, loud if strong else soft))
    if label in ("rd", "rb", "cr", "lt", "ch") and chance(rng, 0.45):
        notes += [
            hit(rng, b, "phh", 0.45) for b in pick(rng, (meter.backbeats, range(meter.beats)))
        ]
    return notes


def kicks(rng: Rng, meter: Meter, density: float) -> list[Note]:
    """A kick on the one, and others on eighths and sixteenths with chances set by `density`."""
    notes = [hit(rng, 0.0, "kd", 0.9)] if chance(rng, 0.95) else []
    for position in grid(meter, meter.eighth, meter.eighth):
        on_beat = position % 1.0 < 1e-6
        backbeat = on_beat and round(position) in meter.backbeats
        probability = density * (0.25 if backbeat else 1.3 if on_beat else 0.8)
        if chance(rng, probability):
            notes.append(hit(rng, position, "kd", 0.85 if on_beat else 0.75))
        elif chance(rng, density * 0.35):
            notes.append(hit(rng, position - meter.eighth / 2, "kd", 0.7))
    return notes


def backbeat(rng: Rng, meter: Meter, ghosts: float = 0.0, label: str = "sd") -> list[Note]:
    """The snare on the backbeats, with ghost notes on the other sixteenths."""
    notes = [hit(rng, float(b), label, 0.9) for b in meter.backbeats]
    if ghosts > 0:
        for position in grid(meter, meter.eighth / 2):
            near = any(abs(position - b) < 1e-6 for b in meter.backbeats)
            if not near and chance(rng, ghosts):
                notes.append((position, "sd", 0.1 + 0.22 * rng.random()))
    return notes


def _rock(rng: Rng, meter: Meter, label: str) -> list[Note]:
    step = pick(rng, (meter.eighth, meter.eighth, meter.eighth, 1.0, meter.eighth / 2))
    ghosts = pick(rng, (0.0, 0.0, 0.12))
    snare = pick(rng, ("sd", "sd", "sd", "sd", "ss"))
    notes = keep(rng, meter, label, step) + kicks(rng, meter, 0.35)
    return notes + backbeat(rng, meter, ghosts, snare)


def _half_time(rng: Rng, meter: Meter, label: str) -> list[Note]:
    middle = hit(rng, float(meter.beats // 2), "sd", 0.95)
    step = pick(rng, (1.0, meter.eighth, meter.eighth / 2))
    return [*keep(rng, meter, label, step), *kicks(rng, meter, 0.25), middle]


def _double_time(rng: Rng, meter: Meter, label: str) -> list[Note]:
    snares = [hit(rng, b + meter.eighth, "sd", 0.85) for b in range(meter.beats)]
    bass = [hit(rng, float(b), "kd", 0.85) for b in range(meter.beats)]
    return keep(rng, meter, label, meter.eighth) + bass + snares


def _disco(rng: Rng, meter: Meter, label: str) -> list[Note]:
    notes = [hit(rng, float(b), "kd", 0.9) for b in range(meter.beats)]
    notes += backbeat(rng, meter, label=pick(rng, ("sd", "sd", "sd", "ss")))
    for b in range(meter.beats):
        notes.append(hit(rng, b + meter.eighth, "ohh", 0.75))
        if chance(rng, 0.7):
            notes.append(hit(rng, float(b), pick(rng, ("chh", "chh", "phh")), 0.5))
    return notes


def _funk(rng: Rng, meter: Meter, label: str) -> list[Note]:
    step = pick(rng, (meter.eighth / 2, meter.eighth / 2, meter.eighth))
    notes = keep(rng, meter, label, step)
    notes += kicks(rng, meter, 0.45) + backbeat(rng, meter, 0.15 + 0.3 * rng.random())
    if chance(rng, 0.5):
        notes.append(hit(rng, pick(rng, grid(meter, meter.eighth, meter.eighth)), "ohh", 0.7))
    return notes


def _shuffle(rng: Rng, meter: Meter, label: str) -> list[Note]:
    bass = [hit(rng, float(b), "kd", 0.8) for b in range(meter.beats) if chance(rng, 0.7)]
    ghosts = pick(rng, (0.0, 0.2))
    return keep(rng, meter, label, meter.eighth) + bass + backbeat(rng, meter, ghosts)


def _jazz(rng: Rng, meter: Meter, label: str) -> list[Note]:
    cymbal = pick(rng, ("rd", "rd", "rd", label))
    notes = [hit(rng, float(b), cymbal, 0.7) for b in range(meter.beats)]
    notes += [hit(rng, b + 1 - meter.eighth, cymbal, 0.55) for b in meter.backbeats]
    notes += [hit(rng, float(b), "phh", 0.5) for b in meter.backbeats]
    for position in grid(meter, meter.eighth):
        if chance(rng, 0.22):
            played = pick(rng, ("sd", "sd", "kd", "ss"))
            notes.append((position, played, 0.15 + 0.5 * rng.random()))
    if chance(rng, 0.3):  # a feathered bass drum
        notes += [(float(b), "kd", 0.15 + 0.15 * rng.random()) for b in range(meter.beats)]
    return notes


def _bossa(rng: Rng, meter: Meter, label: str) -> list[Note]:
    notes = keep(rng, meter, pick(rng, ("chh", "rd", label)), meter.eighth)
    notes += [hit(rng, float(b), "kd", 0.7) for b in range(0, meter.beats, 2)]
    notes += [hit(rng, b - meter.eighth, "kd", 0.55) for b in range(2, meter.beats + 1, 2)]
    clave = grid(meter, pick(rng, (1.5, 1.0, 3 * meter.eighth)))
    notes += [hit(rng, p, "ss", 0.7) for p in clave if chance(rng, 0.85)]
    return notes


def _one_drop(rng: Rng, meter: Meter, label: str) -> list[Note]:
    drop = float(meter.beats // 2)
    snare = pick(rng, ("ss", "ss", "sd"))
    notes = [hit(rng, drop, "kd", 0.9), hit(rng, drop, snare, 0.8)]
    if chance(rng, 0.4):  # steppers
        notes += [hit(rng, float(b), "kd", 0.8) for b in range(meter.beats)]
    if chance(rng, 0.4):
        notes.append(hit(rng, pick(rng, grid(meter, meter.eighth, meter.eighth)), snare, 0.5))
    return notes + keep(rng, meter, pick(rng, ("chh", label)), meter.eighth)


def _metal(rng: Rng, meter: Meter, label: str) -> list[Note]:
    bass = [hit(rng, p, "kd", 0.8) for p in grid(meter, meter.eighth / 2) if chance(rng, 0.9)]
    cymbal = pick(rng, ("rd", "rb", "ohh", "ch", "cr", label, label, label))
    return keep(rng, meter, cymbal, pick(rng, (1.0, meter.eighth))) + bass + backbeat(rng, meter)


def _blast(rng: Rng, meter: Meter, label: str) -> list[Note]:
    cymbal = pick(rng, ("rd", "chh", "chh", "ohh", "cr", label))
    bass = [hit(rng, p, "kd", 0.8) for p in grid(meter, meter.eighth)]
    late = pick(rng, (0.0, meter.eighth / 2))
    snares = [hit(rng, p + late, "sd", 0.75) for p in grid(meter, meter.eighth)]
    return keep(rng, meter, cymbal, meter.eighth) + bass + snares


def _train(rng: Rng, meter: Meter, label: str) -> list[Note]:
    notes = [hit(rng, float(b), "kd", 0.75) for b in range(meter.beats)]
    notes += [hit(rng, b + meter.eighth, "phh", 0.4) for b in range(meter.beats)]
    accents = {b + meter.eighth for b in range(meter.beats)} if chance(rng, 0.6) else set()
    accents |= {float(b) for b in meter.backbeats}
    for position in grid(meter, meter.eighth / 2):
        notes.append(hit(rng, position, "sd", 0.8 if position in accents else 0.28))
    return notes


def _hip_hop(rng: Rng, meter: Meter, label: str) -> list[Note]:
    snare = pick(rng, ("sd", "sd", "ss"))
    notes = [hit(rng, float(meter.beats // 2), snare, 0.9), *kicks(rng, meter, 0.3)]
    fine = pick(rng, (4, 4, 6))
    for position in grid(meter, meter.eighth):
        rolls = fine if chance(rng, 0.12) else 1
        for i in range(rolls):
            step = meter.eighth / rolls
            notes.append(hit(rng, position + i * step, "chh", 0.65 - 0.2 * (i % 2)))
    if chance(rng, 0.5):
        notes.append(hit(rng, pick(rng, grid(meter, meter.eighth, meter.eighth)), "ohh", 0.6))
    return notes


def _breakbeat(rng: Rng, meter: Meter, label: str) -> list[Note]:
    notes = keep(rng, meter, label, meter.eighth) + backbeat(rng, meter, 0.1)
    sixteenths = grid(meter, meter.eighth / 2)
    notes += [hit(rng, p, "kd", 0.85) for p in sixteenths if p < 1e-6 or chance(rng, 0.18)]
    return notes + [hit(rng, p, "sd", 0.7) for p in sixteenths if chance(rng, 0.08)]


def _motown(rng: Rng, meter: Meter, label: str) -> list[Note]:
    snares = [hit(rng, float(b), "sd", 0.85) for b in range(meter.beats)]
    return keep(rng, meter, label, meter.eighth) + kicks(rng, meter, 0.3) + snares


def _toms(rng: Rng, meter: Meter, label: str) -> list[Note]:
    drums = pick(rng, (("lt",), ("lt", "mt"), ("lt", "mt", "ht"), ("ht", "mt"), ("ht", "lt")))
    step = pick(rng, (meter.eighth, meter.eighth, meter.eighth / 2))
    notes = [
        hit(rng, p, pick(rng, drums), 0.85 if chance(rng, 0.35) else 0.55)
        for p in grid(meter, step)
        if chance(rng, 0.8)
    ]
    notes += backbeat(rng, meter) if chance(rng, 0.6) else []
    notes += [hit(rng, float(b), "phh", 0.5) for b in range(meter.beats) if chance(rng, 0.4)]
    return notes + kicks(rng, meter, 0.25)


def _march(rng: Rng, meter: Meter, label: str) -> list[Note]:
    notes = [hit(rng, float(b), "kd", 0.8) for b in range(0, meter.beats, 2)]
    for b in range(meter.beats):
        if chance(rng, 0.2):  # a roll
            notes += [hit(rng, b + i / 8, "sd", 0.4) for i in range(8)]
            continue
        figure = pick(rng, ((0.0,), (0.0, 0.5), (0.0, 0.5, 0.75), (0.0, 0.25, 0.5, 0.75)))
        notes += [hit(rng, b + p, "sd", 0.8 if p == 0 else 0.45) for p in figure]
    return notes + [hit(rng, float(b), "cr", 0.6) for b in meter.backbeats if chance(rng, 0.2)]


def _ballad(rng: Rng, meter: Meter, label: str) -> list[Note]:
    snare = pick(rng, ("sd", "ss"))
    notes = [hit(rng, 0.0, "kd", 0.7), *backbeat(rng, meter, label=snare)]
    if chance(rng, 0.7):
        notes += keep(rng, meter, label, pick(rng, (1.0, meter.eighth)))
    return [(p, played, 0.7 * v) for p, played, v in notes]


def _brushes(rng: Rng, meter: Meter, label: str) -> list[Note]:
    notes = [hit(rng, p, "sd", 0.2) for p in grid(meter, meter.eighth) if chance(rng, 0.7)]
    notes += [hit(rng, float(b), "sd", 0.45) for b in meter.backbeats]
    notes += [hit(rng, float(b), "phh", 0.4) for b in meter.backbeats]
    return notes + [hit(rng, float(b), "kd", 0.35) for b in range(0, meter.beats, 2)]


#: Chances of each piece per sixteenth in the random style: rare pieces, rare company.
_SCATTER = {
    "kd": 0.14, "sd": 0.12, "ss": 0.06, "chh": 0.12, "phh": 0.04, "ohh": 0.06, "ht": 0.05,
    "mt": 0.05, "lt": 0.05, "cr": 0.03, "ch": 0.015, "sp": 0.015, "rd": 0.07, "rb": 0.03,
}  # fmt: skip


def _scattered(rng: Rng, meter: Meter, label: str) -> list[Note]:
    """Every piece by itself, on the grid or off it."""
    scale = 0.3 + 1.4 * rng.random()
    sixteenths = grid(meter, meter.eighth / 2)
    draws = rng.random((len(_SCATTER), len(sixteenths)))
    loose = meter.eighth / 2 if chance(rng, 0.5) else 0.0
    return [
        (position + loose * rng.random(), name, 0.15 + 0.85 * rng.random())
        for (name, probability), row in zip(_SCATTER.items(), draws.tolist(), strict=True)
        if chance(rng, 0.6)
        for position, draw in zip(sixteenths, row, strict=True)
        if draw < probability * scale
    ]


Style = Callable[[Rng, Meter, str], list[Note]]

#: Name: (weight, range of tempi in beats per minute, chance of swing, one bar of it).
STYLES: dict[str, tuple[float, tuple[float, float], float, Style]] = {
    "rock": (20, (70, 180), 0.10, _rock),
    "half time": (4, (60, 170), 0.20, _half_time),
    "double time": (3, (90, 180), 0.00, _double_time),
    "disco": (5, (100, 140), 0.05, _disco),
    "funk": (9, (75, 125), 0.25, _funk),
    "shuffle": (4, (70, 160), 1.00, _shuffle),
    "jazz": (7, (70, 220), 0.95, _jazz),
    "bossa": (7, (80, 160), 0.05, _bossa),
    "one drop": (5, (60, 95), 0.40, _one_drop),
    "metal": (4, (90, 200), 0.00, _metal),
    "blast": (2, (100, 150), 0.00, _blast),
    "train": (3, (80, 130), 0.10, _train),
    "hip hop": (4, (60, 150), 0.25, _hip_hop),
    "breakbeat": (4, (90, 175), 0.15, _breakbeat),
    "motown": (3, (90, 150), 0.10, _motown),
    "toms": (5, (70, 170), 0.10, _toms),
    "march": (3, (70, 130), 0.10, _march),
    "ballad": (5, (50, 90), 0.15, _ballad),
    "brushes": (2, (60, 200), 0.70, _brushes),
    "scattered": (7, (50, 180), 0.10, _scattered),
}


def fill(rng: Rng, meter: Meter, start: float) -> list[Note]:
    """A fill from `start` beats to the end of the bar."""
    fine = meter.eighth / 2
    step = pick(rng, (fine, fine, fine, meter.eighth, meter.eighth / 3, meter.eighth * 2 / 3))
    positions = grid(meter, step, start)
    kind = pick(rng, ("descent", "descent", "roll", "mixed", "around", "unison"))
    drum = pick(rng, ("lt", "mt", "ht"))
    notes = []
    for i, position in enumerate(positions):
        progress = i / len(positions)
        velocity = 0.55 + 0.3 * progress + (0.15 if position % 1.0 < 1e-6 else 0.0)
        if kind == "descent":
            labels = [("sd", "ht", "mt", "lt")[int(4 * progress)]]
        elif kind == "roll":
            labels, velocity = ["sd"], 0.2 + 0.75 * progress
        elif kind == "mixed":
            labels = ["kd"] if i % 3 == 2 else [pick(rng, ("sd", "ht", "mt", "lt"))]
        elif kind == "around":
            if chance(rng, 0.25):
                continue
            labels = [pick(rng, ("sd", "ht", "ht", "mt", "mt", "lt", "kd"))]
        else:
            labels = ["sd", drum]
        notes += [hit(rng, position, label, velocity) for label in labels]
        if kind != "mixed" and position % 1.0 < 1e-6 and chance(rng, 0.3):
            notes.append(hit(rng, position, "kd", 0.8))
    return notes
