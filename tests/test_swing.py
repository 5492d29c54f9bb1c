import numpy as np
import pytest

from bandscribe import beats, swing
from bandscribe.types import Activations
from bandscribe.vocabulary import DRUMS_10

RATE, SECONDS = 100, 24


def ride(times, classes=DRUMS_10):
    """Activations of onsets of a ride cymbal, a peak of three frames at each time."""
    values = np.zeros((RATE * SECONDS, len(classes)), np.float32)
    if "RD" in classes:
        frames = np.rint(np.asarray(times) * RATE).astype(int)
        for shift, height in ((-1, 0.5), (0, 1.0), (1, 0.5)):
            near = frames[(frames > 0) & (frames < len(values) - 1)] + shift
            values[near, classes.index("RD")] = height
    return Activations(values, RATE, 0.0, classes)


def places(bpm, *phases, bars=range(100)):
    """The times of a pattern that repeats every two beats, at these phases of the beat."""
    pair = 2 * 60 / bpm
    times = np.array([pair * (bar + phase / 2) for bar in bars for phase in phases])
    return np.sort(times[times < SECONDS - 1]) + 0.3


def grid(bpm, first=0):
    """Every second beat, in frames, from beat `first`."""
    return np.rint((places(bpm / 2, 0, 1)[:-1] + first * 60 / bpm) * RATE).astype(np.int64)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("bpm", [150, 180, 212])
def test_every_second_beat_of_a_swinging_ride_is_too_slow(bpm, first):
    strokes = places(bpm, 0, 1, 1 + 2 / 3)
    assert swing.is_halved(grid(bpm, first), ride(strokes))


@pytest.mark.parametrize(
    "phases",
    [
        (0, 1),  # eighths at the slower tempo
        (0, 0.5, 1, 1.5),  # its sixteenths
        (0, 1, 1.5),  # a gallop
        (0, 4 / 3),  # a shuffle at the slower tempo
        (0, 2 / 3, 1, 5 / 3),  # sixteenths that swing
        (0, 2 / 3, 4 / 3),  # its triplets
    ],
)
def test_other_rhythms_keep_their_tempo(phases):
    assert not swing.is_halved(grid(180), ride(places(180, *phases)))


def test_no_ride_and_no_beats_are_no_swing():
    strokes = places(180, 0, 1, 1 + 2 / 3)
    assert not swing.is_halved(grid(180), ride(strokes, classes=("KD", "SD", "HH", "TT", "CY")))
    assert not swing.is_halved(grid(180)[:2], ride(strokes))


@pytest.mark.parametrize("bpm", [164, 200])
def test_a_tracked_grid_follows_the_ride(bpm):
    """The beats of a network that marks every beat, but every second one clearly."""
    taps = places(bpm, 0, 1)
    curve = np.zeros((RATE * SECONDS, 2), np.float32)
    frames = np.rint(taps * RATE).astype(int)
    curve[frames, 0] = np.where(np.arange(len(frames)) % 2, 0.35, 1.0)
    activations = Activations(curve, RATE, 0.0, ("beat", "downbeat"))
    alone = beats.track(activations)
    swung = beats.track(activations, ride(places(bpm, 0, 1, 1 + 2 / 3)))
    assert np.median(np.diff(alone.times)) == pytest.approx(120 / bpm, rel=0.01)
    assert np.median(np.diff(swung.times)) == pytest.approx(60 / bpm, rel=0.01)
