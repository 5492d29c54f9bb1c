"""Sparsemax: the point of the simplex that is nearest to the scores.

Like softmax it gives shares that add up to 1; unlike softmax it gives most scores nothing at all.
Source: Martins and Astudillo 2016, From softmax to sparsemax, algorithm 1 and section 2.5.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def sparsemax(scores: Tensor, dim: int = -1) -> Tensor:
    """Shares in [0, 1] that add up to 1 along `dim`, of scores of any size; exact."""
    last = scores.dim() - 1
    shares: Tensor = _Sparsemax.apply(scores.transpose(dim, last))  # type: ignore[no-untyped-call]
    return shares.transpose(dim, last)


class _Sparsemax(torch.autograd.Function):
    """Along the last dimension, with the gradient of the closed form.

    Going backward through the sorting would give the same one, and take longer.
    """

    @staticmethod
    def forward(context: Any, scores: Tensor) -> Tensor:
        # The greatest is subtracted: the result stays, and large scores lose no digits.
        scores = scores - scores.amax(dim=-1, keepdim=True)
        ordered = scores.sort(dim=-1, descending=True).values
        sums = ordered.cumsum(dim=-1)
        rank = torch.arange(1, scores.shape[-1] + 1, device=scores.device, dtype=scores.dtype)
        size = (1 + rank * ordered > sums).sum(dim=-1, keepdim=True)  # of the support
        threshold = (sums.gather(-1, size - 1) - 1) / size
        shares = (scores - threshold).clamp(min=0)
        context.save_for_backward(shares)
        return shares

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        # Section 2.5: within the support, the gradient without its mean; outside, nothing.
        (shares,) = context.saved_tensors
        support = (shares > 0).to(gradient.dtype)
        mean = (gradient * support).sum(dim=-1, keepdim=True) / support.sum(dim=-1, keepdim=True)
        found: Tensor = support * (gradient - mean)
        return found
