"""Standard streams that are missing, closed or full, and terminals that are narrow."""

import errno
import io
import subprocess
import sys
from pathlib import Path

import pytest

from bandscribe.cli.report import progress
from bandscribe.cli.streams import Lasting, lasting

PROBE = "import sys; from bandscribe.cli import main; sys.exit(main(sys.argv[1:]))"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")


@pytest.mark.parametrize(
    ("streams", "code"),
    [
        ("2>&-", 0),
        (">&-", 0),
        ("<&- >&- 2>&-", 0),
        pytest.param(
            ">/dev/full", 1, marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="")
        ),
        ("| true", 0),
    ],
)
def test_results_are_written_whatever_the_streams(
    tmp_path: Path, tiny_model: Path, groove_wav: Path, streams: str, code: int
) -> None:
    words = ["transcribe", "--model", str(tiny_model), str(groove_wav), "--format", "csv"]
    command = f'"$@" {streams}' if "|" not in streams else f'{{ "$@"; echo $? >code; }} {streams}'
    done = subprocess.run(
        ["sh", "-c", command, "sh", sys.executable, "-c", PROBE, *words, "-o", "notes.csv"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    coded = tmp_path / "code"
    assert (int(coded.read_text()) if coded.exists() else done.returncode) == code
    assert "Traceback" not in done.stderr
    assert (tmp_path / "notes.csv").read_text().startswith("onset,")


def test_what_cannot_be_printed_is_dropped() -> None:
    stream = Lasting(Full())
    assert (stream.write("lost"), stream.error is None, stream.isatty()) == (4, False, False)
    assert stream.write("lost too") == 8
    stream.flush()


def test_streams_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    before = sys.stdout
    with lasting() as output:
        assert sys.stdout is output  # type: ignore[comparison-overlap]
        assert not sys.stderr.isatty()
    assert (sys.stdout, sys.stderr) == (before, None)


def test_no_path_is_cut_in_two_by_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    line = f"{'a long name ' * 9}→ {'folder/' * 12}song.mid"
    with progress(2) as show:
        show(1, "song")
        print(line)
    assert line in terminal.getvalue()
