"""DrummerNet as it is trained: a transcriber, and a synthesizer that plays its transcription.

Source: Choi and Cho 2019, Deep unsupervised drum transcription, figure 1, sections 3.1 (upsampler)
and 3.2. Each component is convolved with its one fixed waveform, and the tracks are added up.
Nothing in the synthesizer is learned, unless the recipe is `shaped`: then each component has a
`Tone` (section 5 proposes a synthesizer that is trained).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bandscribe.training.drummernet.analysis import HOP, Analysis
from bandscribe.training.drummernet.components import to_classes
from bandscribe.training.drummernet.loss import SAMPLE_RATE
from bandscribe.training.drummernet.sounds import SILENCE

#: How far a tone can go: its gain in dB, and its tilt in dB per octave.
GAIN_DB, TILT_DB = 12.0, 6.0
#: A tilt turns around this frequency in Hz, and is level below 50 Hz.
_PIVOT, _LOWEST = 1000.0, 50.0


class DrummerNet(nn.Module):
    """Sound in, the same sound as a drum kit would play it out."""

    def __init__(self, analysis: Analysis, kits: Tensor, *, shaped: bool = False) -> None:
        """`kits` (kit, component, sample) are waveforms; they are no weights, and not saved.

        Where they are `shaped`, the tone of each component is learned, the same for all kits.
        """
        super().__init__()
        self.analysis = analysis
        self.kits: Tensor
        self.register_buffer("kits", kits, persistent=False)
        self.tone = Tone(kits.shape[1], SAMPLE_RATE) if shaped else None

    def forward(self, samples: Tensor) -> Tensor:
        """(batch, n) to (batch, n), n a multiple of 16."""
        return self.play(self.analysis(samples))

    def play(self, amplitudes: Tensor) -> Tensor:
        """(batch, frame, component) to (batch, frame · 16): a batch on a kit that is drawn.

        The draw is torch's, as that of a dropout, so that a run that goes on draws what it would
        have. In evaluation each item has the next kit, from the first on.
        """
        if self.training:
            kit = int(torch.randint(len(self.kits), ()))
            return synthesize(amplitudes, self.kits[kit], HOP, self.tone)
        return torch.cat(
            [
                synthesize(item[None], self.kits[i % len(self.kits)], HOP, self.tone)
                for i, item in enumerate(amplitudes)
            ]
        )


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


class Transcriber(nn.Module):
    """The transcriber as it is shipped: chunks of any level in, the ten classes out."""

    def __init__(self, analysis: Analysis) -> None:
        """Components are added up by class; what no class holds is left out."""
        super().__init__()
        self.analysis = analysis
        self.classes: Tensor
        self.register_buffer("classes", torch.from_numpy(to_classes()))

    def forward(self, frames: Tensor) -> Tensor:
        """(batch, frame, 16) samples to amplitudes (batch, frame, class) in [0, 1].

        The loudest sample of a chunk becomes 1, as that of an excerpt in training, but for silence.
        """
        samples = frames.flatten(start_dim=1)
        peak = samples.abs().amax(dim=1, keepdim=True).clamp(min=SILENCE)
        amplitudes: Tensor = self.analysis(samples / peak) @ self.classes
        return amplitudes.clamp(max=1)


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
