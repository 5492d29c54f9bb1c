"""Tempo maps along beats: bar lines, as another program counts them, are the downbeats."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
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


@pytest.mark.parametrize("beats", GRIDS.values(), ids=GRIDS)
def test_bar_lines_are_downbeats(tmp_path: Path, beats: Beats) -> None:
    rng = np.random.default_rng(1)
    end = beats.times[-1] + 3
    onsets = np.concatenate([np.sort(rng.uniform(0, end, 50)), [end]])
    part = Transcription(onsets, np.array(["KD"] * 51), None, end, DRUMS_10, beats)
    midi.write(tmp_path / "a.mid", part)
    lines = bar_lines(tmp_path / "a.mid", beats.times[-1] + 0.01)
    downbeats = beats.times[beats.positions == 1]
    within = lines[lines > downbeats[0] - 0.001]
    np.testing.assert_allclose(within, downbeats, atol=1e-3)
    # Time 0 is the audio's, and the onsets are where they were.
    np.testing.assert_allclose(midi.read(tmp_path / "a.mid").onsets, onsets, atol=1e-3)


def test_the_map_by_hand() -> None:
    laid = bars.follow(grid(0.25, [4, 4, 3, 3], position=4), 960)
    assert laid is not None
    # Half a beat of rest and one of pick-up, in eighths: 3/8; then one tempo throughout.
    assert laid.metres == ((0, 3, 8), (1440, 4, 4), (1440 + 4 * 960, 3, 4))
    assert set(laid.tempi.tolist()) == {500_000}
    np.testing.assert_allclose(laid.seconds(np.array([480, 1440])), [0.25, 0.75])
    assert laid.nearest(np.array([0.0, 0.2501, 2.0])).tolist() == [0, 480, 3840]


def test_a_steady_grid_needs_few_tempi() -> None:
    loose = bars.follow(grid(0.3, [4] * 50, jitter=0.004), 960)
    assert loose is not None
    assert len(loose.ticks) <= 52  # one in a bar at most, and one before
    beats = grid(0.3, [4] * 50, wander=0.01, jitter=0.01)
    laid = bars.follow(beats, 960)
    assert laid is not None
    ticks = laid.nearest(np.array([beats.times[0]]))[0] + 960 * np.arange(200)
    assert np.abs(laid.seconds(ticks) - beats.times).max() < 0.0101


def test_missing_beats_are_counted_on() -> None:
    whole = grid(0.3, [4] * 12)
    kept = np.r_[0:10, 31:48]
    laid = bars.follow(Beats(whole.times[kept], whole.positions[kept]), 960)
    assert laid is not None
    assert laid.metres[1:] == ((laid.metres[1][0], 4, 4),)
    first = laid.nearest(whole.times[:1])[0]
    np.testing.assert_allclose(laid.seconds(first + 960 * np.arange(48)), whole.times, atol=1e-3)


@pytest.mark.parametrize("times", [[], [1.0], [1.0, 1.0], [0.0, 10.0], [0.0, 0.01, 0.02]])
def test_what_is_no_grid(times: list[float]) -> None:
    assert bars.follow(Beats(np.array(times), np.ones(len(times), np.int64)), 960) is None


def test_a_grid_without_a_downbeat() -> None:
    laid = bars.follow(Beats(np.array([1.0, 1.5]), np.array([2, 3])), 960)
    assert laid is not None
    assert laid.metres == ((0, 1, 4), (960, 3, 4))  # at 0.5 s; the next downbeat at 2 s
