import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tiny_soundfont

from bandscribe.formats import csv
from bandscribe.synthesis.band import recordings as band
from bandscribe.synthesis.band.songs import Song, compose
from bandscribe.synthesis.drummer.performance import excerpt
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import ARTICULATIONS


@pytest.fixture
def font(tmp_path: Path) -> Path:
    return tiny_soundfont.write(tmp_path / "tiny.sf2")


def short(rng: np.random.Generator, *, locked_share: float = 0.75) -> Song:
    """The first two seconds of a song."""
    song = compose(rng, locked_share=locked_share)
    parts = tuple(
        dataclasses.replace(part, notes=tuple(n for n in part.notes if n.start < 2))
        for part in song.parts
    )
    assert song.drums is not None
    drums = excerpt(song.drums, 0.0, 2.0)
    return dataclasses.replace(song, parts=parts, tune=(), duration=2.0, drums=drums)


def test_songs_depend_on_seed_and_number_alone(
    font: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(band, "compose", short)
    out = tmp_path / "out"
    written = list(band.write_band([font], out, hours=3.9 / 3600, seed=3))
    assert [path.name for path, _ in written] == ["band_0000.flac", "band_0001.flac"]
    assert written[-1][1] == pytest.approx(4 / 3600)
    second = written[1][0].read_bytes()
    grid = csv.read_beats(out / "band_0001.beats.csv")
    song = short(np.random.default_rng([3, 1]))
    assert song.beats is not None
    np.testing.assert_allclose(grid.times, song.beats.times, atol=1e-6)
    np.testing.assert_array_equal(grid.positions, song.beats.positions)
    drums = band.read_drums(out / "band_0001.drums.csv", 2.0)
    assert song.drums is not None
    np.testing.assert_allclose(drums.onsets, song.drums.onsets, atol=1e-6)
    assert drums.labels.tolist() == song.drums.labels.tolist()
    # The first is kept, the second made again.
    written[1][0].unlink()
    (out / "band_0000.flac").touch()
    before = written[0][0].stat().st_mtime_ns
    list(band.write_band([font], out, hours=3.9 / 3600, seed=3))
    assert written[0][0].stat().st_mtime_ns == before
    assert written[1][0].read_bytes() == second


def test_a_zip_without_songs_is_named(font: Path, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    with pytest.raises(ValueError, match=r"empty\.zip: no MIDI songs"):
        next(
            band.write_band([font], tmp_path / "out", hours=1, seed=0, songs=tmp_path / "empty.zip")
        )


def test_backing_cuts_passages(tmp_path: Path) -> None:
    ramp = np.arange(0, 30000, dtype=np.int16)
    soundfile.write(tmp_path / "a.flac", ramp, 44100, subtype="PCM_16")
    backing = band.Backing.load([tmp_path])
    passage = backing.draw(np.random.default_rng(0), 1000)
    assert (passage.beats, passage.drums, passage.stem) == (None, None, None)
    np.testing.assert_allclose(np.diff(passage.samples), 1 / 32768, atol=1e-7)
    assert not backing.draw(np.random.default_rng(0), 40000).samples[30000:].any()
    with pytest.raises(ValueError, match=r"no \.flac"):
        band.Backing.load([tmp_path / "nowhere"])


@pytest.mark.parametrize(
    ("damaged", "content"),
    [
        ("b.flac", b"no sound"),
        ("b.flac", b""),
        ("b.flac", 3000),  # breaks off
        ("b.flac", 22050),
        ("b.beats.csv", b"time\n1"),
        ("b.drums.csv", b"\xff\x00"),
        ("b.drums.flac", b"no sound"),
        ("b.drums.flac", 999),
    ],
)
def test_a_damaged_song_costs_itself(tmp_path: Path, damaged: str, content: bytes | int) -> None:
    noise = np.random.default_rng(0).integers(-9000, 9000, 20000, dtype=np.int16)
    for name in ("a.flac", "b.flac"):
        soundfile.write(tmp_path / name, noise, 44100)
    path = tmp_path / damaged
    if content == 22050:
        soundfile.write(path, noise, 22050)
    elif content == 999:  # of another length than its song
        soundfile.write(path, noise[:999], 44100)
    else:
        path.write_bytes(path.read_bytes()[:content] if isinstance(content, int) else content)
    with pytest.warns(UserWarning, match=rf"{damaged}: .*; left out") as caught:
        (song,) = band.Backing.load([tmp_path]).songs
    assert len(caught) == 1
    np.testing.assert_array_equal(song.samples, noise)
    (tmp_path / "a.flac").unlink()
    with pytest.raises(ValueError, match=rf"no band that can be used.*{damaged}"):
        band.Backing.load([tmp_path])


def test_a_passage_comes_with_its_beats_and_one_on_either_side(tmp_path: Path) -> None:
    # A click on each beat of half a second.
    clicks = np.zeros(44100 * 10, dtype=np.int16)
    times = np.arange(21) / 2
    clicks[(times[:20] * 44100).astype(int)] = 16384
    soundfile.write(tmp_path / "a.flac", clicks, 44100, subtype="PCM_16")
    csv.write_beats(tmp_path / "a.beats.csv", Beats(times, np.arange(21) % 4 + 1))
    backing = band.Backing.load([tmp_path])
    for seed in range(10):
        passage = backing.draw(np.random.default_rng(seed), 2 * 44100)
        beats = passage.beats
        assert beats is not None
        heard = np.flatnonzero(passage.samples) / 44100
        inside = (beats.times >= 0) & (beats.times < 2)
        np.testing.assert_allclose(beats.times[inside], heard, atol=1e-4)
        assert len(beats.times) == len(heard) + 2
        assert beats.times[0] < 0 < 2 < beats.times[-1]
        np.testing.assert_array_equal(np.diff(beats.positions) % 4, 1)
    beats = backing.draw(np.random.default_rng(0), 11 * 44100).beats
    assert beats is not None
    np.testing.assert_allclose(beats.times, times)


def test_a_passage_comes_with_the_drum_part_of_its_song(tmp_path: Path) -> None:
    # A click of the drum stem wherever the table has a note; the band is silent.
    onsets = np.array([0.25, 1.5, 1.5, 3.125, 7.75])
    labels = np.array(["kd", "sd", "other", "chh", "clap"])
    drums = Transcription(onsets, labels, np.array([1, 0.5, 0.25, 0.75, 0.3]), 8.0, ARTICULATIONS)
    stem = np.zeros(8 * 44100, dtype=np.int16)
    stem[np.round(onsets * 44100).astype(int)] = 16384
    soundfile.write(tmp_path / "a.flac", np.zeros_like(stem), 44100, subtype="PCM_16")
    soundfile.write(tmp_path / "a.drums.flac", stem, 44100, subtype="PCM_16")
    band.write_drums(tmp_path / "a.drums.csv", drums)
    backing = band.Backing.load([tmp_path])
    assert len(backing.songs) == 1  # the stem is no song of its own
    struck = 0
    for seed in range(12):
        passage = backing.draw(np.random.default_rng(seed), 2 * 44100)
        assert passage.drums is not None
        assert passage.stem is not None
        assert passage.drums.duration == 2.0
        at = np.unique(passage.drums.onsets)
        np.testing.assert_allclose(at, np.flatnonzero(passage.stem) / 44100, atol=2e-5)
        struck += len(at)
    assert struck
    whole = backing.draw(np.random.default_rng(0), 9 * 44100).drums
    assert whole is not None
    assert whole.velocities is not None
    np.testing.assert_allclose(whole.onsets, onsets, atol=1e-6)
    np.testing.assert_allclose(whole.velocities, [1, 0.5, 0.25, 0.75, 0.3])
    assert whole.labels.tolist() == labels.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "onset,class\n",
        "time,articulation,velocity\n0.5,tom,1\n",
        "time,articulation,velocity\n0.5,kd,2\n",
        "time,articulation,velocity\n0.5,kd\n",
        "time,articulation,velocity\n0.5,kd,1\n0.4,kd,1\n",
    ],
)
def test_a_table_that_is_no_drum_part_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.drums.csv").write_text(text)
    with pytest.raises(ValueError, match=r"x\.drums\.csv"):
        band.read_drums(tmp_path / "x.drums.csv", 1.0)


def test_drums_are_written_in_microseconds(tmp_path: Path) -> None:
    path = tmp_path / "x.drums.csv"
    notes = Transcription(
        np.array([0.1, 1 / 3]), np.array(["kd", "tmb"]), np.array([1.0, 0.0]), 1.0, ARTICULATIONS
    )
    band.write_drums(path, notes)
    assert path.read_text() == (
        "time,articulation,velocity\n0.100000,kd,1.0000\n0.333333,tmb,0.0001\n"
    )
    band.write_drums(path, dataclasses.replace(notes, velocities=None))
    again = band.read_drums(path, 1.0)
    assert again.velocities is not None
    assert again.velocities.tolist() == [0.8, 0.8]


def test_beats_are_written_in_microseconds(tmp_path: Path) -> None:
    path = tmp_path / "x.beats.csv"
    csv.write_beats(path, Beats(np.array([0.1, 1 / 3]), np.array([4, 1])))
    assert path.read_text() == "time,position\n0.100000,4\n0.333333,1\n"
    csv.write_beats(path, None)
    assert len(csv.read_beats(path).times) == 0
    path.write_text("onset,class\n")
    with pytest.raises(ValueError, match=r"x\.beats\.csv"):
        csv.read_beats(path)
