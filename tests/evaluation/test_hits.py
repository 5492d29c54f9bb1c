"""How well hits are named: folders, kits, labels that leave open which, metrics and the page."""

import csv
import json
import re
from pathlib import Path

import pytest
import soundfile

import browser
from bandscribe.datasets.address import CorpusAddress
from bandscribe.evaluation import hits as evaluation
from bandscribe.evaluation.hits import HitNetwork, HitScores, find_class, find_clips
from bandscribe.evaluation.store import FOLDER
from tiny_hits import SAMPLE_RATE, hits_card, strike, write_classifier


def scored(label: str | None, predicted: str | None, group: str = "g") -> HitScores:
    return HitScores("x", "test", group, "x.wav", label, predicted, 0.9)


def address(root: Path, split: str = "") -> CorpusAddress:
    return CorpusAddress.parse(f"hits:{split}={root}", "hits")


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Bass_drum", "KD"), ("Snare_drum", "SD"), ("Hi_hat", "HH"), ("hi-hat", "HH"),
        ("hat", "HH"), ("HiHat", "HH"), ("Closed_HiHat", "CHH"), ("open hat", "OHH"),
        ("open hi-hat", "OHH"), ("pedal hi hat", "CHH"), ("kd", "KD"), ("phh", "CHH"), ("TT", "TT"),
        ("Cowbell", "CB"), ("tmb", "TMB"), ("cymbal", "CY"), ("ride bell", "RD"), ("flute", None),
        ("", None),
    ],
)  # fmt: skip
def test_what_labels_mean(label: str, expected: str | None) -> None:
    assert find_class(label) == expected


@pytest.mark.parametrize("column", ["label", "class", "instrument"])
def test_a_folder(tmp_path: Path, column: str) -> None:
    (tmp_path / "labels.csv").write_text(
        f"file,{column},split,group\na.wav,Hi_hat,test,x\nb.wav,KD,training,y\nc.wav,flute,,\n"
    )
    clips, split = find_clips(address(tmp_path))
    assert split == "all"
    assert [(c.id, c.split, c.group, c.audio, set(c.load())) for c in clips] == [
        ("a.wav", "test", "x", tmp_path / "a.wav", {"HH"}),
        ("b.wav", "train", "y", tmp_path / "b.wav", {"KD"}),
        ("c.wav", "test", "c.wav", tmp_path / "c.wav", set()),
    ]
    clips, split = find_clips(address(tmp_path, "train"))
    assert ([clip.id for clip in clips], split) == (["b.wav"], "train")
    with pytest.raises(ValueError, match="there are no clips of validation"):
        find_clips(address(tmp_path, "validation"))


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
    clips, _ = find_clips(address(tmp_path))
    assert [(clip.id, set(clip.load())) for clip in clips] == [
        ("a.ogg", {"CHH"}), ("b.ogg", {"KD"}), ("d.ogg", {"OTHER"}), ("f.ogg", {"TMB"}),
    ]  # fmt: skip
    assert clips[0].group == "phh pedal"
    (tmp_path / "kit.json").write_text('{"rows": 3}')
    with pytest.raises(ValueError, match="not the list of a kit"):
        find_clips(address(tmp_path))


