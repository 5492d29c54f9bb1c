import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tiny_soundfont

from bandscribe.synthesis.band import recordings as band
from bandscribe.synthesis.band.songs import Song, compose
from bandscribe.types import Beats


@pytest.fixture
def font(tmp_path: Path) -> Path:
    return tiny_soundfont.write(tmp_path / "tiny.sf2")


def short(rng: np.random.Generator) -> Song:
    """The first two seconds of a song."""
    song = compose(rng)
    parts = tuple(
        dataclasses.replace(part, notes=tuple(n for n in part.notes if n.start < 2))
        for part in song.parts
    )
    return dataclasses.replace(song, parts=parts, tune=(), duration=2.0)


def test_songs_depend_on_seed_and_number_alone(
    font: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(band, "compose", short)
    out = tmp_path / "out"
    written = list(band.write_band([font], out, hours=3.9 / 3600, seed=3))
    assert [path.name for path, _ in written] == ["band_0000.flac", "band_0001.flac"]
    assert written[-1][1] == pytest.approx(4 / 3600)
    second = written[1][0].read_bytes()
    grid = band.read_beats(out / "band_0001.beats.csv")
    song = short(np.random.default_rng([3, 1]))
    assert song.beats is not None
    np.testing.assert_allclose(grid.times, song.beats.times, atol=1e-6)
    np.testing.assert_array_equal(grid.positions, song.beats.positions)
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


def test_backing_cuts_passages_and_names_bad_files(tmp_path: Path) -> None:
    ramp = np.arange(0, 30000, dtype=np.int16)
    soundfile.write(tmp_path / "a.flac", ramp, 44100, subtype="PCM_16")
    backing = band.Backing.load([tmp_path])
    passage, beats = backing.draw(np.random.default_rng(0), 1000)
    assert beats is None
    np.testing.assert_allclose(np.diff(passage), 1 / 32768, atol=1e-7)
    assert not backing.draw(np.random.default_rng(0), 40000)[0][30000:].any()
    with pytest.raises(ValueError, match=r"no \.flac"):
        band.Backing.load([tmp_path / "nowhere"])
    soundfile.write(tmp_path / "b.flac", np.zeros(100), 22050)
    with pytest.raises(ValueError, match=r"b\.flac"):
        band.Backing.load([tmp_path])


def test_a_passage_comes_with_its_beats_and_one_on_either_side(tmp_path: Path) -> None:
    # A click on each beat of half a second.
    clicks = np.zeros(44100 * 10, dtype=np.int16)
    times = np.arange(21) / 2
    clicks[(times[:20] * 44100).astype(int)] = 16384
    soundfile.write(tmp_path / "a.flac", clicks, 44100, subtype="PCM_16")
    band.write_beats(tmp_path / "a.beats.csv", Beats(times, np.arange(21) % 4 + 1))
    backing = band.Backing.load([tmp_path])
    for seed in range(10):
        passage, beats = backing.draw(np.random.default_rng(seed), 2 * 44100)
        assert beats is not None
        heard = np.flatnonzero(passage) / 44100
        inside = (beats.times >= 0) & (beats.times < 2)
        np.testing.assert_allclose(beats.times[inside], heard, atol=1e-4)
        assert len(beats.times) == len(heard) + 2
        assert beats.times[0] < 0 < 2 < beats.times[-1]
        np.testing.assert_array_equal(np.diff(beats.positions) % 4, 1)
    _, beats = backing.draw(np.random.default_rng(0), 11 * 44100)
    assert beats is not None
    np.testing.assert_allclose(beats.times, times)


def test_beats_are_written_in_microseconds(tmp_path: Path) -> None:
    path = tmp_path / "x.beats.csv"
    band.write_beats(path, Beats(np.array([0.1, 1 / 3]), np.array([4, 1])))
    assert path.read_text() == "time,position\n0.100000,4\n0.333333,1\n"
    band.write_beats(path, None)
    assert len(band.read_beats(path).times) == 0
    path.write_text("onset,class\n")
    with pytest.raises(ValueError, match=r"x\.beats\.csv"):
        band.read_beats(path)
