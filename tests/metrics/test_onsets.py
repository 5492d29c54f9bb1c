import math

import mir_eval
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandscribe.metrics.bootstrap import Interval, intervals
from bandscribe.metrics.counts import Scores, figures
from bandscribe.metrics.onsets import TOLERANCES, OnsetReport, confuse, match, score
from bandscribe.types import Transcription

# A grid of 10 ms puts many pairs at exactly the tolerance, where rounding decides.
GRID = st.lists(st.integers(0, 60).map(lambda n: n / 100), max_size=40).map(sorted)
FREE = st.lists(st.floats(0, 1), max_size=40).map(sorted)


def transcription(notes: dict[str, list[float]], duration: float = 10.0) -> Transcription:
    pairs = sorted((onset, name) for name, onsets in notes.items() for onset in onsets)
    return Transcription(
        np.array([onset for onset, _ in pairs], dtype=np.float64),
        np.array([name for _, name in pairs], dtype=np.str_),
        None,
        duration,
        ("KD", "SD", "HH"),
    )


@given(GRID | FREE, GRID | FREE, st.sampled_from([0.0, 0.02, 0.05, 0.1]))
def test_as_many_pairs_as_mir_eval(
    reference: list[float], estimate: list[float], tolerance: float
) -> None:
    pairs = match(reference, estimate, tolerance)
    theirs = mir_eval.util.match_events(np.array(reference), np.array(estimate), tolerance)
    assert len(pairs.reference) == len(theirs)
    assert len(set(pairs.reference.tolist())) == len(set(pairs.estimate.tolist())) == len(theirs)
    distances = np.array(reference)[pairs.reference] - np.array(estimate)[pairs.estimate]
    assert np.all(np.abs(distances) <= tolerance + 1e-12)


def test_worked_example() -> None:
    reference = transcription({"KD": [0.0, 1.0, 2.0], "SD": [0.5, 1.5]})
    estimate = transcription({"KD": [0.04, 1.06, 2.0, 3.0], "SD": [0.5]})
    report = score([reference], [estimate], ("KD", "SD", "HH"))
    assert report.per_class["KD"] == Scores(2 / 4, 2 / 3, 4 / 7, tp=2, fp=2, fn=1)
    assert report.per_class["SD"] == Scores(1.0, 0.5, 2 / 3, tp=1, fp=0, fn=1)
    assert math.isnan(report.per_class["HH"].f1)
    assert report.micro == Scores(3 / 5, 3 / 5, 6 / 10, tp=3, fp=2, fn=2)
    assert report.macro.f1 == pytest.approx((4 / 7 + 2 / 3) / 2)
    assert report.per_track == (report.micro,)


def test_counts_are_pooled_over_tracks() -> None:
    good, bad = transcription({"KD": [1.0, 2.0]}), transcription({"KD": [5.0]})
    report = score([good, good], [good, bad], ("KD",))
    assert report.micro == Scores(2 / 3, 2 / 4, 4 / 7, tp=2, fp=1, fn=2)
    assert [track.f1 for track in report.per_track] == [1.0, 0.0]


def test_nothing_to_find_and_nothing_found() -> None:
    silent = transcription({})
    report = score([silent], [silent], ("KD",))
    assert math.isnan(report.micro.f1) and math.isnan(report.macro.f1)
    assert all(math.isnan(x) for x in f1_intervals(report)["KD.f1"])
    loud = transcription({"KD": [1.0]})
    assert score([silent], [loud], ("KD",)).micro.f1 == 0
    assert score([loud], [silent], ("KD",)).micro.f1 == 0


