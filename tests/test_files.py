"""A file is whole or not there, and errors name it."""

from __future__ import annotations

import csv
import errno
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bandscribe.files import inside, to_csv, to_json, whole, write_csv, write_json, write_text


def test_success_replaces(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    with whole(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".csv"
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]
    assert target.read_text() == "new"
    umask = os.umask(0)
    os.umask(umask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_link_to_itself(tmp_path: Path) -> None:
    for name, target in (("a", "b"), ("b", "a"), ("c", "c")):
        (tmp_path / name).symlink_to(target)
    for name in "abc":
        with (
            pytest.raises(OSError, match=rf"\[Errno {errno.ELOOP}\]") as error,
            whole(tmp_path / name),
        ):
            pass
        assert error.value.filename == str(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("no")])
def test_failure_leaves_the_old(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    with pytest.raises(type(error)), whole(target) as temporary:
        temporary.write_text("half")
        raise error
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]
    assert target.read_text() == "old"


def test_full_disk_names_the_target(tmp_path: Path) -> None:
    full = pytest.raises(OSError, match=r"No space left on device: '.*out\.mid'")
    with full, whole(tmp_path / "out.mid"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert not list(tmp_path.iterdir())


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a regular file"), whole(tmp_path):
        pass
    with pytest.raises(ValueError, match="not a regular file"), whole(os.devnull):
        pass
    missing = pytest.raises(FileNotFoundError, match=r"missing/a\.csv")
    with missing, whole(tmp_path / "missing" / "a.csv"):
        pass


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "out.csv"
    target.write_text("old")
    link = tmp_path / "link.csv"
    link.symlink_to(target)
    with whole(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


@pytest.mark.parametrize("name", ["a.csv", "b/a.csv", "..a/b..csv", "a b/…"])
def test_a_name_from_a_table_lies_in_the_folder(tmp_path: Path, name: str) -> None:
    assert inside(tmp_path, name) == tmp_path / name
    assert inside(tmp_path, Path(name)) == tmp_path / name


@pytest.mark.parametrize(
    "name",
    ["..", "../a", "b/../a", "b/..", "..\\a", "b\\..\\..\\a", "/a", "//a", "a\0", "b/../../../X"],
)
def test_no_name_from_a_table_leads_out_of_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"no name for a file below .*; correct it"):
        inside(tmp_path, name)


def test_a_table_by_name_or_in_order(tmp_path: Path) -> None:
    columns = ("name", "share", "count")
    rows = [{"name": 'a "b", c\nd', "share": 1 / 3}, ("e", None, 3), {"count": 0, "name": "é"}]
    write_csv(tmp_path / "a.csv", columns, rows, digits=4)
    data = (tmp_path / "a.csv").read_bytes()
    assert data.decode() == 'name,share,count\n"a ""b"", c\nd",0.3333,\ne,,3\né,,0\n'
    read = list(csv.DictReader(data.decode().splitlines(keepends=True)))
    assert read[0]["name"] == rows[0]["name"]
    assert to_csv(columns, rows[:1]).endswith(f",{1 / 3!r},\n")
    for wrong in ({"name": 1, "other": 2}, ("a", 1)):
        with pytest.raises(ValueError, match="rows: expected"):
            write_csv(tmp_path / "a.csv", columns, [wrong])
    assert (tmp_path / "a.csv").read_bytes() == data


def test_json_is_utf_8_in_the_order_given(tmp_path: Path) -> None:
    value = {"b": ["é", 1.5, None], "a": {}}
    write_json(tmp_path / "a.json", value)
    assert (tmp_path / "a.json").read_text("utf-8").startswith('{\n "b": [\n  "é"')
    write_json(tmp_path / "b.json", value, indent=None)
    assert (tmp_path / "b.json").read_text("utf-8") == '{"b":["é",1.5,null],"a":{}}\n'
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == value


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """But not what a process that lives is writing."""
    code = (
        "import os, signal, sys\n"
        "from bandscribe.files import whole\n"
        "with whole(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    print(temporary, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, tmp_path / "a.csv"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as killed, subprocess.Popen(command, **pipes) as living:
        temporary = [Path(process.stdout.readline().strip()) for process in (killed, living)]
        killed.kill()
        killed.wait()
        assert all(path.read_text() == "half" for path in temporary)
        write_text(tmp_path / "b.csv", "whole")
        assert sorted(tmp_path.iterdir()) == sorted([temporary[1], tmp_path / "b.csv"])
        living.communicate("")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv"]
    assert (tmp_path / "a.csv").read_text() == "half"


def test_a_name_of_255_bytes(tmp_path: Path) -> None:
    for name in ("x" * 251 + ".csv", "x." + "c" * 253):
        write_text(tmp_path / name, "whole")
        assert (tmp_path / name).read_text() == "whole"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_numbers_that_json_lacks_are_null(number: float) -> None:
    text = to_json({"a": number, "b": [number, 0.5, {"c": (number, 1)}], "d": True}, indent=None)
    assert text == '{"a":null,"b":[null,0.5,{"c":[null,1]}],"d":true}\n'
