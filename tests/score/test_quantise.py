"""Where strokes are written: what was played, whatever the hands and the beats were off."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from playing import EIGHTHS, ROCK, play, read, sixths, thirds

from bandscribe import score
from bandscribe.synthesis.drummer.patterns import draw_pattern
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS_10, relabel

RIDE = {"RD": [0, 1, 1.5, 2, 3, 3.5], "CHH": [1, 3], "SD": [2.5]}
FILLS = {
    "eighths": {"SD": EIGHTHS},
    "sixteenths": {"SD": [i / 4 for i in range(16)]},
    "syncopated": {"KD": [0, 0.75, 1.5, 2.25, 3, 3.75], "SD": [1, 3.25]},
    "thirty-seconds": {"SD": [0, 1, *(2 + i / 8 for i in range(8)), 3]},
    "triplets": {"SD": thirds(*range(12))},
    "quarter triplets": {"SD": thirds(0, 2, 4, 6, 8, 10), "KD": [0, 2]},
    "sextuplets": {"SD": [0, 1, *sixths(*range(12, 18)), 3]},
    "half a beat in three": {"SD": [0, 1, *sixths(12, 13, 14), 2.5, 2.75, 3]},
    "the other half": {"SD": [0, 1, 2, 2.25, *sixths(15, 16, 17), 3]},
}


def same(part: Transcription, bars: list[dict[str, list[float]]]) -> None:
    expected = [{d: [Fraction(p) for p in places] for d, places in bar.items()} for bar in bars]
    found = read(score.quantise(part))
    assert [{d: sorted(p) for d, p in bar.items()} for bar in found] == expected


@pytest.mark.parametrize("bpm", [70, 120, 170])
def test_a_rock_beat(bpm: float) -> None:
    same(play([ROCK] * 8, bpm=bpm), [ROCK] * 8)


@pytest.mark.parametrize("name", FILLS)
@pytest.mark.parametrize("seed", range(3))
def test_a_fill_after_three_bars(name: str, seed: int) -> None:
    bars = [ROCK, ROCK, ROCK, FILLS[name], ROCK]
    same(play(bars, bpm=96, seed=seed), bars)


@pytest.mark.parametrize("late", [-0.02, 0.02])
def test_hands_that_are_late_throughout(late: float) -> None:
    bars = [ROCK, FILLS["sixteenths"]] * 4
    same(play(bars, late=late), bars)


@pytest.mark.parametrize("faster", [0.7, 1.4])
def test_a_tempo_that_changes_is_followed_and_marked(faster: float) -> None:
    part = play([ROCK] * 16, bpm=110, faster=faster)
    same(part, [ROCK] * 16)
    marks = [bar.bpm for bar in score.quantise(part).bars if bar.bpm]
    assert len(marks) > 2
    assert marks[0] == pytest.approx(110, rel=0.04)
    assert marks[-1] == pytest.approx(110 * faster, rel=0.06)


def test_a_steady_tempo_is_marked_once() -> None:
    assert [bar.bpm for bar in score.quantise(play([ROCK] * 8)).bars] == [112.0] + [None] * 7


@pytest.mark.parametrize("ratio", [0.6, 0.66, 0.7])
def test_swing_is_written_even(ratio: float) -> None:
    paper = score.quantise(play([RIDE] * 8, bpm=140, swing=ratio))
    assert paper.swing == pytest.approx(ratio, abs=0.021)
    assert paper.swung == 8
    even = {"RD": RIDE["RD"], "PHH": [1, 3], "SD": [2.5]}
    assert read(paper) == [{drum: even[drum] for drum in bar} for bar in read(paper)]


def test_triplets_within_swing_are_triplets() -> None:
    fill = {"SD": thirds(*range(12))}
    part = play([{**RIDE, "RD": thirds(0, 3, 5, 6, 9, 11), "SD": []}] * 6 + [fill], bpm=140)
    paper = score.quantise(part)
    assert paper.swing == pytest.approx(2 / 3, abs=0.02)
    assert read(paper)[-1] == fill


def test_sixteenths_that_swing() -> None:
    hats = [b + p for b in range(4) for p in (0, 0.31, 0.5, 0.81)]
    paper = score.quantise(play([{"KD": [0, 2.5], "SD": [1, 3], "CHH": hats}] * 8, bpm=92))
    assert (paper.swing, paper.swung) == (pytest.approx(0.62, abs=0.021), 16)
    assert [float(p) for p in read(paper)[3]["CHH"]] == [i / 4 for i in range(16)]


@pytest.mark.parametrize("seed", range(3))
def test_even_eighths_do_not_swing(seed: int) -> None:
    assert score.quantise(play([ROCK] * 8, jitter=0.012, seed=seed)).swing is None


def test_six_eighths() -> None:
    bar = {"KD": [0], "SS": [1], "CHH": thirds(*range(6))}
    fill = {"SD": [1, *sixths(7, 8)], "HT": sixths(9, 10, 11), "CHH": thirds(0, 1, 2), "KD": [0]}
    part = play([bar] * 3 + [fill], beats=2, quarters=1.5, bpm=54)
    paper = score.quantise(part)
    assert {bar.metre for bar in paper.bars} == {(6, 8)}
    same(part, [dict(sorted(b.items())) for b in (bar, bar, bar, fill)])


def test_minims_are_written_as_quarters() -> None:
    part = play(
        [{"KD": [0], "SD": [1], "CHH": [0, 0.5, 1, 1.5]}] * 4, beats=2, quarters=2.0, bpm=80
    )
    paper = score.quantise(part)
    assert {bar.metre for bar in paper.bars} == {(4, 4)}
    assert [float(p) for p in read(paper)[0]["CHH"]] == [0, 1, 2, 3]
    assert paper.bars[0].bpm == pytest.approx(160, abs=0.5)


def test_strokes_before_the_first_downbeat_are_a_pickup() -> None:
    part = play([ROCK] * 4)
    times, positions = part.beats.times, part.beats.positions
    early = dataclasses.replace(part, beats=Beats(times[2:], positions[2:]))
    cut = early.onsets > times[2] - 0.05
    early = dataclasses.replace(
        early, onsets=part.onsets[cut], labels=part.labels[cut], velocities=part.velocities[cut]
    )
    paper = score.quantise(early)
    assert [bar.beats for bar in paper.bars] == [2, 4, 4, 4]
    assert [bar.complete for bar in paper.bars] == [False, True, True, True]
    assert read(paper)[0] == {"KD": [0, Fraction(1, 2)], "SD": [1], "CHH": [0, 0.5, 1, 1.5]}


def test_a_pickup_of_rests_is_left_out() -> None:
    part = play([{}, {"SD": [3]}, ROCK, ROCK])
    times, positions = part.beats.times, part.beats.positions
    early = dataclasses.replace(part, beats=Beats(times[2:], positions[2:]))
    paper = score.quantise(early)
    assert [(bar.beats, bar.complete) for bar in paper.bars] == [(4, True)] * 3
    assert paper.bars[0].bpm == pytest.approx(112, abs=1)
    assert read(paper) == read(score.quantise(part))[1:]


def test_without_beats_the_tempo_is_that_of_the_onsets() -> None:
    part = dataclasses.replace(play([ROCK] * 8, bpm=120), beats=None)
    assert len(score.quantise(part).bars) == 8
    assert read(score.quantise(part))[0]["SD"] == [1, 3]


def test_nothing_is_an_empty_score() -> None:
    nothing = Transcription(np.empty(0), np.empty(0, np.str_), None, 3.0, DRUMS_10)
    assert score.quantise(nothing).bars == ()


def test_an_onset_before_zero_is_refused() -> None:
    part = Transcription(np.array([-1.0]), np.array(["KD"]), None, 3.0, DRUMS_10)
    with pytest.raises(ValueError, match="onsets: expected times from 0 on, got -1"):
        score.quantise(part)


def test_flams_and_drags_are_graces() -> None:
    part = play([ROCK] * 2, jitter=0.0)
    first, second = (float(t) for t in part.onsets[part.labels == "SD"][[0, 1]])
    more = sorted(
        [*zip(part.onsets.tolist(), part.labels.tolist(), part.velocities.tolist(), strict=True),
         (first - 0.025, "SD", 0.4), (second - 0.07, "SD", 0.3), (second - 0.035, "SD", 0.35)]
    )  # fmt: skip
    onsets, labels, velocities = (np.array(column) for column in zip(*more, strict=True))
    part = dataclasses.replace(part, onsets=onsets, labels=labels, velocities=velocities)
    snares = [n for bar in score.quantise(part).bars for n in bar.strokes if n.drum == "SD"]
    assert [note.graces for note in snares] == [1, 2, 0, 0]
    assert snares[0].onset == first


def test_soft_snares_are_ghosts_and_loud_ones_accents() -> None:
    bar = {"SD": [(0, 0.5), (0.25, 0.15), (1, 0.5), (2, 0.55), (3, 0.95)], "KD": [(0, 0.2)]}
    notes = [n for bar in score.quantise(play([bar] * 4)).bars for n in bar.strokes]
    assert {n.tick for n in notes if n.ghost} == {12}
    assert {n.tick for n in notes if n.accent} == {3 * score.TICKS}


def test_hats_with_the_ride_are_played_by_the_foot() -> None:
    assert set(score.quantise(play([RIDE] * 2, swing=0.66)).drums) == {"PHH", "RD", "SD"}
    assert "PHH" not in score.quantise(play([ROCK] * 2)).drums


def test_two_at_one_place_are_the_louder_and_the_open_hat() -> None:
    part = play([{"CHH": [0, 1], "OHH": [0], "KD": [0, 2]}], jitter=0.0)
    assert [n.drum for n in score.quantise(part).bars[0].strokes if n.tick == 0] == ["KD", "OHH"]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_played_is_in_bars_in_order_once(seed: int) -> None:
    played = draw_pattern(np.random.default_rng(seed), 10.0)
    part = relabel(played, ARTICULATION_TO_10, DRUMS_10)
    paper = score.quantise(part)
    for bar in paper.bars:
        places = [(note.tick, note.drum) for note in bar.strokes]
        assert places == sorted(set(places))
        assert all(0 <= tick < bar.ticks for tick, _ in places)
    ends = [bar.end for bar in paper.bars]
    assert [bar.start for bar in paper.bars[1:]] == ends[:-1]
    count = sum(len(bar.strokes) + sum(n.graces for n in bar.strokes) for bar in paper.bars)
    assert 0.9 * len(part.onsets) <= count <= len(part.onsets)