@pytest.mark.parametrize("tolerance", TOLERANCES)
def test_figures_equal_mir_eval(tolerance: float) -> None:
    rng = np.random.default_rng(1)
    truth, guess = (
        {name: np.round(np.sort(rng.uniform(0, 10, 80)), 3) for name in ("KD", "SD", "HH")}
        for _ in range(2)
    )
    report = score(
        [transcription({name: times.tolist() for name, times in truth.items()})],
        [transcription({name: times.tolist() for name, times in guess.items()})],
        ("KD", "SD", "HH"),
        tolerance,
    )
    theirs = np.array(
        [mir_eval.onset.f_measure(truth[name], guess[name], tolerance) for name in report.classes]
    )
    ours = [(row.f1, row.precision, row.recall) for row in report.per_class.values()]
    assert np.abs(theirs - np.array(ours)).max() <= 1e-12
    assert report.macro.f1 == pytest.approx(theirs[:, 0].mean(), abs=1e-12)


def test_mean_over_tracks_leaves_silence_out() -> None:
    good, bad, silent = (transcription({"KD": onsets}) for onsets in ([1.0, 2.0], [5.0], []))
    report = score([good, good, silent], [good, bad, silent], ("KD",))
    assert report.track_mean == Scores(0.5, 0.5, 0.5, tp=2, fp=1, fn=2)


def test_confusion_at_onsets_worked_by_hand() -> None:
    reference = transcription({"KD": [1.0, 2.0], "SD": [1.5, 3.0], "HH": [3.0]})
    # The kick at 2.0 is heard as a snare, the snare at 3.0 is missed, a hi-hat is invented.
    estimate = transcription({"KD": [1.01], "SD": [1.5, 2.03], "HH": [3.0, 4.0]})
    (matrix,) = confuse([reference], [estimate], ("KD", "SD", "HH"))
    assert matrix.tolist() == [[1, 1, 0, 0], [0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 1, 0]]


@given(GRID, GRID, GRID, GRID)
def test_confusion_keeps_what_is_counted(
    kicks: list[float], snares: list[float], kick_guess: list[float], snare_guess: list[float]
) -> None:
    reference = transcription({"KD": kicks, "SD": snares})
    estimate = transcription({"KD": kick_guess, "SD": snare_guess})
    classes = ("KD", "SD")
    (matrix,) = confuse([reference], [estimate], classes)
    (counts,) = score([reference], [estimate], classes).counts
    assert matrix.diagonal()[:-1].tolist() == counts[:, 0].tolist()
    assert matrix.sum(axis=1)[:-1].tolist() == [len(kicks), len(snares)]
    assert matrix.sum(axis=0)[:-1].tolist() == [len(kick_guess), len(snare_guess)]
    assert matrix[-1, -1] == 0


def f1_intervals(report: OnsetReport, seed: int = 0) -> dict[str, Interval]:
    counts, classes, rng = report.counts, report.classes, np.random.default_rng(seed)
    return intervals(lambda t: figures(counts[t], classes), len(counts), rng)


def test_intervals_surround_the_figures_and_follow_the_seed() -> None:
    rng = np.random.default_rng(2)
    tracks = [
        transcription({name: np.sort(rng.uniform(0, 3, 30)).tolist() for name in ("KD", "SD")})
        for _ in range(24)
    ]
    report = score(tracks[::2], tracks[1::2], ("KD", "SD"))
    drawn = f1_intervals(report)
    for name, scores in (("micro", report.micro), ("macro", report.macro)):
        assert drawn[f"{name}.f1"].low < scores.f1 < drawn[f"{name}.f1"].high
    assert f1_intervals(report) == drawn != f1_intervals(report, seed=1)


def test_equal_tracks_leave_no_doubt() -> None:
    reference, estimate = transcription({"KD": [1.0, 2.0, 3.0, 4.0]}), transcription({"KD": [1.0]})
    report = score([reference] * 5, [estimate] * 5, ("KD",))
    assert f1_intervals(report)["micro.f1"] == pytest.approx((0.4, 0.4))


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="estimate: expected finite, ascending"):
        match([0.0], [1.0, 0.5])
    with pytest.raises(ValueError, match="tolerance"):
        match([0.0], [0.0], -0.1)
    with pytest.raises(ValueError, match="estimates: expected 1, got 0"):
        score([transcription({})], [], ("KD",))
    with pytest.raises(ValueError, match="estimates: expected 1, got 0"):
        confuse([transcription({})], [], ("KD",))
