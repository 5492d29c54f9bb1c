"""Drum notation: from notes and beats to bars, MusicXML, SVG and PDF.

    part = bandscribe.transcribe("song.mp3")
    paper = score.quantise(part, title="Song")     bars, positions, ghost notes, flams
    xml = score.to_musicxml(paper)                 MusicXML 4.0
    picture = score.to_svg(paper)                  engraved; needs the extra `score`
    steady = score.snap(part, 16)                  notes at one tempo, on sixteenths

`quantise` assigns each stroke to a position, `voices` determines the lengths of notes and rests,
`musicxml` and `engraving` write the result. Which strokes there are is decided before, in
`bandscribe.drums` and `bandscribe.beats`.
"""

from __future__ import annotations

from bandscribe.score.engraving import to_pdf, to_svg
from bandscribe.score.fixed import GRIDS, snap
from bandscribe.score.model import TICKS, Bar, Score, Stroke
from bandscribe.score.musicxml import to_musicxml
from bandscribe.score.quantise import quantise

__all__ = [
    "GRIDS",
    "TICKS",
    "Bar",
    "Score",
    "Stroke",
    "quantise",
    "snap",
    "to_musicxml",
    "to_pdf",
    "to_svg",
]
