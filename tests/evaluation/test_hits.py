"""How well hits are named: folders, kits, labels that leave open which, and figures."""

import csv
import json
from pathlib import Path

import pytest
import soundfile

from bandscribe import runtime
from bandscribe.evaluation import hits as evaluation
from bandscribe.evaluation.hits import Clip, Verdict, find_class
from tiny_hits import SAMPLE_RATE, hits_card, strike, write_classifier


def verdict(label: str | None, named: str | None, group: str = "g") -> Verdict:
    return Verdict(Clip(Path("x.wav"), label, group), named, 0.9)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Bass_drum", "KD"), ("Snare_drum", "SD"), ("Hi_hat", "HH"), ("hi-hat", "HH"),
        ("open hi-hat", "OHH"), ("pedal hi hat", "CHH"), ("kd", "KD"), ("phh", "CHH"), ("TT", "TT"),
        ("Cowbell", "CB"), ("tmb", "TMB"), ("cymbal", "CY"), ("ride bell", "RD"), ("flute", None),
        ("", None),
    ],
)  # fmt: skip
def test_what_labels_mean(label: str, expected: str | None) -> None:
    assert find_class(label) == expected


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "file,label,split,group\na.wav,Hi_hat,test,x\nb.wav,KD,train,y\n"
    )
    assert evaluation.read(tmp_path) == [
        Clip(tmp_path / "a.wav", "HH", "x"), Clip(tmp_path / "b.wav", "KD", "y"),
    ]  # fmt: skip
    assert [clip.label for clip in evaluation.read(tmp_path, "train")] == ["KD"]


def test_of_a_kit_the_close_recordings_that_are_what_their_class_says(tmp_path: Path) -> None:
    rows = [
        {"file": "a.ogg", "class": "phh", "piece": "pedal"},
        {"file": "b.ogg", "class": "kd", "piece": "kick", "mix": "close"},
        {"file": "c.ogg", "class": "kd", "piece": "kick", "mix": "oh"},
        {"file": "d.ogg", "class": "other", "piece": "conga"},
        {"file": "e.ogg", "class": "other", "piece": "snare_top_off"},
        {"file": "f.ogg", "class": "tmb", "piece": "tamb"},
    ]
    (tmp_path / "kit.json").write_text(json.dumps(rows))
    found = evaluation.read(tmp_path)
    assert [(clip.path.stem, clip.label) for clip in found] == [
        ("a", "CHH"), ("b", "KD"), ("d", "OTHER"), ("f", "TMB"),
    ]  # fmt: skip
    assert found[0].group == "phh pedal"
    (tmp_path / "kit.json").write_text('{"rows": 3}')
    with pytest.raises(ValueError, match="not the list of a kit"):
        evaluation.read(tmp_path)


def test_figures() -> None:
    summary = evaluation.summarise(
        [
            verdict("KD", "KD"),
            verdict("KD", None),
            verdict("HT", "MT"),
            verdict("CB", "CB"),
            verdict("HH", "OHH"),
            verdict("HH", "RD"),
            verdict(None, None),
            verdict(None, "KD"),
            Verdict(Clip(Path("x.wav"), "KD", "g"), None, 0.0, "broken"),
        ]
    )
    assert summary["clips"] == 8
    assert summary["all"]["figures"]["accuracy"] == 2 / 4
    assert summary["all"]["figures"]["answered"] == 3 / 4
    assert summary["frequent"]["figures"]["accuracy"] == 1 / 2
    # The tom is a tom, and one of the hats a hat.
    assert summary["wide"]["figures"]["accuracy"] == 4 / 6
    assert summary["wide"]["figures"]["HH.recall"] == 1 / 2
    assert summary["null"] == {"number": 2, "abstained": 0.5}
    assert json.loads(json.dumps(summary, allow_nan=False))["task"] == "hits"
    assert evaluation.summarise([verdict(None, None)])["all"] is None


def test_groups_are_drawn_together() -> None:
    apart = [verdict("KD", "KD", str(i)) for i in range(20)]
    apart += [verdict("KD", "SD", str(i)) for i in range(20, 40)]
    together = [verdict("KD", name, str(i // 20)) for i, name in enumerate(["KD", "SD"] * 20)]
    narrow, none = (evaluation.summarise(v)["all"]["ci95"] for v in (apart, together))
    assert none == [0.5, 0.5]
    assert 0.3 < narrow[0] < 0.5 < narrow[1] < 0.7


def test_from_a_folder_to_a_page_of_figures(tmp_path: Path) -> None:
    model = runtime.load(write_classifier(tmp_path / "tiny.onnx", hits_card()))
    rows = ["file,label"]
    for name, label, struck in (
        ("a", "Bass_drum", ("KD",)), ("b", "snare", ("SD",)), ("c", "Hi_hat", ("OHH",)),
        ("d", "ride", ("RD",)), ("e", "Flute", ()), ("f", "crash", ("KD",)),
    ):  # fmt: skip
        soundfile.write(tmp_path / f"{name}.wav", strike(*struck), SAMPLE_RATE)
        rows.append(f"{name}.wav,{label}")
    (tmp_path / "labels.csv").write_text("\n".join([*rows, "none.wav,KD", ""]))
    seen = []
    verdicts = evaluation.judge(
        evaluation.read(tmp_path), model, progress=lambda done, text: seen.append((done, text))
    )
    assert [v.named for v in verdicts] == ["KD", "SD", "OHH", "RD", None, "KD", None]
    assert "none.wav" in str(verdicts[-1].problem)
    assert seen[0] == (0, "a.wav")
    summary = evaluation.summarise(verdicts)
    lines = evaluation.tabulate(summary)
    assert lines[1].startswith("all classes                  accuracy 0.750 (")
    assert "no name for 1.000 of 1 clips" in lines[3]
    assert lines[-2].split() == ["CR", "1", "0", "0"]
    evaluation.write(tmp_path / "out", summary, verdicts)
    table = list(csv.DictReader((tmp_path / "out/clips.csv").read_text().splitlines()))
    assert [row["class"] for row in table] == ["KD", "SD", "OHH", "RD", "", "KD", ""]
    assert json.loads((tmp_path / "out/metrics.json").read_text()) == summary
