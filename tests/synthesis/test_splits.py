from collections import Counter

from bandscribe.synthesis.splits import SPLITS, split_of


def test_a_group_stays_in_its_part_and_parts_have_their_shares() -> None:
    # Fixed for ever: corpora on disk were split so.
    assert [split_of(name) for name in ("d_adrian", "aria_bossa", "d_evil")] == [
        "train", "validation", "test",
    ]  # fmt: skip
    counts = Counter(split_of(f"author {i}") for i in range(4000))
    assert set(counts) == set(SPLITS)
    assert 0.67 < counts["train"] / 4000 < 0.73
    assert 0.13 < counts["test"] / 4000 < 0.17
