"""`bandscribe evaluate activity`, and recognition and comparisons beside it."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tiny_recognizer import SAMPLE_RATE, play, recognizer_card, tracker_card, write_recognizer

#: Who plays when in each piece; `other` is no class.
PIECES = {
    "train/00000": {"flu": (0.0, 1.0)},
    "test/00000": {"vio": (0.0, 2.0), "pia": (1.0, 3.0)},
    "test/00001": {"dru": (0.5, 2.5), "other": (0.0, 1.0)},
}
#: The tone of what is none of the classes: that of a trumpet.
OTHER = "tru"


@pytest.fixture(scope="module")
def tracker(tmp_path_factory) -> Path:
    return write_recognizer(tmp_path_factory.mktemp("model") / "tiny.onnx", tracker_card())


@pytest.fixture(scope="module")
def stems(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("stems")
    for piece, parts in PIECES.items():
        folder = root / piece
        folder.mkdir(parents=True)
        mixture = np.zeros(3 * SAMPLE_RATE, np.float32)
        for name, when in parts.items():
            part = play({OTHER if name == "other" else name: when}, 3.0)
            soundfile.write(folder / f"{name}.wav", part, SAMPLE_RATE, subtype="FLOAT")
            mixture += part
        soundfile.write(folder / "mixture.wav", mixture, SAMPLE_RATE, subtype="FLOAT")
    return root


@pytest.fixture
def evaluate(bandscribe, tracker, stems):
    return lambda *arguments: bandscribe(
        "evaluate", "activity", "stems", stems, "--model", tracker, *arguments
    )


def figures(folder: str = "out") -> dict:
    return json.loads(Path(folder, "metrics.json").read_text())


def test_a_tracker(evaluate) -> None:
    """What sounds is predicted, and the tone of the trumpet class as a trumpet, which it is not."""
    result = evaluate("-o", "out")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("stems: 2 tracks (test), model ")
    never = "never played: cel, cla, flu, gac, gel, org, sax, tru, voi, bas; predicted"
    assert never in result.out
    found = figures()
    assert (found["task"], found["corpus"], found["tracks"]) == ("activity", "stems", 2)
    assert found["occur"] == ["pia", "vio", "dru"]
    assert found["map"] > 0.95
    assert found["macro"]["f1"] > 0.9
    assert found["always_on"]["balanced_accuracy"] == 0.5
    # Predicted for a second of six, in the place of what has no class.
    assert found["absent"]["worst"] == "tru"
    assert found["absent"]["worst_called"] == pytest.approx(1 / 6, abs=0.03)
    assert found["per_class"]["tru"]["recall"] is None
    # A tone alone is as loud as all together, and predicted so but for the network's uncertainty.
    assert found["level_error_db"] < 6
    assert found["setup"] is None
    with Path("out/tracks.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 13
    [violin] = [row for row in rows if (row["track"], row["class"]) == ("test/00000", "vio")]
    assert int(violin["tp"]) + int(violin["fn"]) == pytest.approx(2.08 * SAMPLE_RATE / 1024, abs=2)


def test_matrices(evaluate) -> None:
    """The violin, the piano and the drums are alone at some time."""
    evaluate("-o", "out")
    found = figures()
    for name in ("noise", "leakage"):
        with Path(f"out/{name}.csv").open() as file:
            head, *rows = csv.reader(file)
        assert head == ["playing", *found["classes"]]
        for row, expected in zip(rows, found[name], strict=True):
            got = [None if cell == "" else float(cell) for cell in row[1:]]
            assert got == pytest.approx(expected, abs=0.006, nan_ok=True)
    played = {c for c, row in zip(found["classes"], found["noise"], strict=True) if any(row)}
    assert played == {"vio", "pia", "dru"}
    assert found["leakage_db"] < -55
    assert Path("out/matrices.png").stat().st_size > 1000


def test_tables_of_another_system_score_the_same(bandscribe, evaluate, tracker, stems) -> None:
    """Those of `track`; with another threshold, and as few classes as they please."""
    evaluate("-o", "direct")
    for format in ("csv", "npz"):
        bandscribe("track", stems, "--model", tracker, "--format", format, "-o", f"{format}/")
        call = ("evaluate", "activity", "stems", stems, "--estimates", format, "-o", "out")
        result = bandscribe(*call)
        assert (result.code, result.err) == (0, "")
        assert f"estimates of {format}" in result.out
        direct, table = figures("direct"), figures("out")
        # To the digits of a CSV, a frame or two may be on the other side of a threshold.
        assert table["micro"]["f1"] == pytest.approx(direct["micro"]["f1"], abs=0.01)
        assert table["level_error_db"] == pytest.approx(direct["level_error_db"], abs=0.1)
        bandscribe(*call, "--threshold", "0.99999")
        assert 0 < figures("out")["micro"]["tp"] < table["micro"]["tp"]


def test_a_second_call_continues_in_any_number_of_processes(evaluate) -> None:
    evaluate("-o", "out")
    first = {path.name: path.read_bytes() for path in Path("out").glob("*.*")}
    assert set(first) == {
        "metrics.json", "tracks.csv", "report.html", "noise.csv", "leakage.csv", "matrices.png",
    }  # fmt: skip
    result = evaluate("-o", "out")
    assert "kept from an earlier call: 2 of 2" in result.out
    assert {path.name: path.read_bytes() for path in Path("out").glob("*.*")} == first
    assert "kept" not in evaluate("-o", "out", "--among", "violin,pia,drums").out
    evaluate("-o", "two", "--jobs", "2")
    assert Path("two/metrics.json").read_bytes() == first["metrics.json"]


def test_solos_are_drawn_beside_their_mixture(evaluate) -> None:
    result = evaluate("-o", "out", "--plot", "test/00000")
    assert result.code == 0
    assert "out/plots/test/00000.png: a mixture and its solos" in result.out
    assert Path("out/plots/test/00000.png").stat().st_size > 1000


def test_a_damaged_copy(evaluate, stems, bandscribe, tracker, tmp_path) -> None:
    root = tmp_path / "damaged"
    shutil.copytree(stems, root)
    (root / "test/00001/dru.wav").write_bytes(b"no sound")
    result = bandscribe("evaluate", "activity", "stems", root, "--model", tracker, "-o", "out")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "test/00001/dru.wav: " in result.err
    assert figures()["tracks"] == 1
    assert figures()["failed"][0]["track"] == "test/00001"


def test_confidences(bandscribe, tracker, tmp_path) -> None:
    """MedleyDB tells no levels; its guitars may be counted as one."""
    song = "AnArtist_ASong"
    root = tmp_path / "medleydb"
    for name in ("Annotations", f"Audio/{song}"):
        (root / name).mkdir(parents=True)
    soundfile.write(
        root / f"Audio/{song}/{song}_MIX.wav", play({"gel": (0, 1), "dru": (0, 2)}, 2.0),
        SAMPLE_RATE,
    )  # fmt: skip
    times = np.arange(44) * 2048 / 44100
    rows = [f"{t:.4f},{float(t < 1)},1.0" for t in times]
    (root / f"Annotations/{song}_ACTIVATION_CONF.lab").write_text(
        "\n".join(["time,S01,S02", *rows]) + "\n"
    )
    told = {"S01": "clean electric guitar", "S02": "drum set"}
    (root / f"{song}_stems.json").write_text(json.dumps(told))
    call = ("evaluate", "activity", "medleydb", root, "--model", tracker, "--join", "gac+gel")
    assert bandscribe(*call, "-o", "out").code == 0
    found = figures()
    assert found["joined"] == ["gac+gel"]
    assert found["occur"] == ["gac+gel", "dru"]
    assert found["per_class"]["gac+gel"]["balanced_accuracy"] > 0.95
    assert found["noise"] is found["level_error_db"] is None
    assert found["setup"] == "eval-cross"
    assert not Path("out/noise.csv").exists()
    # The same songs tell which instruments occur at all.
    call = ("evaluate", "recognition", "medleydb", root, "--model", tracker)
    assert bandscribe(*call, "-o", "tags").code == 0
    assert figures("tags")["task"] == "recognition"
    assert figures("tags")["occur"] == ["gel", "dru"]
    assert figures("tags")["exact_match"] == 1


# recognition --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Path:
    """Three clips of one instrument each; the last is labelled wrongly."""
    root = tmp_path_factory.mktemp("clips")
    rows = ["file,label"]
    for name, label in (("vio", "violin"), ("flu", "flute"), ("dru", "drum set"), ("pia", "flute")):
        soundfile.write(root / f"{name}.wav", play({name: (0, 1)}, 1.0), SAMPLE_RATE)
        rows.append(f"{name}.wav,{label}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n")
    return root


@pytest.fixture
def recognize(bandscribe, clips, tmp_path):
    model = write_recognizer(tmp_path / "tiny.onnx", recognizer_card())
    return lambda *arguments: bandscribe(
        "evaluate", "recognition", "clips", clips, "--model", model, *arguments
    )


def test_the_best_guess(recognize) -> None:
    result = recognize("-o", "out")
    assert "top 1              0.750" in result.out
    assert figures()["top1"] == 3 / 4
    assert figures()["per_class"]["pia"]["fp"] == 1


def test_some_classes_alone(recognize) -> None:
    """The drums' clip is left out, and a piano is no longer wrong; the flute is still missed."""
    recognize("-o", "out")
    result = recognize("-o", "out", "--among", "Violins, flu,cello")
    assert "kept from an earlier call: 4 of 4" in result.out
    found = figures()
    assert (found["tracks"], found["classes"]) == (3, ["cel", "flu", "vio"])
    assert [found["micro"][name] for name in ("tp", "fp", "fn")] == [2, 0, 1]
    assert recognize("--among", "sax").code == 1


