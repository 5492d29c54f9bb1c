"""What is written is MusicXML 4.0, and other programs find in it what was quantised."""

from __future__ import annotations

import dataclasses
import warnings
from fractions import Fraction
from xml.etree import ElementTree

import numpy as np
import pytest
import schema
from playing import EIGHTHS, ROCK, play, sixths, thirds

from bandscribe import score
from bandscribe.score import Score, voices
from bandscribe.score.musicxml import PLACES, key_to_musicxml
from bandscribe.synthesis.drummer.patterns import draw_pattern
from bandscribe.synthesis.drummer.performance import humanise
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS_10, reduce, relabel


def perform(seed: int, seconds: float = 10.0) -> Transcription:
    """Drums of one of many styles and metres, as somebody plays them."""
    rng = np.random.default_rng(seed)
    played = humanise(draw_pattern(rng, seconds), rng)
    part = relabel(played, ARTICULATION_TO_10, DRUMS_10)
    beats = part.beats
    assert beats is not None
    # Two dotted beats to the bar, or four, are 6/8 and 12/8 in some.
    quarters = 1.5 if seed % 5 == 0 else 1.0
    return relabel(
        Transcription(
            part.onsets, part.labels, part.velocities, part.duration, part.classes,
            Beats(beats.times, beats.positions, quarters),
        ),
        {name: name for name in DRUMS_10}, DRUMS_10,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(100))
def test_performances_are_valid(seed: int) -> None:
    paper = score.quantise(perform(seed), title=f"Song {seed} <&>", artist="A & B")
    schema.check(score.to_musicxml(paper, simile=seed % 2 == 0))


@pytest.mark.parametrize("seed", range(40))
def test_notes_and_beats_at_random_are_valid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, beats = (int(n) for n in rng.integers(0, 80, 2))
    times = np.sort(rng.uniform(0, 20, beats))
    if seed % 2:
        times = rng.uniform(0, 2) + np.arange(beats) * rng.uniform(0.14, 2.2)
    quarters = float(rng.choice([0.25, 0.5, 0.75, 1.0, 1.5, 2.0]))
    part = Transcription(
        np.sort(rng.uniform(0, 20, count)), rng.choice(DRUMS_10, count), rng.uniform(0, 1, count),
        20.0, DRUMS_10, Beats(times, rng.integers(1, 9, beats), quarters),
    )  # fmt: skip
    schema.check(score.to_musicxml(score.quantise(part), simile=seed % 3 == 0))
    assert np.all(np.diff(score.snap(part, 16).onsets) >= 0)


def test_odd_scores_are_valid() -> None:
    gap = play([ROCK, {"KD": [0]}, {}, {}, {}, {"CR": [0]}])
    for paper in (
        Score(()),
        score.quantise(gap),
        score.quantise(reduce(play([ROCK] * 2), 3)),
        score.quantise(reduce(play([ROCK] * 2), 5)),
        score.quantise(play([{"SD": EIGHTHS}] * 2, beats=7, quarters=0.5, bpm=220)),
        score.quantise(play([ROCK] * 4, swing=0.66)),
    ):
        schema.check(score.to_musicxml(paper))
    schema.check(key_to_musicxml(score.quantise(gap)))


def test_the_schema_refuses_what_is_wrong() -> None:
    text = score.to_musicxml(score.quantise(play([ROCK] * 2)))
    with pytest.raises(AssertionError, match="voice"):
        schema.check(text.replace("<voice>1</voice>", "", 1).replace("<type>", "<voice/><type>", 1)
                     .replace("</stem>", "</stem><voice>1</voice>", 1))  # fmt: skip


