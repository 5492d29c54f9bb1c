"""Single hits: front end, where hits are, and what is said of them."""

import librosa
import numpy as np
import pytest
import soundfile

from bandscribe import hits, runtime
from bandscribe.features.mel import MelBands
from bandscribe.hits import CLASSES, find_hits
from bandscribe.types import Audio
from bandscribe.vocabulary import DRUMS_10
from tiny_hits import FEATURES, SAMPLE_RATE, TONES, hits_card, strike, write_classifier


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> runtime.Model:
    return runtime.load(write_classifier(tmp_path_factory.mktemp("m") / "tiny.onnx", hits_card()))


def audio(samples: np.ndarray, rate: int = SAMPLE_RATE) -> Audio:
    return Audio(np.atleast_2d(samples).astype(np.float32), rate)


# front end ----------------------------------------------------------------------------------------


def test_bands_are_librosas_with_a_peak_of_one() -> None:
    bank = MelBands()
    expected = librosa.filters.mel(sr=32000, n_fft=2048, n_mels=256)
    expected /= expected.max(axis=1, keepdims=True)
    np.testing.assert_allclose(bank.filters, expected.T, atol=1e-5)
    samples = np.random.default_rng(0).standard_normal(16000).astype(np.float32)
    power = (
        np.abs(librosa.stft(samples, n_fft=2048, hop_length=512, pad_mode="constant")) ** 2
    ).T @ bank.filters
    np.testing.assert_allclose(bank.power(samples), power, rtol=1e-3)


def test_half_a_second_is_256_by_32() -> None:
    """Drum Classification, project report 2024, section 3.2."""
    bank = MelBands()
    assert bank.count(0.5) == 32
    assert bank(np.zeros(16000, dtype=np.float32)).shape == (32, 256)
    assert MelBands(hop_length=1024).count(0.5) == 16


def test_a_window_is_silent_beyond_the_ends() -> None:
    bank = MelBands()
    power = np.random.default_rng(1).random((5, 256), dtype=np.float32)
    window = bank.window(power, -2, 9)
    assert not window[:2].any()
    assert not window[7:].any()
    np.testing.assert_array_equal(window[2:7], power)
    np.testing.assert_array_equal(bank.window(power, 3, 4)[:2], power[3:])


def test_levels_are_decibels_below_the_windows_loudest() -> None:
    bank = MelBands(scale="levels")
    power = np.full((2, 256), 1e-3, dtype=np.float32)
    power[0, 0], power[1, 1], power[1, 2] = 10.0, 0.1, 0.0
    levels = bank.window(power, 0, 2)
    assert levels[0, 0] == 1
    assert levels[1, 1] == pytest.approx(1 - 20 / 80)
    assert levels[1, 2] == 0
    np.testing.assert_allclose(bank.window(power * 1e-4, 0, 2), levels, atol=1e-6)
    assert not bank.window(np.zeros((2, 256), dtype=np.float32), 0, 2).any()


def test_an_unknown_scale() -> None:
    with pytest.raises(ValueError, match="scale: expected power or levels, got 'log'"):
        MelBands(scale="log")  # type: ignore[arg-type]


# where hits are -----------------------------------------------------------------------------------


def test_hits_are_found_where_they_begin_the_clearest_first() -> None:
    bank = MelBands(**FEATURES)  # type: ignore[arg-type]
    samples = np.zeros(2 * SAMPLE_RATE, dtype=np.float32)
    for onset, gain in ((0.3, 0.3), (0.9, 1.0), (1.5, 0.5)):
        first = round(onset * SAMPLE_RATE)
        samples[first:] += gain * strike("SD", duration=2 - onset)
    found = find_hits(bank.power(samples), bank.frame_rate)
    assert np.sort(found) / bank.frame_rate == pytest.approx([0.3, 0.9, 1.5], abs=0.021)
    assert found[0] / bank.frame_rate == pytest.approx(0.9, abs=0.021)


def test_in_silence_there_are_no_hits() -> None:
    assert len(find_hits(np.zeros((20, 64), dtype=np.float32), 100.0)) == 0


# what is said of them -----------------------------------------------------------------------------


@pytest.mark.parametrize("label", CLASSES)
def test_a_hit_of_each_class(model: runtime.Model, label: str) -> None:
    found = hits.classify(audio(strike(label)), model=model)
    assert found.label == label
    assert found.probability == pytest.approx(1 / (1 + np.exp(-4)), abs=0.01)
    assert found.velocity == pytest.approx(0.5)


def test_neither_level_nor_rate_nor_place_nor_channels_matter(model: runtime.Model) -> None:
    plain = hits.classify(audio(strike("MT")), model=model)
    soft = hits.classify(audio(1e-3 * strike("MT")), model=model)
    np.testing.assert_allclose(soft.tags.scores, plain.tags.scores, atol=1e-3)
    others = [
        audio(strike("MT", rate=44100), 44100),
        audio(strike("MT", duration=9.0, onset=4.0)),
        audio(np.stack([strike("MT"), np.zeros(len(strike("MT")))])),
        audio(strike("MT", duration=0.05)),
    ]
    for other in others:
        found = hits.classify(other, model=model)
        assert found.label == "MT"
        assert found.probability == pytest.approx(plain.probability, abs=0.02)
    late = hits.classify(others[1], model=model)
    assert late.onset == pytest.approx(4.0, abs=0.021)


