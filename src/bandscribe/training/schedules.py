"""Learning-rate factors and early stopping, as pure functions of the step and of past scores."""

from __future__ import annotations

import math
from collections.abc import Sequence


def warm_up(step: int, *, warmup_steps: int) -> float:
    """Rise linearly from nearly 0 to 1 over the first `warmup_steps`."""
    return min(1.0, (step + 1) / (warmup_steps + 1))


def cosine(step: int, *, steps: int, floor: float = 0.01) -> float:
    """Fall from 1 at the first step to `floor` at the last, along half a cosine."""
    progress = min(1.0, step / max(1, steps - 1))
    return floor + (1 - floor) * (1 + math.cos(math.pi * progress)) / 2


def polynomial(
    step: int, *, steps: int, floor: float = 0.01, power: float = 0.7, warmup: float = 0.05
) -> float:
    """Rise from nearly 0 to 1 over the share `warmup` of the steps, then fall to `floor`.

    Source: Harmony Is All You Need 2023, chapter 4 and tables 4.3-4.5: the rate above `floor` falls
    with (1 - progress) to the `power`; `floor` is the final rate divided by the initial one.
    """
    warmup_steps = round(warmup * steps)
    if step < warmup_steps:
        return warm_up(step, warmup_steps=warmup_steps)
    progress = min(1.0, (step - warmup_steps) / max(1, steps - 1 - warmup_steps))
    return floor + (1 - floor) * math.pow(1 - progress, power)


def plateau(
    scores: Sequence[float], *, patience: int = 3, factor: float = 5.0, floor: float = 0.0
) -> float:
    """1, divided by `factor` each time `patience` validations in a row brought no new best.

    It never falls below `floor`. Sources: Fosse 2025, section 5.3 (a factor of 5 after 3 epochs);
    Neuroment 2022, section 4.4 (a factor of 5 after 8 epochs, from 1e-3 down to 1e-5).
    """
    rate, best, waited = 1.0, -math.inf, 0
    for score in scores:
        waited = 0 if score > best else waited + 1
        best = max(best, score)
        if waited == patience:
            rate, waited = max(rate / factor, floor), 0
    return rate


def waited(scores: Sequence[float]) -> int:
    """The number of validations since the best one; the first of equals counts."""
    return len(scores) - 1 - max(range(len(scores)), key=lambda i: scores[i]) if scores else 0
