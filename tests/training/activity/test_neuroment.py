"""Neuroment's network, its data, its losses and its stitching, against the paper and by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import rel_entr

from bandscribe.training.activity import losses, solos, windows
from bandscribe.training.activity.models import ENVELOPES, EncoderDecoder, Neuroment
from bandscribe.training.activity.pieces import Mixture
from bandscribe.training.activity.windows import LogSpectrum
from bandscribe.training.batches import Batches

RATE = 44100


def count(network: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize(
    ("spectrum", "bins", "weights"),
    [("mel", 128, 1_390_832), ("cqt", 192, 1_915_120), ("stft", 1025, 8_730_864)],
)
def test_the_papers_numbers_of_weights(spectrum: str, bins: int, weights: int) -> None:
    """Section 4.3 rounds them to 1.39, 1.92 and 8.73 million."""
    assert LogSpectrum(spectrum).n_bins == bins
    assert count(Neuroment(bins, 8)) == weights


@pytest.mark.parametrize("name", ENVELOPES)
def test_one_contract_for_networks_of_envelopes(name: str) -> None:
    torch.manual_seed(0)
    network = ENVELOPES[name](24, 3, channels=(2, 3, 4)).eval()
    features = torch.randn(2, network.frames, 24, requires_grad=True)
    logits = network(features)
    assert logits.shape == (2, network.output_frames, 3)
    torch.testing.assert_close(network(features[1:]), logits[1:])
    logits.square().sum().backward()
    assert features.grad is not None
    assert (features.grad.abs().sum(dim=(0, 2)) > 0).all()
    assert all(weight.grad is not None for weight in network.parameters())
    with pytest.raises(ValueError, match="windows of 16 frames, got 15"):
        network(features[:, 1:])


def test_time_is_never_pooled_and_frequency_sixteenfold() -> None:
    network = Neuroment(33, 2, channels=(1, 1, 1))
    assert network.convolve(torch.zeros(1, 1, 16, 33)).shape == (1, 1, 16, 2)


@pytest.mark.parametrize(("frames", "output_frames"), [(1, 1), (16, 1)])
def test_one_frame_at_a_time(frames: int, output_frames: int) -> None:
    network = Neuroment(32, 8, frames=frames, output_frames=output_frames, channels=(1, 1, 1))
    assert network(torch.zeros(3, frames, 32)).shape == (3, 1, 8)


def test_networks_refuse_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="output_frames: expected 1 or 16, got 3"):
        Neuroment(32, 8, output_frames=3)
    with pytest.raises(ValueError, match="pooling: 4 leaves none of 3 bins"):
        Neuroment(12, 8)
    with pytest.raises(ValueError, match="multiple of 4, got 6"):
        EncoderDecoder(32, 8, frames=6)


@pytest.mark.parametrize("name", ENVELOPES)
def test_features_are_standardised_by_numbers_that_are_kept(name: str) -> None:
    torch.manual_seed(0)
    network = ENVELOPES[name](16, 2, channels=(1, 1, 1)).eval()
    features = torch.randn(1, 16, 16)
    before = network(features)
    mean, deviation = torch.linspace(-20, -5, 16), torch.linspace(1, 4, 16)
    network.standardise.fit(mean, deviation)
    torch.testing.assert_close(network(deviation * features + mean), before)
    assert torch.equal(network.state_dict()["standardise.mean"], mean)
    with pytest.raises(ValueError, match="deviation"):
        network.standardise.fit(mean, 0 * deviation)


@pytest.mark.parametrize("options", [{}, {"output_frames": 1}, None])
def test_outputs_begin_at_the_means(options: dict[str, int] | None) -> None:
    small = {"channels": (1, 1, 1), "dropout": 0.0}
    network = (
        EncoderDecoder(16, 2, **small) if options is None else Neuroment(16, 2, **small, **options)
    )
    network.output.weight.data.zero_()
    network.init_bias(torch.tensor([0.01, 0.2]))
    predicted = network(torch.randn(1, 16, 16)).sigmoid()
    torch.testing.assert_close(predicted, torch.tensor([0.01, 0.2]).expand_as(predicted))


# ---- solos and how they are mixed


def test_balancing_doubles_the_smallest_class() -> None:
    labels = ["a"] * 5 + ["b"] * 2 + ["c"] * 3
    chosen = solos.balance(labels, np.random.default_rng(0))
    by_class = {name: [i for i in chosen if labels[i] == name] for name in "abc"}
    assert {name: len(found) for name, found in by_class.items()} == {"a": 4, "b": 4, "c": 4}
    assert len(set(by_class["a"])) == 4  # a large class loses recordings, none comes twice
    assert sorted(by_class["b"]) == [5, 5, 6, 6]
    assert set(by_class["c"]) == {7, 8, 9}
    with pytest.raises(ValueError, match="factor"):
        solos.balance(["a", "b"], np.random.default_rng(0), factor=0.5)


def test_the_papers_numbers_of_recordings_mixtures_and_windows() -> None:
    """Section 4.2.3: 210 recordings of the smallest class, 420 of each, 5.20 h of windows."""
    rng = np.random.default_rng(0)
    labels = [name for name in solos.EIGHT for _ in range(300)] + [solos.EIGHT[0]] * 7
    labels = [*labels, *["other"] * 210]
    labels = [name for name in labels if name != "voi"]
    recordings = solos.balance(labels, rng)
    assert len(recordings) == 3360
    mixes = solos.draw_mixes(recordings, rng)
    assert len(mixes) == 6720
    frames = 1 + solos.LENGTH // 1024
    starts = range(0, frames - 16 + 1, 15)
    assert len(mixes) * len(starts) == 53_760
    assert round(15 * 1024 / RATE, 3) == 0.348


def test_every_recording_sounds_once_in_a_mixing_epoch() -> None:
    mixes = solos.draw_mixes(range(43), np.random.default_rng(1), epochs=3)
    heard = [index for mix in mixes for index in mix.solos]
    assert len(heard) == 3 * 43
    for epoch in range(3):
        assert sorted(heard[epoch * 43 : (epoch + 1) * 43]) == list(range(43))
    sizes = np.bincount([len(mix.solos) for mix in mixes], minlength=5)
    assert sizes[0] == 0
    assert len(sizes) == 5
    assert sizes[1:].max() - sizes[1:].min() <= 3  # one hand an epoch is cut short
    assert mixes != solos.draw_mixes(range(43), np.random.default_rng(2), epochs=3)


def test_levels_have_the_papers_deviation_and_never_sum_above_one() -> None:
    rng = np.random.default_rng(0)
    alone = np.concatenate([solos.draw_levels(1, rng) for _ in range(4000)])
    assert alone.mean() == pytest.approx(0.5, abs=0.01)
    assert alone.std() == pytest.approx(0.1, abs=0.01)  # a variance of 0.01
    for size in (2, 3, 4):
        drawn = np.stack([solos.draw_levels(size, rng) for _ in range(200)])
        assert (drawn > 0).all()
        assert drawn.sum(axis=1).max() <= 1 + 1e-12
    assert drawn.sum(axis=1).min() == pytest.approx(1)  # four are hardly ever below


def test_a_mixture_is_the_sum_of_its_parts(tmp_path: Path) -> None:
    import soundfile

    rng = np.random.default_rng(0)
    heard = []
    for number, label in enumerate(("flu", "flu", "pia")):
        samples = rng.uniform(-0.5, 0.5, 900 + 200 * number).astype(np.float32)
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, samples, RATE, "FLOAT")
        heard.append((solos.Solo(path, label, label), samples))
    mix = solos.Mix((0, 1, 2), (0.2, 0.3, 0.5))
    [made] = solos.play([mix], [solo for solo, _ in heard], RATE, length=1000)
    padded = np.pad(heard[0][1], (0, 100))
    expected = 0.2 * padded + 0.3 * heard[1][1][:1000]
    np.testing.assert_allclose(made.parts["flu"], expected, atol=1e-6)
    np.testing.assert_allclose(made.parts["pia"], 0.5 * heard[2][1][:1000], atol=1e-6)
    np.testing.assert_allclose(made.mixture, made.parts["flu"] + made.parts["pia"], atol=1e-6)


# ---- windows


def test_features_of_a_tone() -> None:
    """A tone of amplitude 1 in the middle of a bin has a magnitude of n / 4."""
    tone = np.sin(2 * np.pi * 1000 * 44100 / 2048 / 10 * np.arange(8192) / 4410).astype(np.float32)
    stft = LogSpectrum("stft")(tone)
    assert stft.shape == (9, 1025)
    assert stft[4].argmax() == 1000
    assert stft[4].max() == pytest.approx(np.log(0.25), abs=1e-3)
    assert LogSpectrum("mel")(tone).shape == (9, 128)
    times = np.arange(65536) / RATE
    cqt = LogSpectrum("cqt")(np.sin(2 * np.pi * 440 * times).astype(np.float32))
    assert cqt.shape == (65, 192)
    assert cqt[32].argmax() == 96  # four octaves above 27.5 Hz
    assert cqt[32].max() == pytest.approx(np.log(0.5), abs=1e-3)
    assert (LogSpectrum("mel")(np.zeros(4096, np.float32)) == np.float32(windows.SILENCE)).all()


def test_envelopes_agree_with_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    samples = np.random.default_rng(0).uniform(-1, 1, 5000).astype(np.float32)
    found = windows.envelopes({"b": samples}, ("a", "b"), 1024, 5)
    expected = librosa.feature.rms(y=samples, frame_length=2048, hop_length=1024)[0]
    np.testing.assert_allclose(found, np.stack([0 * expected, expected], axis=1), rtol=1e-5)


def test_windows_follow_each_other_in_step_with_their_envelopes() -> None:
    """Each part rises steadily, so that a frame is known by its level."""
    rise = (np.arange(32768) / 32768).astype(np.float32)
    listen = LogSpectrum("mel")
    made = windows.cut([Mixture(rise, {"b": rise})], listen, ("a", "b"), frames=16)
    whole, levels = listen(rise), windows.rms(rise, 1024)
    assert made.features.shape == (2, 16, 128)  # frames 0 to 15, 15 to 30, and two are left
    np.testing.assert_array_equal(made.features[1], whole[15:31].astype(np.float16))
    np.testing.assert_array_equal(made.envelopes[1, :, 1], levels[15:31])
    assert (made.envelopes[:, :, 0] == 0).all()
    with pytest.raises(ValueError, match="expected some of 64 frames or more"):
        windows.cut([Mixture(rise, {"b": rise})], listen, ("b",), frames=64)


def test_an_onset_slice_begins_two_frames_before_the_steepest_rise() -> None:
    features = np.full((40, 3), -8.0, dtype=np.float32)
    features[9:] = -6.0
    features[23:] = -1.0
    features[30:] = -30.0  # a fall, and a rise to 69 dB below the loudest: neither counts
    features[35:] = -9.0
    assert windows.find_onset(features, 0, 16) == 7
    assert windows.find_onset(features, 15, 16) == 21
    assert windows.find_onset(features, 24, 16) == 24  # nothing rises
    features[37:] = -1.0
    assert windows.find_onset(features, 24, 16) == 24  # no window reaches beyond the end


def test_an_epoch_brings_every_window_once_in_a_new_order() -> None:
    numbers = np.arange(10, dtype=np.float16)[:, None, None]
    made = windows.Windows(numbers, numbers.astype(np.float32))
    draw = windows.Shuffled(made, seed=1)
    batches = list(Batches(draw, seed=1, size=5, steps=4, numbered=True))
    heard = torch.stack([features for features, _ in batches]).flatten().tolist()
    first, second = heard[:10], heard[10:]
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert all(torch.equal(features, envelopes) for features, envelopes in batches)
    [resumed] = Batches(draw, seed=1, size=5, steps=4, start=3, numbered=True)
    assert torch.equal(resumed[0], batches[3][0])


@pytest.mark.parametrize(("frames", "output_frames"), [(16, 16), (16, 1), (1, 1), (4, 4)])
@pytest.mark.parametrize("length", [1, 7, 8, 16, 23, 40])
def test_a_known_activation_is_stitched_exactly_to_its_ends(
    frames: int, output_frames: int, length: int
) -> None:
    known = np.random.default_rng(length).random((length, 3)).astype(np.float32)

    def infer(given: np.ndarray) -> np.ndarray:
        return given if output_frames == frames else given[:, frames // 2 : frames // 2 + 1]

    stitched = windows.stitch(known, infer, frames=frames, output_frames=output_frames, batch=3)
    np.testing.assert_allclose(stitched, known, atol=1e-6)


def test_a_stitched_frame_is_faded_between_two_windows() -> None:
    """Windows that infer their number: frame 8 belongs to two of them, half a Hann window each."""
    calls = iter(range(100))

    def infer(given: np.ndarray) -> np.ndarray:
        return np.stack([np.full((8, 1), next(calls), np.float32) for _ in given])

    stitched = windows.stitch(np.zeros((12, 2), np.float32), infer, frames=8, output_frames=8)
    rise = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(4) / 8)
    expected = np.concatenate([0 + rise, 1 + rise, 2 + rise])
    np.testing.assert_allclose(stitched[:, 0], expected, atol=1e-6)


# ---- losses


def test_losses_by_hand() -> None:
    rng = np.random.default_rng(0)
    predicted, target = rng.uniform(0.05, 0.95, (2, 3, 4)), rng.uniform(0, 0.9, (2, 3, 4))
    target[0, 0] = 0
    logits, envelopes = (
        torch.from_numpy(np.log(predicted / (1 - predicted))),
        torch.from_numpy(target),
    )
    expected = {
        "bce": -(target * np.log(predicted) + (1 - target) * np.log(1 - predicted)).mean(),
        "mse": ((predicted - target) ** 2).mean(),
        "kl": (rel_entr(target, predicted) - target + predicted).mean(),
        "frobenius": np.linalg.norm(predicted - target, axis=(1, 2)).mean(),
    }
    for name, value in expected.items():
        assert float(losses.LOSSES[name](logits, envelopes)) == pytest.approx(value, rel=1e-6)
    together = losses.add(logits, envelopes, names=("bce", "frobenius"))
    assert float(together) == pytest.approx(expected["bce"] + expected["frobenius"], rel=1e-6)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_losses_are_least_where_amplitudes_are_right(name: str) -> None:
    envelopes = torch.full((1, 2, 2), 0.3)
    logits = envelopes.logit().requires_grad_()
    losses.LOSSES[name](logits, envelopes).backward()
    assert logits.grad is not None
    assert logits.grad.abs().max() < 1e-6
    for moved in (0.25, 0.35):
        worse = losses.LOSSES[name](torch.full((1, 2, 2), moved).logit(), envelopes)
        assert worse > losses.LOSSES[name](envelopes.logit(), envelopes)


def test_the_gradient_of_squared_errors_vanishes_near_zero_and_cross_entropys_does_not() -> None:
    """What the collapse comes from: 2 (p - e) p (1 - p) against p - e."""
    gradients = {}
    for name in ("mse", "bce"):
        logits = torch.full((1, 1, 1), 0.001).logit().requires_grad_()
        losses.LOSSES[name](logits, torch.full((1, 1, 1), 0.1)).backward()
        assert logits.grad is not None
        gradients[name] = float(logits.grad)
    assert gradients["mse"] == pytest.approx(2 * -0.099 * 0.001 * 0.999, rel=1e-4)
    assert gradients["bce"] == pytest.approx(-0.099, rel=1e-4)


def test_one_frame_is_compared_with_the_middle_one() -> None:
    envelopes = torch.arange(16.0).reshape(1, 16, 1) / 100
    logits = torch.full((1, 1, 1), 0.08).logit()
    assert float(losses.add(logits, envelopes, names=("mse",))) == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match="output_frames: expected 1 or 16"):
        losses.select(envelopes, 2)
