import numpy as np
import pytest
import torch

from bandscribe.training.drummernet.network import Tone, synthesize


def test_it_equals_the_direct_convolution() -> None:
    rng = np.random.default_rng(0)
    for frames, length in ((40, 300), (33, 1000), (64, 1)):
        amplitudes, waveforms = (
            rng.standard_normal((2, frames, 3)),
            rng.standard_normal((3, length)),
        )
        found = synthesize(torch.from_numpy(amplitudes), torch.from_numpy(waveforms), 16).numpy()
        spaced = np.zeros((2, 16 * frames, 3))
        spaced[:, ::16] = amplitudes  # an onset stays a single sample
        for item, track in zip(found, spaced, strict=True):
            direct = sum(np.convolve(track[:, k], waveforms[k])[: 16 * frames] for k in range(3))
            np.testing.assert_allclose(item, direct, atol=1e-12)


def test_gradient() -> None:
    rng = torch.Generator().manual_seed(0)
    amplitudes = torch.randn(1, 6, 2, generator=rng, dtype=torch.float64, requires_grad=True)
    waveforms = torch.randn(2, 50, generator=rng, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda y: synthesize(y, waveforms, 16), amplitudes)


def test_a_tone_is_a_gain_and_a_slope_over_octaves() -> None:
    tone = Tone(2, 16000)
    assert torch.equal(tone(9), torch.ones(2, 9))
    with torch.no_grad():
        tone.gain[0], tone.tilt[1] = 0.5, -0.25
    decibels = 20 * torch.log10(tone(9)).detach().numpy()  # at 0, 1000, …, 8000 Hz
    np.testing.assert_allclose(decibels[0], 12 * np.tanh(0.5), rtol=1e-5)
    octaves = np.log2(np.array([50, *range(1000, 9000, 1000)]) / 1000)
    np.testing.assert_allclose(decibels[1], 6 * np.tanh(-0.25) * octaves, rtol=1e-4, atol=1e-5)


def test_a_gain_is_learned() -> None:
    """Of a sound that is 6 dB louder than the component that plays it."""
    rng = torch.Generator().manual_seed(0)
    amplitudes, waveforms = torch.rand(1, 64, 1, generator=rng), torch.randn(1, 40, generator=rng)
    heard = synthesize(amplitudes, waveforms, 16) * 10 ** (6 / 20)
    tone = Tone(1, 16000)
    optimiser = torch.optim.Adam(tone.parameters(), lr=0.05)
    for _ in range(80):
        optimiser.zero_grad()
        (synthesize(amplitudes, waveforms, 16, tone) - heard).square().mean().backward()
        optimiser.step()
    assert 12 * float(tone.gain.detach().tanh()) == pytest.approx(6, abs=0.2)
    assert 6 * float(tone.tilt.detach().tanh()) == pytest.approx(0, abs=0.2)
