import math

import mir_eval
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandscribe.metrics.onsets import Scores, bootstrap, macro, match, score
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
    assert all(math.isnan(x) for x in bootstrap(report.counts, np.random.default_rng(0)))
    loud = transcription({"KD": [1.0]})
    assert score([silent], [loud], ("KD",)).micro.f1 == 0
    assert score([loud], [silent], ("KD",)).micro.f1 == 0


def test_f1_equals_mir_eval() -> None:
    rng = np.random.default_rng(1)
    reference, estimate = (np.sort(rng.uniform(0, 10, 80)) for _ in range(2))
    theirs = mir_eval.onset.f_measure(reference, estimate, window=0.05)
    ours = score(
        [transcription({"KD": reference.tolist()})],
        [transcription({"KD": estimate.tolist()})],
        ("KD",),
    ).micro
    assert (ours.f1, ours.precision, ours.recall) == pytest.approx(theirs, abs=1e-12)


def test_bootstrap_surrounds_the_figure_and_follows_the_seed() -> None:
    rng = np.random.default_rng(2)
    counts = rng.integers(0, 50, size=(12, 3, 3))
    interval = bootstrap(counts, np.random.default_rng(3))
    f1 = 2 * counts[..., 0].sum() / (2 * counts[..., 0].sum() + counts[..., 1:].sum())
    assert interval.low < f1 < interval.high
    assert bootstrap(counts, np.random.default_rng(3)) == interval
    assert bootstrap(counts, np.random.default_rng(3), average=macro) != interval


def test_equal_tracks_leave_no_doubt() -> None:
    counts = np.tile(np.array([[[3, 1, 1]]]), (5, 1, 1))
    assert bootstrap(counts, np.random.default_rng(4)) == pytest.approx((0.75, 0.75))


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="estimate: expected finite, ascending"):
        match([0.0], [1.0, 0.5])
    with pytest.raises(ValueError, match="tolerance"):
        match([0.0], [0.0], -0.1)
    with pytest.raises(ValueError, match="estimates: expected 1, got 0"):
        score([transcription({})], [], ("KD",))