def test_no_others_occur(recognize) -> None:
    """With --closed a model is not asked about what it is not scored on."""
    call = ("-o", "out", "--aggregate", "s2", "--among", "vio,flu,cel")
    recognize(*call)
    result = recognize(*call, "--closed")
    assert "kept from an earlier call" not in result.out
    assert figures()["closed"] is True
    assert "expected --among too" in recognize("--closed").err


def test_mixtures_are_read_by_both(bandscribe, clips, tracker) -> None:
    result = bandscribe(
        "synthesize", "mixtures", "--solos", clips, "--split", "test", "--players", "2",
        "--classes", "vio,flu", "--count", "2", "--seed", "1", "-o", "mix",
    )  # fmt: skip
    assert (result.code, result.out) == (0, "mix: 2 mixtures of 3 clips\n")
    for task, corpus in (("recognition", "clips"), ("activity", "stems")):
        call = ("evaluate", task, corpus, "mix", "--model", tracker, "-o", f"out_{task}")
        assert bandscribe(*call).code == 0
    assert figures("out_recognition")["occur"] == figures("out_activity")["occur"] == ["flu", "vio"]
    for wrong, reason in (
        (["--players", "two"], "--players: expected numbers"),
        (["--classes", "kazoo"], "--classes: expected some of dru, flu, vio"),
    ):
        call = ("synthesize", "mixtures", "--solos", clips, "--split", "test", "-o", "x")
        result = bandscribe(*call, *wrong)
        assert (result.code, len(result.complaints)) == (2, 1)
        assert reason in result.err
    assert "Missing option '--solos'" in bandscribe("synthesize", "mixtures", "-o", "x").err


