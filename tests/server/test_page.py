"""The page in a real browser: open, play, correct, undo, save, export, reload."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bandscribe import audio, drums, peaks
from bandscribe.formats import notes
from bandscribe.server import tasks
from bandscribe.server.limits import Limits
from bandscribe.server.recording import Recording

from .conftest import PATIENCE, TOKEN, Client, analyse, running

EXAMPLE = Path(__file__).parents[2] / "examples/groove.flac"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    if not shutil.which("chromium"):
        pytest.skip("needs the browser chromium")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
            timeout=1000 * PATIENCE,
        )
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path = tmp_path_factory.mktemp("page") / "groove.flac"
    audio.write(path, audio.read(EXAMPLE, duration=6.0))
    return analyse(path)


@pytest.fixture(scope="module")
def served(analysed: Recording) -> Iterator[Client]:
    with running(Limits(), analysed) as client:
        yield client


@pytest.fixture
def recording(analysed: Recording) -> Iterator[Recording]:
    """The recording of the page, without what another test saved."""
    yield analysed
    analysed.corrections.unlink(missing_ok=True)


class Shown:
    """The page of a recording in a browser of its own, without a fault until it is closed."""

    def __init__(self, browser: Any, client: Client, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(1000 * PATIENCE)
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("console", lambda message: self.faults.append(message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.goto(f"http://127.0.0.1:{client.port}/?token={TOKEN}")
        self.wait("bandscribe.scene.levelRate")

    def run(self, script: str, argument: object = None) -> Any:
        return self.page.evaluate(script, argument)

    def wait(self, condition: str) -> None:
        # The page's policy forbids what Playwright has for this.
        for _ in range(50 * PATIENCE):
            if self.run(f"() => Boolean(globalThis.bandscribe && {condition})"):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"never: {condition}; {self.faults}")

    def notes(self) -> list[tuple[float, str]]:
        found = self.run("() => bandscribe.part().toJSON().notes")
        return [(note["onset"], note["class"]) for note in found]

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def point(self, name: str, time: float) -> tuple[float, float]:
        """Where a moment of a lane is on the screen."""
        x, y = self.run(
            """([name, time]) => {
              const box = document.querySelector("#view").getBoundingClientRect();
              const row = bandscribe.layout().rows.find((row) => row.name === name);
              return [box.x + bandscribe.timeline.x(time), box.y + row.top + row.height / 2];
            }""",
            [name, time],
        )
        return x, y


@pytest.fixture(scope="module")
def opened(browser: Any, served: Client) -> Iterator[Shown]:
    page = Shown(browser, served, viewport={"width": 1300, "height": 900})
    page.run("() => { bandscribe.first = bandscribe.part().state; }")
    yield page
    page.context.close()


@pytest.fixture
def shown(opened: Shown, recording: Recording) -> Iterator[Shown]:
    """The page as it was when it was opened."""
    opened.run(
        """() => {
          const part = bandscribe.part();
          bandscribe.player.pause();
          part.state = part.saved = bandscribe.first ?? part.state;
          bandscribe.first = part.state;
          part.past = [];
          part.future = [];
          bandscribe.heads.muted.clear();
          bandscribe.heads.solo.clear();
          bandscribe.setLoop(null);
          bandscribe.changeSpeed(100);
          bandscribe.seek(0);
          bandscribe.timeline.show(0, 60);
          bandscribe.select([]);
          part.tell();
          document.activeElement.blur();
        }"""
    )
    yield opened
    assert opened.faults == []


# picking ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sensitivity", [0.5, 0.4, 0.9, 1.0])
def test_the_page_picks_the_notes_that_python_picks(shown, recording, sensitivity) -> None:
    assert recording.activations is not None and recording.waveform is not None
    card, duration = tasks.load("drums").card, recording.waveform.duration
    part = drums.notes(recording.activations, card, sensitivity=sensitivity, duration=duration)
    found = shown.run(
        """(sensitivity) => {
          const part = bandscribe.part();
          for (const name of part.classes) part.setSensitivity(name, sensitivity);
          return part.all().map(({ name, note }) => [note.onset, name, note.velocity]);
        }""",
        sensitivity,
    )
    assert part.velocities is not None
    rows = zip(part.onsets.tolist(), part.labels.tolist(), part.velocities.tolist(), strict=True)
    assert sorted(map(tuple, found)) == sorted(rows)  # to the last bit
    assert len(found) > 20


def test_it_picks_alike_from_any_activations(shown) -> None:
    """Plateaus, ends, waits: hundreds of short curves of few distinct values."""
    rng = np.random.default_rng(7)
    curves = rng.integers(0, 5, (500, 13)).astype(np.float32) / np.float32(4)
    windows = [dict(zip(("max_frames", "mean_frames", "wait_frames"), row, strict=True))
               for row in rng.integers(0, 5, (500, 3)).tolist()]  # fmt: skip
    thresholds = rng.choice([0.05, 0.1, 0.25, 0.3], 500).tolist()
    found = shown.run(
        """async ([curves, thresholds, windows]) => {
          const { pickFrames, refine } = await import("/static/pick.js");
          return curves.map((curve, n) => {
            const values = new Float32Array(curve);
            return pickFrames(values, thresholds[n], windows[n]).map((f) => [f, refine(values, f)]);
          });
        }""",
        [curves.tolist(), thresholds, windows],
    )
    for curve, threshold, window, pairs in zip(curves, thresholds, windows, found, strict=True):
        values = curve[:, None]
        picked = peaks.pick(values, thresholds=[threshold], **window)
        expected = zip(picked.frames.tolist(), peaks.refine(values, picked), strict=True)
        assert [tuple(pair) for pair in pairs] == list(expected)


# one session --------------------------------------------------------------------------------------


def test_open_edit_undo_save_export_reload(browser, served, recording, tmp_path) -> None:
    shown = Shown(browser, served, viewport={"width": 1300, "height": 900})
    page, first = shown.page, shown.notes()
    assert page.title() == "groove.flac · bandscribe"
    # Add by double click, drag from the crash to the ride, delete by key.
    page.mouse.dblclick(*shown.point("CR", 4.5))
    assert len(shown.notes()) == len(first) + 1
    page.mouse.move(*shown.point("CR", 4.5))
    page.mouse.down()
    page.mouse.move(*shown.point("RD", 4.75), steps=5)
    page.mouse.up()
    added = [note for note in shown.notes() if note not in first]
    assert [name for _, name in added] == ["RD"] and abs(added[0][0] - 4.75) < 0.01
    kick = next(onset for onset, name in first if name == "KD")
    page.mouse.click(*shown.point("KD", kick))
    shown.press("Delete")
    edited = shown.notes()
    assert (kick, "KD") not in edited and len(edited) == len(first)
    # Three steps back, and on again.
    shown.press("Control+z", "Control+z", "Control+z")
    assert shown.notes() == first and page.is_disabled("#undo")
    shown.press("Control+Shift+z", "Control+y", "Control+Shift+z")
    assert shown.notes() == edited and page.is_disabled("#redo")
    # Save, and find it again after a reload.
    shown.press("Control+s")
    shown.wait("!bandscribe.part().changed")
    saved = notes.read(recording.corrections)
    assert len(saved.onsets) == len(edited)
    page.reload()
    shown.wait("bandscribe.scene.levelRate")
    again = shown.notes()
    assert [name for _, name in again] == [name for _, name in edited]
    assert np.allclose([onset for onset, _ in again], [onset for onset, _ in edited], atol=1e-6)
    assert not shown.run("() => bandscribe.part().changed")
    # The deleted kick stays away whatever the sensitivity, and the added note stays.
    shown.run("() => bandscribe.part().setSensitivity('KD', 0.9)")
    shown.run("() => bandscribe.part().setSensitivity('RD', 0.0)")
    loose = shown.notes()
    assert not any(abs(onset - kick) < 1e-5 for onset, name in loose if name == "KD")
    assert [name for _, name in loose].count("RD") == 1
    # Export what is there now.
    with page.expect_download() as waiting:
        page.select_option("#export", "midi")
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == "groove.mid"
    assert len(notes.read(path).onsets) == len(loose)
    shown.context.close()
    assert shown.faults == []


def test_two_pages_of_one_recording(browser, served, recording) -> None:
    """The second to save is told, keeps its notes, and can save again after a reload."""
    pages = [Shown(browser, served) for _ in range(2)]
    for page in pages:
        page.press("End", "a")
        # However often and fast: each save replaces the one before.
        page.press("Control+s", "Control+s", "Control+s")
        page.run("() => bandscribe.saving")
    ask = "() => [bandscribe.part().changed, bandscribe.part().version !== null]"
    assert [page.run(ask) for page in pages] == [[False, True], [True, False]]
    shown = pages[1].page.text_content("#problem")
    assert shown.startswith("Not saved: groove.json: was changed elsewhere")
    pages[1].run("() => { bandscribe.part().saved = bandscribe.part().state; }")
    pages[1].page.reload()
    pages[1].wait("bandscribe.scene.levelRate")
    pages[1].press("a", "Control+s")
    pages[1].wait("!bandscribe.part().changed")
    for page in pages:
        page.context.close()


def test_a_drag_ends_with_what_is_dragged(shown) -> None:
    """Undone by a key while the button is down: nothing comes twice, nothing comes back."""
    first = shown.notes()
    kick = next(onset for onset, name in first if name == "KD")
    for key in ("Control+z", "Delete"):
        shown.page.mouse.move(*shown.point("KD", kick))
        shown.page.mouse.down()
        shown.page.mouse.move(*shown.point("SD", kick + 0.2), steps=3)
        assert len(shown.notes()) == len(first) and (kick, "KD") not in shown.notes()
        shown.press(key)
        left = shown.notes()
        shown.page.mouse.move(*shown.point("SD", kick + 0.4), steps=3)
        shown.page.mouse.up()
        assert shown.notes() == left
    assert len(left) == len(first) - 1


def test_what_was_picked_comes_back_at_the_old_sensitivity(shown) -> None:
    first = shown.notes()
    slider = shown.page.locator("input[aria-label='Sensitivity of Snare']")
    slider.evaluate(
        """(slider) => {
          for (const value of [0.6, 0.8, 0.9]) {
            slider.value = value;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
          }
          slider.dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    assert len(shown.notes()) > len(first)
    shown.press("Control+z")  # one step, however far it was dragged
    assert shown.notes() == first
    assert slider.input_value() == "0.5"


def test_everything_by_keyboard(shown) -> None:
    first = shown.notes()
    shown.press("Home", ".", ".", "ArrowRight", "ArrowRight", "Shift+ArrowLeft")
    moved = sorted(set(shown.notes()) - set(first))
    assert len(moved) == 1 and abs(moved[0][0] - sorted(first)[1][0] - 0.019) < 1e-6
    shown.press("ArrowDown", "]", "]")
    changed = [note for note in shown.notes() if note not in first]
    order = shown.run("async () => (await import('/static/layout.js')).ORDER")
    assert changed[0][1] == order[min(9, order.index(moved[0][1]) + 1)]
    shown.press("Delete", "Escape", "End", "a")
    assert shown.notes()[-1][0] == pytest.approx(6.0, abs=1e-3)
    shown.press("Escape", "Control+a", "Control+a")
    assert shown.run("() => bandscribe.selection().length") == len(shown.notes())
    shown.press("Delete")
    assert shown.notes() == []
    for _ in range(20):
        shown.press("Control+z")
    assert shown.notes() == first
    shown.press("m", "l", "f", "0", "+", "?")
    assert shown.run("() => [...bandscribe.heads.muted].length") == 1
    assert shown.run("() => bandscribe.scene.loop.length") == 2
    assert shown.page.is_visible("#keys")
    shown.press("Escape")
    assert not shown.page.is_visible("#keys")


def test_each_drum_is_loaded_once(browser, served, recording) -> None:
    """Strokes wait for it and sound in their order; what failed is tried again."""
    page = Shown(browser, served)
    requests: list[str] = []
    page.page.on("request", lambda request: requests.append(request.url))
    page.page.route("**/page/kit/SD", lambda route: route.abort(), times=1)
    failed, struck = page.run(
        """async () => {
          const { player } = bandscribe, struck = [];
          player.sound = (name) => struck.push(name);
          const failed = await player.strike("KD", 0.5).then(() => "", (error) => error.message);
          await Promise.all(["KD", "SD", "HT"].map((name) => player.strike(name, 0.5)));
          return [failed, struck];
        }"""
    )
    assert failed.startswith("the server does not answer")
    assert struck == ["KD", "SD", "HT"]
    kit = [url.rsplit("/", 1)[1] for url in requests if "/page/kit/" in url]
    assert sorted([*set(kit), "SD"]) == sorted(kit)
    page.context.close()


def test_without_its_drums_it_tells_why_it_does_not_play(browser, served, recording) -> None:
    page = Shown(browser, served)
    page.page.route("**/page/kit/*", lambda route: route.abort())
    for keys, fault in ((["Space"], "Cannot play: the server does not answer"), (["."], "Cannot")):
        page.run("() => bandscribe.complain('')")
        page.press(*keys)
        page.wait(f"document.querySelector('#problem').textContent.startsWith('{fault}')")
        assert not page.run("() => bandscribe.player.requested || bandscribe.player.playing")
    page.context.close()


#: The player, on a clock of the test's own; `struck` is what it placed: drum, when, and the time.
CLOCKED = """() => {
  const player = Object.assign(Object.create(bandscribe.player), {
    element: { currentTime: 0 }, context: { currentTime: 0 }, sounding: new Set(), readings: [],
    placed: 0, loop: null, speed: 1, struck: [],
    sound(name, velocity, at) { this.struck.push([name, at, this.context.currentTime]); },
    at(time) {
      this.context.currentTime = 10 + time;
      this.element.currentTime = this.speed * time;
      this.tick();
    },
  });
  globalThis.clocked = player;
}"""


@pytest.mark.parametrize("speed", [1.0, 0.75, 0.5])
@pytest.mark.parametrize("stall", [0.0, 0.7])
def test_strokes_are_placed_on_the_clock_of_the_recording(shown, speed, stall) -> None:
    """Each once, where it is due at this speed; after a stall of the browser at once."""
    shown.run(CLOCKED)
    struck, until, early = shown.run(
        """([speed, stall]) => {
          clocked.speed = speed;
          for (let time = 0; speed * time < 5; time += 0.05) {
            if (stall && time > 2 && time < 2 + stall) continue;
            clocked.at(time);
          }
          return [clocked.struck, clocked.placed, navigator.userAgentData ? 0.132 : 0];
        }""",
        [speed, stall],
    )
    due = sorted((onset, name) for onset, name in shown.notes() if onset < until)
    assert len(due) > 20 and sorted(name for name, _, _ in struck) == sorted(n for _, n in due)
    moments = sorted((name, 10 + onset / speed - early * (1 - speed)) for onset, name in due)
    late = 0
    for (name, at, now), (label, moment) in zip(sorted(struck), moments, strict=True):
        assert name == label and at == pytest.approx(max(moment, now), abs=1e-6)
        late += now > moment + early
    assert bool(late) == bool(stall)


def test_a_loop_goes_back_and_places_nothing_behind_it(shown) -> None:
    shown.run(CLOCKED)
    struck, time, placed = shown.run(
        """() => {
          Object.assign(clocked, { loop: [1, 1.4], placed: 1 });
          for (const time of [1, 1.15, 1.3, 1.45]) clocked.at(time);
          return [clocked.struck, clocked.element.currentTime, clocked.placed];
        }"""
    )
    assert (time, placed) == (1, 1)
    inside = sorted(name for onset, name in shown.notes() if 1 <= onset < 1.4)
    assert inside and sorted(name for name, _, _ in struck) == inside


def test_it_plays_both(shown) -> None:
    """The recording, slowed down with its pitch kept, and over it the notes, each once."""
    shown.run(
        """async () => {
          const player = bandscribe.player, sound = player.sound.bind(player);
          await player.wake(); // strokes of the edits before still sound
          globalThis.placed = [];
          player.sound = (name, velocity, at) => {
            placed.push(name);
            sound(name, velocity, at);
            if (placed.length === 6) {
              const { playbackRate, preservesPitch } = player.element;
              globalThis.state = [player.playing, playbackRate, preservesPitch];
              player.pause();
            }
          };
          bandscribe.changeSpeed(50);
        }"""
    )
    shown.press("Space")
    shown.wait("placed.length >= 6")
    placed, until, state = shown.run("() => [placed, bandscribe.player.placed, state]")
    shown.run("() => { delete bandscribe.player.sound; }")
    assert state == [True, 0.5, True]
    assert sorted(placed) == sorted(name for onset, name in shown.notes() if onset < until)
    assert not shown.run("() => bandscribe.player.playing")


def test_a_slider_keeps_its_own_keys_alone(shown) -> None:
    first = shown.notes()
    shown.press(".")
    shown.page.focus("#speed")
    shown.press("ArrowLeft", "Space")
    assert shown.page.input_value("#speed") == "95"
    assert shown.notes() == first
    assert shown.run("() => bandscribe.player.requested")
    shown.press("Space")
    assert not shown.run("() => bandscribe.player.requested")


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


@pytest.mark.parametrize("loop", [[1.0, 1.4], [5.6, 6.0]], ids=["inside", "to the end"])
def test_a_loop_goes_on(shown, loop) -> None:
    shown.run(
        """(loop) => {
          const { player } = bandscribe, seek = player.seek.bind(player);
          globalThis.returns = 0;
          bandscribe.setLoop(loop);
          bandscribe.seek(loop[0]);
          player.seek = (time) => { returns += time === loop[0]; seek(time); };
        }""",
        loop,
    )
    shown.press("Space")
    shown.wait("returns >= 2 && bandscribe.player.playing")
    shown.press("Space")
    shown.run("() => { delete bandscribe.player.seek; }")
    assert not shown.run("() => bandscribe.player.requested || bandscribe.player.playing")


def test_pressed_twice_before_the_drums_are_loaded(shown) -> None:
    playing = shown.run(
        """async () => {
          const { player } = bandscribe;
          let loaded;
          player.wake = () => new Promise((done) => { loaded = done; });
          const first = player.toggle();
          await player.toggle();
          loaded();
          await first;
          delete player.wake;
          return player.playing;
        }"""
    )
    assert not playing


def test_a_media_key_pauses_the_drums_too(shown) -> None:
    shown.run("() => bandscribe.setLoop([0, 6])")  # so that it does not end by itself
    shown.press("Space")
    shown.wait("bandscribe.player.timer !== null")
    shown.run("() => bandscribe.player.element.pause()")
    shown.wait("bandscribe.player.timer === null")
    assert not shown.run("() => bandscribe.player.requested")


def test_paused_before_playback_begins(shown) -> None:
    timer = shown.run(
        """async () => {
          const { player } = bandscribe, play = player.element.play.bind(player.element);
          player.timer = null;
          player.element.play = () => { const begun = play(); player.pause(); return begun; };
          await player.play();
          delete player.element.play;
          return player.timer;
        }"""
    )
    assert timer is None and shown.run("() => !bandscribe.player.playing")


def test_muted_and_soloed_lanes(shown) -> None:
    audible = "() => bandscribe.audible(false).map(([name]) => name)"
    shown.page.click("button[aria-label='Mute Kick']")
    assert "KD" not in shown.run(audible) and len(shown.run(audible)) == 9
    shown.page.click("button[aria-label='Solo Snare']")
    assert shown.run(audible) == ["SD"]
    assert shown.page.get_attribute("button[aria-label='Solo Snare']", "aria-pressed") == "true"


def test_the_form_changes_what_is_selected(shown) -> None:
    shown.press(".")
    shown.page.select_option("#note-drum", "MT")
    shown.page.fill("#note-time", "2.5")
    shown.page.press("#note-time", "Enter")
    assert (2.5, "MT") in shown.notes()
    assert shown.page.text_content("#selected").startswith("Mid tom, 0:02.500")
    shown.page.click("#note-delete")
    assert (2.5, "MT") not in shown.notes()


# for everybody ------------------------------------------------------------------------------------


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
