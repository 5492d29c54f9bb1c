import math

import numpy as np
import pytest
import torch

from bandscribe.training.drums.targets import (
    UNKNOWN,
    infrequency_weights,
    joint_loss,
    joint_targets,
    onset_targets,
    weighted_bce,
)
from bandscribe.types import Beats, Transcription


def notes(*played: tuple[float, str]) -> Transcription:
    onsets = np.array([onset for onset, _ in played], dtype=np.float64)
    labels = np.array([label for _, label in played], dtype=np.str_)
    return Transcription(onsets, labels, None, 1.0, ("KD", "SD"))


def test_targets_by_hand() -> None:
    # At 10 frames a second: kicks in frames 0, 3 and 4 (0.26 s is nearest to 3), a snare in 6.
    made = onset_targets(
        notes((0.0, "KD"), (0.26, "KD"), (0.4, "KD"), (0.6, "SD"), (0.71, "KD"), (5.0, "SD")),
        frames=7,
        frame_rate=10,
        neighbours=0.25,
    )
    # The kick in frame 7 is beyond the end, but its neighbour is not.
    assert made.T.tolist() == [[1, 0.25, 0.25, 1, 1, 0.25, 0.25], [0, 0, 0, 0, 0, 0.25, 1]]


def test_no_notes_and_no_frames() -> None:
    assert not onset_targets(notes(), frames=5, frame_rate=100).any()
    assert onset_targets(notes((0.0, "KD")), frames=0, frame_rate=100).shape == (0, 2)


def test_weights_follow_the_formula() -> None:
    targets = np.zeros((100, 2), dtype=np.float32)
    targets[:20, 0] = 1
    targets[20:30, 0] = 0.5  # neighbours are no events
    targets[:4, 1] = 1

    def entropy(p: float) -> float:
        return -p * math.log(p) - (1 - p) * math.log(1 - p)

    for exponent in (1.0, 0.5, 0.0):
        raw = np.array([entropy(0.2), entropy(0.04)]) ** -exponent
        found = infrequency_weights([targets[:50], targets[50:]], exponent=exponent)
        np.testing.assert_allclose(found, raw / raw.mean(), rtol=1e-6)


def test_weights_of_a_class_that_never_sounds_are_finite() -> None:
    targets = np.zeros((100, 2), dtype=np.float32)
    targets[::10, 0] = 1
    rare = infrequency_weights([targets])
    targets[0, 1] = 1
    np.testing.assert_array_equal(rare, infrequency_weights([targets]))


def test_weights_refuse_what_they_cannot_measure() -> None:
    with pytest.raises(ValueError, match="two frames"):
        infrequency_weights([])
    with pytest.raises(ValueError, match="exponent"):
        infrequency_weights([np.zeros((9, 1), dtype=np.float32)], exponent=2)


def test_loss_by_hand() -> None:
    logits = torch.tensor([[[0.0, 2.0]]])
    targets = torch.tensor([[[1.0, 0.0]]])
    expected = (1.5 * math.log(2) + 0.5 * math.log(1 + math.exp(2))) / 2
    loss = weighted_bce(logits, targets, torch.tensor([1.5, 0.5]))
    assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_loss_stays_finite_and_is_least_at_the_target() -> None:
    one = torch.ones(1)
    far = weighted_bce(torch.full((1, 1, 1), -1000.0), torch.ones(1, 1, 1), one)
    assert far.item() == pytest.approx(1000)
    logits = torch.zeros(1, 1, 1, requires_grad=True)
    weighted_bce(logits, torch.full((1, 1, 1), 0.5), one).backward()
    assert logits.grad is not None
    assert logits.grad.item() == pytest.approx(0)


def played(beats: Beats | None) -> Transcription:
    """A loud kick and a soft snare, in a second of ten frames."""
    onsets, labels = np.array([0.1, 0.5]), np.array(["KD", "SD"])
    return Transcription(onsets, labels, np.array([0.9, 0.2]), 1.0, ("KD", "SD"), beats)


def test_joint_targets_by_hand() -> None:
    grid = Beats(np.array([0.0, 0.4, 0.8]), np.array([2, 1, 2]))
    made = joint_targets(played(grid), frames=10, frame_rate=10, neighbours=0.5)
    np.testing.assert_allclose(
        made.T,
        [
            [0.5, 1, 0.5, 0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0.5, 1, 0.5, 0, 0, 0],
            [0.9, 0.9, 0.9, 0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0.2, 0.2, 0.2, 0, 0, 0],
            [1, 0.5, 0, 0.5, 1, 0.5, 0, 0.5, 1, 0.5],
            [0, 0, 0, 0.5, 1, 0.5, 0, 0, 0, 0],
        ],
        atol=1e-7,
    )


def test_beats_that_nobody_knows_are_marked() -> None:
    made = joint_targets(played(None), frames=10, frame_rate=10)
    assert (made[:, 4:] == UNKNOWN).all()
    with pytest.raises(ValueError, match="expected velocities"):
        joint_targets(notes((0.0, "KD")), frames=10, frame_rate=10)


def test_the_joint_loss_is_a_sum_by_hand() -> None:
    """All logits 0: sigmoids of a half, and a cross-entropy of ln 2 whatever the target."""
    weights = torch.tensor([1.0, 3.0])
    for grid, beats in ((None, 0.0), (Beats(np.array([0.4]), np.array([1])), math.log(2))):
        targets = torch.from_numpy(joint_targets(played(grid), frames=10, frame_rate=10))[None]
        value = joint_loss(
            torch.zeros_like(targets), targets, weights, velocity_weight=0.5, beat_weight=0.25
        )
        velocities = (3 * (0.9 - 0.5) ** 2 + 3 * (0.2 - 0.5) ** 2) / 6
        assert value.item() == pytest.approx(2 * math.log(2) + 0.5 * velocities + 0.25 * beats)


def test_silence_teaches_no_velocity() -> None:
    logits = torch.zeros(1, 10, 6, requires_grad=True)
    silence = Transcription(
        np.zeros(0), np.zeros(0, dtype="<U2"), np.zeros(0), 1.0, ("KD", "SD"), None
    )
    targets = torch.from_numpy(joint_targets(silence, frames=10, frame_rate=10))[None]
    weights = torch.ones(2)
    joint_loss(logits, targets, weights, velocity_weight=1, beat_weight=1).backward()
    assert logits.grad is not None
    assert logits.grad[..., :2].abs().min() > 0
    assert not logits.grad[..., 2:].any()
