"""A page as a browser shows it, under the page's own policy."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

#: A name that would run a script if it were read as markup, in an attribute, or as a style.
EVIL = "x);\"'></style><img src=x onerror=\"document.title = 'evil'\"><b style='"
needed = pytest.mark.skipif(not shutil.which("chromium"), reason="needs a browser")
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--enable-logging=stderr", "--dump-dom", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


def show(page: Path, script: str = "") -> str:
    """The document that a browser makes of a page, and of a `script` that the page's policy allows.

    Asserts that nothing was refused, and that no script failed.
    """
    copy = page.with_name(f"shown-{page.name}")
    text = page.read_text()
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        text = text.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
        text = text.replace("</body>", f"<script>{script}</script></body>")
    copy.write_text(text)
    profile = page.parent / "chrome"
    done = subprocess.run(
        ["chromium", *_OPTIONS, f"--user-data-dir={profile}", copy.resolve().as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    shutil.rmtree(profile, ignore_errors=True)
    said = re.findall(r".*CONSOLE.*", done.stderr)
    assert not said, said
    return done.stdout
