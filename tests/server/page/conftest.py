"""The page of a recording in a real browser, opened once for each file of tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bandscribe import audio
from bandscribe.server.limits import Limits
from bandscribe.server.recording import Recording

from ..conftest import PATIENCE, TOKEN, Client, analyse, running

EXAMPLE = Path(__file__).parents[3] / "examples/groove.flac"


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


@pytest.fixture(scope="session")
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
          part.notify();
          document.activeElement.blur();
        }"""
    )
    yield opened
    assert opened.faults == []
