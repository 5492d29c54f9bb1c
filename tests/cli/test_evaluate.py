"""`bandscribe evaluate` and `bandscribe compare`."""

import csv
import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from bandscribe.datasets import mdb
from bandscribe.datasets.corpora import CORPORA

MDB = ["evaluate", "drums", "mdb"]


def figures(folder: str) -> dict:
    return json.loads(Path(folder, "metrics.json").read_text())


def counts(scores: dict) -> list[int]:
    return [scores[name] for name in ("tp", "fp", "fn")]


@pytest.fixture
def estimates(tmp_path: Path, groove: dict[float, str]) -> Path:
    """Another system's notes: one is invented, none is missed but the tom."""
    folder = tmp_path / "system_x"
    folder.mkdir()
    rows = [f"{onset + 0.01}\t{name}" for onset, name in groove.items()] + ["2.4 KD"]
    (folder / "MusicDelta_X.txt").write_text("\n".join(rows))
    return folder


def test_a_model(bandscribe, corpus, tiny_model) -> None:
    """Seven of eight onsets agree; a snare is one false positive, a tom one miss."""
    result = bandscribe(*MDB, corpus, "--model", tiny_model, "-o", "out")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"mdb drum_only: 1 track (test), model {tiny_model}, ±50 ms\n")
    found = figures("out")
    assert (found["task"], found["corpus"], found["tracks"]) == ("drums", "mdb", 1)
    assert (found["tolerance"], found["setup"]) == (0.05, "eval-cross")
    assert found["literature"] == {"5": "DTP", "3": "DTP"}  # side stick and tambourine sound
    five = found["classes_5"]
    assert counts(five["micro"]) == [7, 1, 1]
    assert five["micro"]["f1"] == five["track_mean"]["f1"] == 7 / 8
    assert five["micro"]["ci95"] == [7 / 8, 7 / 8]
    assert five["per_class"]["TT"] == {
        "precision": None, "recall": 0.0, "f1": 0.0, "tp": 0, "fp": 0, "fn": 1, "ci95": [0.0, 0.0],
        "precision_ci95": None, "recall_ci95": [0.0, 0.0],
    }  # fmt: skip
    assert five["macro"]["f1"] == pytest.approx((1 + 2 / 3 + 0 + 1 + 1) / 5)
    toms = five["confusion"]["onsets"][five["confusion"]["classes"].index("TT")]
    assert toms == [0, 1, 0, 0, 0, 0]
    assert found["classes_3"]["micro"]["tp"] == 6
    with Path("out/tracks.csv").open() as file:
        rows = {(row["classes"], row["class"]): row for row in csv.DictReader(file)}
    assert len(rows) == 6 + 4
    assert float(rows["5", "all"]["f1"]) == 7 / 8
    assert rows["3", "KD"]["track"] == "MusicDelta_X"


def test_unscored_classes_are_left_out(bandscribe, corpus, tiny_model, monkeypatch) -> None:
    """What the corpus does not annotate counts neither as right nor as wrong."""
    deaf = dataclasses.replace(mdb.CORPUS, unscored=("SD",))
    monkeypatch.setattr("bandscribe.datasets.corpora.CORPORA", {**CORPORA, "mdb": deaf})
    bandscribe(*MDB, corpus, "--model", tiny_model, "-o", "out")
    assert counts(figures("out")["classes_5"]["micro"]) == [6, 0, 2]


def test_an_address_says_the_same(bandscribe, corpus, estimates) -> None:
    """NAME:SPLIT/AUDIO=ROOT instead of two arguments and two options."""
    for place, folder in (
        (["mdb", corpus, "--split", "test", "--audio", "drum_only"], "a"),
        ([f"mdb:test/drum_only={corpus}"], "b"),
        ([f"mdb={corpus}"], "c"),
    ):
        call = ("evaluate", "drums", *place, "--estimates", estimates, "-o", folder)
        assert bandscribe(*call).code == 0
    assert figures("a") == figures("b") == figures("c")


