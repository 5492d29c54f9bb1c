"""What the page shows: bars, lanes, names, any width and colour scheme, files that are no sound."""

import json
import os

import numpy as np
import pytest

from bandscribe.server.limits import Limits
from bandscribe.server.recording import Recording

from ..conftest import PATIENCE, TOKEN, analyse, running
from .conftest import Shown


def test_a_note_just_before_a_beat_belongs_to_it(shown) -> None:
    """Where it is and which bar is looped, before the first downbeat too."""
    beats = [0.5, 1.0, 1.5, 2.0, 2.5]
    found = shown.run(
        """(beats) => {
          const { timeline } = bandscribe, { beats: own, positions, bars } = timeline;
          timeline.setBeats(beats, [1, 2, 3, 1, 2]);
          const found = [0.4, 0.48, 0.52, 1.9, 1.97, 2.9].map((time) => {
            bandscribe.seek(time);
            bandscribe.toggleLoop();
            const { loop } = bandscribe.scene;
            bandscribe.setLoop(null);
            return [timeline.place(time), ...loop];
          });
          Object.assign(timeline, { beats: own, positions, bars });
          return found;
        }""",
        beats,
    )
    assert found == [
        ["", 0.5, 2.0], ["1.1", 0.5, 2.0], ["1.1", 0.5, 2.0], ["1.3", 0.5, 2.0], ["2.1", 2.0, 4.0],
        ["2.2", 2.0, 4.0],
    ]  # fmt: skip


def test_every_name_of_a_lane_is_shown_whole(shown) -> None:
    """Beside a count of four digits, as an hour has them."""
    cut = shown.run(
        """() => {
          for (const count of document.querySelectorAll(".head .count")) count.textContent = 8888;
          return [...document.querySelectorAll(".head .label")]
            .filter((label) => label.scrollWidth > label.clientWidth).map((label) => label.title);
        }"""
    )
    assert cut == []


def test_everything_has_a_name(shown) -> None:
    """Whatever can be pressed or moved tells a screen reader what it is."""
    nameless = shown.run(
        """() => [...document.querySelectorAll("button, input, select, canvas:not([aria-hidden])")]
          .filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim()
            || each.labels?.[0]?.textContent.trim()))
          .map((each) => each.outerHTML)"""
    )
    assert nameless == []
    shown.press(".")
    assert "velocity" in shown.page.text_content("#spoken")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (760, "light"), (2000, "dark")])
def test_narrow_and_wide_dark_and_light(served, browser, width, scheme) -> None:
    size = {"width": width, "height": 800}
    opened = Shown(browser, served, viewport=size, color_scheme=scheme)
    wide = opened.run("() => document.documentElement.scrollWidth")
    dark = opened.run("() => document.documentElement.classList.contains('dark')")
    style = "getComputedStyle(document.body)"
    ink, paper = opened.run(f"() => [{style}.color, {style}.backgroundColor]")
    assert (wide, dark) == (width, scheme == "dark")
    assert abs(luminance(ink) - luminance(paper)) > 0.6
    opened.context.close()
    assert opened.faults == []


def luminance(colour: str) -> float:
    return float(np.mean(json.loads(colour.replace("rgb(", "[").replace(")", "]")))) / 255


def test_a_file_that_is_no_sound_is_explained(browser, tmp_path) -> None:
    path = tmp_path / "broken.wav"
    path.write_text("no sound")
    with running(Limits(), analyse(path)) as client:
        page = browser.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        page.goto(f"http://127.0.0.1:{client.port}/?token={TOKEN}")
        page.locator("#problem").wait_for()
        assert "broken.wav" in page.text_content("#problem")
        assert page.is_disabled("#play") and page.is_disabled("#save")
        page.keyboard.press("Space")  # nothing to play, nothing to add to
        page.keyboard.press("a")
        assert page.text_content("#selected") == "No note selected"
        page.close()


def test_names_are_no_markup(browser, tmp_path, analysed) -> None:
    evil = tmp_path / "<img src=x onerror='document.title=1'>.flac"
    try:
        os.link(analysed.path, evil)
    except OSError:
        pytest.skip("the file system has no such names")
    recording = Recording(evil)
    for name in ("waveform", "activations", "activity", "progress"):
        setattr(recording, name, getattr(analysed, name))
    with running(Limits(), recording) as client:
        opened = Shown(browser, client)
        assert opened.page.text_content("#name") == evil.name
        assert opened.page.locator("img[src=x]").count() == 0
        opened.context.close()
    assert opened.faults == []
