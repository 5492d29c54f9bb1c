"""Bars of plain drum patterns, from activations as networks give them: in doubt, and noisy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from bandscribe.beats import track
from bandscribe.types import Activations, Beats
from bandscribe.vocabulary import DRUMS_10, parse_metre, signature

RATE = 100
START = 0.33

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Groove:
    """One bar: how probable a beat and a downbeat are on each beat, and when drums are struck."""

    beat: Sequence[float]
    downbeat: Sequence[float]
    drums: Mapping[str, Sequence[float]]
    level: Mapping[str, float] = field(default_factory=dict)

    @property
    def beats(self) -> int:
        return len(self.beat)


EIGHTHS = tuple(np.arange(0, 4, 0.5))
OFF = (0.5, 1.5, 2.5, 3.5)
TRIPLETS = tuple(np.arange(6) / 3)

#: In each a network is in doubt where it was seen to be.
GROOVES = {
    "rock": Groove(
        [0.7] * 4, [0.5, 0.02, 0.5, 0.02], {"KD": (0, 2), "SD": (1, 3), "CHH": EIGHTHS}
    ),
    "rock, all alike": Groove(
        [0.7] * 4, [0.25] * 4, {"KD": (0, 2), "SD": (1, 3), "CHH": EIGHTHS}
    ),
    "ride": Groove(
        [0.6] * 4, [0.2, 0.2, 0.17, 0.17], {"KD": (0, 0.5, 2), "SD": (1, 3), "RD": EIGHTHS}
    ),
    "half time": Groove(
        [0.6, 0.35, 0.8, 0.4], [0.27, 0.03, 0.11, 0.04],
        {"KD": (0, 1.5), "SD": (2,), "CHH": EIGHTHS},
    ),
    "four on the floor": Groove([0.75] * 4, [0.23] * 4, {"KD": (0, 1, 2, 3), "OHH": OFF}),
    "house": Groove(
        [0.6] * 4, [0.24] * 4, {"KD": (0, 1, 2, 3), "SD": (1, 3), "OHH": OFF}, {"SD": 0.15}
    ),
    "house, snares taken for downbeats": Groove(
        [0.5, 0.8, 0.5, 0.8], [0.13, 0.21, 0.12, 0.21],
        {"KD": (0, 1, 2, 3), "SD": (1, 3), "OHH": OFF},
    ),
    "blast": Groove([0.35] * 4, [0.16] * 4, {"KD": EIGHTHS, "SD": np.add(EIGHTHS, 0.25)}),
    "shuffle": Groove(
        [0.6] * 4, [0.2, 0.02, 0.2, 0.02],
        {"KD": (0, 2), "SD": (1, 3), "CHH": [b + o for b in range(4) for o in (0, 2 / 3)]},
    ),
    "waltz": Groove([0.6] * 3, [0.4, 0.03, 0.03], {"KD": (0,), "SD": (1, 2)}),
    "waltz, faint": Groove([0.3, 0.5, 0.4], [0.12, 0.04, 0.03], {"KD": (0,), "SD": (2,)}),
    "five": Groove(
        [0.6] * 5, [0.4, 0.02, 0.02, 0.1, 0.02], {"KD": (0, 1.5, 3), "SD": (1, 4)}
    ),
    "six eighths": Groove(
        [0.6, 0.6], [0.5, 0.02], {"KD": (0,), "SD": (1,), "CHH": TRIPLETS}
    ),
}  # fmt: skip


def bump(curve: Array, times: Array, height: Array) -> None:
    """Peaks of a network: `height` at a time, half of it a frame away."""
    for position, top in zip(times * RATE, height, strict=True):
        near = np.arange(int(position) - 2, int(position) + 4)
        near = near[(near >= 0) & (near < len(curve))]
        curve[near] = np.maximum(curve[near], top * 0.5 ** (near - position) ** 2)


def play(
    groove: Groove, bpm: float, *, seconds: float = 30, crash: bool = False, scale: float = 1.0
) -> tuple[Activations, Activations, Beats]:
    """Activations of beats and of drums, and the beats that are meant."""
    rng = np.random.default_rng(7)
    beat = 60 / bpm
    bars = int((seconds - START - beat) / (beat * groove.beats))
    times = START + beat * np.arange(bars * groove.beats)
    positions = np.arange(len(times)) % groove.beats + 1
    values = rng.uniform(0, 0.02, (round(seconds * RATE), 2))
    for column, heights in enumerate((groove.beat, groove.downbeat)):
        loose = np.tile(heights, bars) * rng.uniform(0.75, 1.25, len(times))
        bump(values[:, column], times, np.minimum(loose * scale, 1))
    drums = rng.uniform(0, 0.01, (len(values), len(DRUMS_10)))
    struck = {**groove.drums, **({"CR": (0.0,)} if crash else {})}
    for name, places in struck.items():
        every = 4 if name == "CR" else 1  # a crash on every fourth bar
        firsts = START + beat * groove.beats * np.arange(0, bars, every)
        at = (firsts[:, None] + beat * np.asarray(places)).ravel()
        top = rng.uniform(0.8, 1.0, len(at)) * groove.level.get(name, 1.0)
        bump(drums[:, DRUMS_10.index(name)], at, top)
    return (
        Activations(values.astype(np.float32), RATE, 0.0, ("beat", "downbeat")),
        Activations(drums.astype(np.float32), RATE, 0.0, DRUMS_10),
        Beats(times, positions),
    )


def assert_bars(found: Beats, meant: Beats, quarters: float = 1.0) -> None:
    np.testing.assert_allclose(found.times, meant.times, atol=0.01)
    np.testing.assert_array_equal(found.positions, meant.positions)
    assert found.quarters == quarters


@pytest.mark.parametrize("bpm", [60, 90, 120, 174])
@pytest.mark.parametrize("name", ["rock", "rock, all alike"])
def test_rock(name: str, bpm: float) -> None:
    *activations, meant = play(GROOVES[name], bpm)
    assert_bars(track(*activations), meant)


@pytest.mark.parametrize("bpm", [90, 110, 128, 140])
@pytest.mark.parametrize(
    "name",
    ["four on the floor", "house", "house, snares taken for downbeats", "blast", "ride", "shuffle"],
)
def test_what_is_alike_on_every_beat_is_in_four(name: str, bpm: float) -> None:
    *activations, meant = play(GROOVES[name], bpm)
    assert_bars(track(*activations), meant)


@pytest.mark.parametrize("bpm", [110, 150])
def test_half_time(bpm: float) -> None:
    *activations, meant = play(GROOVES["half time"], bpm)
    assert_bars(track(*activations), meant)


@pytest.mark.parametrize(("name", "bpm"), [("waltz", 90), ("waltz", 180), ("waltz, faint", 120)])
def test_waltz(name: str, bpm: float) -> None:
    *activations, meant = play(GROOVES[name], bpm)
    assert_bars(track(*activations), meant)


@pytest.mark.parametrize("bpm", [110, 150])
def test_five(bpm: float) -> None:
    *activations, meant = play(GROOVES["five"], bpm)
    assert_bars(track(*activations), meant)


@pytest.mark.parametrize("bpm", [56, 65, 75])
def test_six_eighths_are_two_dotted_beats(bpm: float) -> None:
    *activations, meant = play(GROOVES["six eighths"], bpm)
    assert_bars(track(*activations), meant, quarters=1.5)


def test_six_eighths_that_are_tapped_in_eighths() -> None:
    tapped = Groove(
        [0.6] * 6, [0.45, 0.02, 0.02, 0.05, 0.02, 0.02], {"KD": (0,), "SD": (3,), "CHH": range(6)}
    )
    *activations, meant = play(tapped, 150)
    dotted = Beats(meant.times[::3], meant.positions[::3] // 3 + 1)
    assert_bars(track(*activations), dotted, quarters=1.5)


def test_a_slow_shuffle_is_not_six_eighths() -> None:
    *activations, meant = play(GROOVES["shuffle"], 70)
    assert_bars(track(*activations), meant)


@pytest.mark.parametrize("scale", [0.3, 0.6])
@pytest.mark.parametrize("name", ["rock", "four on the floor", "house", "waltz"])
def test_the_level_of_the_activations_decides_nothing(name: str, scale: float) -> None:
    *activations, meant = play(GROOVES[name], 120, scale=scale)
    assert_bars(track(*activations), meant)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_bar_lines_are_where_crashes_are(cut: int) -> None:
    beats, drums, meant = play(GROOVES["rock, all alike"], 120, crash=True)
    begin = round((meant.times[cut] - 0.1) * RATE)
    late = [Activations(a.values[begin:], RATE, begin / RATE, a.classes) for a in (beats, drums)]
    assert_bars(track(*late), Beats(meant.times[cut:], meant.positions[cut:]))


@pytest.mark.parametrize("bpm", [100, 128])
def test_hats_between_the_kicks_are_not_the_beat(bpm: float) -> None:
    groove = GROOVES["four on the floor"]
    _, drums, meant = play(groove, bpm)
    # A network that taps half a beat late.
    late, _, _ = play(groove, bpm)
    shift = round(30 / bpm * RATE)
    values = np.roll(late.values, shift, axis=0)
    found = track(Activations(values, RATE, 0.0, late.classes), drums)
    np.testing.assert_allclose(found.times, meant.times[1:], atol=0.015)


def test_every_other_beat_of_house_is_half_the_tempo() -> None:
    slow = Groove([0.8] * 2, [0.2] * 2, {"KD": (0, 0.5, 1, 1.5), "SD": (0, 1)})
    beats, drums, meant = play(slow, 62)
    found = track(beats, drums)
    np.testing.assert_allclose(found.times[::2], meant.times, atol=0.01)
    assert np.median(np.diff(found.times)) == pytest.approx(30 / 62, abs=0.003)
    assert len(track(beats, drums, tempo=(55, 80)).times) == len(meant.times)


@pytest.mark.parametrize(
    ("metre", "bpm", "per_bar", "quarters", "every"),
    [
        ("3/4", 120, 3, 1.0, 1),
        ("2/4", 120, 2, 1.0, 1),
        ("2/2", 120, 2, 2.0, 1),
        ("6/4", 120, 6, 1.0, 1),
        ("7/8", 200, 7, 0.5, 1),
        ("12/8", 60, 4, 1.5, 1),
        ("12/8", 180, 4, 1.5, 3),
    ],
)
def test_a_metre_that_is_asked_for(
    metre: str, bpm: float, per_bar: int, quarters: float, every: int
) -> None:
    *activations, meant = play(GROOVES["four on the floor"], bpm)
    found = track(activations[0], metre=metre)
    np.testing.assert_allclose(found.times, meant.times[::every], atol=0.01)
    np.testing.assert_array_equal(found.positions, np.arange(len(found.times)) % per_bar + 1)
    assert found.quarters == quarters


@pytest.mark.parametrize("tempo", [62, 124, 248])
def test_a_tempo_that_is_asked_for_is_steady(tempo: float) -> None:
    beats, _, _ = play(GROOVES["rock, all alike"], 124.6)
    found = track(beats, tempo=tempo)
    steps = np.diff(found.times)
    assert np.ptp(steps) < 1e-9
    assert 60 / steps[0] == pytest.approx(124.6 * tempo / 124, rel=1e-3)


def test_a_range_of_tempi_that_is_asked_for() -> None:
    beats, _, meant = play(GROOVES["rock, all alike"], 124)
    for tempo, ratio in (((100, 140), 1.0), ((50, 80), 2.0), ((200, 260), 0.5)):
        found = track(beats, tempo=tempo)
        assert np.median(np.diff(found.times)) == pytest.approx(ratio * 60 / 124, abs=0.003)
    assert len(track(beats, tempo=(100.0, 140.0)).times) == len(meant.times)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"metre": "4"}, "metre: expected a signature such as 4/4, 3/4 or 6/8, got '4'"),
        ({"metre": "4/5"}, "metre"),
        ({"metre": "0/4"}, "metre"),
        ({"metre": "13/8"}, "metre"),
        ({"tempo": 20.0}, r"tempo: expected 30 to 300 beats per minute, .*, got 20$"),
        ({"tempo": (140, 100)}, "tempo"),
        ({"tempo": float("nan")}, "tempo"),
    ],
)
def test_what_cannot_be_asked_for(asked: dict[str, object], message: str) -> None:
    beats, _, _ = play(GROOVES["rock"], 120, seconds=3)
    with pytest.raises(ValueError, match=message):
        track(beats, **asked)  # type: ignore[arg-type]


def test_signatures_are_spelled_as_they_are_parsed() -> None:
    assert parse_metre("6/8") == (2, 1.5)
    assert parse_metre("3/8") == (3, 0.5)
    for metre in ("4/4", "3/4", "2/2", "5/8", "6/8", "7/8", "9/8", "12/8", "3/16", "6/16"):
        assert "{}/{}".format(*signature(*parse_metre(metre))) == metre
