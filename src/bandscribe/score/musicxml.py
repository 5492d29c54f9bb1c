"""MusicXML 4.0 of a drum score: one part on a staff of five lines with a percussion clef.

Places and heads are those of Weinberg, Guidelines for Drumset Notation (Percussive Notes 1994),
which engravers follow: hands with stems up, feet with stems down, crosses for cymbals and hats, a
circled cross for the open hat. The same score gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from xml.etree import ElementTree

from bandscribe.score import voices
from bandscribe.score.model import FEET, PEDAL, TICKS, Bar, Score
from bandscribe.score.voices import Piece
from bandscribe.vocabulary import GM_NOTES

Element = ElementTree.Element

_HEAD = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" \
"http://www.musicxml.org/dtds/partwise.dtd">
"""


class Place(NamedTuple):
    """The position of a drum on a treble staff, its note head, and its name."""

    step: str
    octave: int
    head: str
    name: str


PLACES: Mapping[str, Place] = {
    "KD": Place("F", 4, "normal", "kick"),
    "SD": Place("C", 5, "normal", "snare"),
    "SS": Place("C", 5, "x", "side stick"),
    "CHH": Place("G", 5, "x", "closed hi-hat"),
    "OHH": Place("G", 5, "circle-x", "open hi-hat"),
    "HT": Place("E", 5, "normal", "high tom"),
    "MT": Place("D", 5, "normal", "middle tom"),
    "LT": Place("A", 4, "normal", "low tom"),
    "CR": Place("A", 5, "x", "crash"),
    "RD": Place("F", 5, "x", "ride"),
    "TT": Place("D", 5, "normal", "tom"),
    "HH": Place("G", 5, "x", "hi-hat"),
    "CY": Place("A", 5, "x", "cymbal"),
    PEDAL: Place("D", 4, "x", "pedal hi-hat"),
}
_STEPS = "CDEFGAB"
#: What XML cannot hold, and a file's name can.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOTES = {**GM_NOTES, PEDAL: 44}
#: Beats of a metronome mark by their length in quarters.
_UNITS = {0.25: ("16th", 0), 0.5: ("eighth", 0), 0.75: ("eighth", 1), 1.0: ("quarter", 0),
          1.5: ("quarter", 1)}  # fmt: skip


def to_musicxml(score: Score, *, simile: bool = False) -> str:
    """The text of a `.musicxml` file.

    With `simile`, a bar that is played as the one before is written as a repeat sign (%). Notes
    have the ids `n0`, `n1`, … in the order of the score's strokes, bars `b0`, `b1`, ….
    """
    root = Element("score-partwise", version="4.0")
    if score.title:
        _add(_add(root, "work"), "work-title", legible(score.title))
    identification = _add(root, "identification")
    if score.artist:
        _add(identification, "creator", legible(score.artist), type="artist")
    encoding = _add(identification, "encoding")
    _add(encoding, "software", "bandscribe")
    _add_part_list(root, score)
    part = _add(root, "part", id="P1")
    first = 0
    repeated = find_repeats(score) if simile else [False] * len(score.bars)
    for number, bar in enumerate(score.bars or (Bar(4, 1.0, 0.0, 2.0, ()),)):
        before = score.bars[number - 1] if number else None
        _Measure(part, score, bar, before, number, first).write(
            repeats=_change(repeated, number),
            rests=_count_rests(score, number),
        )
        first += len(bar.strokes)
    last = part[-1]
    line = _add(last, "barline", location="right")
    _add(line, "bar-style", "light-heavy")
    ElementTree.indent(root)
    return _HEAD + ElementTree.tostring(root, encoding="unicode") + "\n"


def legible(title: str) -> str:
    """A title without what XML cannot hold."""
    return _FORBIDDEN.sub(" ", title)


def key_to_musicxml(score: Score) -> str:
    """A bar with each drum of the score once, from low to high, its name below it; no music."""
    root = Element("score-partwise", version="4.0")
    part = _add(_add(root, "part-list"), "score-part", id="P1")
    _add(part, "part-name", "Key", **{"print-object": "no"})
    bar = _add(_add(root, "part", id="P1"), "measure", number="1")
    drums = sorted(score.drums, key=_height)
    attributes = _add(bar, "attributes")
    _add(attributes, "divisions", "1")
    time = _add(attributes, "time", **{"print-object": "no"})
    _add(time, "beats", str(len(drums)))
    _add(time, "beat-type", "4")
    _add(_add(attributes, "clef"), "sign", "percussion")
    for drum in drums:
        note = _add(bar, "note")
        _add_place(note, drum)
        _add(note, "duration", "1")
        _add(note, "voice", "1")
        _add(note, "type", "quarter")
        _add(note, "stem", "none")
        _add(note, "notehead", PLACES[drum].head)
        lyric = _add(note, "lyric")
        _add(lyric, "syllabic", "single")
        _add(lyric, "text", PLACES[drum].name)
    _add(_add(bar, "barline", location="right"), "bar-style", "none")
    return _HEAD + ElementTree.tostring(root, encoding="unicode") + "\n"


