"""The application, and the server that runs it: on this computer alone unless a host is given."""

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
from bandscribe.server.connections import with_timeout
from bandscribe.server.gate import NO_FILE, Gate
from bandscribe.server.jobs import Queue
from bandscribe.server.limits import Limits
from bandscribe.server.recording import Recording

#: Host names of a server that only this computer can reach.
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_STATIC = Path(str(files("bandscribe.server"))) / "static"

# Errors in a client's form are in the response; they are not logged as well.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())

#: Browsers revalidate their copy: another version of bandscribe has the same address.
_REVALIDATED = {"cache-control": "no-cache"}


def create_app(
    *,
    limits: Limits,
    token: str,
    hosts: tuple[str, ...] | None = LOOPBACK,
    recording: Recording | None = None,
) -> ASGIApp:
    """The server as an ASGI application, with the page of a recording if there is one.

    Requests need the `token`; `hosts` as in `gate.Gate`. The recording is analysed while the
    application runs.
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
        description="Transcribe drums, recognize and track instruments, classify one-shots.",
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
            return FileResponse(_STATIC / "index.html", headers=_REVALIDATED)

    @app.get("/health", include_in_schema=False)
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/docs", include_in_schema=False)
    def docs() -> FileResponse:
        return FileResponse(_STATIC / "docs.html", headers=_REVALIDATED)

    @app.get("/static/{name}", include_in_schema=False)
    def static(name: str) -> Response:
        # Looked up in a list, never used as a path.
        known = {path.name: path for path in _STATIC.iterdir()}
        if name not in known:
            return Response(status_code=404)
        return FileResponse(known[name], headers=_REVALIDATED)

    return cast("ASGIApp", Gate(app, token=token, limits=limits, queue=queue, hosts=hosts))


def _describe(error: RequestValidationError) -> str:
    """One line with what is wrong in a request."""
    problems = {".".join(map(str, each["loc"][1:])): each["msg"] for each in error.errors()}
    if "file" in problems:
        return NO_FILE
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
        """`started` is called at that moment."""
        super().__init__(config)
        self._started = started

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Run as any server, without logging the responses that its shutdown cuts off."""
        log = logging.getLogger("uvicorn.error")
        level = log.level
        try:
            super().run(sockets)
        finally:
            log.setLevel(level)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down as any server; see `run`."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as any server."""
        await super().startup(sockets=sockets)
        self._started()


def create_server(
    app: ASGIApp,
    *,
    started: Callable[[], None],
    rejected: Callable[[str], None] = lambda line: None,
    timeout: float = 30.0,
) -> Server:
    """A server of `app`, to be run with the socket of `listen`, until it is interrupted.

    The headers of a request have to arrive within `timeout` seconds. `rejected` gets a line for
    each client that sends what is not HTTP; only faults of the server itself are logged.
    """
    config = uvicorn.Config(
        app,
        http=with_timeout(timeout, rejected),
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
    """A random token of 192 bits."""
    return secrets.token_urlsafe(24)
