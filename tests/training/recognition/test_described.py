"""Features that are computed once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bandscribe.features.windows import FeatureStatistics, RecognitionFrontEnd, is_silent
from bandscribe.training.recognition import corpora
from bandscribe.training.recognition.corpora import RecordingWindows, describe, keep, pack, unpack
from bandscribe.training.recognition.survey import measure, survey, usable
from tiny_clips import CLASSES, write_clips

MFCC = RecognitionFrontEnd("mfcc_13", FeatureStatistics(0.01, 0.2))


@pytest.fixture
def windows(tmp_path: Path) -> RecordingWindows:
    root = tmp_path / "clips"
    root.mkdir()
    recordings = corpora.load([f"clips={write_clips(root)}"], "test", CLASSES)
    return corpora.cut(recordings, 0.5, 44100)


def test_features_are_those_of_the_front_end(windows: RecordingWindows, tmp_path: Path) -> None:
    expected = np.stack([MFCC(windows.read(index)) for index in range(len(windows))])
    for folder in (None, tmp_path / "kept", tmp_path / "kept"):
        np.testing.assert_array_equal(describe(windows, MFCC, folder), expected)
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_what_is_kept_is_read_and_not_computed(
    windows: RecordingWindows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = describe(windows, MFCC, tmp_path)

    def read(self: RecordingWindows, index: int) -> None:
        raise RuntimeError("read")

    monkeypatch.setattr(RecordingWindows, "read", read)
    np.testing.assert_array_equal(describe(windows, MFCC, tmp_path), expected)
    others = (
        (replace(windows, start=windows.start + 1), MFCC),
        (replace(windows, length=windows.length - 1), MFCC),
        (windows, replace(MFCC, samples=FeatureStatistics(0.01, 0.3))),
        (windows, replace(MFCC, features="mfcc_40")),
    )
    for other, front_end in others:
        with pytest.raises(RuntimeError, match="read"):
            describe(other, front_end, tmp_path)
    windows.recordings[0].path.touch()  # another file by the same name
    with pytest.raises(RuntimeError, match="read"):
        describe(windows, MFCC, tmp_path)


def test_samples_are_kept_in_16_bits(windows: RecordingWindows, tmp_path: Path) -> None:
    kept = keep(windows, tmp_path, workers=1)
    assert len(kept) == len(windows) == 6
    for index in range(len(windows)):
        assert kept.read(index).dtype == np.float32
        np.testing.assert_array_equal(kept.read(index), windows.read(index))
    (path,) = tmp_path.glob("samples-*.npy")
    assert path.stat().st_size < 6 * 2 * (windows.length + 2) + 200


def test_packed_samples_are_exact_or_as_fine_as_16_bits() -> None:
    rng = np.random.default_rng(0)
    steps = rng.integers(-16000, 16000, (2, 500)) / 32768
    for exact in (steps[0], steps.mean(axis=0), np.zeros(3)):
        given = exact.astype(np.float32)
        np.testing.assert_array_equal(unpack(pack(given)), given)
    for loud in (0.01, 1.0, 7.0):
        given = (loud * rng.standard_normal(500)).astype(np.float32)
        largest = abs(given).max()
        np.testing.assert_allclose(unpack(pack(given)), given, rtol=0, atol=1.01 * largest / 65534)


def test_a_survey_is_of_what_can_be_read(
    windows: RecordingWindows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = [windows.read(index) for index in range(len(windows))]
    found = survey(windows, workers=1, folder=tmp_path / "kept")
    assert (found.statistics, found.unreadable) == (measure(whole), {})
    broken = windows.recordings[1].path
    content = bytearray(broken.read_bytes())
    content[:4] = b"junk"
    broken.write_bytes(content)
    found = survey(windows, folder=tmp_path / "kept")
    (path, problem) = found.unreadable.popitem()
    assert path == str(broken) and broken.name in problem
    rest = [whole[index] for index in np.flatnonzero(windows.owner != 1)]
    expected = measure(rest)
    assert found.statistics.mean == pytest.approx(expected.mean, abs=1e-12)
    assert found.statistics.deviation == pytest.approx(expected.deviation, rel=1e-12)
    kept = usable(windows, folder=tmp_path / "kept")
    assert len(kept.recordings) == 2 and len(kept) == len(rest)
    np.testing.assert_array_equal(kept.read(2), rest[2])
    assert capsys.readouterr().err.count("left out") == 1
    # Kept, it is not looked at again.
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_moments_of_no_recording(windows: RecordingWindows) -> None:
    for recording in windows.recordings:
        recording.path.write_bytes(b"no sound")
    with pytest.raises(ValueError, match="test0"):
        survey(windows)


def test_what_fills_up_a_window_is_the_mean_and_no_part_of_it() -> None:
    samples = np.zeros(16000, dtype=np.float32)
    samples[:8000] = np.random.default_rng(0).standard_normal(8000)
    plain = RecognitionFrontEnd("filterbank", FeatureStatistics(0.0, 1.0))
    features = plain(samples)
    silent = is_silent(features)
    np.testing.assert_array_equal(silent, np.arange(98) * 160 >= 8000)
    values = measure([features[~silent]])
    heard = replace(plain, values=values)(samples)
    assert heard[~silent].mean() == pytest.approx(0, abs=1e-4)
    assert heard[~silent].std() == pytest.approx(0.5, abs=1e-4)
    assert not heard[silent].any()
    assert not is_silent(samples[:, np.newaxis]).any()  # samples are of one bin
