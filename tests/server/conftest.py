"""A server in a thread of this process, asked over a real connection."""

from __future__ import annotations

import http.client
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra page")
pytest.importorskip("uvicorn", reason="needs the extra page")
pytest.importorskip("python_multipart", reason="needs the extra page")

from bandscribe.server import app, tasks
from bandscribe.server.limits import Limits
from bandscribe.server.recording import Recording

TOKEN = "a-token-of-the-tests"
BORDER = "border-of-the-form"
#: Seconds until a test gives up; a busy machine may need many.
PATIENCE = 300


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def form(content: bytes, name: str) -> bytes:
    """A form with one file, of this name."""
    head = (
        f'--{BORDER}\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n'
        "content-type: application/octet-stream\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{BORDER}--\r\n".encode()


@dataclass(frozen=True)
class Client:
    port: int
    folder: Path
    #: What the server reports of malformed requests.
    rejected: list[str]

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        *,
        token: str | None = TOKEN,
        **headers: str,
    ) -> Answer:
        own = {"authorization": f"Bearer {token}"} if token else {}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {**own, **given})
            reply = connection.getresponse()
            found = {name.lower(): value for name, value in reply.getheaders()}
            return Answer(reply.status, found, reply.read())
        finally:
            connection.close()

    def get(self, path: str, **more: Any) -> Answer:
        return self.ask("GET", path, **more)

    def send(self, path: str, content: bytes, name: str = "song.wav", **more: Any) -> Answer:
        kind = f"multipart/form-data; boundary={BORDER}"
        return self.ask("POST", path, form(content, name), content_type=kind, **more)

    def finish(self, sent: Answer) -> dict[str, Any]:
        """The job of an upload, once it has ended."""
        assert sent.status == 202, sent
        while (job := self.get(sent.headers["location"]).json)["state"] in ("queued", "running"):
            time.sleep(0.01)
        return job

    def left(self) -> list[Path]:
        """Files of uploads."""
        # Unlike glob, walk does not mind folders that vanish meanwhile.
        return [
            Path(folder, name)
            for top in self.folder.glob("bandscribe-server-*")
            for folder, _, names in os.walk(top)
            for name in names
            if name != "held"
        ]


@contextmanager
def running(limits: Limits, recording: Recording | None = None) -> Iterator[Client]:
    """A server, and whoever asks it, until the block ends."""
    sock = app.listen("127.0.0.1", 0)
    ready = threading.Event()
    application = app.create_app(limits=limits, token=TOKEN, recording=recording)
    rejected: list[str] = []
    server = app.create_server(
        application, started=ready.set, rejected=rejected.append, timeout=limits.upload_seconds
    )
    thread = threading.Thread(target=server.run, args=([sock],))
    thread.start()
    assert ready.wait(PATIENCE)
    yield Client(sock.getsockname()[1], Path(tempfile.gettempdir()), rejected)
    server.should_exit = True
    thread.join(PATIENCE)
    assert not thread.is_alive()


def analyse(path: Path) -> Recording:
    """A recording that is analysed already; a server does not begin again."""
    recording = Recording(path)
    recording.start()
    recording.finish()
    recording.start = recording.stop = lambda: None  # type: ignore[method-assign]
    return recording


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Client]]:
    """Start servers with these limits; they are stopped, and must leave nothing."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with ExitStack() as servers:
        yield lambda **changes: servers.enter_context(
            running(Limits(**{"bytes": 4 << 20, "seconds": 60.0, **changes}))
        )
    assert list(folder.iterdir()) == []


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Analyses that wait until the event is set."""
    gate = threading.Event()

    def wait(sound: Path, step: Callable[[float], None], *, name: str, longest: float) -> str:
        while not gate.wait(0.005):
            step(0.5)
        return name

    monkeypatch.setattr(tasks, "track", wait)
    yield gate
    gate.set()


@pytest.fixture(scope="session")
def song(groove_wav: Path) -> bytes:
    return groove_wav.read_bytes()
