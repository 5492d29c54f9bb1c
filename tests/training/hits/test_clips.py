"""Clips of kits, folders and notes, and what is kept of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small import kit

from bandscribe import audio
from bandscribe.features.mel import MelBands
from bandscribe.hits import CLASSES
from bandscribe.training.hits import clips
from bandscribe.training.hits.examples import (
    Kept,
    Turns,
)
from tiny_hit_clips import LEVELS, draw, make, write_folder
from tiny_hits import SAMPLE_RATE, strike


def test_clips_of_a_kit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips.kits, "load", lambda address, sample_rate: kit("kd", "phh", "cb"))
    found = clips.from_kits(["a"], sample_rate=44100, seconds=0.1)
    assert [clip.label for clip in found] == ["KD", "KD", "CHH", "CHH", "CB", "CB"]
    assert {clip.group for clip in found} == {"a"}
    assert all(len(clip.samples) == 4410 for clip in found)
    assert all(clip.velocity is None for clip in found)  # two layers do not tell


def test_velocities_are_those_of_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    from small import hit, piece

    loud = kit("kd")
    layered = type(loud)("k", "", "", 44100, {"kd": (piece("kd", hit(), hit(), hit(), hit()),)})
    monkeypatch.setattr(clips.kits, "load", lambda address, sample_rate: layered)
    found = clips.from_kits(["a"], sample_rate=44100, seconds=1.0)
    assert [clip.velocity for clip in found] == [0.125, 0.375, 0.625, 0.875]


def test_clips_of_a_folder(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", strike("KD", rate=8000), 8000)
    (tmp_path / "labels.csv").write_text(
        "file,label,split,group,velocity\na.wav,KD,train,one,0.5\na.wav,,valid,two,\n"
    )
    options = {"sample_rate": 16000, "seconds": 0.25, "classes": CLASSES}
    [clip] = clips.from_folder(tmp_path, "train", **options)  # type: ignore[arg-type]
    assert (clip.label, clip.group, clip.velocity, len(clip.samples)) == ("KD", "one", 0.5, 4000)
    [clip] = clips.from_folder(tmp_path, "validation", **options)  # type: ignore[arg-type]
    assert (clip.label, clip.velocity) == (None, None)
    with pytest.raises(ValueError, match="expected one of SD, CR, got 'KD'"):
        clips.from_folder(tmp_path, "train", sample_rate=16000, seconds=1.0, classes=("SD", "CR"))


def test_notes_are_found_behind_links(tmp_path: Path) -> None:
    (tmp_path / "notes/flute").mkdir(parents=True)
    soundfile.write(tmp_path / "notes/flute/a.wav", strike("KD"), SAMPLE_RATE)
    (tmp_path / "chosen").mkdir()
    (tmp_path / "chosen/flute").symlink_to(tmp_path / "notes/flute")
    [clip] = clips.from_notes([str(tmp_path / "chosen")], sample_rate=SAMPLE_RATE, seconds=1.0)
    assert (clip.label, clip.group) == (None, "flute")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="expected sound files"):
        clips.from_notes([str(tmp_path / "empty")], sample_rate=SAMPLE_RATE, seconds=1.0)


@pytest.mark.parametrize(
    ("label", "classes"),
    [("HH", {"CHH", "OHH"}), ("TT", {"HT", "MT", "LT"}), ("CY", {"CR", "RD"}), ("KD", {"KD"})],
)
def test_a_label_may_leave_the_class_open(tmp_path: Path, label: str, classes: set[str]) -> None:
    soundfile.write(tmp_path / "a.wav", strike("KD"), SAMPLE_RATE)
    (tmp_path / "labels.csv").write_text(f"file,label,split\na.wav,{label},train\n")
    [clip] = clips.from_folder(
        tmp_path, "train", sample_rate=SAMPLE_RATE, seconds=1.0, classes=CLASSES
    )
    assert set(clip.candidates) == classes
    assert make(None).candidates == ()


def test_kept_features_are_those_of_a_draw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_folder(tmp_path / "clips", broken=True)
    names, front_end = ("KD", "SD", "CR"), MelBands(**LEVELS)  # type: ignore[arg-type]
    given = ([str(root)], "train", names, front_end, 0.3)
    whole = clips.from_folder(
        root, "validation", sample_rate=SAMPLE_RATE, seconds=0.8, classes=names
    )
    alike = draw(clips=whole, classes=names, front_end=front_end)
    for cache, workers in ((None, 0), (tmp_path / "kept", 1), (tmp_path / "kept", 0)):
        found = Kept.load(*given, cache=cache, workers=workers)
        assert [clip.label for clip in found.clips] == ["KD", "CR", "KD", "KD", "KD"]
        assert capsys.readouterr().err.count("train1.wav") == 1
        for index, clip in enumerate(whole[:1] + whole[2:]):
            features, target = alike.take(clip)
            np.testing.assert_array_equal(found.every[index], features)
            np.testing.assert_array_equal(found.targets[index], target)
    assert sorted(path.suffix for path in (tmp_path / "kept").iterdir()) == [".json", ".npy"]
    (root / "train1.wav").unlink()
    assert len(Kept.load(*given)) == 5
    with pytest.raises(ValueError, match="no clip of the split 'dev'"):
        Kept.load([str(root)], "dev", names, front_end, 0.3)


def test_samples_are_mapped_from_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, cache = write_folder(tmp_path / "clips", broken=True), tmp_path / "cache"
    given = {"sample_rate": SAMPLE_RATE, "seconds": 0.8, "classes": ("KD", "SD", "CR")}
    read = [
        replace(clip, samples=audio.read(path, sample_rate=SAMPLE_RATE, mono=True).samples[0])
        for path, clip in clips.list_folder(root, "train", given["classes"])  # type: ignore[arg-type]
        if path.name != "train1.wav"
    ]
    options = dict(given, cache=cache)
    for known in ({}, {"workers": 1, "cache": cache}, options):
        found = clips.from_folder(root, "train", **(given | known))  # type: ignore[arg-type]
        assert capsys.readouterr().err.count("train1.wav") == 1
        for ours, theirs in zip(found, read, strict=True):
            assert (ours.label, ours.group) == (theirs.label, theirs.group)
            np.testing.assert_array_equal(ours.samples, theirs.samples)
    # All that is drawn of them is what is drawn of clips in memory, and none is changed by it.
    for number in range(20):
        one, other = (draw(clips=each)(np.random.default_rng(number)) for each in (found, read))
        np.testing.assert_array_equal(one[0], other[0])
    # The rest of a row is a hole: it takes no place on the disk.
    [file] = cache.glob("*.npy")
    assert file.stat().st_size > 6 * 0.8 * SAMPLE_RATE * 4
    assert 512 * file.stat().st_blocks < 0.8 * file.stat().st_size
    monkeypatch.setattr(audio, "read", None)
    assert len(clips.from_folder(root, "train", **options)) == 5  # type: ignore[arg-type]


def test_an_epoch_takes_every_clip_once(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "clips")
    names, front_end = ("KD", "SD", "CR"), MelBands(**LEVELS)  # type: ignore[arg-type]
    found = Kept.load([str(root)], "train", names, front_end, 0.3)
    rng = np.random.default_rng(0)
    turns = Turns(found, seed=3)
    sums = [float(row.sum()) for row in found.every]
    epochs = [[sums.index(float(turns(rng, 6 * e + i)[0].sum())) for i in range(6)]
              for e in range(3)]  # fmt: skip
    assert all(sorted(epoch) == list(range(6)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1
    # With balance, classes are drawn alike, and clips of a class.
    alike = Turns(found, seed=3, balance=1.0)
    drawn = np.mean([alike(rng, i)[1][:3] for i in range(600)], axis=0)
    np.testing.assert_allclose(drawn, 1 / 3, atol=0.06)
