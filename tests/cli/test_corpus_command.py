"""`bandscribe corpus` on copies that are whole, partial and damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe.cli import main
from bandscribe.cli.corpus import NAMES
from bandscribe.datasets.corpora import CORPORA


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tiny part of IRMAS."""
    root = tmp_path / "IRMAS"
    for name, seconds in (
        ("IRMAS-TrainingData/cel/[cel][nod][cla]0001__1.wav", 0.5),
        ("IRMAS-TrainingData/voi/[voi][dru][pop_roc]2401__2.wav", 0.5),
        ("IRMAS-TestingData-Part1/Part1/a song-1.wav", 1.0),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(root / name, np.zeros(round(seconds * 1000)), 1000)
    (root / "IRMAS-TestingData-Part1/Part1/a song-1.txt").write_text("cel\nvoi\n")
    return root


def test_shows_what_a_copy_holds(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["corpus", "irmas", str(root), "-o", str(tmp_path / "out")]) == 1
    shown = capsys.readouterr()
    lines = [line.split() for line in shown.out.splitlines()]
    assert lines[0][:5] == ["irmas:", "3", "tracks,", "0.00", "h;"]
    assert ["train", "2", "0.00"] in lines
    assert ["cel", "2", "2", "66.7%", "0.5", "0.8", "1.0"] in lines
    assert ["1", "2", "66.7%", "0.5", "0.5", "0.5"] in lines
    assert ["voi", *"10000000002"] in lines
    assert [line for line in shown.err.splitlines() if "wav" in line] == []
    assert "irmas train: 2 usable tracks, of a complete 6705" in shown.err
    told = json.loads((tmp_path / "out/irmas.json").read_text())
    assert told["tracks"][0]["clips"] == {"cel": 1.0, "voi": 1.0}
    assert told["tracks_with_both"][0][10] == 1
    assert (tmp_path / "out/irmas.png").stat().st_size > 10_000


def test_a_damaged_copy_is_reported_file_by_file(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "IRMAS-TestingData-Part1/Part1/a song-1.txt").unlink()
    (root / "IRMAS-TrainingData/cel/[cel][nod][cla]0001__1.wav").write_text("no sound")
    assert main(["corpus", "irmas", str(root)]) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("irmas: 1 track, ")
    problems = [line for line in shown.err.splitlines() if str(root) in line]
    assert len(problems) == 2
    assert any(line.endswith("a song-1.txt: missing") for line in problems)
    assert any("0001__1.wav" in line for line in problems)


def test_nothing_usable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "irmas", str(tmp_path)]) == 1
    assert "bandscribe corpus irmas shows what is expected" in capsys.readouterr().err
    assert main(["corpus", "irmas", str(tmp_path / "nowhere")]) == 1
    assert "there is no such folder" in capsys.readouterr().err


def test_without_a_root_it_says_how_to_obtain_the_corpus(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, corpus in CORPORA.items():
        assert main(["corpus", name]) == 0
        shown = capsys.readouterr().out
        assert corpus.citation in shown
        assert corpus.obtain in shown
        assert shown.endswith(corpus.tree.rstrip() + "\n")


def test_lists_the_clips_to_obtain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "eval_segments.csv").write_text(
        "# YTID, start_seconds, end_seconds, positive_labels\n"
        '--aaaaaaaaa, 30.000, 40.000, "/m/07gql,/m/06ncr"\n'
        'bbbbbbbbbbb, 0.000, 10.000, "/m/012xff"\n'
    )
    assert main(["corpus", "audioset", str(tmp_path), "--missing"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "YTID,start_seconds,end_seconds,classes,file",
        "--aaaaaaaaa,30.0,40.0,sax tru,audio/--aaaaaaaaa.wav",
    ]
    assert main(["corpus", "irmas", str(tmp_path), "--missing"]) == 2


def test_clips_of_the_wrong_length_are_dropped_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "aaaaaaaaaaa, 0, 10, /m/07gql\nbbbbbbbbbbb, 0, 10, /m/07gql\n"
    (tmp_path / "eval_segments.csv").write_text(rows)
    soundfile.write(tmp_path / "aaaaaaaaaaa.wav", np.zeros(10_000), 1000)
    soundfile.write(tmp_path / "bbbbbbbbbbb.wav", np.zeros(9_000), 1000)
    assert main(["corpus", "audioset", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("audioset: 1 track, ")
    assert shown.err.splitlines() == [
        f"bandscribe: {tmp_path / 'bbbbbbbbbbb.wav'}: more than 0.5 s off 10 s, dropped"
    ]


def test_wrong_usage(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "kazoo", str(root)]) == 2
    assert "kazoo=" in capsys.readouterr().err
    assert main(["corpus", "kazoo"]) == 2
    assert "CORPUS: expected one of egmd gmd" in capsys.readouterr().err
    assert main(["corpus", f"irmas:train={root}"]) == 2
    assert "a copy is checked as a whole" in capsys.readouterr().err
    assert main(["corpus", "irmas", str(root), "--audio", "wet"]) == 2
    assert "this corpus has one kind" in capsys.readouterr().err


def test_help_names_every_corpus() -> None:
    assert list(CORPORA) == NAMES.split()
