"""Labelled loops: with the tiny network, and hits whose classes it knows."""

from pathlib import Path

import numpy as np
import pytest

from bandscribe import audio, drums
from bandscribe.synthesis.band.recordings import Backing
from bandscribe.training.drums import loops
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import ARTICULATIONS
from tiny import hits

RATE = 44100
GROOVE = {0.5: "KD", 1.0: "CHH", 1.5: "SD", 2.0: "CHH", 2.5: "KD", 3.0: "RD"}


@pytest.fixture
def models(tiny_model: Path) -> list[drums.DrumModel]:
    return [drums.load(tiny_model)]


def write(path: Path, samples: np.ndarray) -> Path:
    path.parent.mkdir(exist_ok=True)
    audio.write(path, Audio(samples[None].astype(np.float32), RATE))
    return path


def test_views_are_an_equaliser_and_noise() -> None:
    impulse = np.zeros((1, RATE), np.float32)
    impulse[0, 100] = 1.0
    plain, darker, brighter, noisy = (v.samples[0] for v in loops.make_views(Audio(impulse, RATE)))
    np.testing.assert_array_equal(plain, impulse[0])
    for view, gain in ((darker, -6.0), (brighter, 6.0)):
        response = 20 * np.log10(np.abs(np.fft.rfft(view)))
        assert response[30] == pytest.approx(0.0, abs=0.1)
        assert response[18000] == pytest.approx(gain, abs=0.3)
    noise = noisy - impulse[0]
    power = np.mean(noise**2) / np.mean(impulse**2)
    assert 10 * np.log10(power) == pytest.approx(-35, abs=0.2)


def test_labels_are_what_all_views_agree_on(models: list[drums.DrumModel]) -> None:
    notes, agreement = loops.label(Audio(hits(GROOVE, 4.0)[None], RATE), models)
    np.testing.assert_allclose(notes.onsets, list(GROOVE), atol=0.02)
    assert notes.labels.tolist() == [name.lower() for name in GROOVE.values()]
    assert agreement == 1.0
    assert loops.label(Audio(np.zeros((1, RATE), np.float32), RATE), models)[1] == 0.0


