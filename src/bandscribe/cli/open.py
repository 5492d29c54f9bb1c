"""`bandscribe open`: a recording and its drum part in the browser, to be played and corrected."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from bandscribe.cli.arguments import parse_input
from bandscribe.cli.report import require
from bandscribe.cli.results import NOTES
from bandscribe.cli.serve import LOOPBACK, MODULES, Host, Port, spell_host


def open_page(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A sound file.", parser=parse_input)],
    host: Host = LOOPBACK,
    port: Port = 0,
    browser: Annotated[
        bool,
        typer.Option("--browser/--no-browser", help="Open the page, or only print its address."),
    ] = True,
) -> None:
    """Play and correct a recording's drum part in the browser.

    Corrections are saved beside the file, as song.json for song.mp3. The page opens only with the
    address that is printed, which contains a secret. Ctrl-C stops the server.
    """
    require("page", *MODULES)
    if not file.is_file():
        kind = "a folder; name a sound file" if file.is_dir() else "there is no such file"
        raise ValueError(f"{file}: {kind}")
    if file.suffix.lower() == NOTES:
        raise ValueError(f"{file}: holds notes; name the recording they belong to")
    import webbrowser

    from bandscribe.decode import decode
    from bandscribe.server import app
    from bandscribe.server.limits import Limits
    from bandscribe.server.recording import Recording

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # shown on the page
        next(decode(file), None)  # what is not sound needs no page
    token = app.new_token()
    sock = app.listen(host, port)
    hosts = app.LOOPBACK if host in ("localhost", "127.0.0.1", "::1") else None
    application = app.create_app(
        limits=Limits(), token=token, hosts=hosts, recording=Recording(file.absolute())
    )
    address = f"http://{spell_host(host)}:{sock.getsockname()[1]}/?token={token}"

    def announce() -> None:
        print(f"{file}: {address}", file=sys.stderr)
        if browser:
            webbrowser.open(address)

    app.create_server(application, started=announce).run([sock])