def find_repeats(score: Score) -> list[bool]:
    """The bars that repeat the one before, and are no rest."""
    bars = score.bars
    return [
        i > 0 and bool(bar.strokes) and bar.content == bars[i - 1].content
        and bar.metre == bars[i - 1].metre and bar.complete and bars[i - 1].complete
        and bar.bpm is None
        for i, bar in enumerate(bars)
    ]  # fmt: skip


def _change(repeated: list[bool], number: int) -> str:
    """Whether signs of repetition `start` or `stop` with a bar."""
    before, here = number > 0 and repeated[number - 1], number < len(repeated) and repeated[number]
    return "" if before == here else "start" if here else "stop"


def _count_rests(score: Score, number: int) -> int:
    """The number of bars of rest in one metre that begin here; 0 after the first of them."""
    bars = score.bars

    def silent(i: int) -> bool:
        return not bars[i].strokes and bars[i].complete

    if not bars or not silent(number) or (number and silent(number - 1) and _same(bars, number)):
        return 0
    end = number + 1
    while end < len(bars) and silent(end) and _same(bars, end):
        end += 1
    return end - number


def _same(bars: tuple[Bar, ...], number: int) -> bool:
    """Whether a bar goes on in the metre and the tempo of the one before."""
    return bars[number].metre == bars[number - 1].metre and bars[number].bpm is None


def _add_part_list(root: Element, score: Score) -> None:
    part = _add(_add(root, "part-list"), "score-part", id="P1")
    _add(part, "part-name", "Drum Set")
    drums = score.drums or ("KD",)
    for drum in drums:
        instrument = _add(part, "score-instrument", id=_instrument(drum))
        _add(instrument, "instrument-name", PLACES[drum].name.capitalize())
    for drum in drums:
        midi = _add(part, "midi-instrument", id=_instrument(drum))
        _add(midi, "midi-channel", "10")
        _add(midi, "midi-unpitched", str(_NOTES[drum] + 1))


def _instrument(drum: str) -> str:
    return f"P1-{drum}"