@pytest.mark.parametrize("seed", range(0, 100, 10))
def test_music21_finds_every_stroke_in_its_place(seed: int) -> None:
    import music21

    paper = score.quantise(perform(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parsed = music21.converter.parseData(score.to_musicxml(paper), format="musicxml")
    measures = list(parsed.parts[0].getElementsByClass("Measure"))
    assert len(measures) == len(paper.bars)
    for bar, measure in zip(paper.bars, measures, strict=True):
        found = []
        for element in measure.recurse().notes:
            if element.duration.isGrace:
                continue
            place = element.getOffsetInHierarchy(measure)
            chord = getattr(element, "notes", [element])
            found += [(Fraction(place), note.displayName) for note in chord]
        expected = [
            (
                Fraction(note.tick, score.TICKS),
                f"{PLACES[note.drum].step}{PLACES[note.drum].octave}",
            )
            for note in bar.strokes
        ]
        assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("seed", range(0, 100, 10))
def test_verovio_reads_it_without_a_word(seed: int) -> None:
    verovio = pytest.importorskip("verovio", reason="needs the extra score")
    paper = score.quantise(perform(seed))
    verovio.enableLog(verovio.LOG_WARNING)
    toolkit = verovio.toolkit()
    assert toolkit.loadData(score.to_musicxml(paper))
    assert toolkit.getLog() == ""


def notes(text: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(text).iter("note"))


def test_heads_and_places() -> None:
    bar = {"KD": [0], "SD": [1], "SS": [2], "CHH": [0, 1], "OHH": [2], "CR": [3], "RD": [3.5]}
    written = {
        (node.findtext("unpitched/display-step"), node.findtext("unpitched/display-octave"),
         node.findtext("notehead"), node.findtext("stem"))
        for node in notes(score.to_musicxml(score.quantise(play([bar] * 2))))
        if node.find("rest") is None
    }  # fmt: skip
    assert written == {
        ("F", "4", "normal", "down"), ("C", "5", "normal", "up"), ("C", "5", "x", "up"),
        ("G", "5", "x", "up"), ("G", "5", "circle-x", "up"), ("A", "5", "x", "up"),
        ("F", "5", "x", "up"),
    }  # fmt: skip


def test_ghosts_accents_flams_swing_and_tempo() -> None:
    bar = {"SD": [(0, 0.5), (0.5, 0.12), (1, 0.5), (2, 0.5), (3, 0.95)], "RD": EIGHTHS}
    text = score.to_musicxml(score.quantise(play([bar] * 8, swing=0.66)))
    assert '<notehead parentheses="yes">normal</notehead>' in text
    assert text.count("<accent />") == 8
    assert "<words>Swing</words>" in text
    assert "<first>66</first>" in text
    assert text.count("<per-minute>112</per-minute>") == 1


def test_repeated_bars_are_signs_on_request() -> None:
    paper = score.quantise(play([ROCK] * 3 + [{"SD": EIGHTHS}, ROCK], jitter=0.0))
    assert "measure-repeat" not in score.to_musicxml(paper)
    tree = ElementTree.fromstring(score.to_musicxml(paper, simile=True))
    signs = [
        [sign.get("type") for sign in bar.iter("measure-repeat")] for bar in tree.iter("measure")
    ]
    assert signs == [[], ["start"], [], ["stop"], []]


def test_bars_of_rest_are_counted() -> None:
    tree = ElementTree.fromstring(
        score.to_musicxml(score.quantise(play([ROCK, {}, {}, {}, ROCK, {}, ROCK])))
    )
    counts = [bar.findtext(".//multiple-rest") for bar in tree.iter("measure")]
    assert counts == [None, "3", None, None, None, None, None]


def test_a_change_of_metre() -> None:
    part = play([ROCK] * 4)
    beats = part.beats
    assert beats is not None
    positions = np.array([1, 2, 3, 4, 1, 2, 3, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2])
    part = Transcription(
        part.onsets, part.labels, part.velocities, part.duration, part.classes,
        Beats(beats.times, positions),
    )  # fmt: skip
    tree = ElementTree.fromstring(score.to_musicxml(score.quantise(part)))
    assert [bar.findtext(".//beats") for bar in tree.iter("measure")] == ["4", "3", "4", None, None]


@pytest.mark.parametrize("seed", range(40))
def test_voices_fill_their_bars(seed: int) -> None:
    for bar in score.quantise(perform(seed)).bars:
        for strokes in voices.split(bar):
            pieces = voices.write(bar, strokes)
            assert pieces[0].start == 0
            ends = [piece.start + piece.ticks for piece in pieces]
            assert [piece.start for piece in pieces[1:]] + [bar.ticks] == ends
            assert [n for piece in pieces for n in piece.strokes] == strokes
            levels = [piece.beams[0] for piece in pieces if piece.beams]
            assert levels.count("begin") == levels.count("end")


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([0, 0.5], "e e"),
        ([0, 0.75], "e. s"),
        ([0.5], "re e"),
        ([0.25, 0.5], "rs s e"),
        ([0, 0.25, 0.75], "s e s"),
        (thirds(0, 1, 2), "e/3 e/3 e/3"),
        (thirds(0, 2), "q/3 e/3"),
        (thirds(1), "re/3 q/3"),
        (sixths(0, 1, 2, 3, 4, 5), "s/3 s/3 s/3 s/3 s/3 s/3"),
        ([*sixths(0, 1, 2), 0.5, 0.75], "s/3 s/3 s/3 s s"),
        (sixths(0, 1, 2, 4), "s/6 s/6 e/6 e/6"),
        ([i / 8 for i in range(8)], "t t t t t t t t"),
    ],
)
def test_values_of_a_beat(places: list[float], expected: str) -> None:
    strokes = tuple(score.Stroke(round(48 * place), "SD", 0.0) for place in places)
    pieces = voices.write(score.Bar(1, 1.0, 0.0, 0.5, strokes), strokes)
    short = {"quarter": "q", "eighth": "e", "16th": "s", "32nd": "t"}
    words = [
        ("" if piece.strokes else "r") + short[piece.value] + "." * piece.dots
        + (f"/{piece.tuplet.actual}" if piece.tuplet else "")
        for piece in pieces
    ]  # fmt: skip
    assert " ".join(words) == expected


def test_a_pickup_stands_in_the_metre_of_what_follows() -> None:
    part = play([ROCK] * 3)
    beats = part.beats
    assert beats is not None
    positions = np.array([3, 4, *([1, 2, 3, 4] * 3)])[: len(beats.times)]
    part = dataclasses.replace(part, beats=Beats(beats.times, positions))
    tree = ElementTree.fromstring(score.to_musicxml(score.quantise(part)))
    bars = list(tree.iter("measure"))
    assert [bar.get("number") for bar in bars] == ["0", "1", "2", "3"]
    assert [bar.findtext(".//beats") for bar in bars] == ["4", None, None, None]
