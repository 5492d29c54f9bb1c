"""DrummerNet as it is trained: a transcriber, and a synthesizer that plays its transcription.

Source: Choi and Cho 2019, Deep unsupervised drum transcription, figure 1, table 2, sections 3.1
(upsampler) and 3.2 (12 kits, one velocity, 98 of 127). Each of eleven components is convolved with
its one fixed waveform of a second, and the tracks are added up. Nothing in the synthesizer is
learned, unless the recipe is `shaped`: then each component has a `Tone` (section 5 proposes a
synthesizer that is trained).

The paper leaves the levels of the waveforms open. In the authors' code all have the same energy.
Then a hi-hat of usual loudness is an amplitude of a few hundredths, of which two sparsemaxes, whose
shares add up to 1, make a smear and not a peak. Here they are as loud as in a usual mix, so that an
amplitude of 1 is a full stroke of any drum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bandscribe.synthesis.kits import Kit
from bandscribe.synthesis.kits.pieces import LOUDNESS_SPAN, KitPiece, RecordedHit
from bandscribe.synthesis.render import BALANCE_DB
from bandscribe.training.drummernet.analysis import HOP, Analysis
from bandscribe.training.drummernet.loss import SAMPLE_RATE, SILENCE
from bandscribe.vocabulary import DRUMMERNET_11, DRUMS_10, MDB_SUBCLASS_TO_10

COMPONENTS = DRUMMERNET_11
#: How each component is struck.
ARTICULATIONS: Mapping[str, str] = {
    "KD": "kd", "SD": "sd", "CHH": "chh", "PHH": "phh", "OHH": "ohh", "HIT": "ht", "MHT": "mt",
    "HFT": "lt", "RDC": "rd", "CRC": "cr", "TMB": "tmb",
}  # fmt: skip
#: The class that each component counts as; the tambourine counts as none.
TO_10: Mapping[str, str | None] = {name: MDB_SUBCLASS_TO_10[name] for name in COMPONENTS}
SECONDS = 1.0
VELOCITY = 98 / 127
#: Root of the energy of the first 0.3 s of a kick drum, whose peak is then about full scale.
NORM = 10.0


def draw_waveforms(
    kits: Sequence[Kit], rng: np.random.Generator, *, variants: int = 1
) -> NDArray[np.float32]:
    """Each kit `variants` times: (kit · variants, component, sample) at 16 kHz.

    Of the pieces of a component, one is drawn each time, and one of its strokes at that velocity.
    What a kit lacks is borrowed from another kit that has it. Kits with none of the components are
    no drum kits, and only lend.

    Raises ValueError when no kit has a component.
    """
    owners: dict[str, list[Kit]] = {
        name: [kit for kit in kits if kit.pieces.get(articulation)]
        for name, articulation in ARTICULATIONS.items()
    }
    if missing := [name for name, found in owners.items() if not found]:
        raise ValueError(f"kits: none has {', '.join(missing)}; add one that has")
    players = [kit for kit in kits if kit.pieces.get("kd") and kit.pieces.get("sd")]
    waveforms = []
    for kit in players:
        for _ in range(variants):
            row = []
            for name, articulation in ARTICULATIONS.items():
                found = owners[name]
                owner = kit if kit in found else found[int(rng.integers(len(found)))]
                hit = _draw_hit(owner.pieces[articulation], rng)
                row.append(_waveform(hit, BALANCE_DB[articulation]))
            waveforms.append(np.stack(row))
    return np.stack(waveforms)


def to_classes() -> NDArray[np.float32]:
    """(component, class): 1 where a component counts as one of the ten classes."""
    return np.array(
        [[TO_10[component] == name for name in DRUMS_10] for component in COMPONENTS],
        dtype=np.float32,
    )


def _draw_hit(pieces: Sequence[KitPiece], rng: np.random.Generator) -> RecordedHit:
    piece = pieces[int(rng.integers(len(pieces)))]
    layer = min(int(np.searchsorted(piece.velocities, VELOCITY)), len(piece.layers) - 1)
    hits = piece.layers[layer]
    return hits[int(rng.integers(len(hits)))]


def _waveform(hit: RecordedHit, level_db: float) -> NDArray[np.float32]:
    """A stroke as one second at 16 kHz, (sample,): the mean of its microphones at this level."""
    mono = hit.microphones.mean(axis=0, dtype=np.float32)
    if hit.sample_rate != SAMPLE_RATE:
        mono = soxr.resample(mono, hit.sample_rate, SAMPLE_RATE)
    length = round(SECONDS * SAMPLE_RATE)
    fade = np.ones(length, dtype=np.float32)
    fade[-length // 50 :] = np.linspace(1, 0, length // 50)  # a cymbal that is cut would click
    fixed = np.pad(mono[:length], (0, max(0, length - len(mono)))) * fade
    beginning = np.linalg.norm(fixed[: round(LOUDNESS_SPAN * SAMPLE_RATE)])
    return np.asarray(fixed * (NORM * 10 ** (level_db / 20) / beginning), dtype=np.float32)


#: How far a tone can go: its gain in dB, and its tilt in dB per octave.
GAIN_DB, TILT_DB = 12.0, 6.0
#: A tilt turns around this frequency in Hz, and is level below 50 Hz.
_PIVOT, _LOWEST = 1000.0, 50.0


class DrummerNet(nn.Module):
    """Sound in, the same sound as a drum kit would play it out."""

    def __init__(
        self, analysis: Analysis, kits: Tensor, *, shaped: bool = False, cyclic: bool = False
    ) -> None:
        """`kits` (kit, component, sample) are waveforms; they are no weights, and not saved.

        Where they are `shaped`, the tone of each component is learned, the same for all kits. If
        `cyclic`, training also gets the difference between the notes that were played and the
        transcription of what was played.
        """
        super().__init__()
        self.analysis = analysis
        self.kits: Tensor
        self.register_buffer("kits", kits, persistent=False)
        self.tone = Tone(kits.shape[1], SAMPLE_RATE) if shaped else None
        self.cyclic = cyclic

    def forward(self, samples: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """(batch, n) to (batch, n), n a multiple of 16.

        In training, if `cyclic`, also the scalar of `differ`.
        """
        amplitudes = self.analysis(samples)
        played = self.play(amplitudes)
        if not (self.cyclic and self.training):
            return played
        return played, self.differ(amplitudes.detach(), played.detach())

    def differ(self, amplitudes: Tensor, played: Tensor) -> Tensor:
        """How far the transcription of what was `played` (batch, n) is from what it was played of.

        The sum of absolute differences from the `amplitudes` (batch, frame, component), as a share
        of their sum: 0 if they are found again, 1 if nothing is. Both are taken as given, as notes
        of a labelled recording are, so that no silence can satisfy it.
        """
        peak = played.abs().amax(dim=1, keepdim=True).clamp(min=SILENCE)
        again = self.analysis(played / peak)  # as loud as an excerpt
        target = amplitudes / peak[..., None]
        share: Tensor = (again - target).abs().sum() / target.sum().clamp(min=SILENCE)
        return share

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
    """The level and brightness of each component, beside its fixed waveform."""

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