def test_agreement_is_the_mean_of_the_single_views(
    models: list[drums.DrumModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One view of four lacks one note of two: F1 of 1, 1, 1 and 2/3."""
    both = Audio(hits({0.5: "KD", 1.5: "SD"}, 3.0)[None], RATE)
    one = Audio(hits({0.5: "KD"}, 3.0)[None], RATE)
    monkeypatch.setattr(loops, "make_views", lambda sound: iter([both, both, both, one]))
    notes, agreement = loops.label(both, models)
    assert notes.labels.tolist() == ["kd", "sd"]
    assert agreement == pytest.approx((3 + 2 / 3) / 4)


def test_loops_are_written_as_a_band_with_its_drums(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def label(sound: Audio, models: object) -> tuple[Transcription, float]:
        times = np.concatenate([np.array(list(GROOVE)) + 4 * i for i in range(4)])
        names = np.array([name.lower() for name in GROOVE.values()] * 4)
        notes = Transcription(times, names, np.full(24, 0.5), sound.duration, ARTICULATIONS)
        return notes, 0.96 if sound.samples.any() else 0.0

    monkeypatch.setattr(loops, "label", label)
    write(tmp_path / "band/a.flac", np.random.default_rng(0).uniform(-0.3, 0.3, 5 * RATE))
    write(tmp_path / "other/b.flac", np.random.default_rng(1).uniform(-0.3, 0.3, 30 * RATE))
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound")
    recordings = {
        "bad": bad,
        "groove": write(tmp_path / "groove.wav", 0.3 * hits(GROOVE, 4.0)),
        "nothing": write(tmp_path / "nothing.wav", np.zeros(RATE)),
    }
    out = tmp_path / "out"
    arguments = (recordings, out, [], [[tmp_path / "band"], [tmp_path / "other"]])
    damaged: list[tuple[Path, str]] = []

    def write_loops() -> list[tuple[str, float]]:
        return list(
            loops.write_loops(
                *arguments, agreement=0.95, seed=1,
                unreadable=lambda path, error: damaged.append((path, str(error))),
            )
        )  # fmt: skip

    made = write_loops()
    assert [name for name, _ in made] == ["groove", "nothing"]
    assert [path for path, _ in damaged] == [bad] and str(bad) in damaged[0][1]
    assert sorted(path.name for path in out.glob("*_?.flac")) == ["groove_0.flac", "groove_1.flac"]
    assert made[-1][1] == pytest.approx(2 * 16 / 3600)  # four times the loop, twice
    songs = Backing.load([out]).songs
    for song in songs:
        assert song.drums is not None and song.stem is not None
        np.testing.assert_allclose(song.drums.onsets[6:12], np.array(list(GROOVE)) + 4)
        assert np.abs(song.samples).max() == pytest.approx(0.7 * 32768, abs=2)
        assert np.abs(song.stem).max() == pytest.approx(0.7 * 32768, abs=2)
    assert not np.array_equal(songs[0].samples, songs[1].samples)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    (out / "groove_1.flac").unlink()
    assert len(write_loops()) == 2
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_song_is_labelled_by_segments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of 74 s, two segments of 30 and 44 s: the first is one that views do not agree on."""

    def label(sound: Audio, models: object) -> tuple[Transcription, float]:
        notes = Transcription(
            np.array([1.0]), np.array(["kd"]), np.array([0.5]), sound.duration, ARTICULATIONS
        )
        return notes, 0.9 if sound.duration > 31 else 0.8

    monkeypatch.setattr(loops, "label", label)
    samples = np.random.default_rng(0).uniform(-0.3, 0.3, 74 * RATE - 100)
    songs = {"song": write(tmp_path / "song.flac", samples)}
    made = list(
        loops.write_loops(
            songs, tmp_path / "out", [], [], agreement=0.85, seed=1, unreadable=pytest.fail
        )
    )
    assert made == [("song", pytest.approx((44 - 100 / RATE) / 3600))]
    (song,) = Backing.load([tmp_path / "out"]).songs
    assert (tmp_path / "out/song_01_0.flac").exists()
    assert not song.samples.any()
    assert song.stem is not None and song.drums is not None
    expected = samples[30 * RATE :] * 0.7 * 32768 / np.abs(samples[30 * RATE :]).max()
    np.testing.assert_allclose(song.stem, expected, atol=4)


@pytest.mark.parametrize(("rate", "kept"), [(0.0, 3), (0.4, 2), (0.5, 2), (0.51, 0), (2.0, 0)])
def test_passages_with_few_notes_are_skipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rate: float, kept: int
) -> None:
    """Two loops of eight notes in 16 s, and one with a note."""

    def label(sound: Audio, models: object) -> tuple[Transcription, float]:
        times = np.arange(8 if sound.samples.std() > 0.1 else 1) * 2.0
        notes = Transcription(
            times, np.full(len(times), "kd"), np.full(len(times), 0.5), 16.0, ARTICULATIONS
        )
        return notes, 1.0

    monkeypatch.setattr(loops, "label", label)
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 4 * RATE)
    click = np.zeros(4 * RATE)
    click[0] = 0.5
    recordings = {
        name: write(tmp_path / f"{name}.wav", samples)
        for name, samples in (("a", noise), ("b", noise[::-1]), ("c", click))
    }
    out = tmp_path / "out"
    made = loops.write_loops(
        recordings, out, [], [], agreement=0.9, minimum_rate=rate, seed=0, unreadable=pytest.fail
    )
    assert len(list(made)) == 3
    assert sorted(path.name for path in out.glob("*.drums.csv")) == [
        f"{name}_0.drums.csv" for name in "abc"[:kept]
    ]


def test_other_classes_are_refused(tiny_model: Path) -> None:
    with pytest.raises(ValueError, match="ten classes"):
        loops.label(Audio(np.zeros((1, RATE), np.float32), RATE), [drums.load("nmf")])