class _Measure:
    """Writes one bar below `part`; its strokes are numbered from `first` on."""

    def __init__(
        self, part: Element, score: Score, bar: Bar, before: Bar | None, number: int, first: int
    ) -> None:
        self.score, self.bar, self.before = score, bar, before
        pickup = bool(score.bars) and not score.bars[0].complete
        self.node = _add(part, "measure", number=str(number + 1 - pickup), id=f"b{number}")
        if not bar.complete:
            self.node.set("implicit", "yes")
        self.ids = {id(stroke): f"n{first + i}" for i, stroke in enumerate(bar.strokes)}

    def write(self, *, repeats: str, rests: int) -> None:
        """All of the bar; signs of repetition `start` or `stop` here, or some bars of rest."""
        self._add_attributes(repeats)
        self._add_tempo()
        if rests > 1:
            # Apart, after the tempo: verovio leaves out a tempo that follows, and moves the clef.
            style = _add(_add(self.node, "attributes"), "measure-style")
            _add(style, "multiple-rest", str(rests))
        hands, feet = voices.split(self.bar)
        self._add_voice(voices.write(self.bar, hands), 1, hidden=bool(feet) and not hands)
        if feet:
            backup = _add(self.node, "backup")
            _add(backup, "duration", str(self.bar.ticks))
            self._add_voice(voices.write(self.bar, feet), 2)

    def _add_attributes(self, repeats: str) -> None:
        node = Element("attributes")
        numbers = self._shown(self.bar)
        if self.before is None:
            _add(node, "divisions", str(TICKS))
            _add(_add(node, "key"), "fifths", "0")
        if self.before is None or self._shown(self.before) != numbers:
            time = _add(node, "time")
            _add(time, "beats", str(numbers[0]))
            _add(time, "beat-type", str(numbers[1]))
        if self.before is None:
            _add(_add(node, "clef"), "sign", "percussion")
            _add(_add(node, "staff-details"), "staff-lines", "5")
        if repeats:
            style = _add(_add(node, "measure-style"), "measure-repeat", type=repeats)
            style.text = "1" if repeats == "start" else None
        if len(node):
            self.node.append(node)

    def _shown(self, bar: Bar) -> tuple[int, int]:
        """The metre of a bar; a pickup stands in that of the bar that it leads to."""
        return (
            bar.metre if bar.complete else self.score.bars[min(1, len(self.score.bars) - 1)].metre
        )

    def _add_tempo(self) -> None:
        if self.bar.bpm is None:
            return
        direction = _add(self.node, "direction", placement="above")
        kind = _add(direction, "direction-type")
        metronome = _add(kind, "metronome", parentheses="no")
        unit, dots = _UNITS[self.bar.quarters]
        _add(metronome, "beat-unit", unit)
        for _ in range(dots):
            _add(metronome, "beat-unit-dot")
        _add(metronome, "per-minute", f"{self.bar.bpm:.0f}")
        if self.before is None and self.score.swing:
            words = "Swing" if self.score.swung == 8 else "Swing 16ths"
            _add(_add(direction, "direction-type"), "words", words)
        sound = _add(direction, "sound", tempo=f"{self.bar.bpm * self.bar.quarters:.6g}")
        if self.before is None and self.score.swing:
            swing = _add(sound, "swing")
            _add(swing, "first", str(round(100 * self.score.swing)))
            _add(swing, "second", str(100 - round(100 * self.score.swing)))
            _add(swing, "swing-type", "eighth" if self.score.swung == 8 else "16th")

    def _add_voice(self, pieces: list[Piece], voice: int, *, hidden: bool = False) -> None:
        for piece in pieces:
            if piece.strokes:
                self._add_chord(piece, voice)
                continue
            rest = _add(self.node, "note")
            if hidden:
                rest.set("print-object", "no")
            whole = not piece.value
            _add(rest, "rest", **({"measure": "yes"} if whole else {}))
            self._add_rhythm(rest, piece, voice)
            self._add_notations(rest, piece, None)

    def _add_chord(self, piece: Piece, voice: int) -> None:
        ordered = sorted(piece.strokes, key=lambda note: (_height(note.drum), note.drum))
        for stroke in ordered:
            for _ in range(stroke.graces):
                grace = _add(self.node, "note")
                _add(grace, "grace", slash="yes")
                _add_place(grace, stroke.drum)
                _add(grace, "instrument", id=_instrument(stroke.drum))
                _add(grace, "voice", str(voice))
                _add(grace, "type", "eighth")
                _add(grace, "stem", "up")
                _add(grace, "notehead", PLACES[stroke.drum].head)
        accented = any(stroke.accent for stroke in ordered)
        for i, stroke in enumerate(ordered):
            note = _add(self.node, "note", id=self.ids[id(stroke)])
            if stroke.velocity is not None:
                note.set("dynamics", f"{127 * stroke.velocity / 0.9:.4g}")
            if i:
                _add(note, "chord")
            _add_place(note, stroke.drum)
            head = {"parentheses": "yes"} if stroke.ghost else {}
            self._add_rhythm(note, piece, voice, stroke.drum, head, beams=not i)
            self._add_notations(note, piece if not i else None, accented if not i else None)

    def _add_rhythm(
        self,
        note: Element,
        piece: Piece,
        voice: int,
        drum: str | None = None,
        head: dict[str, str] | None = None,
        *,
        beams: bool = False,
    ) -> None:
        """Duration to beams, in the order of the schema."""
        _add(note, "duration", str(piece.ticks))
        if drum:
            _add(note, "instrument", id=_instrument(drum))
        _add(note, "voice", str(voice))
        if piece.value:
            _add(note, "type", piece.value)
            for _ in range(piece.dots):
                _add(note, "dot")
        if piece.tuplet:
            ratio = _add(note, "time-modification")
            _add(ratio, "actual-notes", str(piece.tuplet.actual))
            _add(ratio, "normal-notes", str(piece.tuplet.normal))
            _add(ratio, "normal-type", piece.tuplet.value)
        if not drum:
            return
        _add(note, "stem", "down" if drum in FEET else "up")
        _add(note, "notehead", PLACES[drum].head, **(head or {}))
        if beams:
            for level, word in enumerate(piece.beams, start=1):
                _add(note, "beam", word, number=str(level))

    def _add_notations(self, note: Element, piece: Piece | None, accented: bool | None) -> None:
        node = Element("notations")
        if piece and piece.edge:
            bracket = {"bracket": "yes" if piece.bracket else "no"} if piece.edge == "start" else {}
            _add(node, "tuplet", type=piece.edge, number="1", **bracket)
        if accented:
            _add(_add(node, "articulations"), "accent")
        if len(node):
            note.append(node)


def _add_place(note: Element, drum: str) -> None:
    unpitched = _add(note, "unpitched")
    _add(unpitched, "display-step", PLACES[drum].step)
    _add(unpitched, "display-octave", str(PLACES[drum].octave))


def _height(drum: str) -> int:
    place = PLACES[drum]
    return 7 * place.octave + _STEPS.index(place.step)


def _add(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    child = ElementTree.SubElement(parent, name, attributes)
    child.text = text
    return child