def test_estimates_of_another_system(bandscribe, corpus, estimates) -> None:
    result = bandscribe(*MDB, corpus, "--estimates", estimates, "-o", "out", "--offset")
    assert (result.code, result.err) == (0, "")
    assert "estimates of system_x, ±50 ms" in result.out
    assert "the median estimate is 10.0 ms late" in result.out
    assert "within ±20 ms, " in result.out
    assert counts(figures("out")["classes_5"]["micro"]) == [7, 2, 1]
    assert figures("out")["model"] is None
    result = bandscribe(*MDB, corpus, "--estimates", estimates, "--tolerance-ms", "5")
    assert "micro             0.000" in result.out


def test_beats_of_another_system(bandscribe, corpus, estimates) -> None:
    """In a file beside the notes; the corpus has those of its mix."""
    rows = "".join(f"{0.5 * i:.2f}\t{i % 4 + 1}\n" for i in range(40))
    annotations = corpus / "MDB Drums/annotations/beats"
    annotations.mkdir()
    (annotations / "MusicDelta_X_MIX.beats").write_text(rows)
    result = bandscribe(*MDB, corpus, "--estimates", estimates, "-o", "out")
    assert figures("out")["beats"] is None
    assert "tempo" not in result.out
    (estimates / "MusicDelta_X.beats").write_text(rows)
    result = bandscribe(*MDB, corpus, "--estimates", estimates, "-o", "out")
    assert "1 track       precision  recall     F1  95 % of F1  (±70 ms, after" in result.out
    assert "tempo         1 right, 0 offbeat, 0 double, 0 half, 0 none" in result.out
    assert figures("out")["beats"]["downbeats"]["f1"] == 1
    assert Path("out/beats.csv").is_file()
    (estimates / "MusicDelta_X.beats").write_text("")  # it detected none
    bandscribe(*MDB, corpus, "--estimates", estimates, "-o", "out")
    assert figures("out")["beats"]["beats"]["recall"] == 0


def test_the_audio_of_estimates_is_not_read(bandscribe, corpus, estimates) -> None:
    [path] = corpus.rglob("*.wav")
    path.unlink()
    assert bandscribe(*MDB, corpus, "--estimates", estimates).code == 0


def test_a_second_call_continues(bandscribe, corpus, tiny_model) -> None:
    call = (*MDB, corpus, "--model", tiny_model, "-o", "out")
    bandscribe(*call)
    first = {path.name: path.read_bytes() for path in Path("out").glob("*.*")}
    assert sorted(first) == ["metrics.json", "report.html", "tracks.csv"]
    result = bandscribe(*call)
    assert "kept from an earlier call: 1 of 1" in result.out
    assert {path.name: path.read_bytes() for path in Path("out").glob("*.*")} == first


def test_what_cannot_be_read_is_one_line(bandscribe, corpus, tiny_model) -> None:
    """A damaged copy: the rest is evaluated, and the exit code says that something is wrong."""
    [wav] = corpus.rglob("*.wav")
    [notes] = corpus.rglob("*_class.txt")
    for name, audio, text in (
        ("A", b"no sound", b"0.5 KD"),
        ("B", wav.read_bytes(), b"0.5 kettle"),
        ("C", None, b"0.5 KD"),
        ("D", wav.read_bytes()[:100_000], b"0.5 KD"),
    ):
        notes.with_name(f"MusicDelta_{name}_class.txt").write_bytes(text)
        if audio is not None:
            wav.with_name(f"MusicDelta_{name}_Drum.wav").write_bytes(audio)
    result = bandscribe(*MDB, corpus, "--model", tiny_model, "-o", "out")
    assert result.code == 1
    assert len(result.complaints) == 4
    for line, name in zip(result.complaints, "ABCD", strict=True):
        assert f"MusicDelta_{name}_" in line
    assert figures("out")["tracks"] == 1
    assert [row["track"] for row in figures("out")["failed"]] == [
        f"MusicDelta_{name}" for name in "ABCD"
    ]
    assert counts(figures("out")["classes_5"]["micro"]) == [7, 1, 1]


def test_nothing_can_be_read(bandscribe, corpus, tiny_model) -> None:
    [wav] = corpus.rglob("*.wav")
    wav.write_bytes(b"no sound")
    result = bandscribe(*MDB, corpus, "--model", tiny_model, "-o", "out")
    assert (result.code, result.out) == (1, "")
    assert "no track could be evaluated" in result.complaints[-1]
    assert not Path("out/metrics.json").exists()


