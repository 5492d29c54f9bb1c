"""Tempo maps along beats: bar lines, as another program counts them, are the downbeats."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bandscribe.formats import bars, midi
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import DRUMS_10


def grid(
    first: float, metres: list[int], position: int = 1, wander: float = 0.0, jitter: float = 0.0
) -> Beats:
    """Bars of so many beats at about 120 bpm, the first one entered at `position`."""
    rng = np.random.default_rng(len(metres))
    positions = np.concatenate([np.arange(1, n + 1) for n in metres])[position - 1 :]
    lengths = 0.5 * np.exp(np.cumsum(rng.normal(0, wander, len(positions) - 1)))
    times = first + np.concatenate([[0.0], np.cumsum(lengths)])
    return Beats(times + rng.uniform(-jitter, jitter, len(times)), positions)


def bar_lines(path: Path, until: float) -> NDArray[np.float64]:
    """Times of the bar lines before `until` seconds, by the file's own tempi and signatures."""
    song = mido.MidiFile(path)
    tick, now, tempo, bar, per_beat = 0, 0.0, 500_000, 1, song.ticks_per_beat
    lines, next_line = [], 0
    end = sum(message.time for message in song.tracks[0])
    events: dict[int, list[mido.MetaMessage]] = {}
    at = 0
    for message in song.tracks[0]:
        at += message.time
        events.setdefault(at, []).append(message)
    while tick <= end and now < until:
        for message in events.get(tick, []):
            if message.type == "set_tempo":
                tempo = message.tempo
            if message.type == "time_signature":
                assert tick == next_line, "a signature within a bar"
                bar = 4 * per_beat * message.numerator // message.denominator
        if tick == next_line:
            lines.append(now)
            next_line += bar
        tick, now = tick + 1, now + tempo / (1e6 * per_beat)
    return np.array(lines)


GRIDS = {
    "steady": grid(0.3, [4] * 6),
    "from the start": grid(0.0, [4] * 6),
    "almost from the start": grid(0.004, [4] * 6),
    "a pick-up": grid(0.7, [4] * 5, position=3),
    "a rest before": grid(7.85, [4] * 5, position=2),
    "a waltz that wanders": grid(1.2, [3] * 8, wander=0.02, jitter=0.015),
    "other metres": grid(0.2, [4, 4, 3, 5, 5, 4, 2, 7, 4], jitter=0.01),
}


@pytest.mark.parametrize("name", GRIDS)
def test_bar_lines_are_downbeats(tmp_path: Path, name: str) -> None:
    beats = GRIDS[name]
    rng = np.random.default_rng(1)
    end = beats.times[-1] + 3
    onsets = np.concatenate([np.sort(rng.uniform(0, end, 50)), [end]])
    part = Transcription(onsets, np.array(["KD"] * 51), None, end, DRUMS_10, beats)
    midi.write(tmp_path / "a.mid", part)
    lines = bar_lines(tmp_path / "a.mid", beats.times[-1] + 0.01)
    downbeats = beats.times[beats.positions == 1]
    if downbeats[0] < 0.25:  # left between the lines
        downbeats = downbeats[1:]
    within = lines[lines > downbeats[0] - 0.05]
    loose = name in ("a waltz that wanders", "other metres")
    np.testing.assert_allclose(within, downbeats, atol=0.04 if loose else 1e-3)
    # Time 0 is the audio's, and the onsets are where they were.
    np.testing.assert_allclose(midi.read(tmp_path / "a.mid").onsets, onsets, atol=1e-3)


def steady(first: float, bpm: float, beats: int = 240, per_bar: int = 4) -> Beats:
    times = first + 60 / bpm * np.arange(beats)
    return Beats(times, np.arange(beats) % per_bar + 1)


def uneven(beats: Beats, spread: float) -> Beats:
    moved = beats.times + np.random.default_rng(2).normal(0, spread, len(beats.times))
    return Beats(np.maximum(moved, 0.0), beats.positions, beats.quarters)


