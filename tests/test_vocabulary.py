"""The maps are complete: what the corpora's documentation lists, each has, and leads to a class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from bandscribe import vocabulary as v
from bandscribe.types import Transcription

#: MDB Drums, the twenty-one subclasses of its readme.
MDB = [
    "KD", "SD", "SDB", "SDD", "SDF", "SDG", "SDNS", "CHH", "OHH", "PHH", "HIT",
    "MHT", "HFT", "LFT", "RDC", "RDB", "CRC", "CHC", "SPC", "SST", "TMB",
]  # fmt: skip
#: ENST-Drums, the twenty labels of its documentation, and the snare without snares.
ENST = [
    "bd", "sd", "sd-", "sweep", "sticks", "rs", "cs", "chh", "ohh", "cb", "c",
    "lmt", "mt", "mtr", "lt", "ltr", "lft", "rc", "ch", "cr", "spl",
]  # fmt: skip
#: Groove MIDI, the 22 notes of the table "Drum Mapping", in its order, with its nine classes
#: in our names; cross-stick, 37, is snare there.
ROLAND = {
    36: "KD", 38: "SD", 40: "SD", 37: "SS", 48: "HT", 50: "HT", 45: "MT", 47: "MT", 43: "LT",
    58: "LT", 46: "OHH", 26: "OHH", 42: "CHH", 22: "CHH", 44: "CHH", 49: "CR", 55: "CR",
    57: "CR", 52: "CR", 51: "RD", 59: "RD", 53: "RD",
}  # fmt: skip


@pytest.mark.parametrize(
    ("mapping", "labels", "classes"),
    [
        (v.MDB_CLASS_TO_5, ["KD", "SD", "HH", "TT", "CY", "OT"], v.DRUMS_5),
        (v.MDB_SUBCLASS_TO_10, MDB, v.DRUMS_10),
        (v.FOSSE_MDB_TO_5, MDB, v.DRUMS_5),
        (v.ENST_TO_10, ENST, v.DRUMS_10),
        (v.FOSSE_ENST_TO_5, ENST, v.DRUMS_5),
        (v.IDMT_TO_3, ["KD", "SD", "HH"], v.DRUMS_3),
        (v.RBMA_TO_3, ["0", "1", "2"], v.DRUMS_3),
        (v.RBMA_FULL_TO_10, [str(n) for n in range(24) if n != 8], v.DRUMS_10),
        (v.TMIDT_TO_10, [str(n) for n in range(18)], v.DRUMS_10),
        (v.ADTOF_TO_5, ["35", "38", "47", "42", "49"], v.DRUMS_5),
        (v.GM_TO_10, range(128), v.DRUMS_10),
        (v.ROLAND_TO_10, range(128), v.DRUMS_10),
        (v.ARTICULATION_TO_10, v.ARTICULATIONS, v.DRUMS_10),
        (v.TO_5, v.DRUMS_10, v.DRUMS_5),
        (v.TO_3, v.DRUMS_10, v.DRUMS_3),
    ],
)
def test_maps_are_complete(
    mapping: Mapping[object, str | None], labels: list[object], classes: tuple[str, ...]
) -> None:
    assert set(mapping) == set(labels)
    assert {name for name in mapping.values() if name is not None} == set(classes)


def test_roland_notes() -> None:
    assert {note: v.ROLAND_TO_10[note] for note in ROLAND} == ROLAND


def test_general_midi_notes_written_are_read_as_the_same_class() -> None:
    for label in v.DRUMS_10:
        assert v.GM_TO_10[v.GM_NOTES[label]] == label


def test_the_tree_holds_every_subclass_once() -> None:
    leaves = [label for labels in v.MDB_TREE.values() for label in labels]
    assert sorted(leaves) == sorted(MDB)
    assert set(v.MDB_TREE) == set(v.MDB_CLASS_TO_5)
    assert len(v.DRUMMERNET_11) == 11
    assert set(v.DRUMMERNET_11) <= set(leaves)


def test_a_subclass_leads_to_its_class() -> None:
    for label, leaves in v.MDB_TREE.items():
        for leaf in leaves:
            ten = v.MDB_SUBCLASS_TO_10[leaf]
            # Side stick is a class among ten, and a snare; for MDB's own classes it is other.
            assert (ten and v.TO_5[ten]) == (
                None if leaf == "TMB" else v.MDB_CLASS_TO_5[label]
            ) or (leaf == "SST" and ten == "SS")


def notes(labels: list[str], classes: tuple[str, ...]) -> Transcription:
    return Transcription(np.arange(len(labels)) / 10, np.array(labels), None, 1.0, classes)


def test_reduce() -> None:
    ten = notes(list(v.DRUMS_10), v.DRUMS_10)
    assert v.reduce(ten, 5).labels.tolist() == [
        "KD",
        "SD",
        "SD",
        "HH",
        "HH",
        "TT",
        "TT",
        "TT",
        "CY",
        "CY",
    ]
    assert v.reduce(ten, 3).labels.tolist() == ["KD", "SD", "SD", "HH", "HH"]
    five = notes(list(v.DRUMS_5), v.DRUMS_5)
    assert v.reduce(five, 3).labels.tolist() == ["KD", "SD", "HH"]
    with pytest.raises(ValueError, match=r"\['CY', 'HH', 'TT'\] are missing"):
        v.reduce(five, 10)
    with pytest.raises(ValueError, match="expected 3, 5 or 10, got 4"):
        v.reduce(ten, 4)