def test_copies_of_the_audio(bandscribe, corpus, tiny_model) -> None:
    bandscribe(*MDB, corpus, "--model", tiny_model, "-o", "out", "--copy-audio")
    [copy] = Path("out/audio").glob("*.ogg")
    assert f'"sound":"audio/{copy.name}"' in Path("out/report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["evaluate", "singing", "mdb", "."], 2, "No such command 'singing'; see bandscribe eval"),
        (["evaluate", "drums", "irmas", "."], 2, "irmas=.: expected NAME=ROOT or NAME:SPLIT/"),
        (["evaluate", "drums", "mdb"], 2, "ROOT: expected the folder of mdb: mdb=ROOT"),
        (["evaluate", "drums", "."], 2, ".=ROOT: expected NAME=ROOT or NAME:SPLIT/AUDIO=ROOT, and"),
        (["evaluate", "drums", "mdb=a", "b"], 2, "ROOT: mdb=a names a folder already"),
        (["evaluate", "drums", "mdb/x=."], 2, "expected audio one of drum_only"),
        (["evaluate", "drums", "mdb:test=.", "--split", "all"], 2, "--split: mdb:test=. has test"),
        ([*MDB, ".", "--model", "nobody"], 2, "model: there is no 'nobody'"),
        ([*MDB, ".", "--estimates", "."], 2, "no estimates there"),
        ([*MDB, ".", "--model", "MODEL", "--audio", "x"], 2, "--audio: expected one of drum_only"),
        ([*MDB, ".", "--model", "MODEL", "--jobs", "0"], 2, "--jobs: expected 1 or more"),
        ([*MDB, ".", "--model", "MODEL", "--tolerance-ms", "0"], 2, "--tolerance-ms: expected"),
        ([*MDB, ".", "--model", "MODEL", "--copy-audio"], 2, "--copy-audio: name the folder"),
        ([*MDB, "CORPUS", "--model", "MODEL", "--split", "train"], 1, "--split: expected one of"),
        ([*MDB, ".", "--model", "MODEL"], 1, "MDB Drums/audio"),
        (["compare", "a", "b"], 1, "a: no finished result; make one with bandscribe evaluate"),
    ],
)
def test_what_is_wrong(bandscribe, corpus, tiny_model, arguments, code, reason) -> None:
    places = {"MODEL": tiny_model, "CORPUS": corpus}
    result = bandscribe(*(places.get(word, word) for word in arguments))
    assert (result.code, result.out, len(result.complaints)) == (code, "", 1)
    assert reason in result.err


def test_compare(bandscribe, corpus, estimates) -> None:
    """Without the invented note the second result has one false positive fewer."""
    evaluate = (*MDB, corpus, "--estimates", estimates)
    bandscribe(*evaluate, "-o", "a")
    path = estimates / "MusicDelta_X.txt"
    path.write_text(path.read_text().replace("2.4 KD", ""))
    bandscribe(*evaluate, "-o", "b")
    result = bandscribe("compare", "a", "b", "-o", "difference.json")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("a and b: 1 track in both\n")
    kick = json.loads(Path("difference.json").read_text())["classes_5"]["KD"]["f1"]
    assert (kick["first"], kick["second"], kick["clear"]) == (0.8, 1.0, True)
    assert kick["difference"] == kick["low"] == kick["high"] == pytest.approx(0.2)
    [line] = [line for line in result.out.splitlines() if line.startswith("KD")][:1]
    assert line.split() == ["KD", "0.800", "1.000", "+0.200", "+0.200", "to", "+0.200", "better"]


def test_results_that_cannot_be_compared(bandscribe, corpus, estimates) -> None:
    evaluate = (*MDB, corpus, "--estimates", estimates)
    bandscribe(*evaluate, "-o", "a")
    bandscribe(*evaluate, "-o", "b", "--tolerance-ms", "20")
    result = bandscribe("compare", "a", "b")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "the results differ in tolerance: 0.05 and 0.02" in result.err
    shutil.copy("a/metrics.json", "b/metrics.json")
    Path("b/tracks.csv").write_text("track,classes,class,tp,fp,fn\nx,5,KD,one,0,0\n")
    result = bandscribe("compare", "a", "b")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "b: damaged" in result.err
