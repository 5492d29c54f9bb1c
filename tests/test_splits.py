from collections import Counter

from bandscribe.splits import SPLITS, assign


def test_a_group_stays_in_its_part_and_parts_have_their_shares() -> None:
    # Fixed for ever: corpora on disk were split so.
    assert [assign(name) for name in ("d_adrian", "aria_bossa", "d_evil")] == [
        "train", "validation", "test",
    ]  # fmt: skip
    counts = Counter(assign(f"author {i}") for i in range(4000))
    assert set(counts) == set(SPLITS)
    assert 0.67 < counts["train"] / 4000 < 0.73
    assert 0.13 < counts["test"] / 4000 < 0.17