def test_metrics() -> None:
    summary = evaluation.summarize(
        [
            scored("KD", "KD"),
            scored("KD", None),
            scored("HT", "MT"),
            scored("CB", "CB"),
            scored("HH", "OHH"),
            scored("HH", "RD"),
            scored(None, None),
            scored(None, "KD"),
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
    assert evaluation.summarize([scored(None, None)])["all"] is None


@pytest.mark.parametrize(
    ("label", "predicted", "right"),
    [("KD", "KD", True), ("KD", "SD", False), ("KD", None, False), ("HH", "OHH", True),
     ("HH", "RD", False), (None, None, True), (None, "KD", False)],
)  # fmt: skip
def test_what_is_right(label: str | None, predicted: str | None, right: bool) -> None:
    assert scored(label, predicted).right is right


def test_groups_are_resampled_together() -> None:
    apart = [scored("KD", "KD", str(i)) for i in range(20)]
    apart += [scored("KD", "SD", str(i)) for i in range(20, 40)]
    together = [scored("KD", name, str(i // 20)) for i, name in enumerate(["KD", "SD"] * 20)]
    narrow, none = (evaluation.summarize(v)["all"]["ci95"] for v in (apart, together))
    assert none == [0.5, 0.5]
    assert 0.3 < narrow[0] < 0.5 < narrow[1] < 0.7


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips, of which the crash is taken for a kick, and one that is missing."""
    root = tmp_path_factory.mktemp("hits")
    rows = ["file,label"]
    for name, label, struck in (
        ("a", "Bass_drum", ("KD",)), ("b", "snare", ("SD",)), ("c", "Hi_hat", ("OHH",)),
        ("d", "ride", ("RD",)), ("e", "Flute", ()), ("f", "crash", ("KD",)),
    ):  # fmt: skip
        soundfile.write(root / f"{name}.wav", strike(*struck), SAMPLE_RATE)
        rows.append(f"{name}.wav,{label}")
    (root / "labels.csv").write_text("\n".join([*rows, "none.wav,KD", ""]))
    write_classifier(root / "tiny.onnx", hits_card())
    return root


@pytest.fixture
def report(folder: Path, tmp_path: Path) -> Path:
    system, place = HitNetwork.load(str(folder / "tiny.onnx")), address(folder)
    clips, split = find_clips(place)
    results = evaluation.evaluate(clips, system, store=tmp_path / FOLDER)
    summary = evaluation.summarize(results.scores)
    evaluation.write(tmp_path, summary, clips, results, address=place, split=split, system=system)
    return tmp_path / "report.html"


def test_from_a_folder_to_tables(report: Path, folder: Path) -> None:
    summary = json.loads((report.parent / "metrics.json").read_text())
    assert summary["clips"] == 6
    lines = evaluation.tabulate(summary)
    assert lines[1].startswith("all classes                  accuracy 0.750 (")
    assert "no class for 1.000 of 1 clips" in lines[3]
    assert lines[-2].split() == ["CR", "1", "0", "0"]
    table = list(csv.DictReader((report.parent / "clips.csv").read_text().splitlines()))
    assert [row["class"] for row in table] == ["KD", "SD", "OHH", "RD", "", "KD", ""]
    assert [row["file"] for row in table][-2:] == [f"{folder}/f.wav", f"{folder}/none.wav"]
    assert table[-1]["problem"] == f"{folder}/none.wav: missing"


def test_a_second_call_continues(report: Path, folder: Path) -> None:
    system = HitNetwork.load(str(folder / "tiny.onnx"))
    clips, _ = find_clips(address(folder))
    again = evaluation.evaluate(clips, system, store=report.parent / FOLDER)
    assert (again.reused, len(again.scores)) == (6, 6)
    assert [clip.predicted for clip in again.scores] == ["KD", "SD", "OHH", "RD", None, "KD"]


def test_the_page_ranks_errors(report: Path) -> None:
    text = report.read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!#)|@import|url\(|https?://(?!www.w3.org)""", text)
    [content] = re.findall(r'<script id="data"[^>]*>(.*?)</script>', text, re.DOTALL)
    data = json.loads(content)
    assert data["title"].startswith("model ") and data["title"].endswith(" on hits")
    assert [track["right"] for track in data["tracks"]] == [True] * 5 + [False]
    assert data["tracks"][5]["lanes"]["KD"] > 0.9
    assert data["summary"]["failed"][0]["track"] == "none.wav"


@browser.needed
def test_a_browser_draws_it(report: Path) -> None:
    """The error is chosen first, then the second row is clicked."""
    shown = browser.show(report)
    assert '<h2 id="track">f.wav</h2>' in shown
    assert '<span class="extra">KD</span>' in shown
    assert "none.wav left out: " in shown and "<b>0.750</b>" in shown
    shown = browser.show(report, "document.querySelectorAll('#tracks [data-track]')[1].click();")
    assert '<h2 id="track">f.wav</h2>' not in shown
    assert 'class="chosen"' in shown