@pytest.mark.parametrize("bpm", [60, 91.7, 124, 174])
@pytest.mark.parametrize("first", [0.0, 0.004, 0.1, 0.26, 0.4, 0.75, 7.85, 61.3])
@pytest.mark.parametrize("spread", [0.0, 0.006])
def test_beats_of_a_steady_song_are_whole_quarters(bpm: float, first: float, spread: float) -> None:
    song = steady(first, bpm)
    laid = bars.follow(uneven(song, spread), 960)
    assert laid is not None
    # One tempo, and one of what comes before it, which nobody would call absurd.
    assert len(laid.tempi) <= 2
    assert 60e6 / laid.tempi[-1] == pytest.approx(bpm, rel=2e-4)
    assert 0.66 * bpm < 60e6 / laid.tempi[0] < max(240, 1.5 * bpm)
    # The bars that begin with it are whole beats.
    assert {denominator for _, _, denominator in laid.metres} == {4}
    # Every beat is a quarter of the file, but for a first one that comes too soon.
    on_grid = song.times[int(0 < first < 0.25) :]
    first_tick = 960 * round(int(laid.nearest(on_grid[:1])[0]) / 960)
    ticks = first_tick + 960 * np.arange(len(on_grid))
    np.testing.assert_allclose(laid.seconds(ticks), on_grid, atol=1e-3 if not spread else 3e-3)


@given(
    first=st.floats(0, 20),
    bpm=st.floats(55, 215),
    position=st.integers(1, 4),
    per_bar=st.sampled_from([2, 3, 4, 5, 7]),
    quarters=st.sampled_from([0.5, 1.0, 1.5]),
)
@settings(max_examples=60)
def test_whatever_comes_before_is_whole_beats(
    first: float, bpm: float, position: int, per_bar: int, quarters: float
) -> None:
    assume(bpm * quarters > 32)  # slower quarters are none
    times = first + 60 / bpm * np.arange(50)
    positions = (np.arange(50) + position - 1) % per_bar + 1
    laid = bars.follow(Beats(times, positions, quarters), 960)
    assert laid is not None
    unit = round(960 * quarters)
    assert not np.any(laid.ticks % unit)
    assert np.all(laid.tempi >= 60e6 / max(240, 1.5 * bpm * quarters) - 1)
    start, bar = 0, 0
    for tick, numerator, denominator in laid.metres:
        assert (tick - start) % bar == 0 if bar else tick == 0
        start, bar = tick, 3840 * numerator // denominator
    second = np.flatnonzero(positions[1:] == 1)[0] + 1
    tick = laid.nearest(times[second : second + 1])
    line = start + bar * np.rint((tick - start) / bar).astype(np.int64)
    np.testing.assert_allclose(laid.seconds(line), times[second], atol=1.1e-3)


def test_a_tempo_that_is_nearly_whole_is_whole() -> None:
    for bpm, written in ((124.001, 124.0), (123.999, 124.0), (124.4, 124.4)):
        laid = bars.follow(uneven(steady(0.4, bpm), 0.005), 960)
        assert laid is not None
        assert 60e6 / laid.tempi[-1] == pytest.approx(written, abs=0.01 if bpm == 124.4 else 2e-4)


def test_the_map_by_hand() -> None:
    laid = bars.follow(grid(0.3, [4, 4, 3, 3], position=4), 960)
    assert laid is not None
    # A beat of 0.3 s and a pick-up of one: 2/4; then one tempo throughout.
    assert laid.metres == ((0, 2, 4), (1920, 4, 4), (1920 + 4 * 960, 3, 4))
    assert laid.ticks.tolist() == [0, 960]
    assert laid.tempi.tolist() == [300_000, 500_000]
    np.testing.assert_allclose(laid.seconds(np.array([480, 960, 1920])), [0.15, 0.3, 0.8])
    assert laid.nearest(np.array([0.0, 0.3001, 2.3])).tolist() == [0, 960, 4800]


def test_a_first_beat_that_comes_too_soon() -> None:
    laid = bars.follow(steady(0.1, 120, 8), 960)
    assert laid is not None
    assert (laid.ticks.tolist(), laid.tempi.tolist()) == ([0, 960], [600_000, 500_000])
    assert laid.metres == ((0, 4, 4),)
    assert laid.nearest(np.array([0.1, 0.6, 1.1])).tolist() == [160, 960, 1920]


@pytest.mark.parametrize(
    ("per_bar", "quarters", "metre"), [(2, 1.5, (6, 8)), (4, 1.5, (12, 8)), (7, 0.5, (7, 8))]
)
def test_beats_that_are_no_quarters(per_bar: int, quarters: float, metre: tuple[int, int]) -> None:
    plain = steady(0.0, 90, per_bar=per_bar)
    laid = bars.follow(Beats(plain.times, plain.positions, quarters), 960)
    assert laid is not None
    assert laid.metres == ((0, *metre),)
    ticks = round(960 * quarters) * np.arange(240)
    np.testing.assert_allclose(laid.seconds(ticks), plain.times, atol=1e-3)


