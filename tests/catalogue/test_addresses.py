"""Sources at addresses: a build reads them as it reads a folder, from any file system of fsspec."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

pytest.importorskip("pyarrow", reason="needs the extra catalogue")
pytest.importorskip("duckdb", reason="needs the extra catalogue")

import fsspec

from bandscribe.catalogue.analysis import Models
from bandscribe.catalogue.build import build
from bandscribe.catalogue.sources import search
from tiny_catalogue import Run, read_all

MUSIC = {"a.wav": "90 vio", "b/c.flac": "120 voi", "b/copy.wav": "90 vio", "bad.wav": "no sound"}


class Bucket(fsspec.AbstractFileSystem):
    """An object store: keys without a slash before them, folders that only keys imply, ETags."""

    protocol = "bucket"
    objects: ClassVar[dict[str, bytes]] = {}
    #: What whoever asks may not see.
    forbidden: ClassVar[set[str]] = set()

    def ls(self, path: str, detail: bool = True, **options: Any) -> list[Any]:
        folder = f"{self._strip_protocol(path)}/".removeprefix("/")
        found: dict[str, dict[str, Any]] = {}
        for key, content in self.objects.items():
            if key.startswith(folder):
                name, below, _ = key.removeprefix(folder).partition("/")
                found[name] = {"name": folder + name, "size": 0, "type": "directory"}
                if not below:
                    tag = hashlib.md5(content).hexdigest()
                    found[name] |= {"size": len(content), "type": "file", "ETag": tag}
        if not found:
            raise FileNotFoundError(path)
        return [*found.values()] if detail else [each["name"] for each in found.values()]

    def info(self, path: str, **options: Any) -> Any:
        if self._strip_protocol(path).split("/")[0] in self.forbidden:
            raise PermissionError("Forbidden")
        return super().info(path, **options)

    def _open(self, path: str, mode: str = "rb", **options: Any) -> io.BytesIO:
        if path in self.forbidden:
            raise PermissionError("Forbidden")
        return io.BytesIO(self.objects[path])


class Offline(fsspec.AbstractFileSystem):
    """What its library raises is its own."""

    protocol = "offline"

    def isdir(self, path: str) -> bool:
        raise RuntimeError("Unable to locate\ncredentials")


@pytest.fixture(autouse=True)
def systems(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for system in (Bucket, Offline):
        fsspec.register_implementation(str(system.protocol), system, clobber=True)
    monkeypatch.setattr(
        Models, "_describe", lambda self, role: {"version": f"{role}-1-x", "classes": []}
    )
    yield
    Bucket.objects.clear()
    Bucket.forbidden.clear()
    memory = fsspec.filesystem("memory")
    for path in memory.find("/"):
        memory.rm(path)


def put(address: str, content: str) -> None:
    protocol, _, path = address.partition("://")
    if protocol == "memory":
        fsspec.filesystem("memory").pipe(f"/{path}", content.encode())
    else:
        Bucket.objects[path] = content.encode()


def remove(address: str) -> None:
    protocol, _, path = address.partition("://")
    if protocol == "memory":
        fsspec.filesystem("memory").rm(f"/{path}")
    else:
        del Bucket.objects[path]


@pytest.fixture(params=["memory", "bucket"])
def music(request: pytest.FixtureRequest) -> str:
    root = f"{request.param}://store/music"
    for name, content in MUSIC.items():
        put(f"{root}/{name}", content)
    return root


def paths(out: Path) -> list[str]:
    return [str(row[0]).partition("store/music/")[2] for row in read_all(out)["files"]]


def test_a_build_follows_what_is_stored_there(music: str, tmp_path: Path) -> None:
    out, run = tmp_path / "out", Run()
    progress = build(out, [music], run)
    assert (progress.analysed, progress.duplicates, progress.failed) == (3, 1, 1)
    assert paths(out) == sorted(MUSIC)
    progress = build(out, [music], run)
    assert (progress.unchanged, len(run.analysed)) == (4, 3)
    put(f"{music}/a.wav", "91 vio")  # as many bytes as before
    remove(f"{music}/bad.wav")
    build(out, [music], run)
    assert run.analysed[3:] == [("a.wav", ("drums", "beats", "instruments"))]
    assert paths(out) == ["a.wav", "b/c.flac", "b/copy.wav"]
    tempi = sorted({row[1] for row in read_all(out)["beats"] if row[2] == 2})
    assert tempi == pytest.approx([60 / 120, 60 / 91, 60 / 90])


def test_rows_are_those_of_the_same_files_in_a_folder(music: str, tmp_path: Path) -> None:
    for name, content in MUSIC.items():
        (tmp_path / "music" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "music" / name).write_text(content)
    build(tmp_path / "out", [music], Run())
    build(tmp_path / "local", [str(tmp_path / "music")], Run())
    there, here = read_all(tmp_path / "out"), read_all(tmp_path / "local")
    assert {name: rows for name, rows in there.items() if name != "files"} == {
        name: rows for name, rows in here.items() if name != "files"
    }


def test_patterns_and_lists_at_an_address(music: str) -> None:
    put(f"{music}/list.csv", f"path\na.wav\n{music}/b/c.flac\nx.wav\n")
    assert [path.rpartition("/")[2] for path in search([f"{music}/**/*.flac"]).found] == ["c.flac"]
    result = search([f"{music}/list.csv"])
    assert [path.rpartition("/")[2] for path in result.found] == ["a.wav", "c.flac"]
    assert result.missing == ["x.wav: there is no such file or folder; check the name"]


def test_what_may_not_be_read_is_reported_and_the_rest_is_analysed(tmp_path: Path) -> None:
    for key in ("open/a.wav", "open/locked.wav", "closed/b.wav"):
        Bucket.objects[key] = b"90 vio"
    Bucket.forbidden |= {"closed", "open/locked.wav"}
    Bucket.objects["open/list.csv"] = b"path\nbucket://closed/b.wav\nbucket://open/a.wav\n"
    for named in (["bucket://closed", "bucket://open/a.wav"], ["bucket://open/list.csv"]):
        result = search(named)
        assert list(result.found) == ["bucket://open/a.wav"]
        [problem] = result.missing
        assert problem.endswith(": cannot be read (Forbidden)")
    progress = build(tmp_path / "out", ["bucket://open"], Run())
    assert progress.problems == ["bucket://open/locked.wav: cannot be read: forbidden"]
    assert progress.analysed == 1


def test_an_address_without_access_is_one_line() -> None:
    expected = r"^offline://store: cannot be read \(Unable to locate credentials\)$"
    with pytest.raises(ValueError, match=expected):
        search(["offline://store"])
