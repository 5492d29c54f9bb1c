"""The annotation of activity: presence, MedleyDB's confidence, and joined classes."""

from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile

from bandscribe.datasets.track import Track
from bandscribe.evaluation.activity_reference import (
    CUTOFF,
    ActivityReference,
    digest,
    merge_activity,
    merge_reference,
    name_classes,
    parse_groups,
    to_medleydb_confidence,
)
from bandscribe.instruments import Activity
from bandscribe.types import Activations

CLASSES = ("flu", "vio")
RATE = 44100 / 1024


def track(audio: Path, target: Activations, unscored: frozenset[str] = frozenset()) -> Track:
    return Track("a", "test", "a", audio, lambda: target, unscored=unscored)


def test_confidences_count_from_one_half() -> None:
    target = Activations(np.array([[0.5, 0.49], [1, 0]], np.float32), 10.0, 0.2, CLASSES)
    found = ActivityReference.load(target, track(Path("nowhere.wav"), target, frozenset({"vio"})))
    assert found.presence.values.tolist() == [[1, 0], [1, 0]]
    assert found.known.tolist() == [[True, False]] * 2
    assert found.level is None
    assert found.solos.tolist() == [-1, -1]  # it is not known whether the violin plays too
    assert found.labels == ({"flu"}, {"vio"})


@pytest.fixture
def mixture(tmp_path: Path) -> Path:
    """A second of a tone, then a second of it 40 dB lower."""
    t = np.arange(2 * 44100) / 44100
    samples = 0.5 * np.sin(2 * np.pi * 441 * t) * np.where(t < 1, 1, 0.01)
    soundfile.write(tmp_path / "mixture.wav", samples, 44100, subtype="FLOAT")
    return tmp_path / "mixture.wav"


def test_levels_count_beside_what_sounds(mixture: Path) -> None:
    """The violin, at -30 dB, is in doubt beside the loud flute, and audible alone after it."""
    frames = 1 + 2 * 44100 // 1024
    values = np.full((frames, 2), -60, np.float32)
    loud = np.arange(frames) / RATE < 1
    values[loud, 0] = 0
    values[:, 1] = np.where(loud, -30, -40)
    target = Activations(values, RATE, 0.0, CLASSES, "level_db")
    found = ActivityReference.load(target, track(mixture, target))
    early, late = 10, frames - 10
    assert found.presence.values[[early, late]].tolist() == [[1, 0], [0, 1]]
    assert found.known[[early, late]].tolist() == [[True, False], [True, True]]
    assert found.solos[[early, late]].tolist() == [-1, 1]
    assert found.level is not None
    # What is not certainly audible is silent.
    assert found.level.values[[early, late]].tolist() == [[0, -60], [-60, -40]]
    assert found.labels == ({"flu", "vio"}, set())


def test_what_is_in_doubt_throughout_is_left_open(mixture: Path) -> None:
    values = np.tile(np.array([[-60, -30]], np.float32), (40, 1))
    target = Activations(values, RATE, 0.0, CLASSES, "level_db")
    assert ActivityReference.load(target, track(mixture, target)).labels == (set(), {"vio"})


def test_a_digest_is_of_all_that_is_annotated() -> None:
    values = np.zeros((3, 2), np.float32)
    one = Activations(values, 10.0, 0.0, CLASSES)
    others = (
        Activations(values + 1, 10.0, 0.0, CLASSES),
        Activations(values, 11.0, 0.0, CLASSES),
        Activations(values, 10.0, 0.1, CLASSES),
        Activations(values, 10.0, 0.0, ("flu", "sax")),
        Activations(values, 10.0, 0.0, CLASSES, "level_db"),
    )
    assert digest(one) == digest(Activations(values.copy(), 10.0, 0.0, CLASSES))
    assert len({digest(one), *map(digest, others)}) == 6


# MedleyDB's confidence ----------------------------------------------------------------------------

FRAME_RATE = 44100 / 2048  # that of the authors
STEMS = ("bas", "dru", "voi")


def predict(levels: np.ndarray, probability: np.ndarray) -> Activity:
    return Activity(
        Activations(probability.astype(np.float32), FRAME_RATE, 0.0, STEMS),
        Activations(levels.astype(np.float32), FRAME_RATE, 0.0, STEMS, "level_db"),
        np.full(3, 0.4),
        len(levels) / FRAME_RATE,
    )


def test_steady_levels_give_the_formula() -> None:
    levels = np.tile([-6.0, -20.0, -44.0], (200, 1))
    found = to_medleydb_confidence(predict(levels, np.full((200, 3), 0.9)))
    amplitudes = 10 ** (np.array([-6.0, -20.0, -44.0]) / 20)
    share = 3 * np.sqrt(amplitudes) / np.sqrt(amplitudes).sum()
    expected = 1 - 1 / (1 + np.exp(20 * (share - 0.15)))
    np.testing.assert_allclose(found.probability.values, np.tile(expected, (200, 1)), rtol=1e-5)
    np.testing.assert_array_equal(found.thresholds, 0.5)


