"""The page of instruments, as it is written and as a browser shows it."""

import json
import re
from pathlib import Path

import pytest

import browser
from bandscribe.evaluation.page import LIMITS
from bandscribe.evaluation.recognition import write_instruments_page
from bandscribe.evaluation.store import FOLDER, file_name

ENTRY = {
    "precision": 0.5, "recall": 0.75, "f1": 0.6, "tp": 3, "fp": 3, "fn": 1, "ci95": [0.4, 0.8],
    "precision_ci95": [0.4, 0.8], "recall_ci95": [0.4, 0.8], "ap": 0.7,
}  # fmt: skip
SUMMARY = {
    "corpus": "x", "root": "songs", "audio": "", "split": "test", "model": None, "commit": None,
    "estimates": "system_<x>", "setup": None, "classes": ["flu", "vio"], "tracks": 2,
    "failed": [
        {"track": "song9", "problem": "</script> missing"},
        {"track": browser.EVIL, "problem": browser.EVIL},
    ],
    "map": 0.7, "map_ci95": [0.6, 0.8],
    "micro": ENTRY, "macro": ENTRY, "track_mean": ENTRY,
}  # fmt: skip
RECOGNITION = {
    **SUMMARY, "task": "recognition", "top1": 0.5, "top1_ci95": [0.0, 1.0],
    "per_class": {"flu": ENTRY, "vio": ENTRY},
    "reliability": [{"confidence": 0.25, "frequency": 0.5, "number": 4}],
}  # fmt: skip
FRAMES = {**ENTRY, "balanced_accuracy": 0.8, "level_error_db": 5.25, "played": 0.5, "called": 0.25}
ACTIVITY = {
    **SUMMARY, "task": "activity", "level_error_db": 5.25, "level_error_db_ci95": [4.0, 6.0],
    "per_class": {"flu": FRAMES, "vio": FRAMES},
    "always_on": {"map": 0.4, "balanced_accuracy": 0.5, "micro_f1": 0.45, "macro_f1": 0.5},
    "absent": {"classes": ["vio"], "called": 0.125, "worst": "vio", "worst_called": 0.125},
    "noise": [[-40.0, -55.0], [None, None]], "leakage": [[None, -50.0], [None, None]],
}  # fmt: skip
ROW = {"split": browser.EVIL, "audio": "nowhere.wav", "duration": 2.0}
ROWS = {
    "recognition": [
        {**ROW, "track": "a<b", "tp": 1, "fp": 1, "fn": 0, "f1": 2 / 3, "annotated": ["flu"],
         "predicted": {"flu": [0.9, True], "vio": [0.75, True]}},
        {**ROW, "track": "c", "tp": 0, "fp": 0, "fn": 1, "f1": 0.0, "annotated": ["vio"],
         "predicted": {"flu": [0.1, False], "vio": [0.2, False]}},
    ],
    "activity": [
        {**ROW, "track": "a<b", "tp": 10, "fp": 5, "fn": 0, "f1": 0.8, "level_error_db": 4.0},
        {**ROW, "track": "c", "tp": 0, "fp": 5, "fn": 5, "f1": 0.0, "level_error_db": None},
    ],
}  # fmt: skip
LANE = {"curve": "00zz" * 5, "threshold": 0.5, "played": [[0.0, 1.0]], "open": [[1.5, 2.0]]}


@pytest.fixture(params=["recognition", "activity"])
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (tmp_path / FOLDER).mkdir()
    for row in ROWS[request.param]:
        content = {"shown": {"rate": 10, "lanes": {"flu": LANE, "vio": {**LANE, "played": []}}}}
        (tmp_path / FOLDER / file_name(row["track"])).write_text(json.dumps(content))
    summary = RECOGNITION if request.param == "recognition" else ACTIVITY
    write_instruments_page(tmp_path, summary, ROWS[request.param], False)
    return tmp_path / "report.html"


def test_it_needs_nothing_else(page) -> None:
    text = page.read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!#)|@import|url\(|https?://(?!www.w3.org)""", text)
    assert text.count("</script>") == 2
    assert "<title>estimates of system_&lt;x&gt; on x</title>" in text


def test_curves_are_those_of_the_worst(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(LIMITS, "instruments", 1)
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / file_name("c")).write_text('{"shown": {"rate": 10, "lanes": {}}}')
    write_instruments_page(tmp_path, ACTIVITY, ROWS["activity"], False)
    text = (tmp_path / "report.html").read_text()
    [content] = re.findall(r'<script id="data"[^>]*>(.*?)</script>', text, re.DOTALL)
    best, worst = json.loads(content)["tracks"]
    assert "lanes" not in best and worst["lanes"] == {"rate": 10, "lanes": {}}


@browser.needed
def test_a_browser_draws_it(page) -> None:
    """The worst track is drawn, then the other one is clicked."""
    click = "document.querySelectorAll('#tracks [data-track]')[1].click();"
    shown = browser.show(page, click)
    assert '<h2 id="track">a&lt;b</h2>' in shown
    assert "song9 left out: &lt;/script&gt; missing" in shown
    assert "<img" not in shown and "evil</title>" not in shown
    stage = shown[shown.index('id="scroller"') : shown.index("</main>")]
    assert stage.count('class="curve"') == 2
    if '"task":"activity"' in shown:
        assert "5.3 dB" in shown and "always on: 0.450" in shown
        assert "Never played: vio. Predicted 12.5 % of the time" in shown
        assert ">-40</td>" in shown and ">-50</td>" in shown
        # High in every other fifth of a second until 1.5 s; the flute plays for the first second.
        assert (stage.count('class="played"'), stage.count('class="agreed"')) == (1, 2)
        assert (stage.count('class="gone"'), stage.count('class="wrong"')) == (3, 6)
    else:
        assert "Reliability of probabilities" in shown
        assert '<span class="right">flu 0.90</span><span class="extra">vio 0.75</span>' in shown
        assert '<span class="missed">vio</span>' in shown
