"""The rhythm of one voice in a bar: note values, rests, tuplets and beams.

Drums have no length: a note lasts until the next one of its voice, within its beat, and rests fill
what is left. Every beat is written by itself, so that a reader sees where it begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bandscribe.score.model import FEET, TICKS, Bar, Stroke

#: Ticks of the note values that a piece may have, and their name and dots.
PLAIN: Mapping[int, tuple[str, int]] = {
    192: ("whole", 0), 144: ("half", 1), 96: ("half", 0), 72: ("quarter", 1), 48: ("quarter", 0),
    36: ("eighth", 1), 24: ("eighth", 0), 18: ("16th", 1), 12: ("16th", 0), 6: ("32nd", 0),
}  # fmt: skip
_FLAGS = {"eighth": 1, "16th": 2, "32nd": 3}


@dataclass(frozen=True)
class Tuplet:
    """`actual` notes in the time of `normal` ones of a value."""

    actual: int
    normal: int
    value: str


_TRIPLET = Tuplet(3, 2, "eighth"), {32: ("quarter", 0), 16: ("eighth", 0), 8: ("16th", 0)}
_HALF_TRIPLET = Tuplet(3, 2, "16th"), {16: ("eighth", 0), 8: ("16th", 0)}
_SEXTUPLET = (
    Tuplet(6, 4, "16th"),
    {32: ("quarter", 0), 24: ("eighth", 1), 16: ("eighth", 0), 8: ("16th", 0)},
)


@dataclass
class Piece:
    """A chord or a rest: `ticks` long from `start` in the bar.

    `edge` is `start` or `stop` at the ends of a tuplet, which has a `bracket` where no beam of its
    own shows it; `beams` are MusicXML's words, by level.
    A rest of a whole bar has no `value`.
    """

    start: int
    ticks: int
    value: str
    dots: int = 0
    strokes: tuple[Stroke, ...] = ()
    tuplet: Tuplet | None = None
    edge: str = ""
    bracket: bool = False
    beams: list[str] = field(default_factory=list)


def split(bar: Bar) -> tuple[list[Stroke], list[Stroke]]:
    """The strokes of the hands and those of the feet."""
    hands = [note for note in bar.strokes if note.drum not in FEET]
    return hands, [note for note in bar.strokes if note.drum in FEET]


def write(bar: Bar, strokes: Sequence[Stroke]) -> list[Piece]:
    """One voice of a bar, from its beginning to its end."""
    if not strokes:
        return [Piece(0, bar.ticks, "")]
    chords: dict[int, list[Stroke]] = {}
    for note in strokes:
        chords.setdefault(note.tick, []).append(note)
    beat = bar.beat_ticks
    groups = []
    for start in range(0, bar.ticks, beat):
        inside = {t: tuple(chord) for t, chord in chords.items() if start <= t < start + beat}
        groups.append(_write_beat(start, beat, inside))
    for group in _join(bar, groups):
        _beam(group)
    pieces = [piece for group in groups for piece in group]
    edges = [piece for piece in pieces if piece.edge]
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        first.bracket = (first.beams[:1], last.beams[:1]) != (["begin"], ["end"])
    return _merge_rests(bar, pieces)


Chords = Mapping[int, tuple[Stroke, ...]]


def _write_beat(start: int, beat: int, chords: Chords) -> list[Piece]:
    places = [tick - start for tick in chords]
    if all(place % 6 == 0 for place in places):
        return _fill(start, start + beat, chords, PLAIN)
    if beat == TICKS and all(place % 16 == 0 for place in places):
        return _tuplet(start, beat, chords, *_TRIPLET)
    if (
        beat == TICKS
        and all(place % 8 == 0 for place in places)
        and not (
            any(place == TICKS // 2 for place in places)
            or all(place == 0 or place > TICKS // 2 for place in places)
            or all(place < TICKS // 2 for place in places)
        )
    ):
        return _tuplet(start, beat, chords, *_SEXTUPLET)
    pieces = []
    for half in range(start, start + beat, TICKS // 2):
        inside = {tick: c for tick, c in chords.items() if half <= tick < half + TICKS // 2}
        if all((tick - half) % 6 == 0 for tick in inside):
            pieces += _fill(half, half + TICKS // 2, inside, PLAIN)
        else:
            pieces += _tuplet(half, TICKS // 2, inside, *_HALF_TRIPLET)
    return pieces


def _tuplet(
    start: int, ticks: int, chords: Chords, tuplet: Tuplet, values: Mapping[int, tuple[str, int]]
) -> list[Piece]:
    pieces = _fill(start, start + ticks, chords, values)
    for piece in pieces:
        piece.tuplet = tuplet
    pieces[0].edge, pieces[-1].edge = "start", "stop"
    return pieces


def _fill(
    start: int, end: int, chords: Chords, values: Mapping[int, tuple[str, int]]
) -> list[Piece]:
    """Chords until the next one each, of one value, and rests for what is left."""
    places = sorted(chords)
    pieces = _rest(start, start, places[0] if places else end, values)
    for place, following in pairwise([*places, end]):
        length = max(ticks for ticks in values if ticks <= following - place)
        pieces.append(Piece(place, length, *values[length], chords[place]))
        pieces += _rest(start, place + length, following, values)
    return pieces


def _rest(start: int, begin: int, end: int, values: Mapping[int, tuple[str, int]]) -> list[Piece]:
    """Rests from `begin` to `end`; each is on a multiple of itself from `start` on, or is all."""
    pieces = []
    while begin < end:
        left, passed = end - begin, begin - start
        if not passed and left in values:
            length = left
        else:
            plain = [ticks for ticks, (_, dots) in values.items() if not dots]
            length = max(ticks for ticks in plain if ticks <= left and passed % ticks == 0)
        pieces.append(Piece(begin, length, *values[length]))
        begin += length
    return pieces


def _join(bar: Bar, groups: list[list[Piece]]) -> list[list[Piece]]:
    """What is beamed together: beats, two of plain eighths in 4/4, the eighths of 7/8 as 2 2 3."""
    if bar.beat_ticks == TICKS and bar.beats == 4:
        joined = []
        for pair in (groups[:2], groups[2:]):
            alike = all(piece.strokes and piece.ticks == 24 for group in pair for piece in group)
            joined += [[*pair[0], *pair[1]]] if alike else pair
        return joined
    if bar.beat_ticks == TICKS // 2:
        starts = [*range(0, bar.beats - bar.beats % 2, 2)] or [0]
        ends = [*starts[1:], bar.beats]
        return [
            [piece for group in groups[a:b] for piece in group]
            for a, b in zip(starts, ends, strict=True)
        ]
    return groups


def _beam(group: list[Piece]) -> None:
    """Beams over the flagged notes of a group: not over rests at its ends, nor into a tuplet.

    The number of a tuplet stands at a beam of its own.
    """
    run: list[Piece] = []
    for piece in group:
        flagged = piece.strokes and piece.value in _FLAGS
        if piece.edge == "start" or not (flagged or piece.ticks < TICKS // 2):
            _beam_run(run)
            run = []
        if flagged:
            run.append(piece)
        if piece.edge == "stop":
            _beam_run(run)
            run = []
    _beam_run(run)


def _beam_run(run: list[Piece]) -> None:
    if len(run) < 2:
        return
    for level in range(1, max(_FLAGS[piece.value] for piece in run) + 1):
        inside = [_FLAGS[piece.value] >= level for piece in run]
        for i, piece in enumerate(run):
            if not inside[i]:
                continue
            before, after = i > 0 and inside[i - 1], i + 1 < len(run) and inside[i + 1]
            hook = "backward hook" if i else "forward hook"
            words = {(0, 1): "begin", (1, 1): "continue", (1, 0): "end", (0, 0): hook}
            piece.beams.append(words[before, after])


def _merge_rests(bar: Bar, pieces: list[Piece]) -> list[Piece]:
    """Rests of two beats that begin in a half of a bar become one."""
    if bar.beats % 2 or bar.beat_ticks != TICKS:
        return pieces
    merged: list[Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if (
            last and not piece.strokes and not last.strokes
            and piece.ticks == last.ticks == TICKS and last.start % (2 * TICKS) == 0
        ):  # fmt: skip
            merged[-1] = Piece(last.start, 2 * TICKS, *PLAIN[2 * TICKS])
        else:
            merged.append(piece)
    return merged
