"""Sources, windows and what is drawn of them."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from miniature import sound
from miniature_instruments import audioset, irmas, openmic

from bandscribe.features.windows import KINDS, FeatureStatistics, RecognitionFrontEnd
from bandscribe.training.batches import Batches
from bandscribe.training.recognition import corpora, examples
from bandscribe.training.recognition.examples import WindowExamples

PLAIN = FeatureStatistics(0.0, 1.0)


def ramps(root: Path) -> corpora.RecordingWindows:
    """Three recordings of a class each, 100, 250 and 30 ms of a ramp at 8 kHz."""
    recordings = []
    for c, milliseconds in enumerate((100, 250, 30)):
        samples = (np.arange(8 * milliseconds) / 4000).astype(np.float32) / (c + 1)
        soundfile.write(root / f"{c}.wav", samples, 8000, "FLOAT")
        recordings.append(
            corpora.LabelledRecording(
                str(c), str(c), root / f"{c}.wav", milliseconds / 1000, np.eye(3, dtype="f4")[c]
            )
        )
    return corpora.cut(recordings, 0.1, 8000)


def draw(windows: corpora.RecordingWindows, sampling: str, **fields: object) -> WindowExamples:
    front_end = RecognitionFrontEnd("audio", PLAIN)
    given = {"augment": False, "maximum": 3, **fields}
    return WindowExamples(windows, windows.targets, front_end, 7, sampling, **given)  # type: ignore[arg-type]


def lay_out(samples: np.ndarray, length: int) -> np.ndarray:
    """Consecutive windows: the last ends with the sound, one that is longer ends in silence."""
    padded = np.pad(samples, (0, max(0, length - len(samples))))
    starts = [*range(0, len(padded) - length, length), len(padded) - length]
    return np.stack([padded[start : start + length] for start in starts])


def test_windows_cover_each_recording(tmp_path: Path) -> None:
    windows = ramps(tmp_path)
    assert windows.owner.tolist() == [0, 1, 1, 1, 2]
    for recording in range(3):
        samples = soundfile.read(tmp_path / f"{recording}.wav", dtype="float32")[0]
        mine = [windows.read(i) for i in np.flatnonzero(windows.owner == recording)]
        np.testing.assert_array_equal(np.stack(mine), lay_out(samples, 800))
    np.testing.assert_array_equal(windows.targets, np.eye(3)[windows.owner])


def test_sources_tell_what_nobody_looked_for(tmp_path: Path) -> None:
    irmas(tmp_path / "irmas")
    openmic(tmp_path)
    sources = [f"irmas={tmp_path / 'irmas'}", f"openmic={tmp_path}"]
    classes = corpora.classes_of(sources)
    assert len(classes) == 13
    found = {r.id: dict(zip(classes, r.target, strict=True)) for r in
             corpora.load(sources, "train", classes)}  # fmt: skip
    cello = found["[cel][nod][cla]0001__1"]
    assert [name for name in classes if cello[name] == 1] == ["cel"]
    assert [name for name in classes if np.isnan(cello[name])] == ["bas", "dru"]
    # Listeners were asked about clarinet (no) and flute (yes) alone.
    asked = {name: value for name, value in found["000046_3840"].items() if not np.isnan(value)}
    assert asked == {"cla": 0, "flu": 1}


def test_clips_of_audioset_are_cut_or_filled_up_to_ten_seconds(tmp_path: Path) -> None:
    audioset(tmp_path)
    sound(tmp_path / "audio/-0aaaaaaaaa.wav", 9.6)
    sound(tmp_path / "audio/YYbbbbbbbbb__0.flac", 10.4)
    recordings = corpora.load([f"audioset:all={tmp_path}"], "train", ("pia", "cel"))
    for seconds, count in ((10.0, 1), (1.0, 10)):
        windows = corpora.cut(recordings, seconds, 8000)
        assert windows.owner.tolist() == [0] * count + [1] * count
    last = windows.read(9)
    assert last[:4700].any() and not last[4800:].any()


@pytest.mark.parametrize("sampling", ["static", "base_persistent"])
def test_an_epoch_takes_every_window_once_as_a_base(tmp_path: Path, sampling: str) -> None:
    drawn = draw(ramps(tmp_path), sampling)
    rng = np.random.default_rng(0)
    epochs = [[drawn.choose(rng, 5 * e + i) for i in range(5)] for e in range(3)]
    for epoch in epochs:
        assert sorted(chosen[0] for chosen in epoch) == [0, 1, 2, 3, 4]
    assert len({tuple(chosen[0] for chosen in epoch) for epoch in epochs}) > 1
    if sampling == "static":
        assert all(len(chosen) == 1 for epoch in epochs for chosen in epoch)


def test_a_mixture_is_what_was_chosen(tmp_path: Path) -> None:
    windows = ramps(tmp_path)
    drawn = draw(windows, "true_dynamic", minimum=2)
    chosen = drawn.choose(np.random.default_rng(3), 0)
    features, target = drawn(np.random.default_rng(3), 0)
    assert len(chosen) >= 2
    expected = np.mean([windows.read(index) for index in chosen], axis=0)
    np.testing.assert_allclose(features[:, 0], expected, atol=1e-7)
    np.testing.assert_array_equal(target, windows.targets[list(chosen)].max(axis=0))


@pytest.mark.parametrize("sampling", ["static", "true_dynamic", "base_persistent"])
def test_an_example_takes_its_own_rows_of_the_targets(tmp_path: Path, sampling: str) -> None:
    """It needs far less memory than the table of all targets."""
    few = ramps(tmp_path)
    windows = replace(few, owner=np.tile(few.owner, 40_000), start=np.tile(few.start, 40_000))
    table = np.where(windows.targets == 0, np.float32(np.nan), windows.targets)
    drawn = replace(draw(windows, sampling), targets=table)
    rng = np.random.default_rng(0)
    drawn(rng, 0)  # the first one looks over all rows
    tracemalloc.start()
    for number in range(1, 5):
        drawn(rng, number)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < table.nbytes / 20


def test_batches_depend_on_the_seed_and_the_step_alone(tmp_path: Path) -> None:
    drawn = draw(ramps(tmp_path), "static", augment=True, semitones=0.0)
    whole = list(Batches(drawn, seed=7, size=2, steps=5, numbered=True))
    rest = list(Batches(drawn, seed=7, size=2, steps=5, start=3, numbered=True))
    assert all(torch.equal(a, b) for one, other in zip(whole[3:], rest, strict=True)
               for a, b in zip(one, other, strict=True))  # fmt: skip
    assert whole[0][0].shape == (2, 800, 1)
    assert whole[0][1].shape == (2, 3)


def test_what_is_unknown_stays_so_unless_it_is_heard() -> None:
    nan = np.nan
    targets = np.array([[1, 0, nan, nan, 0], [nan, 0, 1, nan, nan]], dtype=np.float32)
    np.testing.assert_array_equal(examples.join(targets), [1, 0, 1, nan, nan])


def test_the_loss_leaves_out_what_is_unknown() -> None:
    logits = torch.tensor([[0.0, 2.0], [1.0, -1.0]], requires_grad=True)
    targets = torch.tensor([[1.0, torch.nan], [0.0, 0.0]])
    values = [np.log(2), np.log1p(np.exp(1.0)), np.log1p(np.exp(-1.0))]
    loss = examples.cross_entropy(logits, targets)
    assert loss.item() == pytest.approx(np.mean(values))
    loss.backward()
    assert logits.grad is not None
    assert logits.grad[0, 1] == 0 and logits.grad.isfinite().all()


@pytest.mark.parametrize("name", sorted(KINDS))
def test_features_of_a_second(name: str) -> None:
    kind = KINDS[name]
    rng = np.random.default_rng(0)
    features = RecognitionFrontEnd(name, FeatureStatistics(0.1, 0.5))(
        (0.1 * rng.standard_normal(kind.sample_rate)).astype(np.float32)
    )
    known = {"audio": 44100, "filterbank": 98, "filterbank_hanning": 98, "bands": 100}
    frames = known.get(name, 87)
    assert features.shape == (frames, kind.bins)
    assert features.dtype == np.float32 and np.isfinite(features).all()
    if name == "mel_256":
        assert features.max() == 0 and features.min() >= -80
