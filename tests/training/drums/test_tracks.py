"""Excerpts of a corpus on disk, and a network that learns from them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import mido
import numpy as np
import pytest

from bandscribe import runtime
from bandscribe.audio import read
from bandscribe.training.drums import index, sources, targets
from bandscribe.training.drums.recipe import Recipe
from bandscribe.training.drums.tracks import Tracks
from bandscribe.training.drums.train import train
from bandscribe.training.ship import ship
from tiny_corpus import SECONDS, write_corpus

torch = pytest.importorskip("torch")
SMALL = {"channels": [4], "pooling": [6], "convolutions": 1, "hidden": 4, "layers": 1}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


def test_excerpts_sound_as_their_notes_say(corpus: Path) -> None:
    source = Tracks.load([f"egmd={corpus}"], "train", classes=10, sample_rate=44100)
    assert [track.split for track in source.tracks] == ["train", "train"]
    assert source.seconds == pytest.approx([SECONDS, SECONDS])
    rng = np.random.default_rng(0)
    for _ in range(5):
        audio, notes = source.draw(rng, 1.0)
        assert audio.samples.shape == (1, 44100)
        assert notes.duration == 1.0
        # A stroke begins within 2 ms of its note: MIDI's ticks.
        for onset in notes.onsets[(notes.onsets > 0.01) & (notes.onsets < 0.95)]:
            at = round(onset * 44100)
            before, after = audio.samples[0, at - 440 : at - 90], audio.samples[0, at : at + 440]
            assert np.abs(before).max() < 0.01 < 0.1 < np.abs(after).max()
    again, _ = source.draw(np.random.default_rng(7), 1.0)
    np.testing.assert_array_equal(
        again.samples, source.draw(np.random.default_rng(7), 1.0)[0].samples
    )


def test_every_second_is_as_likely(corpus: Path) -> None:
    whole = Tracks.load([f"egmd={corpus}"], "train", classes=5, sample_rate=44100)
    long = Tracks(whole.tracks, (300.0, 100.0), 5, 44100)
    place = np.random.default_rng(0).uniform(0, 400, 2000)
    assert np.mean(np.searchsorted(long._ends, place, "right") == 0) == pytest.approx(
        0.75, abs=0.03
    )


def test_a_short_track_is_followed_by_silence(corpus: Path) -> None:
    source = Tracks.load([f"egmd={corpus}"], "test", classes=3, sample_rate=22050)
    audio, notes = source.draw(np.random.default_rng(0), SECONDS + 1)
    assert audio.samples.shape == (1, round((SECONDS + 1) * 22050))
    assert not audio.samples[0, round((SECONDS + 0.1) * 22050) :].any()
    assert notes.classes == ("KD", "SD", "HH")


def test_an_index_has_the_notes_of_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_corpus(tmp_path / "corpus", seed=5)
    given = {"classes": 5, "sample_rate": 22050}
    beats = sorted(root.rglob("*.midi"))[0].with_suffix(".beats.csv")
    beats.write_text("time,position\n0.5,1\n1.0,2\n1.5,3\n")
    plain = Tracks.load([f"egmd={root}"], "train", **given)
    kept = tmp_path / "kept"
    for workers in (1, 0):
        indexed = Tracks.load([f"egmd={root}"], "train", cache=kept, workers=workers, **given)
        assert indexed.seconds == plain.seconds
        for seed in range(6):
            one, other = (each.draw(np.random.default_rng(seed), 1.0) for each in (plain, indexed))
            np.testing.assert_array_equal(one[0].samples, other[0].samples)
            assert one[1].labels.tolist() == other[1].labels.tolist()
            np.testing.assert_array_equal(one[1].onsets, other[1].onsets)
            np.testing.assert_allclose(one[1].velocities, other[1].velocities, atol=1e-7)
            assert (one[1].beats is None) == (other[1].beats is None)
            if one[1].beats is not None:
                np.testing.assert_array_equal(one[1].beats.times, other[1].beats.times)
        monkeypatch.setattr(index, "parse", None)  # the second time, nothing is parsed
    assert len(list(kept.iterdir())) == 1
    monkeypatch.undo()
    # A damaged file costs itself.
    sorted(root.rglob("*.midi"))[0].write_bytes(b"no notes")
    left = Tracks.load([f"egmd={root}"], "train", cache=kept, **given)
    assert len(left.tracks) == 1 and left.rows == [1]
    assert capsys.readouterr().err.count("left out") == 1
    sorted(root.rglob("*.wav"))[1].write_bytes(b"no sound")
    with pytest.raises(ValueError, match="no track of train can be opened"):
        Tracks.load([f"egmd={root}"], "train", cache=kept, **given)


def test_tracks_off_their_notes_are_moved_or_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_corpus(tmp_path / "corpus", seed=5)
    first, second = sorted(root.rglob("*.midi"))[:2]  # of train
    late = mido.MidiFile(first)
    late.tracks[0][1].time += 40  # ticks of a millisecond
    late.save(first)
    strange = mido.MidiFile(second)
    for number, message in enumerate(strange.tracks[0][1:]):
        message.time = round(1.7 * message.time) if number % 3 else message.time
    strange.save(second)
    given = {"classes": 5, "sample_rate": 44100, "cache": tmp_path / "kept"}
    plain, checked, moved = (
        Tracks.load([f"egmd={root}"], "train", alignment=alignment, **given)
        for alignment in ("as_they_are", "checked", "moved")
    )
    assert [len(each.tracks) for each in (plain, checked, moved)] == [2, 1, 1]
    assert capsys.readouterr().err.count("does not sound as its notes say") == 2
    onsets = [each.index[0].onsets for each in (plain, checked, moved)]
    np.testing.assert_array_equal(onsets[0], onsets[1])
    np.testing.assert_allclose(onsets[0] - onsets[2], 0.04, atol=0.003)
    with pytest.raises(ValueError, match="cache: expected a folder"):
        Tracks.load([f"egmd={root}"], "train", **{**given, "cache": None}, alignment="checked")


def test_a_corpus_of_fewer_classes() -> None:
    with pytest.raises(ValueError, match="classes: adtof annotates no more than 5, got 10"):
        Tracks.load(["adtof=here"], "train", classes=10, sample_rate=44100)


def test_what_nobody_measured_teaches_no_velocity() -> None:
    wanted = torch.zeros(1, 3, 22)
    wanted[0, 0, 0] = wanted[0, 1, 1] = 1  # two strokes
    wanted[0, 0, 10] = 0.8  # how hard one was
    logits = torch.zeros_like(wanted).requires_grad_()
    loss = targets.joint_loss(logits, wanted, torch.ones(10), velocity_weight=1, beat_weight=0)
    assert loss.item() == pytest.approx(np.log(2) + (0.8 - 0.5) ** 2)
    loss.backward()
    assert torch.nonzero(logits.grad[0, :, 10:20]).tolist() == [[0, 0]]


@pytest.mark.parametrize("classes", [10, 5])
def test_learns_from_a_corpus_and_ships(corpus: Path, tmp_path: Path, classes: int) -> None:
    recipe = Recipe(
        corpora=(f"egmd={corpus}",),
        classes=classes,
        options=SMALL,
        watch="loss",
        schedule="plateau",
        steps=2,
        validate_every=1,
        batch=2,
        excerpt_seconds=1.0,
        chunk_seconds=1.0,
        overlap_seconds=0.2,
        validation_minutes=0.05,
        weight_excerpts=3,
        workers=0,
        threads=1,
        average=0.0,
    )
    result = train(recipe, tmp_path)
    assert (result.finished, result.step) == (True, 2)
    rows = list(csv.DictReader((tmp_path / "history.csv").read_text().splitlines()))
    assert float(rows[0]["validation_loss"]) > 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert set(metrics["weights"]) == set(metrics["thresholds"][str(classes)])
    card = ship(tmp_path, tmp_path / "drums.onnx")
    assert [source["name"] for source in card.sources] == ["egmd"]
    assert "CC BY 4.0" in card.sources[0]["licence"]
    assert runtime.load(tmp_path / "drums.onnx")(np.zeros((50, 84), np.float32)).shape == (
        50, 2 * classes + 2,
    )  # fmt: skip


def test_recipes_that_cannot_be(corpus: Path) -> None:
    with pytest.raises(ValueError, match="not together with corpora"):
        Recipe(kits=("kit",), corpora=(f"egmd={corpus}",))
    with pytest.raises(ValueError, match="classes: expected 3, 5 or 10, got 4"):
        Recipe(classes=4)
    with pytest.raises(ValueError, match="or corpora"):
        sources.load(Recipe())


def test_a_file_that_breaks_costs_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_corpus(tmp_path)
    source = Tracks.load([f"egmd={root}"], "train", classes=10, sample_rate=44100)
    whole, broken = (track.audio for track in source.tracks)
    broken.write_bytes(b"no sound")
    drawn = [source.draw(np.random.default_rng(seed), SECONDS)[0].samples for seed in range(8)]
    for samples in drawn:
        np.testing.assert_array_equal(samples, read(whole, mono=True).samples)
    assert capsys.readouterr().err.count(f"{broken}: ") == 1
    whole.write_bytes(b"no sound")
    with pytest.raises(ValueError, match=r"\.wav"):
        source.draw(np.random.default_rng(0), 1.0)
