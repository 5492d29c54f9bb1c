"""That a small loss is a right transcription: three sounds, a few strokes, no labels."""

import numpy as np
import torch

from bandscribe import peaks
from bandscribe.metrics.onsets import match
from bandscribe.training.drummernet.analysis import Analysis
from bandscribe.training.drummernet.loss import OnsetLoss
from bandscribe.training.drummernet.network import DrummerNet, synthesize
from bandscribe.training.drummernet.validation import PEAKS, THRESHOLD

#: Two excerpts of 0.512 s: (excerpt, frame, component) of each stroke; frames are milliseconds.
STROKES = [
    (0, 40, 0), (0, 290, 0), (0, 165, 1), (0, 415, 1), (0, 40, 2), (0, 165, 2), (0, 290, 2),
    (0, 415, 2), (1, 100, 0), (1, 225, 0), (1, 350, 1), (1, 100, 2), (1, 350, 2),
]  # fmt: skip


def drums() -> torch.Tensor:
    """A low tone, a tone with noise, and high noise, each decaying from 1: (component, sample)."""
    t = np.arange(4000) / 16000
    first, second = np.random.default_rng(0).standard_normal((2, 4000))
    sounds = np.stack(
        [
            np.sin(2 * np.pi * 60 * t) * np.exp(-20 * t),
            (np.sin(2 * np.pi * 200 * t) + 0.5 * first) * np.exp(-30 * t),
            np.diff(second, append=0) * np.exp(-80 * t),
        ]
    )
    return torch.tensor(sounds / np.abs(sounds).max(axis=1, keepdims=True), dtype=torch.float32)


def f1(network: DrummerNet, samples: torch.Tensor) -> list[float]:
    """Of each component, over both excerpts, as the paper picks peaks."""
    with torch.no_grad():
        said = network.analysis(samples).numpy()
    hits, all_ = np.zeros(3), np.zeros(3)
    for item, values in enumerate(said):
        found = peaks.pick(values, thresholds=[THRESHOLD] * 3, **PEAKS)
        for k in range(3):
            wanted = [frame / 1000 for at, frame, name in STROKES if (at, name) == (item, k)]
            picked = found.frames[found.classes == k] / 1000
            hits[k] += len(match(wanted, picked).reference)
            all_[k] += len(wanted) + len(picked)
    return (2 * hits / all_).tolist()


def test_a_few_strokes_are_learned_by_listening() -> None:
    written = torch.zeros(2, 512, 3)
    for item, frame, component in STROKES:
        written[item, frame, component] = 0.7
    heard = synthesize(written, drums(), 16)
    torch.manual_seed(0)
    network = DrummerNet(Analysis(3, first=8, channels=16, memory="conv"), drums()[None])
    loss = OnsetLoss()
    optimiser = torch.optim.Adam(network.parameters())
    before, steps = f1(network, heard), 50
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 0.01 * (1 - step / steps)
        optimiser.zero_grad()
        loss(network(heard), heard).backward()
        optimiser.step()
    assert before == [0, 0, 0]
    assert min(f1(network, heard)) > 0.85  # all of them are 1, but for rounding elsewhere