@pytest.mark.parametrize("count", [1, 2, 50, 159])
@pytest.mark.parametrize("value", [0.5, -1.0])
def test_what_is_too_short_has_no_class(model: runtime.Model, count: int, value: float) -> None:
    """At 16 kHz 10 ms are 160 samples."""
    found = hits.classify(audio(np.full(count, value)), model=model)
    assert (found.label, found.probability, found.labels) == (None, 0.0, ())
    assert hits.classify(audio(strike("SD")[:160]), model=model).probability > 0


def test_drums_together(model: runtime.Model) -> None:
    found = hits.classify(audio(strike("KD", "CR")), model=model)
    assert set(found.labels) == {"KD", "CR"}
    assert found.label in found.labels


def test_what_is_none_of_them_has_no_class(model: runtime.Model) -> None:
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    found = hits.classify(audio(0.3 * np.sin(2 * np.pi * 7600 * t)), model=model)
    assert found.presence < 0.6
    assert found.label is None
    assert found.labels == ()


def test_silence_has_no_class(model: runtime.Model) -> None:
    found = hits.classify(audio(np.zeros(800)), model=model)
    assert found.label is None
    assert not found.tags.scores.any()
    assert found.onset == 0


def test_doubt_between_classes_is_no_doubt_that_it_is_one(tmp_path) -> None:
    """Two toms, each with a probability of 0.5: 0.75 that it is one of them."""
    scores = np.zeros(len(CLASSES), dtype=np.float32)
    scores[5:7] = 0.5
    found = hits.Hit(
        hits.Tags(scores, CLASSES),
        np.full(len(CLASSES), 0.6),
        threshold=0.7,
        velocity=0.5,
        onset=0.0,
    )
    assert found.presence == pytest.approx(0.75)
    assert found.label == "HT"
    assert found.labels == ("HT",)


def test_calibration_is_applied(tmp_path, model: runtime.Model) -> None:
    fitted = {
        "slope": dict.fromkeys(CLASSES, 0.5),
        "intercept": dict.fromkeys(CLASSES, -1.0),
    }
    card = hits_card(calibration={"label": fitted})
    other = runtime.load(write_classifier(tmp_path / "other.onnx", card))
    sound = audio(strike("RD"))
    plain, found = (hits.classify(sound, model=m).probability for m in (model, other))
    logit = np.log(plain / (1 - plain))
    assert found == pytest.approx(1 / (1 + np.exp(1 - 0.5 * logit)), abs=1e-4)


def test_several_files_at_a_time(tmp_path, model: runtime.Model) -> None:
    paths = [tmp_path / f"{name}.wav" for name in (*CLASSES, "none")]
    for path, label in zip(paths, CLASSES, strict=False):
        soundfile.write(path, strike(label), SAMPLE_RATE)
    *heard, missing = hits.classify_all(paths, model)
    assert [found.label for found in heard] == list(CLASSES)
    assert isinstance(missing, FileNotFoundError)
    alone = hits.classify(paths[3], model=model)
    np.testing.assert_array_equal(heard[3].tags.scores, alone.tags.scores)


def test_only_the_first_half_minute_is_listened_to(tmp_path, model: runtime.Model) -> None:
    samples = np.concatenate([strike("KD", duration=30.5), strike("CR")])
    soundfile.write(tmp_path / "long.wav", samples, SAMPLE_RATE)
    for source in (tmp_path / "long.wav", audio(samples)):
        assert hits.classify(source, model=model).labels == ("KD",)


def test_sounds_that_are_none(model: runtime.Model) -> None:
    with pytest.raises(ValueError, match="source: expected sound, got no samples"):
        hits.classify(audio(np.zeros((1, 0))), model=model)
    with pytest.raises(ValueError, match="source: expected finite samples"):
        hits.classify(audio(np.array([0.0, np.nan])), model=model)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"task": "recognition"}, "'tiny' does not classify hits"),
        ({"outputs": (*CLASSES, "loudness")}, "'tiny' does not classify hits"),
        ({"thresholds": {"label": dict.fromkeys(CLASSES, 0.5)}}, "does not classify hits"),
        ({"calibration": {}}, "does not classify hits"),
        ({"frame_rate": 50.0}, "expected those of a MelBands with 50 frames a second"),
        ({"features": {"bands": 3}}, "expected those of a MelBands"),
    ],
)
def test_cards_that_do_not_fit(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        hits.check(hits_card(**changes))


def test_the_drums_come_first_among_the_classes() -> None:
    assert CLASSES[:10] == DRUMS_10
    assert set(TONES) == set(CLASSES)
