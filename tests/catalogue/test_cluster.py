"""Through Ray: workers that die, and the command."""

import io
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="needs the extra catalogue")
pytest.importorskip("pyarrow", reason="needs the extra catalogue")
pytest.importorskip("duckdb", reason="needs the extra catalogue")

import ray

import tiny_catalogue
from bandscribe.catalogue.analysis import Analysis
from bandscribe.catalogue.build import Progress
from bandscribe.catalogue.cluster import BLOCK, Cluster, split_blocks
from bandscribe.catalogue.read import connect
from bandscribe.catalogue.sources import search
from bandscribe.catalogue.work import QUARANTINED, Job, Ledger, Outcome
from bandscribe.cli import main
from bandscribe.cli.catalogue import _shown

GROOVE = Path(__file__).parents[2] / "examples" / "groove.flac"

# Of Ray, which leaves the files and sockets of its processes to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def started() -> Iterator[None]:
    """One Ray for all tests: it takes seconds to start."""
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_worker_niceness="0")
    ray.init(
        "local", num_cpus=2, log_to_driver=False, include_dashboard=False,
        object_store_memory=100 << 20,
    )  # fmt: skip
    yield
    ray.shutdown()


@pytest.mark.parametrize(("count", "workers"), [(0, 2), (1, 2), (7, 2), (30, 4), (2000, 2)])
def test_blocks_get_shorter_so_that_workers_end_together(count: int, workers: int) -> None:
    jobs = [Job(f"{n}.wav", 1, "") for n in range(count)]
    blocks = [list(block) for block in split_blocks(jobs, workers)]
    assert [job for block in blocks for job in block] == jobs
    sizes = [len(block) for block in blocks]
    assert sizes == sorted(sizes, reverse=True)
    assert all(size == 1 for size in sizes[-4 * workers :])
    assert not sizes or sizes[0] == max(1, min(BLOCK, count // (4 * workers)))


@pytest.mark.usefixtures("started")
def test_a_recording_that_kills_workers_ends_nothing(tmp_path: Path) -> None:
    ray.cloudpickle.register_pickle_by_value(tiny_catalogue)
    sounds = {f"{n}.wav": f"{90 + n} vio" for n in range(6)} | {"crash.wav": "crash"}
    tiny_catalogue.write_sounds(tmp_path, sounds)
    deaths = tmp_path / "deaths.txt"

    class Mortal:
        def __call__(self, sound: Path, tasks: Sequence[str]) -> Analysis:
            if sound.name == "crash.wav":
                with deaths.open("a") as file:
                    file.write("x")
                os.kill(os.getpid(), signal.SIGKILL)
            return tiny_catalogue.analyse(sound, tasks)

    jobs = [Job(*source) for source in search([str(tmp_path)]).found.values()]
    outcomes = list(Cluster(2)(jobs, Mortal(), Ledger(("drums",), {})))  # type: ignore[arg-type]
    assert sorted(outcome.job.path for outcome in outcomes) == sorted(job.path for job in jobs)
    errors = {Path(o.job.path).name: o.analysis.record.get("error") for o in outcomes}  # type: ignore[union-attr]
    assert {name: error for name, error in errors.items() if error} == {"crash.wav": QUARANTINED}
    assert deaths.read_text() == "xx"


@pytest.mark.usefixtures("started")
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    music, out = tmp_path / "music", tmp_path / "catalogue"
    music.mkdir()
    (music / "groove.flac").write_bytes(GROOVE.read_bytes())
    (music / "copy.flac").write_bytes(GROOVE.read_bytes())
    (music / "bad.mp3").write_text("no sound")
    assert main(["catalogue", "build", str(music), "-o", str(out), "--jobs", "1"]) == 1
    printed = capsys.readouterr()
    assert printed.err.splitlines()[0].startswith("files 0 of 3, audio 0.00 h")
    assert f"bandscribe: {music}/bad.mp3: no sound that can be decoded" in printed.err
    assert printed.out.startswith(f"{out}: 3 files, 0 of them unchanged; 2 recordings (0.01 h)")
    assert printed.out.endswith("1 duplicate, 1 failed\n")
    [[notes]] = connect(out).sql("SELECT count(*) FROM notes").fetchall()
    assert notes > 100
    assert main(["catalogue", "build", str(music), "-o", str(out)]) == 1
    printed = capsys.readouterr()
    assert f"bandscribe: {music}/bad.mp3: no sound that can be decoded" in printed.err
    assert "1 failed, 1 of them in earlier builds (--retry tries them again)\n" in printed.out
    (music / "bad.mp3").unlink()
    assert main(["catalogue", "build", str(music), "-o", str(out)]) == 0
    assert "2 files, 2 of them unchanged; 0 recordings" in capsys.readouterr().out


def test_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    music = ["catalogue", "build", str(tmp_path), "-o", str(tmp_path / "out")]
    assert main([*music, "--tasks", "beats,drum"]) == 2
    expected = "--tasks: expected some of drums, beats, instruments, activity, got 'drum'"
    assert expected in capsys.readouterr().err
    nowhere = tmp_path / "nowhere"
    assert main(["catalogue", "build", str(nowhere), "-o", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert (
        printed.err == f"bandscribe: {nowhere}: there is no such file or folder; check the name\n"
    )
    assert printed.out == ""
    assert main([*music, "--drum-model", "instruments"]) == 2
    assert "does not transcribe drums" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_progress_is_shown(stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch) -> None:
    error = stream()
    monkeypatch.setattr(sys, "stderr", error)
    monkeypatch.setattr(time, "monotonic", iter([0.0, *range(100, 1000, 40)]).__next__)
    progress = Progress(files=12, unchanged=2)
    monkeypatch.setattr(Progress, "seconds", 60.0)
    with _shown() as show:
        show(progress)
        for number in range(5):
            record = {"duration": 3600.0} if number else {"error": "no sound"}
            progress.add(Outcome(Job(f"{number}.wav", 1, ""), "a", None, Analysis(record)))
            show(progress)
        progress.add(Outcome(Job("again.wav", 1, ""), "a"))
        show(progress)
    told = error.getvalue()
    shown = ("6 of 10", "4.00 h", "240 x real time", "0:40", "1", "1")
    if stream is Terminal:
        for name, value in zip(("files", "audio", "rate", "left"), shown, strict=False):
            assert name in told and value in told
    else:
        names = ("files", "audio", "rate", "left", "duplicates", "failed")
        line = ", ".join(f"{name} {value}" for name, value in zip(names, shown, strict=True))
        assert told.splitlines()[-1] == line
    assert progress.failed == 1


def test_what_ray_prints_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(self: Cluster, jobs: Sequence[Job], *_: object) -> Iterator[Outcome]:
        print("(raylet) pages of the state of a worker that died")
        yield from (Outcome(job, "a" * 32, None, Analysis({"bytes": 1})) for job in jobs)

    monkeypatch.setattr(Cluster, "__call__", run)
    (tmp_path / "a.wav").write_text("sound")
    assert main(["catalogue", "build", str(tmp_path), "-o", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "raylet" not in told and told.startswith(f"{tmp_path}/out: 1 file,")
