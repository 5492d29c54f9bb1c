"""What is special in each corpus of labels; the rest is the contract."""

from __future__ import annotations

import os
from pathlib import Path

import miniature_instruments
import pytest
from miniature_instruments import sound, text

from bandscribe.datasets import audioset, irmas, medley_solos, openmic
from bandscribe.datasets.corpus import inspect


@pytest.fixture
def irmas_root(tmp_path: Path) -> Path:
    miniature_instruments.irmas(tmp_path)
    return tmp_path


def test_irmas(irmas_root: Path) -> None:
    tracks = irmas.CORPUS.tracks(irmas_root)
    training = [t for t in tracks if t.split == "train"]
    assert [sorted(t.load()) for t in training] == [["cel"], ["cel"], ["gel"], ["pia"]]
    assert len({t.group for t in training}) == 3
    songs = {t.id: t for t in tracks}
    assert songs["02 - An Invented Song-1"].load() == {"gel", "voi"}
    assert songs["(03) another-1"].load() == {"pia", "sax"}
    pair = [songs[f"02 - An Invented Song-{n}"] for n in (1, 8)]
    assert pair[0].group == pair[1].group
    assert pair[0].split == pair[1].split != "train"


def test_irmas_splits_its_testing_songs_30_to_70(tmp_path: Path) -> None:
    for n in range(300):
        text(tmp_path / f"IRMAS-TestingData-Part1/Part1/song {n}-1.txt", "pia\n")
    splits = [track.split for track in irmas.CORPUS.named(tmp_path)]
    assert set(splits) == {"validation", "test"}
    assert abs(splits.count("validation") - 90) < 4 * (300 * 0.3 * 0.7) ** 0.5


def test_irmas_damaged(irmas_root: Path) -> None:
    part = irmas_root / "IRMAS-TestingData-Part1/Part1"
    (part / "02 - An Invented Song-1.wav").unlink()
    (part / "02 - An Invented Song-8.txt").write_text("gel\nkaz\n")
    (irmas_root / "IRMAS-TrainingData/pia/[pia][cla]1283__3.wav").write_bytes(b"RIFF")
    found = inspect(irmas.CORPUS, irmas_root)
    assert len(found.tracks) == 4
    assert len(found.problems) == 3
    assert any("Song-1.wav: missing" in line for line in found.problems)
    assert any("Song-8.txt: unknown instruments ['kaz']" in line for line in found.problems)
    assert any("1283__3.wav" in line for line in found.problems)
    assert found.shortfalls[0].startswith("irmas train: 3 usable tracks, of a complete 6705")


SEGMENTS = """\
# YTID, start_seconds, end_seconds, positive_labels
ccccccccccc, 50.000, 60.000, "/m/05r5c,/m/01s0ps"
eeeeeeeeeee, 10.000, 20.000, "/m/02sgy,/m/05zppz,/t/dd00003"
fffffffffff, 10.000, 20.000, "/m/07gql"
ggggggggggg, 10.000, 20.000, "/m/06ncr"
"""


@pytest.fixture
def audioset_root(tmp_path: Path) -> Path:
    """Two tables; clips too short, too long, nearly right, in another folder, and missing."""
    miniature_instruments.audioset(tmp_path)
    text(tmp_path / "eval_segments.csv", SEGMENTS)
    sound(tmp_path / "audio/-0aaaaaaaaa.wav", 9.6)
    sound(tmp_path / "audio/YYbbbbbbbbb__0.flac", 10.4)
    sound(tmp_path / "eeeeeeeeeee.wav", 10.6)
    sound(tmp_path / "more/fffffffffff_10000.wav", 10.0)
    return tmp_path


def test_audioset(audioset_root: Path) -> None:
    tracks = audioset.CORPUS.tracks(audioset_root)
    assert {t.id: sorted(t.load()) for t in tracks} == {
        "-0aaaaaaaaa": ["pia", "voi"],
        "Ybbbbbbbbb_": ["cel"],  # a violin, plucked
        "fffffffffff": ["tru"],
    }  # an electric piano and a whip are nothing of ours, e is too long, and g is not there
    assert tracks[0].audio == audioset_root / "audio/-0aaaaaaaaa.wav"


def test_audioset_lists_what_is_wanted(audioset_root: Path) -> None:
    assert audioset.list_missing(audioset_root) == [
        audioset.AudioSetSegment(
            "ggggggggggg",
            10.0,
            20.0,
            frozenset({"sax"}),
            audioset_root / "eval_segments.csv",
        )
    ]
    found = inspect(audioset.CORPUS, audioset_root)
    assert found.problems == [f"{audioset_root / 'audio/ggggggggggg.wav'}: missing"]


