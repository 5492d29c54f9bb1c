"""What is done, done again and left alone; rows do not depend on how a build was interrupted."""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="needs the extra catalogue")
pytest.importorskip("duckdb", reason="needs the extra catalogue")

from bandscribe.catalogue import build as build_module
from bandscribe.catalogue.analysis import Models
from bandscribe.catalogue.build import build
from bandscribe.catalogue.read import connect
from bandscribe.catalogue.schema import TASKS
from bandscribe.catalogue.store import RESULTS, Store
from bandscribe.catalogue.work import QUARANTINED, Job, Ledger, Outcome
from tiny_catalogue import Run, read_all, write_sounds

MUSIC = {f"{n // 3}/{n}.wav": f"{90 + n} {'vio' if n % 2 else 'voi'}" for n in range(7)} | {
    "copy.wav": "90 voi",
    "bad.wav": "no sound",
    "empty.flac": "",
}


@pytest.fixture(autouse=True)
def quick_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions without loading models, by their names."""
    monkeypatch.setattr(
        Models,
        "_describe",
        lambda self, role: {"version": f"{role}-1-{getattr(self, role)}", "classes": []},
    )


@pytest.fixture
def music(tmp_path: Path) -> Path:
    write_sounds(tmp_path / "music", MUSIC)
    return tmp_path / "music"


def test_each_content_is_analysed_once(music: Path, tmp_path: Path) -> None:
    run = Run()
    progress = build(tmp_path / "out", [str(music)], run)
    assert len(run.analysed) == len(set(MUSIC.values())) == 9
    assert (progress.files, progress.analysed, progress.duplicates) == (10, 9, 1)
    assert progress.failed == 2
    assert progress.audio_seconds == 7 * 60
    rows = read_all(tmp_path / "out")
    assert {name: len(rows) for name, rows in rows.items()} == {
        "files": 10, "recordings": 9, "notes": 21, "beats": 21, "instruments": 91, "activity": 0,
    }  # fmt: skip
    errors = connect(tmp_path / "out").sql("SELECT path FROM recordings WHERE error IS NOT NULL")
    assert {Path(path).name for (path,) in errors.fetchall()} == {"bad.wav", "empty.flac"}


def test_the_same_again_does_nothing(music: Path, tmp_path: Path) -> None:
    build(tmp_path / "out", [str(music)], Run())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.*")}
    run = Run()
    progress = build(tmp_path / "out", [str(music)], run)
    assert run.analysed == []
    assert (progress.unchanged, progress.done) == (10, 0)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.*")} == before


class Killed(BaseException):
    """The end of the process, which cleans nothing up."""


def test_a_kill_at_any_moment_changes_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each rename of a file: nothing else changes what is there."""
    music = tmp_path / "music"
    write_sounds(music, {"a.wav": "90 vio", "b.wav": "bad", "c.wav": "90 vio", "d.wav": "120 voi"})
    monkeypatch.setattr(build_module, "COMMIT_RECORDINGS", 2)
    build(tmp_path / "whole", [str(music)], Run())
    expected = read_all(tmp_path / "whole")
    rename, left = Path.replace, 0

    def replace(self: Path, target: Path) -> Path:
        nonlocal left
        renamed = rename(self, target)
        left -= 1
        if left == 0:
            raise Killed
        return renamed

    monkeypatch.setattr(Path, "replace", replace)
    renames = 1 + 2 * 5  # the manifest, and two parts with a file in each table
    for moment in range(1, renames + 1):
        out, left = tmp_path / f"at{moment}", moment
        with pytest.raises(Killed):
            build(out, [str(music)], Run())
        assert_rows_are_some_of(out, expected)
        build(out, [str(music)], Run())
        assert read_all(out) == expected
        names = {path.name for path in out.glob("recordings/*/*")}
        results = [path for name in RESULTS for path in out.glob(f"{name}/*/*")]
        assert {path.name for path in results} <= names
    left = 10**9
    build(tmp_path / "uninterrupted", [str(music)], Run())
    assert left == 10**9 - renames


def assert_rows_are_some_of(out: Path, expected: dict[str, list[tuple[object, ...]]]) -> None:
    """Whoever asks after a kill sees whole recordings, and no row of others."""
    found = read_all(out)
    for name, rows in found.items():
        assert len(set(map(str, rows))) == len(rows)
        assert set(map(str, rows)) <= set(map(str, expected[name]))
    keys = {row[0] for row in found["recordings"]}
    for name in ("notes", "beats", "instruments"):
        assert {row[0] for row in found[name]} <= {row[0] for row in expected["recordings"]}
        whole = [row for row in expected[name] if row[0] in keys]
        assert [row for row in found[name] if row[0] in keys] == whole


