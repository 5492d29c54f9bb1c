"""Expressions about instruments mean what they say, and what is none is refused in one line."""

import re

import numpy as np
import pytest

from bandscribe import passages
from bandscribe.instruments import Activity
from bandscribe.types import Activations

CLASSES = ("vio", "pia", "dru")
#: A frame for each way in which three may play, and levels in steps of 5 dB.
PLAYS = np.array([[i & 1, i >> 1 & 1, i >> 2 & 1] for i in range(8)], bool)
LEVEL = -5 * np.arange(24, dtype=np.float32).reshape(8, 3)
VIO, PIA, DRU = PLAYS.T


def holds(text: str) -> list[bool]:
    found = passages.parse(text, CLASSES)(PLAYS, LEVEL)
    assert found.shape == (8,)
    return found.tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vio", VIO),
        ("  VIO  ", VIO),
        ("not vio", ~VIO),
        ("not not vio", VIO),
        ("Violin", VIO),
        ("violins and not Drum  Kit", VIO & ~DRU),
        ("(pianos or drum) and not vios", (PIA | DRU) & ~VIO),
        ("vio and pia", VIO & PIA),
        ("vio or pia", VIO | PIA),
        ("vio or pia and dru", VIO | (PIA & DRU)),
        ("(vio or pia) and dru", (VIO | PIA) & DRU),
        ("not vio and dru", ~VIO & DRU),
        ("not (vio and dru)", ~(VIO & DRU)),
        ("vio and not pia or not dru", (VIO & ~PIA) | ~DRU),
        ("pia > -35 dB", PIA & (LEVEL[:, 1] > -35)),
        ("pia>-35dB", PIA & (LEVEL[:, 1] > -35)),
        ("pia >= −35", PIA & (LEVEL[:, 1] >= -35)),
        ("pia < -35.5 dB", PIA & (LEVEL[:, 1] < -35.5)),
        ("pia <= -35 db", PIA & (LEVEL[:, 1] <= -35)),
        ("not pia > -35 dB and dru", ~(PIA & (LEVEL[:, 1] > -35)) & DRU),
        ("vio > -35and\n dru", VIO & (LEVEL[:, 0] > -35) & DRU),
        ("vio > -30 dB AND dru < 0", VIO & (LEVEL[:, 0] > -30) & DRU & (LEVEL[:, 2] < 0)),
    ],
)
def test_what_holds(text: str, expected: np.ndarray) -> None:
    assert holds(text) == expected.tolist()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "'': something is missing at its end; write such as 'violin > -30 dB and not drums'"),
        ("kazoo", "cannot read 'kazoo'"),
        ("vio and", "something is missing at its end"),
        ("vio pia", "cannot read 'pia'"),
        ("(vio", "cannot read '(vio'"),
        ("vio)", "cannot read ')'"),
        ("vio >", "something is missing at its end"),
        ("vio > loud", "cannot read 'vio > loud'"),
        ("vio > -30 Hz", "cannot read 'hz'"),
        ("vio = -30 dB", "cannot read '= -30"),
        ("-30 dB < vio", "< vio'"),
        ("vio == -30 dB", "cannot read 'vio == -30"),
        ("vio > 1e400", "cannot read 'vio > 1e400'"),
        ("vio > 3j", "cannot read 'vio > 3j'"),
        ("__import__('os').getcwd()", "cannot read \"__import__('os').getcwd()\""),
        ("vio if pia else dru", "cannot read 'vio if pia else dru'"),
        ("[vio for vio in pia]", "cannot read '[vio for vio in pia]'"),
        ("not " * 5000 + "vio", "too deeply nested"),
    ],
)
def test_what_is_no_expression(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        passages.parse(text, CLASSES)


def test_passages_by_hand() -> None:
    """Ten frames a second; the violin is loud from 0.5 to 1.5 s, with a breath of 0.2 s."""
    values = np.full((30, 3), 0.9, np.float32)
    level = np.full((30, 3), -40, np.float32)
    level[5:15, 0] = -10
    level[9:11, 0] = -50
    level[25:27, 0] = -10
    activity = Activity(
        Activations(values, 10.0, 0.0, CLASSES),
        Activations(level, 10.0, 0.0, CLASSES, "level_db"),
        np.full(3, 0.5),
        2.95,
    )
    loud = passages.parse("vio > -30 dB and pia", CLASSES)
    assert passages.find(activity, loud) == [(0.5, 1.5)]
    assert passages.find(activity, loud, duration=0.2) == [(0.5, 1.5), (2.5, 2.7)]
    assert passages.find(activity, loud, gap=0.1) == [(0.5, 0.9), (1.1, 1.5)]
    quiet = passages.parse("not vio > -30 dB", CLASSES)
    assert passages.find(activity, quiet, gap=0.1) == [(0.0, 0.5), (1.5, 2.5)]
    assert passages.find(activity, passages.parse("not dru", CLASSES)) == []
