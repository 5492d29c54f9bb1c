"""The distance of predicted amplitudes from envelopes: four choices, which add up.

All take logits and envelopes (batch, frame, class) in [0, 1], and compare sigmoids; each is a
scalar. Source: Neuroment 2022, section 4.4, which trains on `bce` alone, after predictions under
`mse` had collapsed to zero, and after trying additional terms of the other two kinds.

Why `mse` may collapse: its gradient on a logit is 2 (p - e) p (1 - p), which vanishes with p
itself, so that what is once near zero stays there; that of `bce` is p - e. And an optimiser that
adds weight decay to a gradient and then divides by the gradient's size, as Adam does, lets the
decay win wherever gradients are as small as those of squared envelopes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

_TINY = 1e-8


def bce(logits: Tensor, envelopes: Tensor) -> Tensor:
    """Binary cross-entropy, as if amplitudes were probabilities; least where they are equal."""
    return F.binary_cross_entropy_with_logits(logits, envelopes)


def mse(logits: Tensor, envelopes: Tensor) -> Tensor:
    """Mean squared error."""
    return F.mse_loss(logits.sigmoid(), envelopes)


def kl(logits: Tensor, envelopes: Tensor) -> Tensor:
    """Generalised Kullback-Leibler divergence, the mean of e log(e / p) - e + p.

    The paper leaves open which; this one is defined for amplitudes that sum to no probability.
    Source: Lee and Seung 2000, Algorithms for non-negative matrix factorization.
    """
    known = torch.xlogy(envelopes, envelopes) - envelopes * F.logsigmoid(logits)
    return (known - envelopes + logits.sigmoid()).mean()


def frobenius(logits: Tensor, envelopes: Tensor) -> Tensor:
    """Frobenius norm of each window's matrix of differences, the mean of windows."""
    squares = (logits.sigmoid() - envelopes).square().sum(dim=(1, 2))
    return (squares + _TINY).sqrt().mean()


LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "bce": bce,
    "mse": mse,
    "kl": kl,
    "frobenius": frobenius,
}


def add(logits: Tensor, envelopes: Tensor, *, names: Sequence[str]) -> Tensor:
    """The sum of these losses, over the frames of the envelopes that the network predicts."""
    targets = select(envelopes, logits.shape[1])
    # In half precision, envelopes of -60 dB would differ from each other by rounding.
    logits = logits.float()
    total: Tensor = torch.stack([LOSSES[name](logits, targets) for name in names]).sum()
    return total


def select(envelopes: Tensor, output_frames: int) -> Tensor:
    """The frames of (batch, frame, class) that a network predicts: all, or the middle one for 1.

    Raises ValueError for another number.
    """
    frames = envelopes.shape[1]
    if output_frames not in (1, frames):
        raise ValueError(f"output_frames: expected 1 or {frames}, got {output_frames}")
    return envelopes if output_frames == frames else envelopes[:, frames // 2 : frames // 2 + 1]
