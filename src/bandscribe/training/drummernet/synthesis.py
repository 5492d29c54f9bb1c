"""The synthesizer of DrummerNet: amplitudes of components in, sound out.

Source: Choi and Cho 2019, sections 3.1 (upsampler) and 3.2. Each component is convolved with its
one fixed waveform, and the tracks are added up. Nothing in it is learned, unless the recipe is
`shaped`: then each component has a `Tone` (section 5 proposes a synthesizer that is trained).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: How far a tone can go: its gain in dB, and its tilt in dB per octave.
GAIN_DB, TILT_DB = 12.0, 6.0
#: A tilt turns around this frequency in Hz, and is level below 50 Hz.
_PIVOT, _LOWEST = 1000.0, 50.0


class Tone(nn.Module):
    """How loud and how bright each component is, beside its fixed waveform."""

    def __init__(self, components: int, sample_rate: int) -> None:
        """Changes nothing at first."""
        super().__init__()
        self.gain = nn.Parameter(torch.zeros(components))
        self.tilt = nn.Parameter(torch.zeros(components))
        self.highest = sample_rate / 2

    def forward(self, bins: int) -> Tensor:
        """Factors (component, bin) of a spectrum from 0 Hz to half the sample rate."""
        frequency = torch.linspace(0, self.highest, bins, device=self.gain.device)
        octaves = torch.log2(frequency.clamp(min=_LOWEST) / _PIVOT)
        tilted = TILT_DB * self.tilt.tanh()[:, None] * octaves
        decibels: Tensor = GAIN_DB * self.gain.tanh()[:, None] + tilted
        return torch.pow(10, decibels / 20)


def insert_zeros(amplitudes: Tensor, factor: int) -> Tensor:
    """(batch, frame, component) to (batch, frame · factor, component): each frame, then zeros.

    An onset stays a single sample; interpolation would make a slope of it.
    """
    batch, frames, components = amplitudes.shape
    spaced = amplitudes.new_zeros(batch, frames, factor, components)
    spaced[:, :, 0] = amplitudes
    return spaced.reshape(batch, frames * factor, components)


def synthesize(
    amplitudes: Tensor, waveforms: Tensor, factor: int, tone: Tone | None = None
) -> Tensor:
    """Amplitudes (batch, frame, component), waveforms (component, n) to samples (batch, sample).

    There are `factor` samples to a frame; what would ring beyond the last frame is cut off. Equal
    to inserting zeros and convolving one by one, but done by multiplying spectra. The spectrum of
    a signal with zeros inserted is that of the signal itself, `factor` times over: the long
    transform of mostly zeros is never made. Tracks are added up before the way back, which is then
    one transform and not one for each.
    """
    frames = amplitudes.shape[1]
    length = _fast_length(frames + (waveforms.shape[1] + factor - 1) // factor)
    repeated = torch.fft.fft(amplitudes.transpose(1, 2), length)  # (batch, component, length)
    bins = length * factor // 2 + 1
    spectrum = repeated.repeat(1, 1, factor // 2 + 1)[..., :bins]
    kernels = torch.fft.rfft(waveforms, length * factor)  # (component, bins)
    if tone is not None:
        kernels = kernels * tone(bins)
    mixture = torch.einsum("bkf,kf->bf", spectrum, kernels)
    samples: Tensor = torch.fft.irfft(mixture, length * factor)[:, : frames * factor]
    return samples


def _fast_length(at_least: int) -> int:
    """The next number of the form 2^a or 3 · 2^a, whose transform is fast."""
    power = 1 << (at_least - 1).bit_length()
    return power * 3 // 4 if power >= 4 and power * 3 // 4 >= at_least else power
