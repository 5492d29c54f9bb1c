"""Spectrograms that were computed once, and a network that learns from them."""

from __future__ import annotations

import json
import pickle
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from bandscribe.audio import read
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.training.drums import precomputed
from bandscribe.training.drums.precomputed import PrecomputedTracks
from bandscribe.training.drums.recipe import Recipe
from bandscribe.training.drums.tracks import Tracks
from bandscribe.training.drums.train import train
from bandscribe.training.mapped import alone
from tiny_corpus import SECONDS, write_corpus

pytest.importorskip("torch")
FRONT_END = LogSpectrogram()


def load(root: Path, kept: Path, split: str = "train") -> PrecomputedTracks:
    tracks = Tracks.load([f"egmd={root}"], split, classes=5, sample_rate=44100, cache=kept)
    return PrecomputedTracks.load(tracks, FRONT_END, kept, workers=0)


def test_excerpts_are_slices_of_whole_spectrograms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_corpus(tmp_path / "corpus", seed=5)
    source = load(root, tmp_path / "kept")
    whole = [FRONT_END(read(track.audio, mono=True).samples[0]) for track in source.tracks.tracks]
    (file,) = source.files
    assert file.edges.tolist() == [0, len(whole[0]), len(whole[0]) + len(whole[1])]
    plain = source.tracks
    for seed in range(6):
        features, notes = source.draw(np.random.default_rng(seed), 1.0)
        assert features.shape == (101, 84) and features.dtype == np.float32
        # The same place as without precomputing, to the nearest frame of 10 ms.
        chosen, start = plain.place(np.random.default_rng(seed), 1.0)
        first = round(100 * start)
        expected = whole[chosen][first : first + 101]
        np.testing.assert_allclose(features, expected, rtol=5e-4, atol=6e-8)
        onsets = plain.notes(chosen).onsets - first / 100
        np.testing.assert_allclose(notes.onsets, onsets[(onsets >= 0) & (onsets < 1)], atol=1e-9)
        assert notes.duration == 1.0
    monkeypatch.setattr(precomputed, "_write", None)  # the second time, nothing is computed
    again = load(root, tmp_path / "kept")
    np.testing.assert_array_equal(again.files[0].values, file.values)
    # A worker process gets the name of the file, and not its content.
    sent = pickle.loads(pickle.dumps(again))
    assert "values" not in vars(sent.files[0])
    features, _ = sent.draw(np.random.default_rng(0), 1.0)
    np.testing.assert_array_equal(features, source.draw(np.random.default_rng(0), 1.0)[0])


def test_each_corpus_has_a_file_for_all_sets_that_it_is_in(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    roots = [write_corpus(tmp_path / name, seed=seed) for seed, name in enumerate("ab")]
    sorted(roots[0].rglob("*.midi"))[1].unlink()  # a track that cannot be opened
    alone_, both = (
        PrecomputedTracks.load(
            Tracks.load(addresses, "train", classes=5, sample_rate=44100, cache=kept),
            FRONT_END, kept, workers=0,
        )
        for addresses in ([f"egmd={roots[1]}"], [f"egmd={root}" for root in roots])
    )  # fmt: skip
    assert both.tracks.parts == [1, 2]
    assert both.files[1].path == alone_.files[0].path
    assert len(list(kept.glob("spectrograms-*.npy"))) == 2
    rng, drawn = np.random.default_rng(0), set()
    for _ in range(12):
        chosen, start = both.tracks.place(np.random.default_rng(place := rng.integers(99)), 1.0)
        features, _ = both.draw(np.random.default_rng(place), 1.0)
        sound = read(both.tracks.tracks[chosen].audio, mono=True).samples[0]
        first = round(100 * start)
        expected = FRONT_END(sound)[first : first + 101]
        np.testing.assert_allclose(features, expected, rtol=5e-4, atol=6e-8)
        drawn.add(chosen)
    assert drawn == {0, 1, 2}


def test_a_short_track_is_followed_by_silence(tmp_path: Path) -> None:
    source = load(write_corpus(tmp_path / "corpus"), tmp_path / "kept", "test")
    features, notes = source.draw(np.random.default_rng(0), SECONDS + 1)
    assert len(features) == 1 + round(100 * (SECONDS + 1))
    assert features[: round(100 * SECONDS)].any(axis=1).mean() > 0.5
    assert not features[round(100 * SECONDS) + 2 :].any()
    assert notes.duration == SECONDS + 1


def test_a_recording_that_cannot_be_decoded_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_corpus(tmp_path / "corpus")
    compute = precomputed._compute
    broken = sorted(root.rglob("*.wav"))[0]

    def break_off(path: Path, front_end: LogSpectrogram) -> object:
        if path == broken:
            raise ValueError(f"{path}: breaks off")
        return compute(path, front_end)

    monkeypatch.setattr(precomputed, "_compute", break_off)
    source = load(root, tmp_path / "kept")
    assert f"{broken}: breaks off; left out" in capsys.readouterr().err
    rng = np.random.default_rng(0)
    assert {source.tracks.place(rng, 1.0)[0] for _ in range(20)} == {1}


def test_a_network_learns_from_them(tmp_path: Path) -> None:
    root = write_corpus(tmp_path / "corpus")
    recipe = Recipe(
        corpora=(f"egmd={root}",),
        cache=str(tmp_path / "kept"),
        precompute=True,
        options={"channels": [4], "pooling": [6], "convolutions": 1, "hidden": 4, "layers": 1},
        steps=2, validate_every=1, batch=2, excerpt_seconds=1.0, chunk_seconds=1.0,
        overlap_seconds=0.2, validation_minutes=0.05, weight_excerpts=3, workers=0, threads=1,
        average=0.0,
    )  # fmt: skip
    assert train(recipe, tmp_path / "run").finished
    assert json.loads((tmp_path / "run/metrics.json").read_text())["steps"] == 2
    assert len(list((tmp_path / "kept").glob("spectrograms-*.npy"))) == 1  # not of validation
    with pytest.raises(ValueError, match="precompute: expected corpora, and a cache"):
        Recipe(corpora=("egmd=here",), precompute=True)


def test_one_process_makes_a_file_of_the_cache_and_others_wait(tmp_path: Path) -> None:
    path, order = tmp_path / "cache/file.npy", []

    def make(name: str) -> None:
        with alone(path):
            order.append(f"{name} begins")
            time.sleep(0.05)
            order.append(f"{name} ends")

    threads = [threading.Thread(target=make, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [text[2:] for text in order] == ["begins", "ends"] * 2
    assert not list(path.parent.iterdir())
