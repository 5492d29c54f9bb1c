"""`bandscribe serve` as a command; what it answers is in tests/server."""

import socket
import sys
from collections.abc import Callable

import pytest

pytest.importorskip("fastapi", reason="needs the extra page")
pytest.importorskip("uvicorn", reason="needs the extra page")


def test_a_short_token_is_no_token(bandscribe) -> None:
    result = bandscribe("serve", "--token", "12345")
    assert (result.code, len(result.complaints)) == (2, 1)
    assert "--token" in result.err


def test_an_address_in_use_is_named(bandscribe) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = bandscribe("serve", "--port", port)
    assert (result.code, len(result.complaints)) == (1, 1)
    assert f"127.0.0.1:{port}" in result.err and "--port" in result.err


def test_a_missing_library_is_named_with_its_cure(bandscribe, monkeypatch) -> None:
    module = sys.modules["bandscribe.cli.serve"]  # the package has the command by that name
    monkeypatch.setattr(module, "MODULES", ("nowhere_installed",))
    result = bandscribe("serve")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "nowhere_installed" in result.err and "pip install" in result.err


def test_an_address_with_a_token_of_ones_own_keeps_it_secret(bandscribe, monkeypatch) -> None:
    class Server:
        def __init__(self, _: object, *, started: Callable[[], None], rejected: object) -> None:
            self.started = started

        def run(self, sockets: list[socket.socket]) -> None:
            self.started()
            for sock in sockets:
                sock.close()

    monkeypatch.setattr("bandscribe.server.app.create_app", lambda **_: None)
    monkeypatch.setattr("bandscribe.server.app.create_server", Server)
    result = bandscribe("serve", "--port", "0", "--token", "0123456789abcdef")
    assert (result.code, len(result.complaints)) == (0, 1)
    assert "/docs?token=TOKEN (with your token for TOKEN)" in result.err
    assert "0123456789abcdef" not in result.err
