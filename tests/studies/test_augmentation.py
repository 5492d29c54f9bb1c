"""What each augmentation makes of a tone."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("python_stretch")

from bandscribe.features.windows import mel_levels
from bandscribe.studies import augmentation


def test_every_augmentation_of_the_paper() -> None:
    times = np.arange(44100) / 44100
    samples = (0.3 * np.sin(2 * np.pi * 440 * times) * (times < 0.5)).astype(np.float32)
    before, after = augmentation.apply(samples, np.random.default_rng(2))
    made = {version.name: version for version in after}
    assert list(made) == [
        "noise, α = 0.005", "noise, α = 0.1", "pitch, +6 semitones", "pitch, −6 semitones",
        "time, +40%", "time, −40%", "frequency masks", "time masks", "both masks",
    ]  # fmt: skip
    np.testing.assert_array_equal(before.levels, mel_levels(samples))
    for name in ("noise, α = 0.005", "noise, α = 0.1"):
        noise = made[name].samples - samples
        alpha = float(name.split()[-1])
        assert noise.std() == pytest.approx(alpha * samples.std(), rel=0.02)
    for name, ratio in (("pitch, +6 semitones", 2**0.5), ("pitch, −6 semitones", 0.5**0.5)):
        spectrum = np.abs(np.fft.rfft(made[name].samples))
        assert np.argmax(spectrum) == pytest.approx(440 * ratio, abs=3)  # bins of a hertz
    np.testing.assert_array_equal(made["time, +40%"].samples, np.roll(samples, -17640))
    # Masked bands are the mean at all times, masked frames in all bands.
    mean = before.levels.mean()
    bands, frames = ((made[name].levels == mean) for name in ("frequency masks", "time masks"))
    assert 0 < bands.all(axis=0).sum() <= 0.2 * 256 + 1
    assert 0 < frames.all(axis=1).sum() <= 0.2 * 87 + 1
    np.testing.assert_array_equal(made["both masks"].levels == mean, bands | frames)
