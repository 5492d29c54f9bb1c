from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe import audio, chunks, instruments, runtime
from bandscribe.instruments import Recognition
from bandscribe.types import Audio
from bandscribe.vocabulary import INSTRUMENTS
from tiny_recognizer import SAMPLE_RATE, play, recognizer_card, write_recognizer

#: The violin plays throughout, the piano from the second to the fourth second.
DUET = play({"vio": (0, 5), "pia": (2, 4)}, 5.0)
VIO, PIA = INSTRUMENTS.index("vio"), INSTRUMENTS.index("pia")


@pytest.fixture(scope="module", params=[False, True], ids=["frames", "windows"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recognizer") / "tiny.onnx"
    return write_recognizer(path, recognizer_card(), windowed=request.param)


def heard(found: Recognition) -> set[str]:
    return {name for name, p in zip(found.tags.classes, found.present, strict=True) if p}


def test_who_plays_and_when(model: Path) -> None:
    found = instruments.recognize(Audio(DUET[None], SAMPLE_RATE), model=model, threshold=0.3)
    assert heard(found) == {"vio", "pia"}
    assert found.duration == 5.0
    assert found.tags.scores[VIO] == 1.0
    assert found.tags.scores[PIA] == pytest.approx(0.4, abs=0.05)
    share, first, last = found.spans[PIA]
    assert (first, last) == (2.0, 4.0)
    assert share == pytest.approx(0.4, abs=0.01)
    assert found.spans[VIO].share == pytest.approx(1.0, abs=0.01)
    assert found.spans[INSTRUMENTS.index("dru")] == (0.0, None, None)


@pytest.mark.parametrize("strategy", instruments.STRATEGIES)
def test_tags_are_the_aggregated_probabilities(model: Path, strategy: instruments.Strategy) -> None:
    source = Audio(DUET[None], SAMPLE_RATE)
    found = instruments.recognize(source, model=model, aggregate=strategy)
    assert found.probability.values.shape == (501, 13)
    expected = chunks.aggregate(found.probability.values, strategy)
    np.testing.assert_array_equal(found.tags.scores, expected)
    assert heard(found) == {"vio"}  # the piano plays two seconds of five: less than one half


def test_thresholds_of_each_aggregation_and_class(tmp_path: Path) -> None:
    """What is present is present at some time, by either."""
    low = {**dict.fromkeys(INSTRUMENTS, 0.5), "pia": 0.2}
    card = recognizer_card(thresholds={"s1": dict.fromkeys(INSTRUMENTS, 0.5), "s2": low})
    path = write_recognizer(tmp_path / "tiny.onnx", card)
    source = Audio(DUET[None], SAMPLE_RATE)
    assert heard(instruments.recognize(source, model=path, aggregate="s1")) == {"vio"}
    found = instruments.recognize(source, model=path)
    assert heard(found) == {"vio", "pia"}
    for name, span in zip(INSTRUMENTS, found.spans, strict=True):
        assert (span.share > 0) == (name in ("vio", "pia"))


def test_a_faint_band_is_relative_to_its_loudest(model: Path) -> None:
    """By S2 the most prominent class is found however small its probability, and its spans."""
    faint = Audio(DUET[None] * np.float32(0.05), SAMPLE_RATE)
    assert heard(instruments.recognize(faint, model=model, aggregate="s1")) == set()
    found = instruments.recognize(faint, model=model)
    assert "vio" in heard(found)
    assert found.spans[VIO].first == 0.0


def test_silence_has_no_instruments(model: Path) -> None:
    found = instruments.recognize(Audio(np.zeros((2, 44100), np.float32), 44100), model=model)
    assert heard(found) == set()
    assert all(span == (0.0, None, None) for span in found.spans)


def test_a_file_equals_its_samples(model: Path, tmp_path: Path) -> None:
    """Of any rate and number of channels, in blocks of any size; shorter than a window too."""
    for duration in (0.3, 5.0):
        mono = audio.resample(
            Audio(DUET[None, : round(duration * SAMPLE_RATE)], SAMPLE_RATE), 44100
        )
        path = tmp_path / "duet.wav"
        soundfile.write(path, np.repeat(mono.samples.T, 2, axis=1), 44100, subtype="FLOAT")
        whole = instruments.recognize(mono, model=model)
        from_file = instruments.recognize(path, model=model)
        blocks = audio.stream(path, sample_rate=SAMPLE_RATE, block_seconds=0.1)
        streamed = instruments.recognize(blocks, model=runtime.load(model))
        for found in (from_file, streamed):
            np.testing.assert_allclose(
                found.probability.values, whole.probability.values, atol=1e-4
            )
            assert found.duration == pytest.approx(duration)


def test_what_does_not_fit(model: Path, tiny_model: Path, tmp_path: Path) -> None:
    source = Audio(DUET[None], SAMPLE_RATE)
    with pytest.raises(ValueError, match="'tiny' does not recognize instruments"):
        instruments.recognize(source, model=tiny_model)
    with pytest.raises(ValueError, match="aggregate: expected one of s1, s2, got 's3'"):
        instruments.recognize(source, model=model, aggregate="s3")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="threshold: expected 0 to 1, got 2"):
        instruments.recognize(source, model=model, threshold=2)
    with pytest.raises(ValueError, match="source: expected finite samples"):
        instruments.recognize(Audio(DUET[None] * np.float32("nan"), SAMPLE_RATE), model=model)
    with pytest.raises(ValueError, match="source: expected mono blocks at 16000 Hz, got 2"):
        instruments.recognize([Audio(np.zeros((2, 9), np.float32), 16000)], model=model)
    with pytest.raises(ValueError, match="source: expected sound, got no samples"):
        instruments.recognize([], model=model)
    for features in ({"n_mels": 64}, {"hop_length": 100}):
        card = recognizer_card(features=features)
        with pytest.raises(ValueError, match="card: features: expected those of a LogSpectrogram"):
            instruments.check(card)
    with pytest.raises(ValueError, match="card: peaks: expected nothing"):
        recognizer_card(peaks={"max_frames": 1, "mean_frames": 1, "wait_frames": 1})
