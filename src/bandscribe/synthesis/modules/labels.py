"""Which instruments of a module are drums, and when they are audible.

A folder of modules has a table `instruments.csv` of roles: `file,instrument,role,confidence,use,
lead_ms,…`, a row for each instrument and sample; and `modules.csv` with `file,author,…`. Only what
is certain is played: an instrument that may or may not be a drum is left out of the song.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bandscribe.readers import TableRow, read_csv
from bandscribe.splits import assign
from bandscribe.synthesis.drummer.patterns import gather
from bandscribe.synthesis.modules.openmpt import SAMPLE_RATE, ModuleNote
from bandscribe.synthesis.sound import Samples
from bandscribe.types import Transcription

#: Roles of the table to articulations. Toms have three, by pitch (see `_articulations`).
_ARTICULATIONS = {
    "kd": "kd", "sd": "sd", "ss": "ss", "chh": "chh", "ohh": "ohh", "cr": "cr", "rd": "rd",
    "clap": "clap", "tmb": "tmb", "perc": "other", "tom": "mt",
}  # fmt: skip
_INSTRUMENT_COLUMNS = ("file", "instrument", "role", "confidence", "use", "lead_ms")
_HOP = 22  # samples: half a millisecond
_QUIET = 0.02  # share of an instrument's loudest peak below which there is no attack
_TEMPLATE = 1300  # samples: 30 ms, which are compared with other notes
_ALIKE = 0.75  # correlation from which two notes sound alike


class Attack(NamedTuple):
    """The time at which a stroke begins to sound, in seconds, and its peak."""

    time: float
    peak: float


@dataclass(frozen=True)
class ModuleSong:
    """A module as the tables describe it.

    `drums` are the instruments (from 1) with the role of each, and seconds of silence before the
    attack of its sample; `others` are those that are certainly no drums.
    """

    path: Path
    author: str
    drums: Mapping[int, tuple[str, float]]
    others: frozenset[int]

    @property
    def split(self) -> str:
        """The part of the corpus that all songs of this author belong to."""
        return assign(self.author)


def read_tables(folder: Path) -> list[ModuleSong]:
    """The modules of a folder that have certain drums. Raises ValueError naming what is missing."""
    rows: dict[str, dict[int, list[TableRow]]] = {}
    for row in read_csv(folder / "instruments.csv", *_INSTRUMENT_COLUMNS):
        rows.setdefault(row["file"], {}).setdefault(int(row.number("instrument")), []).append(row)
    listed = []
    for row in read_csv(folder / "modules.csv", "file", "author"):
        path = folder / row["file"]
        drums: dict[int, tuple[str, float]] = {}
        others = set()
        for instrument, samples in rows.get(row["file"], {}).items():
            known = [r for r in samples if r["role"] != "silent"] or samples
            roles = {r["role"] for r in known}
            uses = {"mute" if r["confidence"] == "mid" else r["use"] for r in known}
            if uses == {"drum"} and len(roles) == 1 and roles <= set(_ARTICULATIONS):
                drums[instrument] = roles.pop(), _lead(known[0])
            elif uses == {"other"}:
                others.add(instrument)
        if drums:
            author = _group(row["author"]) or Path(row["file"]).parts[0]
            listed.append(ModuleSong(path, author, drums, frozenset(others)))
    if not listed:
        raise ValueError(f"{folder}: no module in its tables has a known drum")
    return listed


def _lead(row: TableRow) -> float:
    return row.number("lead_ms") / 1000 if row["lead_ms"] else 0.0


def _group(author: str) -> str:
    """The first name of an author's entry: those who wrote together are one group."""
    named = re.sub(r"(see|in) debian copyright", "", author).strip(" ()")
    return re.split(r"[/,(]", named)[0].strip().lower()