# compare ------------------------------------------------------------------------------------------


def test_compare_recognition(recognize, bandscribe) -> None:
    """A flute in the place of a piano makes the second result better."""
    recognize("-o", "a", "--aggregate", "s1", "--threshold", "1")
    recognize("-o", "b")
    result = bandscribe("compare", "a", "b", "-o", "difference.json")
    assert (result.code, result.err) == (0, "")
    found = json.loads(Path("difference.json").read_text())
    assert found["tracks"] == 4
    assert (found["micro"]["f1"]["first"], found["micro"]["f1"]["second"]) == (0.0, 0.75)
    assert found["micro"]["f1"]["clear"] is True
    rows = {line[:18].strip(): line for line in result.out.splitlines()}
    assert rows["micro"].endswith("better")
    assert rows["top 1"].split()[2:4] == ["0.750", "0.750"]


def test_compare_activity(evaluate, bandscribe, stems) -> None:
    """Louder by half of what was wrong: of level errors the lower one is the better one."""
    evaluate("-o", "a")
    bandscribe("evaluate", "activity", "stems", stems, "--estimates", "tables", "-o", "b")
    for piece, parts in PIECES.items():
        path = Path("tables", piece, "mixture.csv")
        path.parent.mkdir(parents=True)
        times = np.arange(300) / 100
        names = [name for name in parts if name != "other"]
        head = [
            "time",
            *(f"{name}_{kind}" for name in names for kind in ("probability", "level_db")),
        ]
        rows = [
            [
                f"{t:.3f}",
                *(
                    str(x)
                    for name in names
                    for x in (int(parts[name][0] <= t < parts[name][1]), -20)
                ),
            ]
            for t in times
        ]
        path.write_text("\n".join(map(",".join, [head, *rows])) + "\n")
    result = bandscribe("evaluate", "activity", "stems", stems, "--estimates", "tables", "-o", "b")
    assert result.code == 0
    result = bandscribe("compare", "a", "b", "-o", "difference.json")
    assert (result.code, result.err) == (0, "")
    found = json.loads(Path("difference.json").read_text())
    error = found["level_error_db"]
    assert error["second"] > error["first"]
    assert error["share_better"] == 0
    rows = {line[:18].strip(): line for line in result.out.splitlines()}
    assert rows["level error (dB)"].endswith("worse")
    evaluate("-o", "c", "--among", "vio,pia")
    result = bandscribe("compare", "a", "c")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "the results differ in classes" in result.err
    shutil.rmtree("b/tracks")
    assert (
        "b: damaged; run bandscribe evaluate again (b/tracks/"
        in bandscribe("compare", "a", "b").err
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--model", "RECOGNIZER"], "does not track instruments"),
        (["--threshold", "0.5"], "--threshold: is for --estimates"),
        (["--estimates", "tables", "--threshold", "1"], "--threshold: expected more than 0"),
        (
            ["--estimates", "tables", "--plot", "test/00000", "-o", "x"],
            "--plot: draws what",
        ),
        (["--plot", "test/00000"], "--plot: name the folder"),
        (["--plot", "test/7", "-o", "x"], "--plot: no track is called 'test/7'"),
        (["--join", "gac"], "--join: expected two classes"),
        (["--aggregate", "s1"], "No such option: --aggregate"),
        (["--estimates", "empty"], "no estimates there; expected files .activity.npz"),
    ],
)
def test_wrong_usage(evaluate, tmp_path, arguments, reason) -> None:
    recognizer = write_recognizer(tmp_path / "tiny.onnx", recognizer_card())
    Path("empty").mkdir()
    Path("tables").mkdir()
    Path("tables/a.csv").touch()
    result = evaluate(*(recognizer if word == "RECOGNIZER" else word for word in arguments))
    assert (result.code, result.out, len(result.complaints)) == (2, "", 1)
    assert reason in result.err
