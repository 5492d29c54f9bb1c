from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe import audio, chunks, instruments, runtime
from bandscribe.instruments import Activity, Recognition
from bandscribe.types import Activations, Audio, Segment
from bandscribe.vocabulary import INSTRUMENTS
from tiny_recognizer import SAMPLE_RATE, play, recognizer_card, tracker_card, write_recognizer

#: The violin plays throughout, the piano from the second to the fourth second.
DUET = play({"vio": (0, 5), "pia": (2, 4)}, 5.0)
VIO, PIA, VOI = (INSTRUMENTS.index(name) for name in ("vio", "pia", "voi"))


@pytest.fixture(scope="module", params=[False, True], ids=["frames", "windows"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recognizer") / "tiny.onnx"
    return write_recognizer(path, recognizer_card(), windowed=request.param)


def heard(found: Recognition) -> set[str]:
    return {name for name, p in zip(found.tags.classes, found.present, strict=True) if p}


def test_who_plays_and_when(model: Path) -> None:
    source = Audio(DUET[None], SAMPLE_RATE)
    found = instruments.recognize(source, model=model, aggregate="s2", threshold=0.3)
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
    found = instruments.recognize(source, model=path, aggregate="s2")
    assert heard(found) == {"vio", "pia"}
    for name, span in zip(INSTRUMENTS, found.spans, strict=True):
        assert (span.share > 0) == (name in ("vio", "pia"))


def test_a_faint_band_is_relative_to_its_loudest(model: Path) -> None:
    """By S2 the most prominent class is found however small its probability, and its spans."""
    faint = Audio(DUET[None] * np.float32(0.05), SAMPLE_RATE)
    assert heard(instruments.recognize(faint, model=model, aggregate="s1")) == set()
    found = instruments.recognize(faint, model=model, aggregate="s2")
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


# track --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tracker") / "tiny.onnx"
    return write_recognizer(path, tracker_card())


def test_who_plays_at_every_moment(tracker: Path) -> None:
    found = instruments.track(Audio(DUET[None], SAMPLE_RATE), model=tracker)
    assert found.probability.values.shape == found.level.values.shape == (501, 13)
    assert (found.probability.kind, found.level.kind) == ("probability", "level_db")
    assert (found.level.frame_rate, found.level.classes) == (100.0, INSTRUMENTS)
    plays = found.plays()
    np.testing.assert_array_equal(plays[20:480, VIO], True)
    for second, there in ((1.0, False), (3.0, True), (4.5, False)):
        assert plays[round(100 * second), PIA] == there
    violin, piano = found.segments()
    assert (violin.label, piano.label) == ("vio", "pia")
    assert (violin.start, violin.end) == pytest.approx((0.0, 5.0), abs=0.1)
    assert (piano.start, piano.end) == pytest.approx((2.0, 4.0), abs=0.1)


def test_levels_are_below_the_loudest_moment(tracker: Path) -> None:
    """A violin alone, whose second half is 20 dB quieter.

    Its level is that of the mixture, less what the network gives; how sure the network is that it
    plays does not lower it.
    """
    gain = np.where(np.arange(4 * SAMPLE_RATE) < 2 * SAMPLE_RATE, 1.0, 0.1).astype(np.float32)
    samples = play({"vio": (0, 4)}, 4.0) * gain
    found = instruments.track(Audio(samples[None], SAMPLE_RATE), model=tracker)
    level = found.level.values[:, VIO]
    said = found.probability.values[:, VIO]  # the tiny tracker says the same of both
    quieter = np.where(np.arange(len(level)) < 200, 0.0, -20.0)
    inside = np.r_[10:190, 210:390]
    expected = (60 * said - 60) + quieter
    np.testing.assert_allclose(level[inside], expected[inside], atol=0.1)
    assert found.level.values[:, INSTRUMENTS.index("dru")].max() < -55


def test_a_file_in_blocks_is_tracked_as_its_samples(tracker: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "duet.wav", DUET, SAMPLE_RATE, subtype="FLOAT")
    whole = instruments.track(Audio(DUET[None], SAMPLE_RATE), model=tracker)
    blocks = audio.stream(tmp_path / "duet.wav", sample_rate=SAMPLE_RATE, block_seconds=0.1)
    for found in (
        instruments.track(tmp_path / "duet.wav", model=tracker),
        instruments.track(blocks, model=runtime.load(tracker)),
    ):
        np.testing.assert_allclose(found.level.values, whole.level.values, atol=1e-3)
        np.testing.assert_allclose(found.probability.values, whole.probability.values, atol=1e-5)
        assert found.segments() == whole.segments()


def test_a_tracker_recognizes_too(tracker: Path) -> None:
    source = Audio(DUET[None], SAMPLE_RATE)
    found = instruments.recognize(source, model=tracker, threshold=0.3)
    assert heard(found) == {"vio", "pia"}
    tracked = instruments.track(source, model=tracker).probability.values
    others = np.arange(13) != VOI  # whose probability `track` restrains
    np.testing.assert_array_equal(found.probability.values[:, others], tracked[:, others])
    assert found.spans[PIA][1:] == pytest.approx((2.0, 4.0), abs=1.0)


def test_a_tracked_voice_is_restrained(tracker: Path) -> None:
    """Sung in the first three seconds of five; then others are mistaken for it."""
    gain = np.where(np.arange(5 * SAMPLE_RATE) < 3 * SAMPLE_RATE, 1.0, 0.2).astype(np.float32)
    samples = play({"voi": (0, 5)}, 5.0) * gain
    source = Audio(samples[None], SAMPLE_RATE)
    raw = instruments.recognize(source, model=tracker).probability.values[:, VOI]
    found = instruments.track(source, model=tracker)
    recognition, activity = instruments.recognize_and_track(source, model=tracker)
    np.testing.assert_array_equal(recognition.probability.values[:, VOI], raw)
    np.testing.assert_array_equal(activity.probability.values, found.probability.values)
    threshold = found.thresholds[VOI]
    assert (raw[20:480] >= threshold).all()
    np.testing.assert_array_equal(found.plays()[20:270, VOI], True)
    np.testing.assert_array_equal(found.plays()[330:480, VOI], False)
    [sung] = found.segments()
    assert (sung.label, sung.start, sung.end) == ("voi", 0.0, pytest.approx(3.0, abs=0.3))
    level = found.level.values[:, VOI]  # which fades out
    assert level[400] < level[200] + 20 * np.log10(0.2) - 6


def test_nobody_plays_in_silence(tracker: Path) -> None:
    found = instruments.track(Audio(np.zeros((2, 8000), np.float32), 8000), model=tracker)
    assert found.segments() == []
    assert found.probability.values.max() == 0
    np.testing.assert_array_equal(found.level.values, -60)


def test_what_cannot_track(model: Path, tiny_model: Path, tmp_path: Path) -> None:
    source = Audio(DUET[None], SAMPLE_RATE)
    for path in (model, tiny_model):
        with pytest.raises(ValueError, match="card: 'tiny' does not track instruments"):
            instruments.track(source, model=path)
    thresholds = {name: dict.fromkeys(INSTRUMENTS, 0.5) for name in ("s1", "s2")}
    path = write_recognizer(tmp_path / "x.onnx", tracker_card(thresholds=thresholds))
    with pytest.raises(ValueError, match="does not track instruments"):
        instruments.track(source, model=path)


def by_hand(plays: str, levels: list[float], duration: float = 2.0) -> Activity:
    """Ten frames a second of two classes; `plays` of the first, the second never."""
    values = np.array([[0.7 if mark == "x" else 0.1, 0.2] for mark in plays], np.float32)
    level = np.stack([np.array(levels), np.full(len(levels), -60.0)], axis=1).astype(np.float32)
    return Activity(
        Activations(values, 10.0, 0.0, ("vio", "pia")),
        Activations(level, 10.0, 0.0, ("vio", "pia"), "level_db"),
        np.array([0.7, 0.3], np.float32),
        duration,
    )


def test_segments_by_hand() -> None:
    levels = [0.0] * 4 + [-10.0] * 4 + [-60.0] * 12
    activity = by_hand("xxxx..xx....xx..x..x", levels)
    # Ends at frames: a gap of 0.2 s, of 0.4 s, and two of 0.2 s.
    assert bounds(activity.segments(duration=0, gap=0)) == [
        (0.0, 0.4), (0.6, 0.8), (1.2, 1.4), (1.6, 1.7), (1.9, 2.0),
    ]  # fmt: skip
    assert bounds(activity.segments(duration=0.4, gap=0)) == [(0.0, 0.4)]
    assert bounds(activity.segments(duration=0, gap=0.3)) == [(0.0, 0.8), (1.2, 2.0)]
    assert bounds(activity.segments(duration=0, gap=0.5)) == [(0.0, 2.0)]
    # Blips are dropped before gaps are closed: they neither bridge two stretches nor lengthen one.
    assert bounds(activity.segments()) == [(0.0, 0.4)]
    assert bounds(activity.segments(duration=0.2, gap=0.4)) == [(0.0, 0.8), (1.2, 1.4)]
    assert bounds(activity.segments(duration=0.8, gap=0.4)) == []
    assert bounds(by_hand("xxxx..xxxx....x...xxx", [0.0] * 21).segments(duration=0.8)) == [
        (0.0, 1.0)
    ]
    first, second = activity.segments(duration=0, gap=0.3)
    # The mean is that of powers: half the time 0 dB, half of it -10 dB.
    assert first.level_db == pytest.approx(10 * np.log10(0.55), abs=1e-5)
    assert second.level_db == pytest.approx(-60.0, abs=1e-5)
    plays = activity.plays(duration=0.2, gap=0.3)
    assert "".join(".x"[int(x)] for x in plays[:, 0]) == "xxxxxxxx....xx......"
    assert not plays[:, 1].any()


def test_a_stretch_may_be_as_short_as_was_said() -> None:
    """Although 0.7 - 0.4 is less than 0.3, as computers count."""
    assert bounds(by_hand("....xxx...", [0.0] * 10).segments(duration=0.3)) == [(0.4, 0.7)]


def bounds(segments: list[Segment]) -> list[tuple[float, float]]:
    return [(segment.start, segment.end) for segment in segments]


def test_segments_end_with_the_recording() -> None:
    [segment] = by_hand("x" * 20, [0.0] * 20, duration=1.93).segments()
    assert (segment.start, segment.end, segment.level_db) == (0.0, 1.93, 0.0)


@pytest.mark.parametrize(
    ("plays", "gap", "expected"),
    [
        ("", 3, []),
        ("...", 3, []),
        ("xxx", 3, [(0, 3)]),
        ("x..x", 2, [(0, 1), (3, 4)]),
        ("x..x", 3, [(0, 4)]),
        (".x.x..x.", 2, [(1, 4), (6, 7)]),
        (".x.x..x.", 0, [(1, 2), (3, 4), (6, 7)]),
    ],
)
def test_runs_are_joined_over_short_gaps(
    plays: str, gap: int, expected: list[tuple[int, int]]
) -> None:
    runs = instruments.find_runs(np.array([mark == "x" for mark in plays], bool))
    assert instruments.join(runs, gap) == expected


def test_calibrated_scores_leave_decisions_as_they_are() -> None:
    """Scores and thresholds go through the same rising curve; what is silent stays at 0."""
    rng = np.random.default_rng(1)
    values = rng.random((50, 13)).astype(np.float32)
    values[:, 0] = 0
    activations = Activations(values, 100.0, 0.0, INSTRUMENTS)
    slope = dict.fromkeys(INSTRUMENTS, 2.0) | {"pia": 0.5}
    intercept = dict.fromkeys(INSTRUMENTS, -1.0) | {"pia": 0.3}
    fitted = {"s1": {"slope": slope, "intercept": intercept}}
    plain, fit = (
        instruments.decide(activations, card, aggregate="s1", duration=0.5)
        for card in (recognizer_card(), recognizer_card(calibration=fitted))
    )
    np.testing.assert_array_equal(fit.present, plain.present)
    scores = plain.tags.scores.astype(np.float64)
    with np.errstate(divide="ignore"):
        logits = np.log(scores / (1 - scores)) * list(slope.values()) + list(intercept.values())
    expected = 1 / (1 + np.exp(-logits))
    expected[0] = 0
    np.testing.assert_allclose(fit.tags.scores, expected, atol=1e-6)
    # A threshold that is asked for is one of probabilities.
    asked = instruments.decide(
        activations, recognizer_card(calibration=fitted), aggregate="s1", threshold=0.3,
        duration=0.5,
    )  # fmt: skip
    np.testing.assert_array_equal(asked.present, expected >= 0.3)


def test_where_only_some_classes_may_occur() -> None:
    """The others are absent, and the log odds of these rise by ln 3: see `shift_of`."""
    rng = np.random.default_rng(2)
    values = rng.random((50, 13)).astype(np.float32)
    activations = Activations(values, 100.0, 0.0, INSTRUMENTS)
    six = INSTRUMENTS[:6]
    fitted = {
        "slope": dict.fromkeys(INSTRUMENTS, 2.0),
        "intercept": dict.fromkeys(INSTRUMENTS, -1.0),
        # 3.0 instruments in all: one half of six, of which one quarter otherwise.
        "frequency": dict.fromkeys(INSTRUMENTS, 1.5 / 7) | dict.fromkeys(six, 0.25),
    }
    card = recognizer_card(calibration={"s1": fitted})
    found, plain = (
        instruments.decide(activations, card, among=among, threshold=0.4, duration=0.5)
        for among in (six, ())
    )
    p = plain.tags.scores[:6].astype(np.float64)
    np.testing.assert_allclose(found.tags.scores[:6], 3 * p / (3 * p + 1 - p), atol=1e-6)
    assert not found.tags.scores[6:].any() and not found.present[6:].any()
    assert all(span == (0.0, None, None) for span in found.spans[6:])
    np.testing.assert_array_equal(found.present[:6], found.tags.scores[:6] >= 0.4)
    # By S2 they are compared with the largest of these.
    ratios = instruments.decide(activations, card, aggregate="s2", among=six, duration=0.5)
    assert ratios.tags.scores.max() == ratios.tags.scores[:6].max() == 1
    for unknown in (["violin", "kazoo"], "kazoo"):
        with pytest.raises(ValueError, match=r"among: expected some of cel, .*, got 'kazoo'"):
            instruments.check(card, among=unknown)
    with pytest.raises(ValueError, match="among: the card of 'tiny' has no frequencies"):
        instruments.check(recognizer_card(), among=six)


@pytest.mark.parametrize("among", ["vio", "violin", "Violin, vio", ("Violin",), ["vio", "violins"]])
def test_possible_classes_may_be_names(among: str | Sequence[str]) -> None:
    activations = Activations(np.full((50, 13), 0.5, np.float32), 100.0, 0.0, INSTRUMENTS)
    found = instruments.decide(
        activations, recognizer_card(), aggregate="s2", among=among, duration=0.5
    )
    assert found.tags.scores.tolist() == [float(name == "vio") for name in INSTRUMENTS]


def test_s2_is_the_rule_of_the_largest_class_on_raw_scores() -> None:
    """Section 4.7: sums divided by the largest; 0.5 and more is present. No calibration bends it.

    By the curves below, a piano of a raw 0.83 would be below 0.5 and a voice of 0.33 above.
    """
    values = np.full((10, 13), 0.01, np.float32)
    for name, mean in (("vio", 0.6), ("pia", 0.5), ("voi", 0.2)):
        values[:, INSTRUMENTS.index(name)] = mean
    activations = Activations(values, 100.0, 0.0, INSTRUMENTS)
    fitted = {
        "slope": dict.fromkeys(INSTRUMENTS, 1.0),
        "intercept": dict.fromkeys(INSTRUMENTS, 0.0) | {"pia": -3.0, "voi": 3.0},
    }
    card = recognizer_card(calibration={"s1": fitted, "s2": fitted})
    found = instruments.decide(activations, card, aggregate="s2", threshold=0.5, duration=0.1)
    assert heard(found) == {"vio", "pia"}
    expected = chunks.aggregate(values, "s2")
    np.testing.assert_allclose(found.tags.scores, expected, atol=1e-6)
    assert expected[INSTRUMENTS.index("pia")] == pytest.approx(0.5 / 0.6, abs=1e-6)


def test_levels_do_not_depend_on_confidence(tmp_path: Path) -> None:
    """Twice the same mixture and levels; in one the network is barely sure, above its threshold."""
    levels = np.full((1, 13), 0.8, np.float32)
    power = np.array([1.0])
    thresholds = np.full(13, 0.3, np.float32)
    found = []
    for probability in (0.35, 0.99, 0.15):
        each = levels.copy()
        instruments._make_absolute(
            each, np.full((1, 13), probability, np.float32), thresholds, power
        )
        found.append(float(each[0, 0]))
    assert found[:2] == pytest.approx([-12.0, -12.0], abs=1e-4)
    assert found[2] == pytest.approx(-12.0 + 20 * np.log10(0.5), abs=1e-4)


@pytest.mark.parametrize("gain_db", [-80, -40, 20])
def test_no_gain_changes_levels(gain_db: float) -> None:
    """Levels are below the loudest frame of the recording, however soft that is."""
    found = []
    for gain in (1.0, 10 ** (gain_db / 10)):
        levels = np.full((2, 13), 0.8, np.float32)
        sure, thresholds = np.ones((2, 13), np.float32), np.full(13, 0.5, np.float32)
        power = np.array([1e-3, 1e-4]) * gain
        instruments._make_absolute(levels, sure, thresholds, power)
        found.append(levels)
    np.testing.assert_allclose(found[0][:, 0], [-12, -22], atol=1e-3)
    np.testing.assert_allclose(found[1], found[0], atol=1e-3)
