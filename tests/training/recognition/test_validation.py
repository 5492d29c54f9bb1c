import numpy as np
import pytest
import torch

from bandscribe.training.recognition import validation
from bandscribe.training.recognition.validation import ValidationWindows

OWNER = np.array([0, 0, 1])
PROBABILITIES = np.array([[0.8, 0.1], [0.4, 0.3], [0.2, 0.4]], dtype=np.float32)


def judged(targets: list[list[int]], known: list[list[int]] | None = None) -> ValidationWindows:
    flags = np.array(targets, dtype=bool)
    seen = np.ones_like(flags) if known is None else np.array(known, dtype=bool)
    return ValidationWindows(
        np.zeros((3, 2), np.float32), OWNER, flags, seen, ("a", "b"), ("cel", "flu")
    )


def test_windows_become_recordings() -> None:
    np.testing.assert_allclose(
        validation.gather(PROBABILITIES, OWNER, "s1"), [[0.6, 0.2], [0.2, 0.4]], rtol=1e-6
    )
    np.testing.assert_allclose(
        validation.gather(PROBABILITIES, OWNER, "s2"), [[1, 1 / 3], [0.5, 1]], rtol=1e-6
    )


def test_the_loss_is_torchs() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((6, 4)).astype(np.float32)
    scores[0] = [1, 0, 1, 0]
    targets = rng.random((6, 4)) < 0.5
    expected = torch.nn.BCELoss()(torch.from_numpy(scores), torch.from_numpy(targets).float())
    known = np.ones((6, 4), dtype=bool)
    assert validation.loss(targets, scores, known) == pytest.approx(expected.item(), rel=1e-5)
    known[1:] = False
    alone = torch.nn.BCELoss()(torch.from_numpy(scores[:1]), torch.from_numpy(targets[:1]).float())
    assert validation.loss(targets, scores, known) == pytest.approx(alone.item(), rel=1e-5)


def test_figures_by_hand() -> None:
    said = validation.summarise(PROBABILITIES, judged([[1, 0], [0, 1]]))
    # S2 at 0.5 names cel; then cel, just, and flu: one decision of four is wrong.
    assert said["hamming"] == 0.75
    assert said["exact_match"] == 0.5
    assert said["micro_f1"] == pytest.approx(0.8)
    assert said["macro_f1"] == pytest.approx((2 / 3 + 1) / 2)
    assert (said["macro_precision"], said["macro_recall"]) == (0.75, 1)
    assert said["lrap"] == 1
    assert said["s2_loss"] == pytest.approx(-(np.log(2 / 3) + np.log(0.5)) / 4, rel=1e-5)
    assert said["s1_loss"] == pytest.approx(-np.log([0.6, 0.8, 0.8, 0.4]).mean(), rel=1e-5)
    unknown = validation.summarise(PROBABILITIES, judged([[1, 0], [0, 1]], [[1, 1], [0, 1]]))
    assert unknown["hamming"] == 1


def test_what_is_judged_is_what_is_heard() -> None:
    class Windows:
        recordings = (type("R", (), {"target": np.array([1, np.nan]), "group": "a"})(),)
        owner = np.zeros(4, dtype=int)

    features = np.arange(12, dtype=np.float32).reshape(4, 3, 1)
    made = validation.prepare(Windows(), ("cel", "flu"), features)  # type: ignore[arg-type]
    assert made.targets.tolist() == [[True, False]]
    assert made.known.tolist() == [[True, False]]
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3, 2))
    heard = validation.infer_windows(network, made)
    expected = network(torch.from_numpy(np.array(made.features))).sigmoid().detach().numpy()
    np.testing.assert_allclose(heard, expected, rtol=1e-6)
