from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from bandscribe.training import batches as training_batches
from bandscribe.training.batches import Batch, Batches, Example, draw_readable, load
from bandscribe.training.settings import Settings


def draw(rng: np.random.Generator) -> Example:
    return rng.random((5, 3), dtype=np.float32), rng.random((5, 2), dtype=np.float32)


def batches(start: int = 0, workers: int = 0, seed: int = 7) -> Iterator[Batch]:
    return load(Batches(draw, seed=seed, size=2, steps=5, start=start), workers=workers)


def same(one: list[Batch], other: list[Batch]) -> bool:
    return len(one) == len(other) and all(
        torch.equal(a[0], b[0]) and torch.equal(a[1], b[1]) for a, b in zip(one, other, strict=True)
    )


def test_an_item_is_drawn_from_seed_step_and_place_alone() -> None:
    features, targets = list(batches())[3]
    assert features.shape == (2, 5, 3)
    expected = draw(np.random.default_rng([7, 3, 1]))
    np.testing.assert_array_equal(features[1].numpy(), expected[0])
    np.testing.assert_array_equal(targets[1].numpy(), expected[1])


# torch warns where there are fewer cores than workers.
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_the_same_for_any_number_of_workers() -> None:
    here = list(batches())
    assert same(here, list(batches(workers=1)))
    assert same(here, list(batches(workers=2)))


def test_a_later_start_goes_on_with_the_same() -> None:
    assert same(list(batches())[3:], list(batches(start=3)))
    assert not same(list(batches()), list(batches(seed=8)))


def test_loading_leaves_the_run_s_generator_alone() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    next(batches())
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(("name", "pinned"), [("cuda", True), ("cpu", False)])
def test_batches_for_a_gpu_are_pinned(
    monkeypatch: pytest.MonkeyPatch, name: str, pinned: bool
) -> None:
    found = []

    def load(batches: Batches, *, workers: int, pinned: bool) -> Iterator[Batch]:
        found.append(pinned)
        return iter(())

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(training_batches, "load", load)
    settings = replace(Settings(), device=name, workers=0)
    training_batches.stream(draw, settings)(0)
    assert found == [pinned]


@pytest.mark.parametrize("kind", [ValueError, OSError])
def test_a_file_that_cannot_be_read_is_named_once_and_another_is_drawn(
    kind: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    coming = iter([kind(f"{kind}a"), 1, kind(f"{kind}a"), kind(f"{kind}b"), 2])

    def draw() -> int:
        drawn = next(coming)
        if isinstance(drawn, Exception):
            raise drawn
        return drawn

    assert [draw_readable(draw), draw_readable(draw)] == [1, 2]
    assert capsys.readouterr().err == f"{kind}a; passed over\n{kind}b; passed over\n"


def test_where_no_file_can_be_read_the_training_ends(capsys: pytest.CaptureFixture[str]) -> None:
    tried = []

    def draw() -> None:
        tried.append(len(tried))
        raise ValueError(f"{tried[-1]}.wav: junk")

    with pytest.raises(ValueError, match=r"^19\.wav: junk$"):
        draw_readable(draw)
    assert capsys.readouterr().err == ""
