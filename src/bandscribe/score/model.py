"""The drum score: strokes in bars."""

from __future__ import annotations

from dataclasses import dataclass

from bandscribe.vocabulary import signature

#: Ticks per quarter note: 32nd notes are 6, eighth triplets 16, sixteenth triplets 8.
TICKS = 48
#: The pedal of the hi-hat, which no transcriber distinguishes from its stick; a score may.
PEDAL = "PHH"
#: What the feet play, which is written in the lower voice.
FEET = ("KD", PEDAL)


@dataclass(frozen=True)
class Stroke:
    """A note on paper: `tick` in its bar, the drum class or `PEDAL`, and how it is played.

    `onset` is where it was played, in seconds; `velocity` in [0, 1] or None. `graces` are the
    strokes of a flam (1) or a drag (2) before it.
    """

    tick: int
    drum: str
    onset: float
    velocity: float | None = None
    ghost: bool = False
    accent: bool = False
    graces: int = 0


@dataclass(frozen=True)
class Bar:
    """`beats` beats of `quarters` quarter notes each, from `start` to `end` seconds.

    `bpm` is the tempo in beats per minute where it changes, None elsewhere. A bar that is not
    `complete` is a pickup.
    """

    beats: int
    quarters: float
    start: float
    end: float
    strokes: tuple[Stroke, ...]
    bpm: float | None = None
    complete: bool = True

    @property
    def beat_ticks(self) -> int:
        """Ticks of a beat."""
        return round(self.quarters * TICKS)

    @property
    def ticks(self) -> int:
        """Ticks of the bar."""
        return self.beats * self.beat_ticks

    @property
    def metre(self) -> tuple[int, int]:
        """The numbers of the time signature."""
        return signature(self.beats, self.quarters)

    @property
    def content(self) -> tuple[tuple[int, str, bool, int], ...]:
        """What is alike in two bars that are played alike: all but the dynamics, ghosts apart."""
        return tuple((note.tick, note.drum, note.ghost, note.graces) for note in self.strokes)


@dataclass(frozen=True)
class Score:
    """Bars, one after another. `swing` is the ratio in which pairs of notes are played, or None.

    Of a swung score the eighths (`swung` 8) or the sixteenths (16) are written even.
    """

    bars: tuple[Bar, ...]
    title: str = ""
    swing: float | None = None
    swung: int = 8
    artist: str = ""

    @property
    def drums(self) -> tuple[str, ...]:
        """The drum classes that are played, sorted by name."""
        return tuple(sorted({note.drum for bar in self.bars for note in bar.strokes}))
