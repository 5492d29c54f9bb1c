"""What is named on the command line, and the files that are found there."""

import os
from pathlib import Path

import fsspec
import pytest

pytest.importorskip("pyarrow", reason="needs the extra catalogue")

import pyarrow as pa
import pyarrow.parquet as pq

from bandscribe.catalogue.sources import search
from bandscribe.catalogue.work import Job, fetch
from tiny_catalogue import write_sounds


@pytest.fixture
def music(tmp_path: Path) -> Path:
    names = ["a.wav", "b/c.FLAC", "b/d.m4a", "notes.txt", ".hidden/e.wav", ".f.wav", "b/g.wav.part"]
    write_sounds(tmp_path / "music", dict.fromkeys(names, "sound"))
    return tmp_path / "music"


def found(*named: object) -> list[str]:
    return [Path(path).name for path in search([str(name) for name in named]).found]


def test_folders_patterns_and_files(music: Path) -> None:
    assert found(music) == ["a.wav", "c.FLAC", "d.m4a"]
    assert found(f"{music}/**/*.FLAC", f"{music}/b/*") == ["c.FLAC", "d.m4a"]
    assert found(music / "notes.txt", music / "a.wav", f"{music}/a.wav") == ["notes.txt", "a.wav"]
    assert search([str(music)]).folders == [f"{music}/"]


def test_relative_names_become_absolute(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(music)
    assert list(search(["b"]).found) == [f"{music}/b/c.FLAC", f"{music}/b/d.m4a"]


def test_a_stamp_tells_of_changes(music: Path) -> None:
    [before] = search([str(music / "a.wav")]).found.values()
    os.utime(music / "a.wav", (1, 1))
    [after] = search([str(music / "a.wav")]).found.values()
    assert before.bytes == after.bytes == 5
    assert before.stamp != after.stamp


def test_lists(music: Path) -> None:
    (music / "list.csv").write_text("id,path\n1,a.wav\n2,b/c.FLAC\n3,b/missing.wav\n")
    pq.write_table(pa.table({"path": [str(music / "b/d.m4a")]}), music / "list.parquet")
    result = search([str(music / "list.csv"), str(music / "list.parquet")])
    assert [Path(path).name for path in result.found] == ["a.wav", "c.FLAC", "d.m4a"]
    assert result.missing == ["b/missing.wav: there is no such file or folder; check the name"]
    (music / "list.csv").write_text("name\na.wav\n")
    with pytest.raises(ValueError, match="expected a CSV file with a column path"):
        search([str(music / "list.csv")])
    (music / "list.parquet").write_text("PAR1")
    with pytest.raises(ValueError, match="not a Parquet file with a column path"):
        search([str(music / "list.parquet")])


def test_what_is_not_there_is_reported(music: Path) -> None:
    result = search([str(music / "x.wav"), f"{music}/*.mp3"])
    assert result.missing == [
        f"{music}/x.wav: there is no such file or folder; check the name",
        f"{music}/*.mp3: no file matches; check the pattern",
    ]
    with pytest.raises(ValueError, match="no address that can be read"):
        search(["nowhere://bucket/music"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may search any folder")
def test_locked_folders_are_reported(music: Path) -> None:
    (music / "b").chmod(0)
    result = search([str(music)])
    (music / "b").chmod(0o755)
    assert [Path(path).name for path in result.found] == ["a.wav"]
    assert result.missing == [f"{music}/b: no permission to search it"]
    assert result.folders == []  # what was known in it is not forgotten


def test_a_name_that_is_no_text_is_reported(music: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(music) + b"/\xff.wav")).write_text("sound")
    except OSError:
        pytest.skip("this file system takes no such name")
    result = search([str(music)])
    assert len(result.found) == 3
    [told] = result.missing
    assert told.endswith(": its name is no text in UTF-8; rename it")


def test_links_are_followed_once(music: Path) -> None:
    (music / "b" / "again").symlink_to(music)
    (music / "one.wav").symlink_to(music / "a.wav")
    (music / "nowhere.wav").symlink_to(music / "x.wav")
    assert found(music) == ["a.wav", "c.FLAC", "d.m4a", "one.wav"]
    [told] = search([str(music)]).missing
    assert told == f"{music}/nowhere.wav: there is no such file or folder; check the name"


def test_addresses_are_copied_to_be_read() -> None:
    system = fsspec.filesystem("memory")
    for name in ("a.wav", "b/c.flac", "notes.txt"):
        system.pipe(f"/catalogue_test/{name}", name.encode())
    result = search(["memory://catalogue_test"])
    assert list(result.found) == [
        "memory:///catalogue_test/a.wav",
        "memory:///catalogue_test/b/c.flac",
    ]
    assert result.folders == ["memory:///catalogue_test/"]
    [source] = search(["memory://catalogue_test/a.wav"]).found.values()
    with fetch(Job(*source)) as fetched:
        assert fetched.sound is not None and fetched.sound.name == "a.wav"
        assert (fetched.sound.read_bytes(), fetched.bytes) == (b"a.wav", 5)
    assert not fetched.sound.exists()
    with fetch(Job("memory://catalogue_test/x.wav", 0, "")) as fetched:
        assert fetched.sound is None and str(fetched.error).startswith("cannot be read: ")
