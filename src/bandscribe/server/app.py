"""The application, and how it is run: on this computer alone, unless another host is named."""

from __future__ import annotations

import contextlib
import logging
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from importlib.resources import files
from pathlib import Path
from typing import cast

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from starlette.types import ASGIApp

from bandscribe import __version__
from bandscribe.server import api, page
from bandscribe.server.connections import impatient
from bandscribe.server.gate import Gate
from bandscribe.server.jobs import Queue
from bandscribe.server.limits import Limits
from bandscribe.server.recording import Recording

#: By which names a server is asked that only this computer reaches.
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_STATIC = Path(str(files("bandscribe.server"))) / "static"

# What is wrong with a client's form is in the answer, and not to be printed as well.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())

#: A browser asks whether its copy is still the one: versions follow each other at one address.
_CHECKED = {"cache-control": "no-cache"}


def create_app(
    *,
    limits: Limits,
    token: str,
    hosts: tuple[str, ...] | None = LOOPBACK,
    recording: Recording | None = None,
) -> ASGIApp:
    """The server as an ASGI application, with the page of a recording if there is one.

    Only who has the `token` is answered. `hosts` as in `gate.Gate`. The recording is analysed as
    long as the application runs.
    """
    queue = Queue(limits)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if recording is not None:
            recording.start()
        yield
        if recording is not None:
            recording.stop()
        queue.close()

    app = FastAPI(
        title="bandscribe",
        version=__version__,
        description="The drum part of a recording, its instruments, and what a one-shot is.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.include_router(api.create_router(queue))

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"detail": _describe(error)}, status_code=422)

    if recording is not None:
        app.include_router(page.create_router(recording))

        @app.get("/", include_in_schema=False)
        def index() -> FileResponse:
            return FileResponse(_STATIC / "index.html", headers=_CHECKED)

    @app.get("/health", include_in_schema=False)
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/docs", include_in_schema=False)
    def docs() -> FileResponse:
        return FileResponse(_STATIC / "docs.html", headers=_CHECKED)

    @app.get("/static/{name}", include_in_schema=False)
    def static(name: str) -> Response:
        # A name out of a list, never a path that was sent.
        known = {path.name: path for path in _STATIC.iterdir()}
        if name not in known:
            return Response(status_code=404)
        return FileResponse(known[name], headers=_CHECKED)

    return cast("ASGIApp", Gate(app, token=token, limits=limits, queue=queue, hosts=hosts))


def _describe(error: RequestValidationError) -> str:
    """One line with what is wrong in a request."""
    problems = {".".join(map(str, each["loc"][1:])): each["msg"] for each in error.errors()}
    if "file" in problems:
        return "file: missing; send the recording as the form field file (multipart/form-data)"
    return "; ".join(f"{name or 'request'}: {problem}" for name, problem in problems.items())


def listen(host: str, port: int) -> socket.socket:
    """A listening socket at an address; port 0 is any that is free.

    Raises OSError, naming the address, where that is not possible.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(f"cannot listen at {host}:{port}: {reason.lower()}; choose another --port, "
                      "or another --host") from error  # fmt: skip


class Server(uvicorn.Server):
    """A server that reports when it accepts requests."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        """Call `started` then."""
        super().__init__(config)
        self._tell = started

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """As of any server, but for the complaints of answers that are cut short by its end."""
        log = logging.getLogger("uvicorn.error")
        level = log.level
        try:
            super().run(sockets)
        finally:
            log.setLevel(level)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As of any server; see `run`."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As of any server."""
        await super().startup(sockets=sockets)
        self._tell()


def create_server(
    app: ASGIApp,
    *,
    started: Callable[[], None],
    rejected: Callable[[str], None] = lambda line: None,
    patience: float = 30.0,
) -> Server:
    """A server of `app`, to be run with the socket of `listen`, until it is interrupted.

    A request has to be complete but for its body within `patience` seconds. `rejected` gets a line
    for each client that sends what is not HTTP; only faults of the server itself are logged.
    """
    config = uvicorn.Config(
        app,
        http=impatient(patience, rejected),
        lifespan="on",
        ws="none",
        log_level="error",
        access_log=False,
        server_header=False,
        limit_concurrency=512,
        timeout_graceful_shutdown=2,
    )
    return Server(config, started)


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(24)
