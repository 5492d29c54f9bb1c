import numpy as np
import pytest

from bandscribe.metrics.velocity import figures, gather
from bandscribe.types import Transcription

CLASSES = ("KD", "SD", "HH")


def track(notes: list[tuple[float, str, float]]) -> Transcription:
    onsets, labels, velocities = zip(*notes, strict=True)
    return Transcription(np.array(onsets), np.array(labels), np.array(velocities), 100.0, CLASSES)


def test_worked_example() -> None:
    reference = track([(1.0, "KD", 0.2), (2.0, "KD", 0.4), (3.0, "KD", 0.9), (4.0, "SD", 0.5)])
    # The third kick is missed, one is invented; the others keep their order.
    estimate = track([(1.01, "KD", 0.3), (2.02, "KD", 0.8), (3.5, "KD", 1.0), (4.0, "SD", 0.4)])
    named = figures(gather([reference], [estimate], CLASSES), CLASSES)
    assert named["KD.pairs"] == 2 and named["SD.pairs"] == 1 and named["HH.pairs"] == 0
    assert named["KD.pearson"] == pytest.approx(1.0)
    assert named["KD.mae"] == pytest.approx((0.1 + 0.4) / 2)
    assert named["KD.bias"] == pytest.approx(0.25)
    assert named["SD.bias"] == pytest.approx(-0.1)
    assert np.isnan(named["SD.pearson"]) and np.isnan(named["HH.mae"])
    assert np.isnan(named["SD.pearson_within"])
    assert named["micro.mae"] == pytest.approx(0.6 / 3)
    assert named["macro.mae"] == pytest.approx((0.25 + 0.1) / 2)


def test_pearson_equals_numpy_over_tracks() -> None:
    rng = np.random.default_rng(0)
    references, estimates = [], []
    for _ in range(4):
        labels = rng.choice(CLASSES, 50)
        played = rng.uniform(0.05, 1, 50)
        heard = np.clip(played + rng.normal(0, 0.2, 50), 0, 1)
        times = np.arange(50.0)
        references.append(Transcription(times, labels, played, 50.0, CLASSES))
        estimates.append(Transcription(times + 0.01, labels, heard, 50.0, CLASSES))
    named = figures(gather(references, estimates, CLASSES), CLASSES)
    labels = np.concatenate([x.labels for x in references])
    played = np.concatenate([x.velocities for x in references if x.velocities is not None])
    heard = np.concatenate([x.velocities for x in estimates if x.velocities is not None])
    for name in CLASSES:
        r, e = played[labels == name], heard[labels == name]
        assert named[f"{name}.pearson"] == pytest.approx(np.corrcoef(r, e)[0, 1], abs=1e-12)
        assert named[f"{name}.mae"] == pytest.approx(np.abs(r - e).mean(), abs=1e-12)
    assert named["micro.pearson"] == pytest.approx(np.corrcoef(played, heard)[0, 1], abs=1e-12)


def test_within_recordings_each_drum_is_compared_with_its_usual_stroke() -> None:
    """Equals numpy's correlation of what is left after each mean is removed.

    The level of a recording, which differs here, does not count.
    """
    rng = np.random.default_rng(1)
    references, estimates = [], []
    left: dict[str, list[np.ndarray]] = {name: [] for name in CLASSES}
    for level in (0.2, 0.5, 0.8):
        labels = np.array([*CLASSES, *rng.choice(CLASSES, 50)])
        played = level + rng.uniform(-0.15, 0.15, 53)
        found = 1 - level + 0.5 * (played - level) + rng.normal(0, 0.03, 53)
        times = np.arange(53.0)
        references.append(Transcription(times, labels, played, 53.0, CLASSES))
        estimates.append(Transcription(times, labels, found, 53.0, CLASSES))
        for name in CLASSES:
            r, e = played[labels == name], found[labels == name]
            left[name].append(np.stack([r - r.mean(), e - e.mean()]))
    named = figures(gather(references, estimates, CLASSES), CLASSES)
    joined = {name: np.concatenate(parts, axis=1) for name, parts in left.items()}
    for name, pairs in joined.items():
        expected = np.corrcoef(pairs)[0, 1]
        assert named[f"{name}.pearson_within"] == pytest.approx(expected, abs=1e-9)
    pooled = np.corrcoef(np.concatenate(list(joined.values()), axis=1))[0, 1]
    assert named["micro.pearson_within"] == pytest.approx(pooled, abs=1e-9)
    assert named["micro.pearson"] < 0 < 0.8 < named["micro.pearson_within"]


def test_a_constant_side_has_no_correlation() -> None:
    reference = track([(float(i), "KD", 0.7) for i in range(9)])
    estimate = track([(float(i), "KD", 0.1 * i) for i in range(9)])
    assert np.isnan(figures(gather([reference], [estimate], CLASSES), CLASSES)["KD.pearson"])


def test_notes_of_unknown_velocity_are_left_out() -> None:
    """The second kick of the reference is of velocity 0: matched, but not counted."""
    reference = track([(1.0, "KD", 0.2), (1.04, "KD", 0.0), (2.0, "KD", 0.6)])
    estimate = track([(1.0, "KD", 0.3), (1.04, "KD", 0.9), (2.0, "KD", 0.7)])
    named = figures(gather([reference], [estimate], CLASSES), CLASSES)
    assert named["KD.pairs"] == 2
    assert named["KD.mae"] == pytest.approx(0.1)


def test_missing_velocities_are_named() -> None:
    good = track([(1.0, "KD", 0.5)])
    bare = Transcription(good.onsets, good.labels, None, 100.0, CLASSES)
    with pytest.raises(ValueError, match="estimates: track 1 has no velocities"):
        gather([good, good], [good, bare], CLASSES)
    with pytest.raises(ValueError, match="estimates: expected 1, got 0"):
        gather([good], [], CLASSES)
