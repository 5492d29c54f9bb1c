from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bandscribe.training import task
from bandscribe.training.recognition.corpora import LabelledRecording, RecordingWindows
from bandscribe.training.recognition.examples import (
    Labels,
    draw_base_persistent,
    draw_true_dynamic,
    join,
    mix,
    samples_per_epoch,
)
from bandscribe.training.recognition.train import _in_steps


def single(sizes: list[int]) -> np.ndarray:
    """Targets of examples with one label each, `sizes` of each class."""
    return np.repeat(np.eye(len(sizes), dtype=np.float32), sizes, axis=0)


@pytest.mark.parametrize(("maximum", "expected"), [(2, 30875), (3, 23156), (4, 18525), (5, 15437)])
def test_table_3_3(maximum: int, expected: int) -> None:
    assert samples_per_epoch(6705, minimum=1, maximum=maximum, missed=0.001) == expected


@pytest.mark.parametrize(
    ("kind", "examples"), [("static", 3 * 6705), ("base_persistent", 3 * 6705),
                           ("true_dynamic", 15437)],
)  # fmt: skip
def test_an_epoch_of_three_windows_per_recording(kind: str, examples: int) -> None:
    """Table 3.3 counts recordings, of which IRMAS has 6705 of three seconds."""
    recording = LabelledRecording("a", "a", Path("a.wav"), 3.0, np.zeros(2, np.float32))
    owner = np.repeat(np.arange(6705), 3)
    windows = RecordingWindows((recording,) * 6705, owner, np.zeros_like(owner), 44100, 44100)
    recipe = task.resolve(
        "recognition", None, {"model": "mfcc", "sampling": kind, "batch": "16", "epochs": "2"}
    )
    made = _in_steps(recipe, windows)
    assert (made.validate_every, made.steps) == (-(-examples // 16), 2 * -(-examples // 16))


def test_equation_3_1_holds_for_classes_of_one_size() -> None:
    targets, rng = single([30] * 6), np.random.default_rng(0)
    shares = []
    for _ in range(4):
        n = samples_per_epoch(len(targets), minimum=1, maximum=4, missed=0.1)
        heard = {i for _ in range(n) for i in draw_true_dynamic(Labels(targets), rng, maximum=4)}
        shares.append(1 - len(heard) / len(targets))
    assert np.mean(shares) == pytest.approx(0.1, abs=0.02)


def test_examples_have_the_label_they_were_drawn_for() -> None:
    targets, rng = single([3, 20, 5, 1, 9]), np.random.default_rng(1)
    sizes, classes = Counter[int](), np.zeros(5)
    for _ in range(2000):
        mixture = draw_true_dynamic(Labels(targets), rng, minimum=2, maximum=4)
        labels = targets[list(mixture)].argmax(axis=1)
        assert len(set(labels)) == len(labels)
        assert join(targets[list(mixture)]).tolist() == [float(i in labels) for i in range(5)]
        sizes[len(labels)] += 1
        classes += targets[list(mixture)].max(axis=0)
    assert sorted(sizes) == [2, 3, 4]
    np.testing.assert_allclose([sizes[n] / 2000 for n in (2, 3, 4)], 1 / 3, atol=0.03)
    # Classes sound equally often (3 of 5 on average), whatever their size.
    np.testing.assert_allclose(classes / 2000, 0.6, atol=0.03)


def test_the_base_persists() -> None:
    targets, rng = single([3, 20, 5, 1, 9]), np.random.default_rng(2)
    sizes, classes = Counter[int](), np.zeros(5)
    for _ in range(2000):
        mixture = draw_base_persistent(Labels(targets), 25, rng, minimum=1, maximum=3)
        assert mixture[0] == 25
        labels = targets[list(mixture)].argmax(axis=1)
        assert len(set(labels)) == len(labels)  # so the base's label 2 is not drawn again
        assert join(targets[list(mixture)]).tolist() == [float(i in labels) for i in range(5)]
        sizes[len(labels)] += 1
        classes += targets[list(mixture)].max(axis=0)
    np.testing.assert_allclose([sizes[n] / 2000 for n in (1, 2, 3)], 1 / 3, atol=0.03)
    np.testing.assert_allclose(classes / 2000, [0.25, 0.25, 1, 0.25, 0.25], atol=0.03)


def test_an_example_brings_all_of_its_labels() -> None:
    targets = np.array([[1, 1, 0], [0, 0, 1]], dtype=np.float32)
    rng = np.random.default_rng(0)
    drawn = {draw_true_dynamic(Labels(targets), rng, maximum=1) for _ in range(20)}
    assert drawn == {(0,), (1,)}
    mixture = draw_base_persistent(Labels(targets), 0, rng, minimum=2, maximum=2)
    assert join(targets[list(mixture)]).tolist() == [1, 1, 1]


def test_the_same_generator_draws_the_same() -> None:
    targets = single([4, 4, 4])
    first, second = (
        [draw_true_dynamic(Labels(targets), rng, maximum=3) for _ in range(20)]
        for rng in (np.random.default_rng(7), np.random.default_rng(7))
    )
    assert first == second


def test_classes_without_examples_are_never_drawn() -> None:
    targets = single([2, 0, 2])
    for seed in range(30):
        drawn = draw_true_dynamic(Labels(targets), np.random.default_rng(seed), maximum=2)
        assert not targets[list(drawn), 1].any()
    with pytest.raises(ValueError, match="maximum: expected at most 2"):
        draw_true_dynamic(Labels(targets), np.random.default_rng(0), maximum=3)
    with pytest.raises(ValueError, match="maximum: expected at most 2"):
        draw_base_persistent(Labels(targets), 0, np.random.default_rng(0), maximum=3)


def test_mix_is_the_average() -> None:
    parts = [np.array(part, dtype=np.float32) for part in ([1, 0, -1], [1, 1, 0], [1, -1, 1])]
    mixed = mix(parts)
    assert mixed.dtype == np.float32
    np.testing.assert_allclose(mixed, [1, 0, 0], atol=1e-7)
    assert mix(parts[:1]).tolist() == [1, 0, -1]
    with pytest.raises(ValueError, match=r"one length, got lengths \[2, 3\]"):
        mix([parts[0], parts[1][:2]])
    with pytest.raises(ValueError, match="one length"):
        mix([])


def test_refusals() -> None:
    targets, rng = single([2, 2]), np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"minimum: expected 1 to maximum \(2\), got 0"):
        draw_true_dynamic(Labels(targets), rng, minimum=0, maximum=2)
    with pytest.raises(ValueError, match="minimum"):
        samples_per_epoch(100, minimum=3, maximum=2)
    with pytest.raises(ValueError, match="missed"):
        samples_per_epoch(100, missed=0)
    with pytest.raises(ValueError, match="examples"):
        samples_per_epoch(1)
