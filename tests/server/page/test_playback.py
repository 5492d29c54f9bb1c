"""Playback: the recording, the drums of the notes over it, loops, mute and solo."""

import pytest

from .conftest import Shown


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