def test_a_tempo_that_wanders_is_followed() -> None:
    beats = grid(0.3, [4] * 50, wander=0.01, jitter=0.01)
    laid = bars.follow(beats, 960)
    assert laid is not None
    ticks = laid.nearest(beats.times[:1])[0] + 960 * np.arange(200)
    apart = laid.seconds(ticks) - beats.times
    assert np.abs(np.median(apart.reshape(-1, 5), axis=1)).max() < 0.035
    assert len(laid.ticks) < 25


def test_a_change_of_tempo_is_one_event() -> None:
    slow = steady(0.3, 96, 64)
    times = np.concatenate([slow.times, slow.times[-1] + 60 / 104 * np.arange(1, 65)])
    laid = bars.follow(uneven(Beats(times, np.arange(128) % 4 + 1), 0.004), 960)
    assert laid is not None
    tempi = 60e6 / laid.tempi[1:]
    np.testing.assert_allclose(tempi[[0, -1]], [96, 104], atol=0.3)
    assert len(tempi) <= 3


def test_single_beats_beside_the_line_change_no_tempo() -> None:
    song = steady(0.3, 110, 120)
    song.times[[20, 55, 56, 90]] += [0.05, -0.04, -0.04, 0.06]
    laid = bars.follow(song, 960)
    assert laid is not None
    assert len(laid.tempi) == 2


def test_missing_beats_are_counted_on() -> None:
    whole = grid(0.3, [4] * 12)
    kept = np.r_[0:10, 31:48]
    laid = bars.follow(Beats(whole.times[kept], whole.positions[kept]), 960)
    assert laid is not None
    assert laid.metres == ((0, 1, 4), (960, 4, 4))
    np.testing.assert_allclose(laid.seconds(960 * np.arange(1, 49)), whole.times, atol=1e-3)


@pytest.mark.parametrize("times", [[], [1.0], [1.0, 1.0], [0.0, 10.0], [0.0, 0.01, 0.02]])
def test_what_is_no_grid(times: list[float]) -> None:
    beats = Beats(np.array(times), np.ones(len(times), np.int64))
    assert bars.follow(beats, 960) is None
    assert bars.describe(beats) is None
    assert bars.tempo(beats) is None


def test_a_grid_without_a_downbeat() -> None:
    laid = bars.follow(Beats(np.array([1.0, 1.5]), np.array([2, 3])), 960)
    assert laid is not None
    assert laid.metres == ((0, 1, 4), (960, 3, 4))  # at 0.5 s; the next downbeat at 2 s


def test_in_words() -> None:
    assert bars.describe(uneven(steady(0.3, 124), 0.005)) == "124 bpm, 4/4"
    assert bars.describe(steady(0.3, 97.4, per_bar=3)) == "97.4 bpm, 3/4"
    six = steady(0.3, 60, per_bar=2)
    assert bars.describe(Beats(six.times, six.positions, 1.5)) == "60 bpm, 6/8"
    slower = Beats(0.3 + np.cumsum(np.linspace(0.5, 0.6, 120)), six.positions[:120])
    words = bars.describe(slower)
    assert words is not None
    low, high = words.removesuffix(" bpm, 2/4").split(" to ")
    assert 99 <= int(low) <= 103 and 117 <= int(high) <= 121
    assert bars.tempo(slower) == pytest.approx(60 / 0.55, abs=1)


def test_the_tempo_is_that_of_the_line_and_not_of_the_median_beat() -> None:
    """Most beats of a loop a little short, and each fourth one long, as frames round them."""
    loop = steady(0.3, 100, beats=16)
    beats = Beats(loop.times - 0.0025 * (np.arange(16) % 4), loop.positions)
    assert 60 / np.median(np.diff(beats.times)) == pytest.approx(100.42, abs=0.01)
    assert bars.tempo(beats) == 100


def test_changes_of_tempo_are_120_bpm_until_the_first_and_the_last_at_a_tick_counts() -> None:
    tempi = bars.TempoMap.of([(480, 1_000_000), (480, 250_000)], 480)
    assert tempi.seconds(np.array([-480.0, 0.0, 480.0, 960.0])).tolist() == [-0.5, 0.0, 0.5, 0.75]
    tempi = bars.TempoMap.of([(0, 250_000)], 480)
    assert tempi.seconds(np.array([-480.0, 480.0])).tolist() == [-0.5, 0.25]
