"""`bandscribe serve`: the tasks as an HTTP API on this computer."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from typing import Annotated

import typer

from bandscribe.cli.report import complain, require, usage_errors

#: What the extra `page` installs.
MODULES = ("fastapi", "uvicorn", "python_multipart")
#: Reached from this computer alone.
LOOPBACK = "127.0.0.1"

Host = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="Address to bind to; 0.0.0.0 admits other devices in the network, too, if they know "
        "the token.",
    ),
]
Port = Annotated[
    int,
    typer.Option(metavar="N", min=0, max=65535, help="Port to bind to; 0 selects a free one."),
]


def serve(
    host: Host = LOOPBACK,
    port: Port = 8080,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            envvar="BANDSCRIBE_TOKEN",
            show_envvar=False,
            help="Secret that clients have to send; better set in BANDSCRIBE_TOKEN. Default: a new "
            "one, which is printed.",
        ),
    ] = None,
    max_megabytes: Annotated[
        int, typer.Option(metavar="N", min=1, help="Largest accepted file.")
    ] = 512,
    max_minutes: Annotated[
        float, typer.Option(metavar="N", help="Longest accepted recording.")
    ] = 240.0,
    jobs: Annotated[
        int, typer.Option(metavar="N", min=1, help="Recordings to analyse in parallel.")
    ] = 1,
    queue: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Recordings that may wait in the queue; others are rejected."
        ),
    ] = 16,
) -> None:
    """Serve the four analyses as an HTTP API.

    These are transcribe, recognize, track and classify. The address of the API's documentation is
    printed. Uploaded recordings are deleted as soon as they have been analysed. Ctrl-C stops the
    server.
    """
    require("page", *MODULES)
    from bandscribe.server import app
    from bandscribe.server.limits import Limits

    if token is not None and not re.fullmatch(r"[A-Za-z0-9._~-]{16,}", token):
        raise typer.BadParameter("--token: expected 16 letters, digits and .-_~ or more")
    with usage_errors():
        limits = Limits(
            bytes=max_megabytes << 20, seconds=60 * max_minutes, jobs=jobs, queued=queue
        )
    chosen = token or app.new_token()
    sock = app.listen(host, port)
    hosts = app.LOOPBACK if host in ("localhost", "127.0.0.1", "::1") else None
    application = app.create_app(limits=limits, token=chosen, hosts=hosts)
    address = f"http://{spell_host(host)}:{sock.getsockname()[1]}"

    def announce() -> None:
        # A token that was given is a secret which logs need not have.
        query = "TOKEN (with your token for TOKEN)" if token else chosen
        print(f"bandscribe serves at {address}/docs?token={query}", file=sys.stderr)

    app.create_server(application, started=announce, rejected=complain).run([sock])


def spell_host(host: str) -> str:
    """A host as addresses have it, one of IPv6 in brackets.

    Of all addresses of this computer, the one by which its network knows it.
    """
    import socket

    if host in ("0.0.0.0", "::"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
            probe.connect(("192.0.2.1", 9))  # sends nothing, but finds the way there
            return str(probe.getsockname()[0])
        return "localhost"
    return f"[{host}]" if ":" in host else host
