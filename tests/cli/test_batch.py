"""The loop of the commands that take recordings: processes, pipes, standard input and output."""

import io
import os
import shutil
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import mido
import pytest

from bandscribe import processes
from bandscribe.cli import batch
from bandscribe.cli.streams import Lasting


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch, groove_wav: Path) -> None:
    """A recording on standard input."""
    buffer = io.BytesIO(groove_wav.read_bytes())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=buffer))


def test_processes_change_nothing(transcribe, tmp_path, groove_wav) -> None:
    album = tmp_path / "album"
    album.mkdir()
    for name in ("a.wav", "c.wav"):
        shutil.copy(groove_wav, album / name)
    (album / "b.wav").write_bytes(b"no sound")
    (album / "d.wav").write_bytes(groove_wav.read_bytes()[:60000])
    results = []
    for jobs in ("1", "2"):
        result = transcribe(album, "--format", "midi,csv", "-o", "out", "--jobs", jobs)
        files = {path: path.read_bytes() for path in sorted(Path("out").iterdir())}
        results.append((result, files))
        shutil.rmtree("out")
    assert results[0] == results[1]
    result, files = results[0]
    assert (result.code, len(result.complaints), len(files)) == (1, 2, 6)
    assert [line.split()[0] for line in result.out.splitlines()] == [
        str(album / name) for name in ("a.wav", "c.wav", "d.wav")
    ]


@pytest.mark.parametrize(
    ("megabytes", "cores", "expected"),
    [((0.2, 0.2), 8, 1), ((9, 9), 8, 4), ((9, 9), 2, 2), ((30,), 4, 4), ((), 4, 1)],
)
def test_as_many_processes_as_have_enough_to_do(
    tmp_path, monkeypatch, megabytes, cores, expected
) -> None:
    monkeypatch.setattr("bandscribe.runtime.cores", lambda: cores)
    paths = [tmp_path / f"{i}.wav" for i in range(len(megabytes))]
    for path, size in zip(paths, megabytes, strict=True):
        with path.open("wb") as file:
            file.truncate(int(size * 1e6))
    assert batch._choose_jobs([*paths, tmp_path / "missing.wav"]) == expected


def test_from_standard_input_to_standard_output(transcribe, stdin, groove) -> None:
    result = transcribe("-", "--format", "csv", "-o", "-")
    assert (result.code, result.err) == (
        0,
        "- → -  0:02  8 notes (KD 2, SD 2, CHH 2, OHH 1, RD 1)\n",
    )
    assert [row.split(",")[1] for row in result.out.splitlines()[1:]] == list(groove.values())
    assert list(Path().iterdir()) == []


def test_results_of_standard_input_have_a_name(transcribe, stdin) -> None:
    assert transcribe("-").out.startswith("- → stdin.mid  ")
    assert len(mido.MidiFile("stdin.mid").tracks) > 0


def test_standard_input_that_is_no_sound(transcribe, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"no sound")))
    result = transcribe("-")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert result.err.startswith("bandscribe: -: ")
    monkeypatch.setattr(sys, "stdin", None)
    assert transcribe("-").err == "bandscribe: -: there is no standard input\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_with_a_name(transcribe, groove_wav) -> None:
    os.mkfifo("pipe.wav")
    sound = groove_wav.read_bytes()
    writer = threading.Thread(target=lambda: Path("pipe.wav").write_bytes(sound))
    writer.start()
    result = transcribe("pipe.wav")
    writer.join()
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("pipe.wav → pipe.mid  0:02  8 notes")


def test_no_midi_for_a_terminal(transcribe, groove_wav, monkeypatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert transcribe(groove_wav, "-o", "-").code == 2


def test_no_file_is_named_like_standard_output(bandscribe, groove_wav) -> None:
    for command in ("recognize", "classify"):
        result = bandscribe(command, groove_wav, "-o", "-")
        assert (result.code, result.err) == (0, "")
        assert str(groove_wav) in result.out
    assert bandscribe("recognize", groove_wav, "-o", "x.xlsx").code == 2
    assert bandscribe("track", groove_wav, "-o", "x.mid").code == 2
    result = bandscribe("track", groove_wav, "-o", "-")
    assert result.out.startswith("time")
    assert "no format has this suffix" in bandscribe("classify", groove_wav, "-o", "x.xml").err
    for command in ("recognize", "classify"):
        result = bandscribe(command, groove_wav, "-o", "parts")
        assert (result.code, result.out) == (2, "")
        assert "-o parts: names a folder, but one table is written; end the name" in result.err
    assert "expected one of .csv" in bandscribe("track", groove_wav, "-o", "x.mid").err
    assert list(Path().iterdir()) == []


def test_ctrl_c_is_one_line(transcribe, tmp_path, groove_wav, monkeypatch) -> None:
    """The second of three is interrupted; the first stays."""
    names = [tmp_path / f"{name}.wav" for name in "abc"]
    for path in names:
        shutil.copy(groove_wav, path)
    run = processes.run

    def interrupt(*arguments: object, **options: object):
        results = run(*arguments, **options)
        yield next(results)
        results.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(processes, "run", interrupt)
    result = transcribe(*names, "--jobs", "1")
    assert (result.code, len(result.out.splitlines())) == (130, 1)
    assert result.complaints == [
        "bandscribe: interrupted: 1 of 3 done; the same command with --skip-existing does the rest"
    ]
    assert [path.name for path in Path().iterdir()] == ["a.mid"]


def test_results_stop_where_nobody_reads(monkeypatch) -> None:
    class Left(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Lasting(Left()))
    with pytest.raises(BrokenPipeError):
        batch.deliver("a line")