def test_audioset_parses_a_table_once(audioset_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has two million lines, and each split needs them."""
    tracks = audioset.CORPUS.tracks(audioset_root)
    monkeypatch.setattr(audioset, "_read_rows", None)
    again = audioset.CORPUS.tracks(audioset_root)
    assert [(t.id, t.load()) for t in again] == [(t.id, t.load()) for t in tracks]
    monkeypatch.undo()
    table = audioset_root / "eval_segments.csv"
    table.write_text(table.read_text() + '-0aaaaaaaaa, 0.000, 10.000, "/m/01xqw"\n')
    os.utime(table, ns=(1, 1))
    changed = {t.id: t.load() for t in audioset.CORPUS.tracks(audioset_root)}
    assert changed["-0aaaaaaaaa"] == {"cel"}


def test_audioset_tables(audioset_root: Path, tmp_path: Path) -> None:
    text(audioset_root / "eval_segments.csv", "hhhhhhhhhhh, 0.000\n")
    with pytest.raises(ValueError, match=r"eval_segments.csv: expected YTID, start.*got hhhhhhhhh"):
        audioset.clips(audioset_root)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no segment table; expected one of balanced_train"):
        audioset.CORPUS.tracks(tmp_path / "empty")


@pytest.fixture
def openmic_root(tmp_path: Path) -> Path:
    miniature_instruments.openmic(tmp_path)
    return tmp_path


def test_openmic(openmic_root: Path) -> None:
    first, second, third = openmic.CORPUS.tracks(openmic_root)
    assert first.load() == {"flu"}
    assert first.unscored == set(openmic.CLASSES) - {"cla", "flu"}
    assert second.load() == {"dru"}
    assert [t.split for t in (first, second, third)] == ["train", "train", "test"]
    assert [t.group for t in (first, third)] == ["artist 7", "recording 000141"]
    assert len(openmic.CORPUS.tracks(openmic_root / "openmic-2018")) == 3


def test_openmic_damaged(openmic_root: Path) -> None:
    base = openmic_root / "openmic-2018"
    table = base / "openmic-2018-aggregated-labels.csv"
    table.write_text(table.read_text().replace("voice", "kazoo").replace("0.5,3", "half,3"))
    (base / "audio/000/000135_483840.ogg").unlink()
    found = inspect(openmic.CORPUS, openmic_root)
    assert [problem.partition(".csv: ")[2] for problem in found.problems[::2]] == [
        "000046_3840: could not convert string to float: 'half'",
        f"000141_153600: unknown instruments ['kazoo']; expected some of "
        f"{', '.join(openmic.LABELS)}",
    ]
    (base / "partitions/split01_test.csv").unlink()
    with pytest.raises(ValueError, match=r"split01_test.csv: missing"):
        openmic.CORPUS.tracks(openmic_root)


@pytest.fixture
def solos_root(tmp_path: Path) -> Path:
    miniature_instruments.medley_solos(tmp_path)
    return tmp_path


def test_medley_solos(solos_root: Path) -> None:
    tracks = medley_solos.CORPUS.tracks(solos_root)
    assert [(t.split, sorted(t.load()), t.group) for t in tracks] == [
        ("test", ["cla"], "song 0"),
        ("train", ["gel"], "song 17"),
        ("validation", ["voi"], "song 70"),
    ]
    (solos_root / "audio").rename(solos_root / "Medley-solos-DB")
    assert len(medley_solos.CORPUS.tracks(solos_root)) == 3


def test_medley_solos_damaged(solos_root: Path) -> None:
    table = solos_root / "annotation/Medley-solos-DB_metadata.csv"
    table.write_text(table.read_text().replace("female singer", "kazoo"))
    found = inspect(medley_solos.CORPUS, solos_root)
    assert len(found.tracks) == 2
    assert "metadata.csv: 00000002-c9d4" in found.problems[0]
    table.write_text("subset,instrument\ntest,flute\n")
    with pytest.raises(ValueError, match=r"metadata.csv: expected the columns subset, instrument"):
        medley_solos.CORPUS.tracks(solos_root)
    table.unlink()
    with pytest.raises(ValueError, match=r"metadata.csv: missing"):
        medley_solos.CORPUS.tracks(solos_root)
