"""What is special in MedleyDB, MUSDB18 and stems, and levels of parts; the rest is the contract."""

from __future__ import annotations

from pathlib import Path

import miniature_instruments
import numpy as np
import pytest
from miniature_instruments import METADATA, SONGS

from bandscribe.datasets import medleydb, musdb, stems
from bandscribe.datasets.corpus import inspect
from bandscribe.datasets.levels import find_audible, levels, power
from bandscribe.types import Audio


@pytest.fixture
def medleydb_root(tmp_path: Path) -> Path:
    miniature_instruments.medleydb(tmp_path)
    return tmp_path


def test_medleydb(medleydb_root: Path) -> None:
    track, other = medleydb.CORPUS.tracks(medleydb_root)
    assert other.id == "Another_Song"
    assert (track.id, track.split, track.group) == ("AnArtist_ASong", "test", "AnArtist")
    heard = track.load()
    assert heard.frame_rate == pytest.approx(44100 / 2048, rel=1e-3)
    columns = dict(zip(heard.classes, heard.values.T.tolist(), strict=True))
    assert columns.pop("dru") == [1.0, 0.5, 0.0]
    assert columns.pop("bas") == [0.25, 0.25, 0.75]
    assert columns.pop("pia") == [0.0, 0.5, 0.0]
    np.testing.assert_allclose(columns.pop("voi"), [0.75, 0.5, 0.2])
    assert not np.any(list(columns.values()))


def test_medleydb_remix(medleydb_root: Path) -> None:
    track, _ = medleydb.CORPUS.tracks(medleydb_root, "remix")
    assert track.id == "AnArtist_Other"
    heard = track.load()
    assert heard.values.sum(axis=0).tolist() == [float(name == "vio") for name in heard.classes]


def test_medleydb_damaged(medleydb_root: Path) -> None:
    stems = medleydb_root / "Audio/AnArtist_Lost/AnArtist_Lost_STEMS"
    stems.mkdir(parents=True)
    found = inspect(medleydb.CORPUS, medleydb_root)
    assert len(found.tracks) == 2
    assert [Path(line).name for line in found.problems] == [
        "AnArtist_Lost_MIX.wav: missing",
        "AnArtist_Lost_ACTIVATION_CONF.lab: missing",
        "AnArtist_Lost_METADATA.yaml: missing",
    ]
    (table,) = medleydb_root.rglob("AnArtist_ASong_ACTIVATION_CONF.lab")
    (metadata,) = medleydb_root.rglob("AnArtist_ASong_METADATA.yaml")
    for text, reason in (
        ("time,S01\n0.0,2.0\n0.1,0.0\n", r"values: a probability is in \[0, 1\]"),
        ("time,S01\n0.0,1.0\n0.1\n", "a line holds what is no number, or breaks off"),
        ("time,S09\n0.0,1.0\n0.1,0.0\n", r"METADATA.yaml does not list \['S09'\]"),
        ("", "expected a line of names"),
    ):
        table.write_text(text)
        with pytest.raises(ValueError, match=f"_CONF.lab: .*{reason}"):
            medleydb.read(table, metadata)
    metadata.write_text(METADATA.replace("drum set", "kazoo"))
    with pytest.raises(ValueError, match=r"METADATA.yaml: unknown instruments \['kazoo'\]"):
        medleydb.stems(metadata)
    metadata.write_text("artist: nobody\n")
    with pytest.raises(ValueError, match=r"METADATA.yaml: names no stem"):
        medleydb.stems(metadata)


