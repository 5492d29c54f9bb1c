"""`bandscribe recognize`, and `bandscribe evaluate recognition`."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn import metrics

from bandscribe.vocabulary import INSTRUMENTS
from tiny_recognizer import SAMPLE_RATE, play, recognizer_card, write_recognizer

#: What plays in each clip, and from when to when; and what its labels say.
CLIPS = {
    "a/duet": ({"vio": (0, 2), "pia": (0, 2)}, "vio;piano"),
    "a/solo": ({"vio": (0, 1)}, "violin"),
    "b/duet": ({"flu": (0, 2), "sax": (0, 2)}, "flu;pia"),
}


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory) -> Path:
    return write_recognizer(tmp_path_factory.mktemp("model") / "tiny.onnx", recognizer_card())


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Path:
    """A folder of clips with its labels."""
    root = tmp_path_factory.mktemp("clips")
    rows = ["file,label"]
    for name, (parts, labels) in CLIPS.items():
        path = root / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, play(parts, 2.0), SAMPLE_RATE)
        rows.append(f"{name}.wav,{labels}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n")
    return root


@pytest.fixture
def recognize(bandscribe, recognizer):
    return lambda *arguments: bandscribe("recognize", "--model", recognizer, *arguments)


@pytest.fixture
def evaluate(bandscribe):
    return lambda root, *arguments: bandscribe("evaluate", "recognition", "clips", root, *arguments)


# recognize ----------------------------------------------------------------------------------------


def test_a_table(recognize, clips) -> None:
    result = recognize(clips / "a/solo.wav", "--aggregate", "s1", "--threshold", "0.4")
    assert (result.code, result.err) == (0, "")
    first, row = result.out.splitlines()
    assert first == f"{clips}/a/solo.wav  0:02"
    assert row.split() == ["vio", "violin", "█" * 11, "0.53", "50%", "0:00", "to", "0:01"]
    result = recognize(clips / "a/solo.wav", "--aggregate", "s1", "--threshold", "0.9")
    assert result.out.splitlines()[1] == "  no instrument recognized"


#: The list of the clips beside them.
PASSED_OVER = "bandscribe: passed over 1 file that is no sound by suffix (.csv 1)\n"


def test_json_is_one_list(recognize, clips) -> None:
    result = recognize(clips, "--format", "json", "--aggregate", "s2")
    assert (result.code, result.err) == (0, PASSED_OVER)
    found = json.loads(result.out)
    assert [entry["file"] for entry in found] == [f"{clips}/{name}.wav" for name in CLIPS]
    for entry in found:
        assert list(entry) == ["file", "duration", "instruments"]
        assert entry["duration"] == 2.0
        assert [row["class"] for row in entry["instruments"]] == list(INSTRUMENTS)
    violin = found[1]["instruments"][INSTRUMENTS.index("vio")]
    assert violin.pop("active_share") == pytest.approx(0.5, abs=0.01)
    assert violin == {
        "class": "vio", "probability": 1.0, "present": True, "first": 0.0, "last": 1.0,
    }  # fmt: skip
    drums = found[1]["instruments"][-1]
    assert (drums["present"], drums["active_share"], drums["first"]) == (False, 0.0, None)


def test_csv_says_the_same(recognize, clips) -> None:
    recognize(clips, "-o", "new/tags.json")
    result = recognize(clips, "-o", "new/tags.csv")
    assert (result.code, result.out, result.err) == (0, "", PASSED_OVER)
    with Path("new/tags.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = [
        {"file": entry["file"]} | {k: "" if v is None else str(v) for k, v in row.items()}
        for entry in json.loads(Path("new/tags.json").read_text())
        for row in entry["instruments"]
    ]
    assert [{**row, "present": row["present"].capitalize()} for row in rows] == expected


def test_files_in_which_an_instrument_plays(recognize, clips) -> None:
    result = recognize(clips, "--with", "vio")
    assert result.out.splitlines() == [f"{clips}/a/duet.wav", f"{clips}/a/solo.wav"]
    recognize(clips, "--with", "vio", "-o", "names.txt")
    assert Path("names.txt").read_text() == result.out
    found = json.loads(recognize(clips, "--with", "sax", "--format", "json").out)
    assert [entry["file"] for entry in found] == [f"{clips}/b/duet.wav"]
    assert recognize(clips, "--with", "dru").code == 0


def test_only_some_may_occur(recognize, clips) -> None:
    out = recognize(clips, "--aggregate", "s2", "--among", "violin,pia", "--format", "json").out
    for entry in json.loads(out):
        found = {row["class"] for row in entry["instruments"] if row["probability"] > 0}
        assert found <= {"vio", "pia"}
    result = recognize(clips, "--aggregate", "s2", "--among", "vio, sax", "--with", "violin")
    assert result.out.splitlines() == [f"{clips}/a/duet.wav", f"{clips}/a/solo.wav"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--format", "xml"], "--format: expected one of table, json, csv"),
        (["--format", "json", "-o", "x.csv"], "name a file that ends with .json"),
        (["--aggregate", "s3"], "aggregate: expected one of s1, s2"),
        (["--threshold", "2"], "threshold: expected 0 to 1"),
        (["--with", "kazoo"], "--with: expected one of cel (cello), cla (clarinet)"),
        (["--among", "vio,kazoo"], "--among: expected some of cel, cla"),
        (["--among", "violin"], "--among: the card of 'tiny' has no frequencies"),
        (
            ["--aggregate", "s2", "--among", "gel,dru", "--with", "violin"],
            "--with: violin is none of those that may occur (--among gel,dru)",
        ),
        (["--model", "nobody"], "model: there is no 'nobody'"),
        (["--model", "DRUMS"], "does not recognize instruments"),
        (["-o", "."], "-o .: names a folder"),
        (["-o", "x.wav"], "has the name of a sound file"),
    ],
)
def test_wrong_usage(recognize, clips, tiny_model, arguments, reason) -> None:
    result = recognize(clips, *(tiny_model if word == "DRUMS" else word for word in arguments))
    assert (result.code, result.out, len(result.complaints)) == (2, "", 1)
    assert reason in result.err


# evaluate -----------------------------------------------------------------------------------------


def test_figures_are_those_of_scikit_learn(evaluate, clips, recognizer) -> None:
    result = evaluate(clips, "--model", recognizer, "-o", "out", "--aggregate", "s2")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"clips: 3 tracks (test), model {recognizer}\n")
    found = json.loads(Path("out/metrics.json").read_text())
    assert (found["task"], found["corpus"], found["tracks"]) == ("recognition", "clips", 3)
    assert (found["aggregate"], found["setup"], found["failed"]) == ("s2", None, [])
    with Path("out/tracks.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 13
    there, named = (
        np.array([row[key] == "true" for row in rows]).reshape(3, 13)
        for key in ("annotated", "present")
    )
    scores = np.array([float(row["probability"]) for row in rows]).reshape(3, 13)
    # The saxophone was invented, a piano missed.
    assert (there & named).sum() == 4
    assert (there ^ named).sum() == 2
    assert found["hamming"] == pytest.approx(37 / 39)
    assert found["exact_match"] == pytest.approx(metrics.accuracy_score(there, named)) == 2 / 3
    assert found["lrap"] == pytest.approx(
        metrics.label_ranking_average_precision_score(there, scores), abs=1e-6
    )
    occur = [INSTRUMENTS.index(name) for name in ("vio", "pia", "flu")]
    assert sorted(found["occur"]) == ["flu", "pia", "vio"]
    for average, labels in (("micro", None), ("macro", occur)):
        expected = metrics.precision_recall_fscore_support(
            there, named, average=average, labels=labels, zero_division=0
        )[:3]
        assert [found[average][name] for name in ("precision", "recall", "f1")] == pytest.approx(
            expected
        )
    assert found["per_class"]["pia"]["recall"] == 1 / 2
    assert [found["per_class"]["sax"][name] for name in ("tp", "fp", "fn")] == [0, 1, 0]
    area = metrics.average_precision_score(there[:, occur], scores[:, occur])
    assert found["map"] == pytest.approx(area, abs=1e-6)
    assert "top1" not in found  # there are duets
    low, high = found["exact_match_ci95"]
    assert 0 <= low < 2 / 3 < high <= 1
    assert found["micro"]["ci95"][0] <= found["micro"]["f1"] <= found["micro"]["ci95"][1]


def test_what_recognize_wrote_scores_the_same(recognize, evaluate, clips, recognizer) -> None:
    """Of another system too; names that occur twice are told apart by their folders."""
    evaluate(clips, "--model", recognizer, "-o", "direct")
    for format in ("json", "csv"):
        recognize(clips, "-o", f"{format}/tags.{format}")
        result = evaluate(clips, "--estimates", format, "-o", "out")
        assert (result.code, result.err) == (0, "")
        direct, table = (
            json.loads(Path(folder, "metrics.json").read_text()) for folder in ("direct", "out")
        )
        assert table["estimates"] == format
        for name in ("hamming", "exact_match", "micro", "macro", "per_class"):
            assert table[name] == direct[name]


def test_a_table_of_another_system(evaluate, clips) -> None:
    """It need not name every class, nor say what is present."""
    rows = ["file,class,probability", "a/duet,vio,0.9", "a/duet,pia,0.4", "a/solo.wav,vio,0.6"]
    Path("theirs.csv").write_text("\n".join([*rows, "b/duet,flu,1"]) + "\n")
    result = evaluate(clips, "--estimates", "theirs.csv", "-o", "out")
    assert (result.code, len(result.complaints)) == (0, 0)
    found = json.loads(Path("out/metrics.json").read_text())
    assert [found["micro"][name] for name in ("tp", "fp", "fn")] == [3, 0, 2]
    result = evaluate(clips, "--estimates", "theirs.csv", "--threshold", "0.3", "-o", "out")
    found = json.loads(Path("out/metrics.json").read_text())
    assert [found["micro"][name] for name in ("tp", "fp", "fn")] == [4, 0, 1]


def test_classes_that_nobody_annotated(bandscribe, recognizer, tmp_path) -> None:
    """IRMAS has neither bass nor drums; predicting them is no error."""
    part = tmp_path / "irmas/IRMAS-TestingData-Part1/Part1"
    part.mkdir(parents=True)
    for i in range(2):
        soundfile.write(
            part / f"song{i}-1.wav", play({"pia": (0, 2), "dru": (0, 2)}, 2.0), SAMPLE_RATE
        )
        (part / f"song{i}-1.txt").write_text("pia\t\n")
    arguments = ("irmas", tmp_path / "irmas", "--split", "all", "--model", recognizer)
    assert bandscribe("evaluate", "recognition", *arguments, "-o", "out").code == 0
    found = json.loads(Path("out/metrics.json").read_text())
    assert found["classes"] == list(INSTRUMENTS[:11])
    assert (found["exact_match"], found["setup"]) == (1.0, "eval-cross")


def test_a_damaged_copy(evaluate, clips, recognizer, tmp_path) -> None:
    root = tmp_path / "damaged"
    shutil.copytree(clips, root)
    (root / "a/solo.wav").write_bytes(b"no sound")
    (root / "b/duet.wav").unlink()
    result = evaluate(root, "--model", recognizer, "-o", "out")
    assert (result.code, len(result.complaints)) == (1, 2)
    assert json.loads(Path("out/metrics.json").read_text())["tracks"] == 1
    (root / "a/duet.wav").unlink()
    result = evaluate(root, "--model", recognizer, "-o", "none")
    assert (result.code, result.out) == (1, "")
    assert "no track could be evaluated" in result.complaints[-1]


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--model", "nobody"], 2, "model: there is no 'nobody'"),
        (["--tolerance-ms", "9"], 2, "No such option: --tolerance-ms"),
        (["--join", "gac+gel"], 2, "No such option: --join"),
        (["--estimates", "good.csv", "--among", "gac,kazoo"], 2, "--among: expected some of cel"),
        (["--estimates", "good.csv", "--among", ""], 2, "--among: expected some of cel"),
        (["--jobs", "0"], 2, "--jobs: expected 1 or more"),
        (["--estimates", "empty"], 2, "empty: no tables there"),
        (["--estimates", "nowhere.json"], 1, "nowhere.json: no such file"),
        (["--estimates", "bad.json"], 2, "bad.json: not what bandscribe recognize writes"),
        (["--estimates", "kazoo.csv"], 2, "class: expected one of cel, cla"),
        (["--estimates", "bad.csv"], 2, "bad.csv: not what bandscribe recognize writes"),
    ],
)
def test_what_is_wrong(evaluate, clips, arguments, code, reason) -> None:
    Path("empty").mkdir()
    Path("bad.json").write_text('[{"file": 1}]')
    Path("kazoo.csv").write_text("file,class,probability\nx,kazoo,1\n")
    Path("bad.csv").write_text("file,class,probability\nx,vio,7\n")
    Path("good.csv").write_text("file,class,probability\nx,vio,1\n")
    result = evaluate(clips, *arguments)
    assert (result.code, result.out, len(result.complaints)) == (code, "", 1)
    assert reason in result.err


def test_options_of_recognition_alone(bandscribe) -> None:
    result = bandscribe("evaluate", "drums", "mdb", ".", "--aggregate", "s1")
    assert (result.code, len(result.complaints)) == (2, 1)
    assert "No such option: --aggregate" in result.err