def label(
    struck: Sequence[ModuleNote], listed: ModuleSong, solos: Mapping[int, Samples]
) -> Transcription:
    """The drum part of a module: articulations, the time of each attack, velocities.

    `solos` (n,) are the sounds of the drum instruments one by one. A note counts where its solo
    rises, or, as in rolls, sounds as it does where the same note rises; notes that only slide, and
    those without volume, are dropped. Its time is that of the attack. The velocity is the peak,
    relative to the loud strokes of the same instrument, to the power of 0.6.
    """
    notes: list[tuple[float, str, float]] = []
    names = _articulations(struck, listed)
    for instrument, (_, lead) in listed.drums.items():
        solo = solos[instrument]
        attacks: list[tuple[int, Attack]] = []
        for note in sorted({s.note for s in struck if s.instrument == instrument}):
            times = [s.time for s in struck if (s.instrument, s.note) == (instrument, note)]
            attacks += [(note, attack) for attack in _attacks(solo, times, lead)]
        loud = float(np.quantile([a.peak for _, a in attacks], 0.95)) if attacks else 1.0
        notes += [
            (a.time, names[instrument, note], float(np.clip((a.peak / loud) ** 0.6, 0.05, 1.0)))
            for note, a in attacks
        ]
    duration = max(len(solo) for solo in solos.values()) / SAMPLE_RATE
    return gather(notes, 0.0, 0.0, duration, None)


def _articulations(struck: Sequence[ModuleNote], listed: ModuleSong) -> dict[tuple[int, int], str]:
    """The articulation of each (instrument, note) that is struck.

    The table does not distinguish toms. Of one tom sample that is played at several pitches, the
    lowest third of the pitches is the low tom, and so on; one pitch alone is the middle one.
    """
    names = {}
    for instrument, (role, _) in listed.drums.items():
        pitches = sorted({s.note for s in struck if s.instrument == instrument})
        for rank, note in enumerate(pitches):
            third = 3 * rank // len(pitches) if len(pitches) > 2 else 2 * rank
            toms = ("lt", "mt", "ht")[third] if len(pitches) > 1 else "mt"
            names[instrument, note] = toms if role == "tom" else _ARTICULATIONS[role]
    return names


def _envelope(samples: Samples) -> Samples:
    """The peak of every hop, (hop,)."""
    blocks = samples[: len(samples) // _HOP * _HOP].reshape(-1, _HOP)
    return np.asarray(np.abs(blocks).max(axis=1, initial=0.0), dtype=np.float32)


def _attacks(solo: Samples, times: Sequence[float], lead: float) -> list[Attack]:
    """Of one instrument's strokes on one note, at `times`, those that are audible."""
    envelope = _envelope(solo)
    rises = [_rise(envelope, time, lead) for time in times]
    known = [(rise, time) for rise, time in zip(rises, times, strict=True) if rise is not None]
    if not known:
        return []
    clearest, written = max(known, key=lambda pair: pair[0].peak)
    late = clearest.time - written
    template = _cut(solo, clearest.time)
    audible = []
    for rise, time in zip(rises, times, strict=True):
        if rise is None and _alike(solo, time + late, template):
            first = round((time + late) * SAMPLE_RATE)
            peak = float(np.abs(solo[first : first + _TEMPLATE]).max(initial=0.0))
            rise = Attack(time + late, peak)
        if rise is not None:
            audible.append(rise)
    return audible


def _cut(solo: Samples, time: float, margin: int = 0) -> Samples:
    """What sounds from `time` on, and `margin` samples more on either side."""
    first = round(time * SAMPLE_RATE) - margin
    cut = solo[max(0, first) : first + _TEMPLATE + 2 * margin]
    return np.pad(cut, (max(0, -first), _TEMPLATE + 2 * margin - len(cut) - max(0, -first)))


def _alike(solo: Samples, time: float, template: Samples) -> bool:
    """Whether the sound at `time`, give or take 3 ms, is the template at any level."""
    around = _cut(solo, time, 3 * SAMPLE_RATE // 1000)
    windows = sliding_window_view(around, _TEMPLATE)
    powers = np.einsum("ij,ij->i", windows, windows) * float(template @ template)
    matches = windows @ template / np.sqrt(powers + 1e-12)
    return bool(matches.max(initial=0.0) > _ALIKE)


def _rise(envelope: Samples, time: float, lead: float) -> Attack | None:
    """The attack near a written note, None where the sound does not rise by a quarter."""
    rate = SAMPLE_RATE / _HOP
    first = round((time - 0.003) * rate)
    last = round((time + lead + 0.030) * rate)
    before = float(envelope[max(0, first - round(0.008 * rate)) : max(0, first)].max(initial=0.0))
    window = envelope[max(0, first) : last]
    peak = float(window.max(initial=0.0))
    if peak < 1.25 * before or peak <= _QUIET * float(envelope.max(initial=0.0)):
        return None
    hop = int(np.argmax(window > before + 0.2 * (peak - before)))
    return Attack((max(0, first) + hop) / rate, peak)
