"""`bandscribe catalogue find`, `similar`, `stats` and `export`."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import mido
import numpy as np
import pytest

pytest.importorskip("duckdb", reason="needs the extra catalogue")
pytest.importorskip("pyarrow", reason="needs the extra catalogue")

from bandscribe.catalogue import similarity
from bandscribe.catalogue.analysis import Analysis
from bandscribe.catalogue.build import build
from bandscribe.catalogue.read import connect
from bandscribe.catalogue.similarity import similar
from bandscribe.catalogue.statistics import describe
from bandscribe.catalogue.work import Job, Outcome
from bandscribe.cli import main
from bandscribe.formats import midi
from tiny_catalogue import analyse, write_sounds


@pytest.fixture
def ask(small: Path, capsys: pytest.CaptureFixture[str]):
    def run(command: str, *arguments: object, code: int = 0) -> str:
        assert main(["catalogue", command, str(small), *map(str, arguments)]) == code
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return run


def test_find_prints_a_table(ask, small: Path) -> None:
    lines = ask("find", "vio and not voi").splitlines()
    assert lines[0].split() == [
        "path", "duration", "tempo", "metre", "note_count", "loudness", "vio", "voi",
    ]  # fmt: skip
    assert [Path(line.split()[0]).name for line in lines[1:]] == ["duo.wav", "solo.wav"]
    assert lines[1].split()[1:] == ["1:00", "96.0", "4/4", "3", "-20.00", "0.90", "0.10"]
    assert len(ask("find", "--limit", 2).splitlines()) == 3


def test_find_writes_json_and_csv(ask, tmp_path: Path) -> None:
    [row] = json.loads(ask("find", "tempo > 120", "--format", "json"))
    assert (row["tempo"], row["metre"]) == (130, "4/4")
    ask("find", "vio", "-o", tmp_path / "vio.csv")
    rows = list(csv.DictReader((tmp_path / "vio.csv").read_text().splitlines()))
    assert [row["tempo"] for row in rows] == ["96.0", "60.0", "104.0"]
    assert [row["vio"] for row in rows] == ["0.9", "0.9", "0.9"]  # 0.8999999761581421 in 32 bits
    sql = "SELECT count(*) AS n FROM beats"
    assert ask("find", "--sql", sql, "--format", "csv") == "n\n15\n"


def test_wrong_usage(ask, tmp_path: Path) -> None:
    for arguments, named in (
        (("find", "viola"), "'viola': cannot read 'viola'; write such as"),
        (
            ("find", "genre = Rock"),
            "'genre = Rock': a text to compare with stands in quotes; write",
        ),
        (("find", "vio", "--sql", "SELECT 1"), "--sql: takes the place"),
        (("find", "--sql", "SELECT"), "--sql:"),
        (("export", "vio", "-o", tmp_path / "a.mid3"), "--format: expected one of midi"),
        (("similar", "x.wav", "--by", "colour"), "--by: expected some of pattern, line-up"),
    ):
        assert named in ask(*arguments, code=2)
    assert "no catalogue; make one" in ask_elsewhere(tmp_path)


def ask_elsewhere(tmp_path: Path) -> str:
    with pytest.raises(ValueError, match="no catalogue") as raised:
        connect(tmp_path)
    return str(raised.value)


def test_counts_of_one_are_singular(ask, tmp_path: Path) -> None:
    assert ask("export", "metre == '3/4' or 'duo' in path", "-o", tmp_path / "x.csv").endswith(
        "x.csv: 1 recording\n"
    )


def test_similar_is_exact(small: Path) -> None:
    database = connect(small)
    found = similar(database, str(small.parent / "music" / "duo.wav"), by=["line-up"])
    assert [Path(row["path"]).stem for row in found][:2] == ["trio", "solo"]
    vectors = {
        Path(path).stem: np.array(line_up)
        for path, line_up in database.execute(
            "SELECT path, line_up FROM recordings WHERE error IS NULL"
        ).fetchall()
    }
    for row in found:
        a, b = vectors["duo"], vectors[Path(row["path"]).stem]
        expected = a @ b / np.sqrt((a @ a) * (b @ b))
        assert row["similarity"] == pytest.approx(expected, abs=1e-5)
    assert "duo" not in {Path(row["path"]).stem for row in found}


def test_similar_takes_recordings_that_are_not_there(small: Path, tmp_path: Path) -> None:
    (tmp_path / "new.wav").write_text("144 vio voi")  # 144 is 96 in the tiny patterns
    found = similar(connect(small), str(tmp_path / "new.wav"), analyser=analyse, limit=1)  # type: ignore[arg-type]
    assert [Path(row["path"]).stem for row in found] == ["duo"]
    assert found[0]["pattern_similarity"] == 1
    both = found[0]["pattern_similarity"] + found[0]["line_up_similarity"]
    assert found[0]["similarity"] == pytest.approx(both / 2)
    (tmp_path / "bad.wav").write_text("bad")
    with pytest.raises(ValueError, match=r"bad\.wav: no sound"):
        similar(connect(small), str(tmp_path / "bad.wav"), analyser=analyse)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"missing\.wav: cannot be read: no such file"):
        similar(connect(small), str(tmp_path / "missing.wav"))
    with pytest.raises(ValueError, match="by: expected some of pattern, line-up, got colour"):
        similar(connect(small), "x", by=["colour"])
    assert similarity.KINDS == ("pattern", "line-up")


def test_stats(ask, small: Path, tmp_path: Path) -> None:
    found = describe(connect(small))
    assert (found["recordings"], found["failed"], found["files"]) == (6, 1, 7)
    assert found["hours"] == pytest.approx(5 / 60)
    assert found["by_instrument"] == {"vio": 3, "pia": 2, "voi": 2}
    assert found["tempo_histogram"] == [[60, 1], [90, 1], [95, 1], [100, 1], [130, 1]]
    assert found["by_error"] == {"no sound that can be decoded": 1}
    lines = ask("stats", "--picture", tmp_path / "stats.png").splitlines()
    assert lines[0] == "6 recordings in 7 files, 5 min"
    assert lines[2] == "1 recording could not be decoded or analysed"
    assert f"{'violin':<40}{3:>11}" in lines
    assert (tmp_path / "stats.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(ask("stats", "--format", "json")) == found
    assert "tempo_histogram,60.0,1" in ask("stats", "--format", "csv").splitlines()


def test_stats_print_errors_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of recordings that failed, and of files that could not be opened."""
    long = "no sound that can be decoded; check that it is an audio file, or export it again"
    write_sounds(tmp_path / "music", {"a.wav": "90", "b.wav": "bad"})
    (tmp_path / "music" / "c.wav").touch()

    def run(jobs: list[Job], *_: object) -> Iterator[Outcome]:
        for job, digest, error in zip(jobs, "abc", (None, long, "cannot be read"), strict=True):
            if digest == "c":
                yield Outcome(job, None, error)
            else:
                record = {"bytes": 1, "duration": 60.0, "error": error}
                yield Outcome(job, digest * 32, None, Analysis(record), ("drums",))

    build(tmp_path / "out", [str(tmp_path / "music")], run, tasks=["drums"])  # type: ignore[arg-type]
    assert main(["catalogue", "stats", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2 recordings in 2 files, 2 min",
        "0 drum notes; 0 recordings with a drum pattern",
        "1 recording could not be decoded or analysed",
        "1 file could not be opened",
        "",
        "     count  error",
        "         1  cannot be read",
        f"         1  {long}",
    ]


def test_export(ask, small: Path, tmp_path: Path) -> None:
    assert ask("export", "vio", "-o", tmp_path / "parts") == f"{tmp_path}/parts: 3 recordings\n"
    paths = sorted((tmp_path / "parts").iterdir())
    assert [path.name[:-13] for path in paths] == ["duo", "solo", "trio"]
    notes = midi.read(paths[1])
    np.testing.assert_allclose(notes.onsets, [0, 1, 2], atol=1e-3)
    tempi = [m.tempo for m in mido.MidiFile(paths[1]).tracks[0] if m.type == "set_tempo"]
    assert tempi == [1_000_000]  # one beat a second

    ask("export", "'blue' in path", "-o", tmp_path / "list.m3u")
    assert (tmp_path / "list.m3u").read_text().splitlines() == [
        "#EXTM3U",
        "#EXTINF:60,Blue Monday",
        str(small.parent / "music" / "Blue Monday.wav"),
    ]
    ask("export", "-o", tmp_path / "all.csv")
    rows = list(csv.DictReader((tmp_path / "all.csv").read_text().splitlines()))
    assert len(rows) == 5 and "pattern" not in rows[0]
    assert {row["loudness"] for row in rows} == {"-20"}
    sql = "SELECT recording FROM recordings WHERE tempo = 96"
    ask("export", "--sql", sql, "-o", tmp_path / "one.json")
    [entry] = json.loads((tmp_path / "one.json").read_text())
    assert [note["class"] for note in entry["notes"]] == ["KD", "CHH", "SD"]
    assert [each["class"] for each in entry["instruments"] if each["present"]] == ["pia", "vio"]
