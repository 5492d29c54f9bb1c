from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe import audio, drums, runtime
from bandscribe.types import Activations, Audio, Transcription
from bandscribe.vocabulary import DRUMS, DRUMS_10
from tiny import SAMPLE_RATE, hits, tiny_card


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> runtime.Model:
    return runtime.load(tiny_model)


def check(notes: Transcription, groove: dict[float, str], late: float = 0.0) -> None:
    assert notes.labels.tolist() == list(groove.values())
    np.testing.assert_allclose(notes.onsets, np.array(list(groove)) + late, atol=0.02)


def test_a_file_becomes_notes(groove_wav: Path, tiny_model: Path, groove: dict[float, str]) -> None:
    notes = drums.transcribe(groove_wav, model=tiny_model)
    check(notes, groove)
    assert notes.duration == 2.5
    assert notes.velocities is not None and notes.beats is not None
    heard = [(DRUMS_10.index(name) + 1) / 11 for name in groove.values()]
    np.testing.assert_allclose(notes.velocities, heard, atol=1e-6)
    assert len(notes.beats.times) == 0


def test_a_stroke_on_the_snare_is_no_side_stick_as_well(model: runtime.Model) -> None:
    values = np.zeros((300, len(model.card.outputs)), np.float32)
    sd, ss = DRUMS_10.index("SD"), DRUMS_10.index("SS")
    values[[100, 200], sd], values[[101, 200], ss] = [0.9, 0.6], [0.6, 0.9]
    found = drums.notes(drums.split(values, 100.0, DRUMS_10), model.card, duration=3.0)
    assert found.labels.tolist() == ["SD", "SS"]


def test_confidence_is_the_mean_activation_of_the_notes(model: runtime.Model) -> None:
    values = np.zeros((300, len(model.card.outputs)), np.float32)
    values[[100, 200], [DRUMS_10.index("KD"), DRUMS_10.index("RD")]] = [0.9, 0.4]
    curves = drums.split(values, 100.0, DRUMS_10)
    found = drums.notes(curves, model.card, duration=3.0)
    assert (len(found.onsets), found.confidence) == (2, pytest.approx(0.65))
    assert drums.notes(curves, model.card, duration=3.0, classes=3).confidence == pytest.approx(0.9)
    # Amplitudes are no probabilities.
    card = replace(model.card, outputs=model.card.classes)
    assert drums.notes(curves, card, duration=3.0).confidence is None


@pytest.mark.parametrize(("sample_rate", "channels"), [(44100, 1), (48000, 2), (192000, 8)])
def test_audio_of_any_kind(
    sample_rate: int, channels: int, tiny_model: Path, groove: dict[float, str]
) -> None:
    mono = audio.resample(Audio(hits(groove, 2.5)[None], SAMPLE_RATE), sample_rate)
    many = Audio(np.repeat(mono.samples, channels, axis=0), sample_rate)
    check(drums.transcribe(many, model=tiny_model), groove)


def test_a_file_equals_its_samples(groove_wav: Path, tiny_model: Path) -> None:
    from_file = drums.transcribe(groove_wav, model=tiny_model)
    from_samples = drums.transcribe(audio.read(groove_wav), model=tiny_model)
    np.testing.assert_allclose(from_file.onsets, from_samples.onsets, atol=1e-5)
    assert from_file.labels.tolist() == from_samples.labels.tolist()


@pytest.mark.parametrize("block", [1000, 44100, 10**6])
def test_blocks_change_nothing(block: int, model: runtime.Model, groove: dict[float, str]) -> None:
    """Nine seconds, several chunks of four."""
    bars = {onset + 2.5 * bar: name for bar in range(4) for onset, name in groove.items()}
    samples = hits(bars, 10)[None]
    whole = drums.infer(Audio(samples, SAMPLE_RATE), model)
    blocks = (
        Audio(samples[:, i : i + block], SAMPLE_RATE) for i in range(0, samples.shape[1], block)
    )
    streamed = drums.infer(blocks, model)
    np.testing.assert_allclose(streamed.onsets.values, whole.onsets.values, atol=1e-5)
    check(drums.notes(streamed, model.card, duration=10), bars)


def test_a_passage_is_transcribed_alike_wherever_it_lies(
    tiny_model: Path, groove: dict[float, str]
) -> None:
    late = 7.333
    samples = np.concatenate(
        [np.zeros(round(late * SAMPLE_RATE), dtype=np.float32), hits(groove, 2.5)]
    )
    check(drums.transcribe(Audio(samples[None], SAMPLE_RATE), model=tiny_model), groove, late)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.05, 3.0])
def test_silence_is_an_empty_result(seconds: float, tiny_model: Path) -> None:
    silence = Audio(np.zeros((1, round(seconds * SAMPLE_RATE)), dtype=np.float32), SAMPLE_RATE)
    notes = drums.transcribe(silence, model=tiny_model)
    assert (len(notes.onsets), notes.duration) == (0, silence.duration)
    assert notes.velocities is not None
    assert notes.confidence is None


def test_samples_must_be_finite(tiny_model: Path) -> None:
    broken = Audio(np.full((1, 100), np.nan, dtype=np.float32), SAMPLE_RATE)
    with pytest.raises(ValueError, match="source: expected finite samples"):
        drums.transcribe(broken, model=tiny_model)


def test_blocks_must_have_the_front_end_s_rate(model: runtime.Model) -> None:
    with pytest.raises(ValueError, match="expected mono blocks at 44100 Hz, got 2 channels"):
        drums.infer([Audio(np.zeros((2, 100), dtype=np.float32), SAMPLE_RATE)], model)


