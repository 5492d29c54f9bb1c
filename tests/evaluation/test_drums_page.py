"""The page of drums, as it is written and as a browser shows it."""

import json
import re
from pathlib import Path

import pytest

import browser
from bandscribe.evaluation import drum_metrics, page
from bandscribe.evaluation.drums import ScoringOptions, evaluate
from bandscribe.evaluation.store import FOLDER, Results

SETTINGS = ScoringOptions((10, 5, 3), (), 0.05)
DESCRIBED = {
    "task": "drums", "corpus": "folder", "root": "songs", "audio": "", "split": "test",
    "model": None, "commit": None, "estimates": "system_<x>", "setup": None,
    "tolerance": 0.05, "unscored": [], "literature": {"10": "DTD", "5": "DTD", "3": "DTP"},
}  # fmt: skip


@pytest.fixture
def report(with_beats, tmp_path) -> Path:
    outcome = evaluate(*with_beats, SETTINGS, store=tmp_path / "out" / FOLDER)
    failed = [("song9", "</script> missing"), ("song8", browser.EVIL)]
    outcome = Results(outcome.scores, 0, failed)
    metrics = drum_metrics.summarize(DESCRIBED, outcome, SETTINGS.class_counts)
    drum_metrics.write(tmp_path / "out", metrics, outcome)
    return tmp_path / "out" / "report.html"


def content(report: Path) -> dict:
    [text] = re.findall(r'<script id="data"[^>]*>(.*?)</script>', report.read_text(), re.DOTALL)
    return json.loads(text)


def test_it_needs_nothing_else(report) -> None:
    text = report.read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!#)|@import|url\(|https?://(?!www.w3.org)""", text)
    assert text.count("</script>") == 2
    assert "<title>estimates of system_&lt;x&gt; on folder</title>" in text


def test_it_holds_the_figures_and_every_onset(report) -> None:
    data = content(report)
    metrics = json.loads((report.parent / "metrics.json").read_text())
    assert data["summary"] == metrics
    assert data["counts"] == [10, 5, 3]
    levels = [track["beats"] and track["beats"]["level"] for track in data["tracks"]]
    assert levels == ["right"] * 3 + ["half"] * 2 + [None]
    for count in ("10", "5", "3"):
        lanes = [lane for track in data["tracks"] for lane in track["lanes"][count].values()]
        found = metrics[f"classes_{count}"]["micro"]
        assert sum(len(lane["hits"]) for lane in lanes) == found["tp"]
        assert sum(len(lane["misses"]) for lane in lanes) == found["fn"]
        assert sum(len(lane["false_alarms"]) for lane in lanes) == found["fp"]


def test_a_large_corpus_shows_the_worst(tracks, system, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(page.LIMITS, "drums", 2)
    outcome = evaluate(tracks, system, SETTINGS, store=tmp_path / "out" / FOLDER)
    metrics = drum_metrics.summarize(DESCRIBED, outcome, (10, 5, 3))
    drum_metrics.write(tmp_path / "out", metrics, outcome)
    shown = content(tmp_path / "out" / "report.html")["tracks"]
    drawn = [track["scores"]["10"]["f1"] for track in shown if "lanes" in track]
    others = [track["scores"]["10"]["f1"] for track in shown if "lanes" not in track]
    assert (len(drawn), len(others)) == (2, 4)
    assert max(drawn) <= min(others)


@browser.needed
def test_a_browser_draws_it(report) -> None:
    """The worst track is drawn, then another one is clicked, in three classes."""
    clicks = """
      document.querySelector('[data-count="3"]').click();
      document.querySelectorAll('#tracks [data-track]')[1].click();
      document.querySelector('#next').click();
    """
    shown = browser.show(report, clicks)
    assert "<img" not in shown
    data = content(report)
    ranked = sorted(data["tracks"], key=lambda track: track["scores"]["3"]["f1"])
    scores = ranked[1]["scores"]["3"]
    assert f'<h2 id="track">{ranked[1]["track"]}</h2>' in shown
    stage = shown[shown.index('id="scroller"') :]
    stage = stage[: stage.index("</main>")]
    counts = [stage.count(f'class="{mark}"') for mark in ("hit", "false", "miss")]
    assert counts == [scores["tp"], scores["fp"], scores["fn"]]
    assert '<span id="clock">0.00 s</span>' not in shown
    assert "song9 left out: &lt;/script&gt; missing" in shown
    assert "Mean of 5 tracks, within ±70 ms, after the first 5 s." in shown
    assert "Tempo, in tracks: 3 right, 2 half as fast." in shown
    hits = data["summary"]["classes_3"]["velocity"]["micro"]
    assert f"<b>{hits['pearson']:.3f}</b></td><td>{127 * hits['mae']:.1f}</td>" in shown
