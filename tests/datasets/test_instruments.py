"""The maps to our thirteen classes, and the splits of our own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from bandscribe.splits import assign, normalize
from bandscribe.vocabulary import INSTRUMENTS
from bandscribe.vocabulary import instruments as maps

#: Names as the corpora's own documents list them, to be found in the maps.
OPENMIC = [
    "accordion", "banjo", "bass", "cello", "clarinet", "cymbals", "drums", "flute", "guitar",
    "mallet_percussion", "mandolin", "organ", "piano", "saxophone", "synthesizer", "trombone",
    "trumpet", "ukulele", "violin", "voice",
]  # fmt: skip


@pytest.mark.parametrize(
    "mapping",
    [maps.IRMAS, maps.AUDIOSET, maps.OPENMIC, maps.MEDLEY_SOLOS, maps.MEDLEYDB, maps.MUSDB],
)
def test_maps_lead_to_our_classes(mapping: Mapping[str, str | None]) -> None:
    assert {label for label in mapping.values() if label} <= set(INSTRUMENTS)
    assert maps.classes_of(mapping, mapping) == {label for label in mapping.values() if label}


def test_maps_are_complete() -> None:
    assert list(maps.OPENMIC) == OPENMIC
    assert tuple(maps.IRMAS) == INSTRUMENTS[:11]
    assert len(maps.MEDLEY_SOLOS) == 8
    assert len(maps.MEDLEYDB) == 117 + 1  # taxonomy 1.0 and the woodwind section
    assert {label for label in maps.MEDLEYDB.values() if label} == set(INSTRUMENTS)


def test_audioset_is_the_table() -> None:
    """Eighteen ids: eight of voi, and one of each of the ten others."""
    counts = Counter(maps.AUDIOSET.values())
    assert counts == {"voi": 8} | {name: 1 for name in maps.IRMAS if name != "voi"}
    assert set(maps.AUDIOSET_WITHOUT) <= set(maps.AUDIOSET)


def test_an_unmapped_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown instruments \['kazoo'\]; expected some of"):
        maps.classes_of(["piano", "kazoo"], maps.OPENMIC)


def test_splits_have_their_shares() -> None:
    shares = {"train": 0.7, "validation": 0.1, "test": 0.2}
    counts = Counter(assign(f"clip {i}", shares) for i in range(10_000))
    for split, share in shares.items():
        # Four standard deviations of a binomial count.
        assert abs(counts[split] - 10_000 * share) < 4 * (10_000 * share * (1 - share)) ** 0.5


@pytest.mark.parametrize(
    ("split", "ours"),
    [("training", "train"), ("Valid", "validation"), ("eval", "test"), ("fold2", "fold2")],
)
def test_splits_have_one_name_each(split: str, ours: str) -> None:
    assert normalize(split) == ours


def test_a_split_follows_from_the_name_alone() -> None:
    shares = {"validation": 0.3, "test": 0.7}
    # The SHA-256 sums of these begin with 0xca97 and 0x3e23: 0.79 and 0.24 of the way.
    assert assign("a", shares) == "test"
    assert assign("b", shares) == "validation"