def test_parts_grow_with_the_time_of_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query opens every part: a long build does not leave one for each half minute."""
    clock = [0.0]
    monkeypatch.setattr(build_module.time, "monotonic", lambda: clock[0])
    commits: list[float] = []
    monkeypatch.setattr(Store, "commit", lambda *_: commits.append(clock[0]))

    def run(jobs: Sequence[Job], *_: object) -> Iterator[Outcome]:
        for _ in range(10_000):  # a day of it
            clock[0] += 10
            yield Outcome(jobs[0], "recording")

    write_sounds(tmp_path / "music", {"a.wav": "90"})
    build(tmp_path / "out", [str(tmp_path / "music")], run)
    pauses = np.diff(commits)
    assert pauses[:30].max() == 40
    assert np.all(pauses <= np.maximum(40, 0.02 * np.array(commits[1:]) + 20))
    assert len(commits) < 300


def test_an_interrupt_loses_nothing(music: Path, tmp_path: Path) -> None:
    run = Run()

    def stop(progress: build_module.Progress) -> None:
        if progress.done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "out", [str(music)], run, show=stop)
    build(tmp_path / "out", [str(music)], run)
    assert len(run.analysed) == 9


def test_what_was_moved_is_recognised(music: Path, tmp_path: Path) -> None:
    build(tmp_path / "out", [str(music)], Run())
    before = read_all(tmp_path / "out")
    (music / "elsewhere").mkdir()
    (music / "0" / "1.wav").rename(music / "elsewhere" / "one.flac")
    (music / "bad.wav").unlink()
    run = Run()
    progress = build(tmp_path / "out", [str(music)], run)
    assert run.analysed == []
    assert progress.duplicates == 1
    after = read_all(tmp_path / "out")
    assert after["notes"] == before["notes"]
    paths = [Path(str(row[0])).name for row in after["files"]]
    assert "one.flac" in paths and "1.wav" not in paths and "bad.wav" not in paths
    # A recording that no file holds any more is not listed; its rows wait for it to come back.
    assert len(after["recordings"]) == len(before["recordings"]) - 1
    write_sounds(music, {"back.wav": MUSIC["bad.wav"]})
    build(tmp_path / "out", [str(music)], run)
    assert run.analysed == []
    assert len(read_all(tmp_path / "out")["recordings"]) == len(before["recordings"])


def test_a_file_of_new_content_is_read_again(music: Path, tmp_path: Path) -> None:
    build(tmp_path / "out", [str(music)], Run())
    (music / "0" / "0.wav").write_text("200 pia sax")
    run = Run()
    build(tmp_path / "out", [str(music)], run)
    assert run.analysed == [("0.wav", ("drums", "beats", "instruments"))]
    database = connect(tmp_path / "out")
    [[tempo]] = database.sql("SELECT tempo FROM recordings WHERE path LIKE '%/0/0.wav'").fetchall()
    assert tempo == 200


def test_a_new_model_does_its_own_tasks_alone(music: Path, tmp_path: Path) -> None:
    build(tmp_path / "out", [str(music)], Run())
    before = read_all(tmp_path / "out")
    run = Run()
    build(tmp_path / "out", [str(music)], run, models=Models(drums="new"))
    assert {tasks for _, tasks in run.analysed} == {("drums", "beats")}
    assert len(run.analysed) == 9
    after = read_all(tmp_path / "out")
    assert after["notes"] == before["notes"]
    assert after["instruments"] == before["instruments"]
    database = connect(tmp_path / "out")
    versions = database.sql("SELECT DISTINCT drums, instruments FROM recordings").fetchall()
    assert versions == [("drums-1-new", "instruments-1-instruments")]
    [[lined_up]] = database.sql("SELECT count(line_up) FROM recordings").fetchall()
    assert lined_up == 7  # those of the row before
    known = json.loads((tmp_path / "out" / "manifest.json").read_text())["versions"]
    assert set(known) == {"drums-1-drums", "drums-1-new", "instruments-1-instruments"}


def test_tasks_are_added_and_kept(music: Path, tmp_path: Path) -> None:
    build(tmp_path / "out", [str(music)], Run(), tasks=["drums"])
    run = Run()
    build(tmp_path / "out", [str(music)], run, tasks=["drums", "activity"])
    assert {tasks for _, tasks in run.analysed} == {("activity",)}
    rows = read_all(tmp_path / "out")
    assert (len(rows["notes"]), len(rows["beats"]), len(rows["activity"])) == (21, 0, 91)
    run = Run()
    build(tmp_path / "out", [str(music)], run)  # the tasks of the last build
    assert run.analysed == []
    with pytest.raises(ValueError, match=r"expected some of drums, .* got drum$"):
        build(tmp_path / "out", [str(music)], run, tasks=["drum"])


def test_what_failed_is_tried_again_on_request(music: Path, tmp_path: Path) -> None:
    build(tmp_path / "out", [str(music)], Run())
    run = Run()
    progress = build(tmp_path / "out", [str(music)], run, retry=True)
    assert [name for name, _ in run.analysed] == ["bad.wav", "empty.flac"]
    assert len(read_all(tmp_path / "out")["recordings"]) == 9
    assert (progress.failed, progress.failed_before) == (2, 0)


def test_what_failed_earlier_is_still_a_problem(music: Path, tmp_path: Path) -> None:
    """A resumed build ends like an uninterrupted one; only the sources that are named count."""
    first = build(tmp_path / "out", [str(music)], Run())
    assert (first.failed, first.failed_before) == (2, 0)
    again = build(tmp_path / "out", [str(music)], Run())
    assert (again.failed, again.failed_before) == (2, 2)
    assert again.problems == first.problems
    assert [Path(each.partition(": ")[0]).name for each in again.problems] == [
        "bad.wav", "empty.flac",
    ]  # fmt: skip
    (music / "bad.wav").rename(music / "worse.wav")  # the same content, not analysed again
    moved = build(tmp_path / "out", [str(music)], Run())
    assert (moved.failed, moved.failed_before) == (2, 1)
    assert build(tmp_path / "out", [str(music / "0")], Run()).problems == []
    (music / "worse.wav").unlink()
    (music / "empty.flac").unlink()
    assert build(tmp_path / "out", [str(music)], Run()).failed == 0


def test_where_nothing_is_found_no_catalogue_is_made(music: Path, tmp_path: Path) -> None:
    out, empty = tmp_path / "out", tmp_path / "empty"
    empty.mkdir()
    missing = build(out, [str(tmp_path / "nosuch")], Run())
    assert missing.problems == [
        f"{tmp_path}/nosuch: there is no such file or folder; check the name"
    ]
    assert build(out, [str(empty)], Run()).problems == [f"{empty}: no sound files; check the name"]
    assert not out.exists()
    build(out, [str(music)], Run())
    shutil.rmtree(music)
    music.mkdir()
    assert build(out, [str(music)], Run()).problems == []  # a folder that was emptied
    assert read_all(out)["files"] == []


def test_a_file_that_cannot_be_read_is_a_row(music: Path, tmp_path: Path) -> None:
    (music / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    listed = tmp_path / "list.csv"
    listed.write_text(f"path\n{music / '0' / '0.wav'}\nmusic/copy.wav\nmissing.wav\n")
    progress = build(tmp_path / "out", [str(listed), str(music / "1" / "*.wav")], Run())
    assert progress.files == 5
    assert progress.problems == ["missing.wav: there is no such file or folder; check the name"]


def test_a_recording_that_ends_two_workers_is_given_up() -> None:
    ledger = Ledger(("drums",), {})
    assert [ledger.begin("a", "one.wav").deaths for _ in range(3)] == [0, 1, 2]
    assert ledger.begin("a", "two.wav") == ((), 0)
    ledger.end("a")
    assert ledger.begin("a", "one.wav").deaths == 0
    assert "--retry" in QUARANTINED


def test_two_builds_do_not_mix(music: Path, tmp_path: Path) -> None:
    with (
        Store(tmp_path / "out").writing(),
        pytest.raises(ValueError, match="another build is writing"),
    ):
        build(tmp_path / "out", [str(music)], Run())


@pytest.mark.parametrize(
    ("content", "complaint"),
    [('{"schema": 7, "tasks": [], "versions": {}}', "schema 7"), ("[]", "not the manifest")],
)
def test_other_folders_are_refused(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ValueError, match=complaint):
        build(tmp_path, ["."], Run())
    with pytest.raises(ValueError, match=complaint):
        connect(tmp_path)
    with pytest.raises(ValueError, match="no catalogue; make one with"):
        connect(tmp_path / "elsewhere")
    (tmp_path / "manifest.json").rename(tmp_path / "songs.json")
    with pytest.raises(ValueError, match="not a catalogue, and not empty"):
        build(tmp_path, ["."], Run())


def test_every_task_has_a_model() -> None:
    versions = Models("a", "b").versions(TASKS)
    assert versions["beats"] == "drums-1-a" and versions["activity"] == "instruments-1-b"