def test_power_is_the_mean_square_around_each_hop() -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, (2, 10)).astype(np.float32)
    blocks = [Audio(samples[:, :3], 100), Audio(samples[:, 3:4], 100), Audio(samples[:, 4:], 100)]
    padded = np.pad(np.square(samples, dtype=np.float64).mean(axis=0), (4, 6))
    expected = [padded[i * 4 : i * 4 + 8].mean() for i in range(1 + 10 // 4)]
    np.testing.assert_allclose(power(blocks, 4), expected, rtol=1e-12)


def test_levels_by_hand() -> None:
    mixture = np.array([1.0, 4.0, 0.0])
    found = levels(
        {"voi": [np.array([0.4, 0.2]), np.array([0.0, 0.2])], "dru": [np.array([8.0, 0.0, 0.0])]},
        mixture,
        10.0,
    )
    assert (found.kind, found.classes, found.frame_rate) == ("level_db", ("voi", "dru"), 10.0)
    np.testing.assert_allclose(found.values, [[-10, 0], [-10, -60], [-60, -60]], atol=1e-6)
    silence = levels({"voi": [np.zeros(2)]}, np.zeros(2), 10.0)
    assert silence.values.tolist() == [[-60.0], [-60.0]]


def test_musdb_hq(tmp_path: Path) -> None:
    miniature_instruments.musdb(tmp_path)
    tracks = musdb.CORPUS.tracks(tmp_path, "hq")
    assert {f"{t.audio.parts[-3]}/{t.id}": t.split for t in tracks} == SONGS
    heard = tracks[0].load()
    assert heard.frame_rate == 44100 / 1024
    assert heard.values.shape == (1 + round(0.6 * 44100) // 1024, 3)
    # 20 log10 of the levels' ratios to the mixture's; the first frame is half silence.
    np.testing.assert_allclose(heard.values[1:-1], [[-60, -20, -6.02]] * 24, atol=0.1)
    np.testing.assert_allclose(heard.values[0], [-60, -23.01, -9.03], atol=0.1)
    (tmp_path / "train/Some Body - A Song/bass.wav").unlink()
    found = inspect(musdb.CORPUS, tmp_path, "hq")
    assert (len(found.tracks), len(found.problems)) == (2, 1)
    assert found.problems[0].endswith("bass.wav: missing")


def test_musdb_stems(tmp_path: Path) -> None:
    pytest.importorskip("av")
    miniature_instruments.musdb(tmp_path)
    track, *_ = musdb.CORPUS.tracks(tmp_path)
    assert track.audio == tmp_path / "train/Leaf - Summerghost.stem.mp4"
    # AAC keeps the level of a tone to a fifth of a decibel.
    np.testing.assert_allclose(track.load().values[4:24], [[-60, -20, -6.02]] * 20, atol=0.2)
    track.audio.write_bytes(track.audio.read_bytes()[:900])
    with pytest.raises(ValueError, match=r"Leaf - Summerghost.stem.mp4: cannot be read"):
        track.load()


def test_who_is_heard_by_hand() -> None:
    """At 25 frames a second, a frame and two on each side count: 160 ms."""
    together = np.array([1.0] * 10 + [1e-3] * 10 + [0.0] * 10)
    db = np.array([-24.0, -30.0, -36.0])
    parts = np.zeros((30, 3))
    parts[0] = 10 ** (db / 10)  # a stroke of each
    parts[18] = 1e-3 * 10 ** (db / 10)
    found = find_audible(parts, together, 25.0)
    nan = float("nan")
    expected = np.zeros((30, 3))
    expected[:3] = [1, nan, 0]
    # 30 dB below the loudest moment, and 24, 30 or 36 below all that sounds there: 54, 60 and 66.
    expected[16:21] = [nan, nan, 0]
    np.testing.assert_array_equal(found, expected)
    assert not find_audible(np.zeros((9, 1)), np.zeros(9), 25.0).any()


def test_stems(tmp_path: Path) -> None:
    miniature_instruments.stems(tmp_path)
    train, validation, test = stems.CORPUS.tracks(tmp_path)
    assert [train.id, validation.id, test.split] == ["train/00000", "validation/00000", "test"]
    assert {path.name for path in train.annotations} == {"vio.wav", "pia.wav"}
    heard = train.load()
    assert (heard.kind, heard.frame_rate) == ("level_db", 44100 / 1024)
    columns = dict(zip(heard.classes, heard.values[1:-1].T, strict=True))
    np.testing.assert_allclose(columns.pop("vio"), 20 * np.log10(3 / 4), atol=0.1)
    np.testing.assert_allclose(columns.pop("pia"), 20 * np.log10(1 / 4), atol=0.1)
    assert all((column == -60).all() for column in columns.values())
    # What is none of the classes is no annotation, but sounds beside them.
    assert [path.name for path in validation.annotations] == ["dru.wav"]
    drums = validation.load().values[5, heard.classes.index("dru")]
    assert drums == pytest.approx(20 * np.log10(3 / 5), abs=0.1)


def test_stems_of_another_rate(tmp_path: Path) -> None:
    miniature_instruments.stems(tmp_path)
    miniature_instruments.sound(tmp_path / "train/00000/vio.wav")
    with pytest.raises(ValueError, match=r"vio.wav: expected 44100 Hz, as mixture.wav has, got 80"):
        stems.CORPUS.tracks(tmp_path)[0].load()
