"""A page: one HTML file that holds its style, its script and its data, and fetches nothing else.

Names in the data are those of other people's files. They reach the page as JSON, which the script
puts into the page as text (see `assets/dom.js`), and a policy inside the page forbids the browser
to run or to fetch what is not the page's own.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any


def read_asset(name: str) -> str:
    """A file of this package's `assets`."""
    return (files("bandscribe.display") / "assets" / name).read_text(encoding="utf-8")


def compose(
    title: str,
    body: str,
    *,
    style: str,
    script: str = "",
    data: Mapping[str, Any] | None = None,
    media: str = "'none'",
) -> str:
    """The page as a whole: `body` is HTML, `title` text.

    `script` begins with `assets/dom.js`, where there are `data` for it. `media` is where sound may
    come from, as a source of a content security policy.

    Raises ValueError for data that JSON does not hold, such as nan.
    """
    if data is not None:
        script = read_asset("dom.js") + script
    policy = (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; "
        f"img-src data:; media-src {media}; base-uri 'none'; form-action 'none'"
    )
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}",
    ]
    if data is not None:
        content = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        # No text of the data can end the element that holds it.
        content = content.replace("<", "\\u003c")
        parts.append(f'<script id="data" type="application/json">{content}</script>\n')
    if script:
        parts.append(f"<script>{script}</script>\n")
    return "".join([*parts, "</body>\n</html>\n"])


def _digest(text: str) -> str:
    """The source of exactly this inline script or style, for a content security policy."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
