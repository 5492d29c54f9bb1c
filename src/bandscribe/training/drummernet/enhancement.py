"""Onset enhancement: what is struck, without what rings on, by median filtering; differentiable.

Sources: Choi and Cho 2019, Deep unsupervised drum transcription, section 3.3 (FFT of 1024, medians
of 31, on both axes); Fitzgerald 2010, Harmonic/percussive separation using median filtering.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

N_FFT = 1024
#: Quarter of the window; the paper leaves it open.
HOP = 256
MEDIAN = 31
#: Power of magnitudes that is faint beside a full-scale tone of 256² = 65536.
_FAINT = 1e-6


def enhance(samples: Tensor) -> Tensor:
    """The onsets in samples (batch, n), as samples (batch, n).

    In a magnitude spectrogram what is struck is a ridge across all frequencies, and its median
    along frequency stays; what rings is a ridge along time. Each bin is scaled by the share of the
    former: p² / (p² + h²), with p the median along frequency and h that along time.

    Raises ValueError for fewer samples than reach beyond the edge of a median, 3841.
    """
    if samples.shape[1] < HOP * (MEDIAN // 2):
        raise ValueError(f"samples: expected 3840 or more, got {samples.shape[1]}")
    window = torch.hann_window(N_FFT, dtype=samples.dtype, device=samples.device)
    spectrum = torch.stft(samples, N_FFT, HOP, window=window, return_complex=True)
    struck, ringing = medians(spectrum.abs())
    mask = struck**2 / (struck**2 + ringing**2 + _FAINT)
    return torch.istft(spectrum * mask, N_FFT, HOP, window=window, length=samples.shape[1])


def medians(magnitude: Tensor, size: int = MEDIAN) -> tuple[Tensor, Tensor]:
    """Running medians of (batch, bin, frame), along bins and along frames; mirrored at the edges.

    A median is one of the values, and so its gradient goes to that one alone. To know which, the
    medians are taken of ranks: on a CPU that is many times faster than sorting every window, since
    a running median of scipy keeps its window sorted.

    Raises ValueError unless there are more than `size` // 2 bins and frames.
    """
    reach = size // 2
    if min(magnitude.shape[1:]) <= reach:
        raise ValueError(
            f"magnitude: expected more than {reach} bins and frames, got {tuple(magnitude.shape)}"
        )
    if magnitude.is_cuda:
        return _sorted_medians(magnitude, size)
    values = magnitude.flatten(start_dim=1)
    order = values.detach().argsort(dim=1)
    ranks = np.empty(values.shape, dtype=np.float32)  # exact up to 2^24 values
    np.put_along_axis(ranks, order.numpy(), np.arange(values.shape[1])[None], axis=1)
    ranks = ranks.reshape(magnitude.shape)
    found = []
    for axis in (1, 2):
        turned = np.moveaxis(ranks, axis, 2)
        padded = np.pad(turned, ((0, 0), (0, 0), (reach, reach)), mode="reflect")
        # One long row: medians at a seam are cut off.
        medians_ = ndimage.median_filter(padded.reshape(-1), size).reshape(padded.shape)
        kept = np.moveaxis(medians_[..., reach:-reach], 2, axis)
        at = torch.from_numpy(np.ascontiguousarray(kept).astype(np.int64)).flatten(start_dim=1)
        found.append(values.gather(1, order.gather(1, at)).reshape(magnitude.shape))
    return found[0], found[1]


def _sorted_medians(magnitude: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The same by sorting every window, which a GPU does at once."""
    reach = size // 2
    along_bins = F.pad(magnitude.transpose(1, 2), (reach, reach), mode="reflect")
    along_frames = F.pad(magnitude, (reach, reach), mode="reflect")
    return (
        along_bins.unfold(2, size, 1).median(dim=-1).values.transpose(1, 2),
        along_frames.unfold(2, size, 1).median(dim=-1).values,
    )
