"""Features that are computed once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bandscribe.training.recognition import corpora
from bandscribe.training.recognition.corpora import Windows
from bandscribe.training.recognition.described import describe, keep
from bandscribe.training.recognition.front_end import FrontEnd, Statistics, is_silent, measure
from tiny_clips import CLASSES, write_clips

MFCC = FrontEnd("mfcc_13", Statistics(0.01, 0.2))


@pytest.fixture
def windows(tmp_path: Path) -> Windows:
    root = tmp_path / "clips"
    root.mkdir()
    recordings = corpora.load([f"clips={write_clips(root)}"], "test", CLASSES)
    return corpora.cut(recordings, 0.5, 44100)


def test_features_are_those_of_the_front_end(windows: Windows, tmp_path: Path) -> None:
    expected = np.stack([MFCC(windows.read(index)) for index in range(len(windows))])
    for folder in (None, tmp_path / "kept", tmp_path / "kept"):
        np.testing.assert_array_equal(describe(windows, MFCC, folder), expected)
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_what_is_kept_is_read_and_not_computed(
    windows: Windows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = describe(windows, MFCC, tmp_path)

    def read(self: Windows, index: int) -> None:
        raise RuntimeError("read")

    monkeypatch.setattr(Windows, "read", read)
    np.testing.assert_array_equal(describe(windows, MFCC, tmp_path), expected)
    others = (
        (replace(windows, start=windows.start + 1), MFCC),
        (replace(windows, length=windows.length - 1), MFCC),
        (windows, replace(MFCC, samples=Statistics(0.01, 0.3))),
        (windows, replace(MFCC, features="mfcc_40")),
    )
    for other, front_end in others:
        with pytest.raises(RuntimeError, match="read"):
            describe(other, front_end, tmp_path)
    windows.recordings[0].path.touch()  # another file by the same name
    with pytest.raises(RuntimeError, match="read"):
        describe(windows, MFCC, tmp_path)


def test_samples_are_kept_as_they_are(windows: Windows, tmp_path: Path) -> None:
    kept = keep(windows, tmp_path)
    assert len(kept) == len(windows) == 6
    for index in range(len(windows)):
        np.testing.assert_array_equal(kept.read(index), windows.read(index))
    kept.read(0)[:] = 0  # a copy
    assert kept.read(0).any()


def test_what_fills_up_a_window_is_the_mean_and_no_part_of_it() -> None:
    samples = np.zeros(16000, dtype=np.float32)
    samples[:8000] = np.random.default_rng(0).standard_normal(8000)
    plain = FrontEnd("filterbank", Statistics(0.0, 1.0))
    features = plain(samples)
    silent = is_silent(features)
    np.testing.assert_array_equal(silent, np.arange(98) * 160 >= 8000)
    values = measure([features[~silent]])
    heard = replace(plain, values=values)(samples)
    assert heard[~silent].mean() == pytest.approx(0, abs=1e-4)
    assert heard[~silent].std() == pytest.approx(0.5, abs=1e-4)
    assert not heard[silent].any()
    assert not is_silent(samples[:, np.newaxis]).any()  # samples are of one bin