def hearing(onsets: np.ndarray, velocities: np.ndarray | None = None) -> drums.DrumActivations:
    """What a network said at 100 frames a second, in ten classes; no beats."""
    struck = np.zeros_like(onsets) if velocities is None else velocities
    silent = np.zeros((len(onsets), 2), dtype=np.float32)
    curves = ((onsets, DRUMS_10), (struck, DRUMS_10), (silent, drums.BEATS))
    return drums.DrumActivations(*(Activations(v, 100.0, 0.0, names) for v, names in curves))


def test_groups_add_up_to_one_at_most() -> None:
    values = np.zeros((2, 10), dtype=np.float32)
    values[0, [DRUMS_10.index(name) for name in ("CHH", "OHH", "KD")]] = [0.3, 0.4, 0.2]
    values[1, [DRUMS_10.index(name) for name in ("HT", "MT", "LT", "CR")]] = [0.5, 0.4, 0.3, 0.6]
    ten = hearing(values)
    five, _ = drums.reduce_classes(ten, 5)
    assert five.classes == DRUMS[5]
    np.testing.assert_allclose(five.values, [[0.2, 0, 0, 0.7, 0], [0, 0, 1, 0, 0.6]], atol=1e-6)
    three, _ = drums.reduce_classes(ten, 3)
    np.testing.assert_allclose(three.values, [[0.2, 0, 0.7], [0, 0, 0]], atol=1e-6)
    assert drums.reduce_classes(ten, 10) == (ten.onsets, ten.velocities)


def test_the_velocity_of_a_group_is_a_weighted_mean() -> None:
    onsets, velocities = np.zeros((2, 1, 10), dtype=np.float32)
    hats = [DRUMS_10.index("CHH"), DRUMS_10.index("OHH")]
    onsets[0, hats], velocities[0, hats] = [0.6, 0.2], [0.9, 0.5]
    _, five = drums.reduce_classes(hearing(onsets, velocities), 5)
    # (0.6 · 0.9 + 0.2 · 0.5) / 0.8; where nothing sounds there is no velocity.
    np.testing.assert_allclose(five.values, [[0, 0, 0, 0.8, 0]], atol=1e-6)


def peak(height: float, frame: int = 10) -> drums.DrumActivations:
    values = np.zeros((20, 10), dtype=np.float32)
    values[frame, 0] = height
    return hearing(values)


def test_sensitivity_moves_the_threshold_in_logits() -> None:
    """A peak of height y alone in its window exceeds the mean by 0.8 y; the threshold is 0.2.

    At 0.75 it is sigmoid(logit(0.2) - 2) = 0.0327, at 0.25 sigmoid(logit(0.2) + 2) = 0.649.
    """
    card = tiny_card()
    for sensitivity, threshold in ((0.25, 0.6488), (0.5, 0.2), (0.75, 0.0327)):
        for factor, found in ((0.99, 0), (1.01, 1)):
            heard = peak(factor * threshold / 0.8)
            notes = drums.notes(heard, card, sensitivity=sensitivity, duration=0.2)
            assert len(notes.onsets) == found


def test_velocity_is_read_at_the_peak() -> None:
    velocities = np.zeros((20, 10), dtype=np.float32)
    velocities[9:12, 0] = [0.2, 0.6, 0.3]
    heard = replace(peak(0.8), velocities=Activations(velocities, 100.0, 0.0, DRUMS_10))
    notes = drums.notes(heard, tiny_card(), duration=0.2)
    assert notes.onsets == pytest.approx([0.1])
    assert notes.velocities == pytest.approx([0.6])


def test_beats_come_with_the_notes() -> None:
    """Ten seconds at 120 beats a minute, in bars of four."""
    beats = np.zeros((1000, 2), dtype=np.float32)
    beats[20::50, 0] = 0.9
    beats[20::200, 1] = 0.9
    silence = hearing(np.zeros((1000, 10), dtype=np.float32))
    heard = replace(silence, beats=Activations(beats, 100.0, 0.0, drums.BEATS))
    grid = drums.notes(heard, tiny_card(), duration=10.0).beats
    assert grid is not None
    np.testing.assert_allclose(grid.times, np.arange(0.2, 10, 0.5), atol=0.02)
    assert grid.positions[:5].tolist() == [1, 2, 3, 4, 1]


def test_onsets_stay_within_the_recording() -> None:
    notes = drums.notes(peak(0.8, frame=19), tiny_card(), duration=0.185)
    assert notes.onsets.tolist() == [0.185]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"classes": 4}, "classes: expected 3, 5 or 10, got 4"),
        ({"sensitivity": 1.5}, "sensitivity: expected 0 to 1, got 1.5"),
        ({"sensitivity": float("nan")}, "sensitivity: expected 0 to 1, got nan"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, float], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        drums.notes(peak(0.8), tiny_card(), duration=0.2, **arguments)  # type: ignore[arg-type]


def test_a_card_without_thresholds_is_an_error() -> None:
    card = tiny_card(thresholds={"10": dict.fromkeys(DRUMS_10, 0.2)})
    with pytest.raises(ValueError, match="'tiny' does not transcribe drums in 5 classes"):
        drums.notes(peak(0.8), card, classes=5, duration=0.2)


def test_a_bad_file_is_an_error(tmp_path: Path, tiny_model: Path) -> None:
    with pytest.raises(FileNotFoundError):
        drums.transcribe(tmp_path / "missing.wav", model=tiny_model)


def test_eight_kilohertz(tmp_path: Path, tiny_model: Path) -> None:
    low = {0.3: "KD", 0.8: "SS", 1.3: "KD"}
    slow = audio.resample(Audio(hits(low, 2)[None], SAMPLE_RATE), 8000)
    soundfile.write(tmp_path / "slow.wav", slow.samples[0], 8000)
    check(drums.transcribe(tmp_path / "slow.wav", model=tiny_model), low)