def test_the_smoothing_is_that_of_the_authors() -> None:
    rng = np.random.default_rng(0)
    levels = rng.uniform(-40, 0, (600, 3))
    found = to_medleydb_confidence(predict(levels, np.ones((600, 3))))
    energy = 10 ** (levels / 40)
    share = 3 * energy / energy.sum(axis=1).max()
    smooth = scipy.signal.filtfilt(*scipy.signal.butter(2, 0.075), share, axis=0)
    expected = 1 - 1 / (1 + np.exp(20 * (smooth - 0.15)))
    # A digital filter bends frequencies a little; its ends are another's.
    np.testing.assert_allclose(found.probability.values[50:-50], expected[50:-50], atol=0.02)
    assert pytest.approx(0.8, abs=0.01) == CUTOFF


def test_a_class_that_is_not_predicted_is_no_stem() -> None:
    levels = np.tile([-6.0, -6.0, -6.0], (200, 1))
    probability = np.tile([0.9, 0.9, 0.3], (200, 1))
    found = to_medleydb_confidence(predict(levels, probability)).probability.values
    np.testing.assert_allclose(found[:, :2], 1 / (1 + np.exp(-20 * 0.85)), rtol=1e-5)
    np.testing.assert_allclose(found[:, 2], 1 / (1 + np.exp(20 * 0.15)), rtol=1e-5)


def test_after_the_end_no_class_plays() -> None:
    levels = np.full((200, 3), -10.0)
    levels[150:] = -60
    plays = to_medleydb_confidence(predict(levels, np.ones((200, 3)))).probability.values >= 0.5
    assert plays[:148].all()
    assert not plays[165:].any()


def test_silence_is_no_error() -> None:
    found = to_medleydb_confidence(
        predict(np.full((5, 3), -60.0), np.zeros((5, 3)))
    ).probability.values
    assert (found < 0.05).all()


# joined classes -----------------------------------------------------------------------------------

GUITARS = ("gac", "gel", "vio")
GROUPS = (("gac", "gel"),)


def curves(values: object, kind: str = "probability") -> Activations:
    return Activations(np.array(values, np.float32), 10.0, 0.0, GUITARS, kind)


def test_names() -> None:
    assert parse_groups(["gac+gel"], GUITARS) == GROUPS
    assert parse_groups(["Acoustic guitars+gel"], GUITARS) == GROUPS
    assert name_classes(GUITARS, GROUPS) == ("gac+gel", "vio")
    assert name_classes(("vio", "gel", "gac"), GROUPS) == ("vio", "gac+gel")
    for words, reason in (
        (["gac+kazoo"], "expected some of gac, gel, vio, got 'kazoo'"),
        (["gac,gel"], "expected some of gac, gel, vio, got 'gac,gel'"),
        (["gac"], "two classes or more once each"),
        (["gac+gel", "gel+vio"], "two classes or more once each"),
    ):
        with pytest.raises(ValueError, match=reason):
            parse_groups(words, GUITARS)


def test_a_group_plays_where_a_member_does() -> None:
    """And is unknown where one member is unknown and the other silent."""
    known = np.array([[1, 1, 1], [0, 1, 1], [0, 1, 1], [1, 1, 0]], dtype=bool)
    reference = ActivityReference(
        curves([[0, 1, 0], [0, 1, 1], [0, 0, 0], [0, 0, 0]]),
        known,
        curves([[-60, -6, -60], [-10, -10, 0], [-60] * 3, [-60] * 3], "level_db"),
    )
    found = merge_reference(reference, GROUPS)
    assert found.presence.classes == ("gac+gel", "vio")
    assert found.presence.values.tolist() == [[1, 0], [1, 1], [0, 0], [0, 0]]
    assert found.known.tolist() == [[True, True], [True, True], [False, True], [True, False]]
    assert found.level is not None
    # Powers add up: twice the power is three decibels more.
    np.testing.assert_allclose(found.level.values[:3, 0], [-6, -6.99, -60], atol=0.01)
    assert merge_reference(reference, ()) is reference


def test_a_group_is_predicted_where_a_member_is() -> None:
    """However different the members' thresholds: 0.25 and 0.75."""
    predicted = Activity(
        curves([[0.24, 0.74, 0.3], [0.25, 0.0, 0.3], [0.0, 0.75, 0.3], [0.1, 0.1, 0.9]]),
        curves([[-60, -60, -60]] * 4, "level_db"),
        np.array([0.25, 0.75, 0.4]),
        0.4,
    )
    found = merge_activity(predicted, GUITARS, GROUPS)
    plays = found.probability.values >= found.thresholds
    assert plays.tolist() == [[False, False], [True, False], [True, False], [False, True]]
    np.testing.assert_allclose(found.probability.values[:, 1], [0.3, 0.3, 0.3, 0.9])
    # 0.74 of 0.75 is nearer to a threshold than 0.24 of 0.25; 0.5 is the threshold.
    assert found.probability.values[0, 0] == pytest.approx(0.5 * 0.74 / 0.75)
    assert (found.level.values == -60).all()


def test_some_classes_alone() -> None:
    predicted = Activity(
        curves([[0.1, 0.2, 0.3]]), curves([[-1, -2, -3]], "level_db"), np.full(3, 0.5), 0.1
    )
    found = merge_activity(predicted, ("vio", "gac"), ())
    np.testing.assert_allclose(found.probability.values, [[0.3, 0.1]])
    assert found.level.values.tolist() == [[-3, -1]]
    assert found.level.classes == found.probability.classes == ("vio", "gac")
