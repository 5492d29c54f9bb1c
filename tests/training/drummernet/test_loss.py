import librosa
import numpy as np
import pytest
import torch
from scipy import ndimage

from bandscribe.features import filterbanks
from bandscribe.training.drummernet.loss import (
    FMIN,
    SAMPLE_RATE,
    Magnitudes,
    OnsetLoss,
    _sorted_medians,
    enhance,
    medians,
    octave_filters,
)


def noise(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


def tone(frequency: float, n: int) -> torch.Tensor:
    return torch.sin(2 * np.pi * frequency * torch.arange(n) / SAMPLE_RATE)[None]


def test_medians_are_those_of_scipy_and_of_sorting() -> None:
    magnitude = noise(2, 40, 35).abs()
    found = medians(magnitude, 31)
    for item in range(2):
        for axis, each in enumerate(found):
            size = [1, 1]
            size[axis] = 31
            expected = ndimage.median_filter(magnitude[item].numpy(), size=size, mode="mirror")
            np.testing.assert_array_equal(each[item], expected)
    for each, other in zip(found, _sorted_medians(magnitude, 31), strict=True):
        torch.testing.assert_close(each, other, rtol=0, atol=0)


def test_the_gradient_of_medians() -> None:
    magnitude = noise(1, 9, 8, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: medians(x, 5), magnitude)


def test_medians_need_values_to_mirror() -> None:
    with pytest.raises(ValueError, match="more than 15 bins and frames"):
        medians(torch.zeros(1, 40, 15))


def test_enhancement_keeps_clicks_and_takes_tones_away() -> None:
    click = torch.zeros(1, 16384)
    click[0, 8000] = 1.0
    both = enhance(click + 0.1 * tone(1000, 16384))
    assert both[0, 8000] > 0.9
    left = (
        both[0, 2048:6144].square().mean() / (0.1 * tone(1000, 16384))[0, 2048:6144].square().mean()
    )
    assert 10 * torch.log10(left) < -30  # dB


def test_the_gradient_of_the_enhancement() -> None:
    samples = noise(1, 4200, dtype=torch.float64).requires_grad_()
    direction = noise(1, 4200, dtype=torch.float64)
    weights = torch.linspace(-1, 1, 4200, dtype=torch.float64)[None]
    (weights * enhance(samples)).sum().backward()
    slope = float((samples.grad * direction).sum())  # type: ignore[operator]
    with torch.no_grad():
        step = 1e-6
        ahead, behind = (
            (weights * enhance(samples + sign * step * direction)).sum() for sign in (1, -1)
        )
    assert slope == pytest.approx(float(ahead - behind) / (2 * step), rel=1e-4)


def test_too_few_samples_to_enhance() -> None:
    with pytest.raises(ValueError, match="samples: expected 3840 or more, got 3000"):
        enhance(torch.zeros(1, 3000))


@pytest.mark.parametrize("octave", [0, 3, 5])
def test_an_octave_is_that_of_librosa(octave: int) -> None:
    """librosa fills the FFT with its window, and scales filters by their length."""
    fmin = FMIN * 2**octave
    n_fft = 16384 >> octave
    samples, hop = noise(1, 20000), n_fft // 4
    mine = Magnitudes(octave_filters(fmin, n_fft, n_fft), n_fft, hop)(samples)[0].numpy()
    theirs = librosa.pseudo_cqt(
        samples[0].numpy(), sr=SAMPLE_RATE, hop_length=hop, fmin=fmin, n_bins=12, tuning=0.0,
        sparsity=0.0, pad_mode="constant",
    ).T  # fmt: skip
    for one, other in zip(mine.T, theirs.T, strict=True):
        # Shapes agree; the scale of a filter is a matter of convention.
        np.testing.assert_allclose(one / one.mean(), other / other.mean(), rtol=0.03)


def test_a_full_scale_tone_reads_one() -> None:
    loss = OnsetLoss(enhanced=False)
    for octave, step in ((0, 0), (2, 5), (5, 9), (7, 11)):
        levels = loss.levels(tone(FMIN * 2 ** (octave + step / 12), 32000))
        loudest = [float(level[0, 2:-2].mean(dim=0).max()) for level in levels]
        assert int(np.argmax(loudest)) == octave
        assert abs(loudest[octave]) < 0.03


def test_mel_and_stft_are_those_of_the_features() -> None:
    samples = tone(440, 8000)
    power = np.abs(
        librosa.stft(samples[0].numpy(), n_fft=1024, hop_length=256, pad_mode="constant")
    ).T  # fmt: skip
    scaled = power / 256
    found = OnsetLoss("stft", enhanced=False, floor=1e-3).levels(samples)[0][0]
    np.testing.assert_allclose(found, np.log10(scaled + 1e-3), atol=2e-3)
    bands = filterbanks.mel(SAMPLE_RATE, 1024, n_mels=128)
    bands = bands / bands.sum(axis=0).clip(min=1e-9)
    found = OnsetLoss("mel", enhanced=False, floor=1e-3).levels(samples)[0][0]
    assert found.shape[1] == 128
    np.testing.assert_allclose(found, np.log10(scaled @ bands + 1e-3), atol=2e-3)


def test_the_loss_is_zero_of_equal_sounds_and_one_of_ten_times_as_loud() -> None:
    samples = noise(1, 16384)
    loss = OnsetLoss(enhanced=False, floor=1e-9)
    assert float(loss(samples, samples)) == 0
    assert float(loss(10 * samples, samples)) == pytest.approx(1, abs=1e-4)


def test_the_gradient_of_the_spectra() -> None:
    loss = OnsetLoss("cqt", enhanced=False).double()
    heard = noise(1, 1024, dtype=torch.float64)
    made = (heard + 0.5 * noise(2, 1024, dtype=torch.float64)[1:]).requires_grad_()
    part = loss.parts[4]  # the window is 256 samples
    assert torch.autograd.gradcheck(
        lambda x: torch.log10(part(x) + 1e-3).mean(dim=1), made, fast_mode=True
    )
    assert torch.autograd.gradcheck(lambda x: loss(x, heard), made, fast_mode=True)


def test_another_spectrum() -> None:
    with pytest.raises(ValueError, match="spectrum: expected one of cqt, mel, stft, got 'chroma'"):
        OnsetLoss("chroma")  # type: ignore[arg-type]
