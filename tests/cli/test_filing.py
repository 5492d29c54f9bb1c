"""Files copied and moved: what goes wrong in the middle, and what is left then."""

import errno
import shutil
from pathlib import Path

import pytest

from bandscribe.cli import filing, inputs


@pytest.fixture
def sounds(tmp_path: Path) -> list[tuple[Path, str | None]]:
    """Three files with their classes."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    found = [(folder / name, label) for name, label in (("a", "KD"), ("b", "SD"), ("c", None))]
    for path, _ in found:
        path.write_text(f"the sound {path.name}")
    return found


def tree(root: Path) -> dict[str, str]:
    """What every file below a folder holds, but for lists of steps."""
    return {
        path.relative_to(root).as_posix(): path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith("undo")
    }


def carry_out(sounds, into: Path | None, *, move: bool = False) -> list[bool]:
    steps = filing.plan(sounds, into, rename=into is None, move=move)
    return list(filing.carry_out(steps, (into or sounds[0][0].parent) / "undo.csv"))


def on_another_disk(self: Path, target: Path) -> Path:
    raise OSError(errno.EXDEV, "invalid cross-device link", str(self))


def test_moving_to_another_disk_and_back(sounds, tmp_path, monkeypatch) -> None:
    before = tree(tmp_path / "sounds")
    monkeypatch.setattr(Path, "rename", on_another_disk)
    assert carry_out(sounds, tmp_path / "out", move=True) == [True] * 3
    assert tree(tmp_path / "sounds") == {}
    assert tree(tmp_path / "out") == {
        "KD/a": "the sound a", "SD/b": "the sound b", "unknown/c": "the sound c",
    }  # fmt: skip
    assert filing.undo(tmp_path / "out/undo.csv") == (3, 0)
    assert tree(tmp_path / "sounds") == before
    assert tree(tmp_path / "out") == {}


def test_a_full_disk_leaves_no_half_file(sounds, tmp_path, monkeypatch, capsys) -> None:
    before = tree(tmp_path / "sounds")

    def fill(source: Path, target: Path) -> None:
        target.write_text("the s")
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(Path, "rename", on_another_disk)
    monkeypatch.setattr(shutil, "copy2", fill)
    assert carry_out(sounds, tmp_path / "out", move=True) == [False] * 3
    assert tree(tmp_path / "sounds") == before
    assert tree(tmp_path / "out") == {}
    assert capsys.readouterr().err.count("no space left on device; free some space") == 3


def test_what_cannot_be_removed_is_not_left_in_both_places(
    sounds, tmp_path, monkeypatch, capsys
) -> None:
    before = tree(tmp_path / "sounds")
    unlink = Path.unlink

    def refuse(self: Path, missing_ok: bool = False) -> None:
        if self.parent.name == "sounds":
            raise OSError(errno.EROFS, "Read-only file system", str(self))
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "rename", on_another_disk)
    monkeypatch.setattr(Path, "unlink", refuse)
    assert carry_out(sounds, tmp_path / "out", move=True) == [False] * 3
    assert tree(tmp_path / "sounds") == before
    assert tree(tmp_path / "out") == {}
    assert "read-only file system" in capsys.readouterr().err


def test_a_link_is_copied_and_not_moved(tmp_path, capsys) -> None:
    (tmp_path / "sounds").mkdir()
    (tmp_path / "sounds/a").write_text("the sound")
    link = tmp_path / "sounds/link"
    link.symlink_to("a")
    assert carry_out([(link, "KD")], tmp_path / "copied") == [True]
    assert tree(tmp_path / "copied") == {"KD/link": "the sound"}
    assert not (tmp_path / "copied/KD/link").is_symlink()
    assert carry_out([(link, "KD")], tmp_path / "moved", move=True) == [False]
    assert carry_out([(link, "KD")], None) == [False]
    assert link.read_text() == "the sound"
    assert capsys.readouterr().err.count("a link, which might lead nowhere") == 2


def test_a_step_that_is_not_in_the_list_is_not_done(sounds, tmp_path, monkeypatch) -> None:
    steps = filing.plan(sounds, tmp_path / "out", rename=False, move=True)
    done = filing.carry_out(steps, tmp_path / "out/undo.csv")
    assert next(done)
    done.close()  # as Ctrl-C does
    assert filing.undo(tmp_path / "out/undo.csv") == (1, 0)
    assert len(tree(tmp_path / "sounds")) == 3
    assert not (tmp_path / "out").exists()  # no list of what is undone, and nothing else in there


def test_a_file_goes_by_its_own_name_not_by_that_of_a_link_to_it(tmp_path) -> None:
    (tmp_path / "z.wav").write_bytes(b"sound")
    (tmp_path / "link.wav").symlink_to("z.wav")
    found, failed, _ = inputs.find_all([tmp_path])
    assert ([source.path.name for source in found], failed) == (["z.wav"], 0)
    found, *_ = inputs.find_all([tmp_path / "link.wav"])
    assert [source.path.name for source in found] == ["link.wav"]


LONG = ("x" * 251 + ".wav", "ü" * 125 + "x.wav", "x" + "." + "w" * 253, "日" * 85)


@pytest.mark.parametrize("name", LONG)
def test_the_longest_names_are_shortened_and_come_back(tmp_path: Path, name: str) -> None:
    """Each of 255 bytes: with the class before it, and with a number where one is there already."""
    assert len(name.encode()) == 255
    folder = tmp_path / "sounds"
    folder.mkdir()
    (folder / name).write_text("a sound")
    taken = filing.plan([(folder / name, "KD")], None, rename=True, move=False)[0].target
    taken.write_text("another")
    before = tree(folder)
    assert carry_out([(folder / name, "KD")], None) == [True]
    after = set(tree(folder)) - {taken.name}
    [renamed] = after
    assert renamed.startswith("KD_") and len(renamed.encode()) <= 255
    assert Path(renamed).suffix == Path(name).suffix or len(Path(name).suffix) > 100
    assert filing.undo(folder / "undo.csv") == (1, 0)
    assert tree(folder) == before
    assert carry_out([(folder / name, "KD")], tmp_path / "out") == [True]
    assert carry_out([(folder / name, "KD")], tmp_path / "out2") == [True]
    assert tree(tmp_path / "out") == {f"KD/{name}": "a sound"}


def test_undo_goes_on_past_what_it_cannot_take_back(sounds, tmp_path, bandscribe) -> None:
    before = tree(tmp_path / "sounds")
    assert carry_out(sounds, None) == [True, True]
    undo_list = tmp_path / "sounds/undo.csv"
    lost = [f"move,{'x' * 300},{tmp_path}/{'y' * 300}", f"move,a\0b,{tmp_path}", "move,,"]
    undo_list.write_text("\n".join([*undo_list.read_text().splitlines(), *lost, ""]))
    result = bandscribe("classify", "--undo", undo_list)
    assert result.code == 1
    assert (
        result.complaints[-1] == "bandscribe: 2 files taken back; 3 files could not be, see above"
    )
    assert tree(tmp_path / "sounds") == before


def test_a_list_that_is_none(tmp_path: Path) -> None:
    for text in ("", "a,b\n", "step,from,to\nlink,a,b\n", "step,from,to\nmove," + "x" * 140_000):
        (tmp_path / "undo.csv").write_text(text)
        with pytest.raises(ValueError, match=r"undo\.csv: (not a list|damaged)"):
            filing.undo(tmp_path / "undo.csv")
