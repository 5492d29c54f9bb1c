"""Several classes counted as one."""

import numpy as np
import pytest

from bandscribe.evaluation.joining import join, join_reference, name_classes, read_groups
from bandscribe.evaluation.presence import Reference
from bandscribe.instruments import Activity
from bandscribe.types import Activations

CLASSES = ("gac", "gel", "vio")
GROUPS = (("gac", "gel"),)


def curves(values: object, kind: str = "probability") -> Activations:
    return Activations(np.array(values, np.float32), 10.0, 0.0, CLASSES, kind)


def test_names() -> None:
    assert read_groups(["gac+gel"], CLASSES) == GROUPS
    assert name_classes(CLASSES, GROUPS) == ("gac+gel", "vio")
    assert name_classes(("vio", "gel", "gac"), GROUPS) == ("vio", "gac+gel")
    for words, reason in (
        (["gac+kazoo"], "expected some of gac, gel, vio, got 'kazoo'"),
        (["gac"], "two classes or more once each"),
        (["gac+gel", "gel+vio"], "two classes or more once each"),
    ):
        with pytest.raises(ValueError, match=reason):
            read_groups(words, CLASSES)


def test_a_group_plays_where_a_member_does() -> None:
    """And is not asked about where one member is open and the other silent."""
    known = np.array([[1, 1, 1], [0, 1, 1], [0, 1, 1], [1, 1, 0]], dtype=bool)
    reference = Reference(
        curves([[0, 1, 0], [0, 1, 1], [0, 0, 0], [0, 0, 0]]),
        known,
        curves([[-60, -6, -60], [-10, -10, 0], [-60] * 3, [-60] * 3], "level_db"),
    )
    found = join_reference(reference, GROUPS)
    assert found.presence.classes == ("gac+gel", "vio")
    assert found.presence.values.tolist() == [[1, 0], [1, 1], [0, 0], [0, 0]]
    assert found.known.tolist() == [[True, True], [True, True], [False, True], [True, False]]
    assert found.level is not None
    # Powers add up: twice the power is three decibels more.
    np.testing.assert_allclose(found.level.values[:3, 0], [-6, -6.99, -60], atol=0.01)
    assert join_reference(reference, ()) is reference


def test_a_group_is_said_to_play_where_a_member_is() -> None:
    """However different the members' thresholds: 0.25 and 0.75."""
    heard = Activity(
        curves([[0.24, 0.74, 0.3], [0.25, 0.0, 0.3], [0.0, 0.75, 0.3], [0.1, 0.1, 0.9]]),
        curves([[-60, -60, -60]] * 4, "level_db"),
        np.array([0.25, 0.75, 0.4]),
        0.4,
    )
    found = join(heard, CLASSES, GROUPS)
    plays = found.probability.values >= found.thresholds
    assert plays.tolist() == [[False, False], [True, False], [True, False], [False, True]]
    np.testing.assert_allclose(found.probability.values[:, 1], [0.3, 0.3, 0.3, 0.9])
    # 0.74 of 0.75 is nearer to a threshold than 0.24 of 0.25; 0.5 is the threshold.
    assert found.probability.values[0, 0] == pytest.approx(0.5 * 0.74 / 0.75)
    assert (found.level.values == -60).all()


def test_some_classes_alone() -> None:
    heard = Activity(
        curves([[0.1, 0.2, 0.3]]), curves([[-1, -2, -3]], "level_db"), np.full(3, 0.5), 0.1
    )
    found = join(heard, ("vio", "gac"), ())
    np.testing.assert_allclose(found.probability.values, [[0.3, 0.1]])
    assert found.level.values.tolist() == [[-3, -1]]
    assert found.level.classes == found.probability.classes == ("vio", "gac")
