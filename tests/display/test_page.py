"""A page is put together of parts that never touch each other, under a policy that names them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

import bandscribe
from bandscribe.display.page import compose

SIGNS = "@TITLE@ @BODY@ @STYLE@ @SCRIPT@ @DATA@ </script><!-- \\1 {data} %s"
ASSETS = sorted(Path(bandscribe.__file__).parent.rglob("assets/*.js"))


def test_nothing_in_the_data_is_taken_for_a_part() -> None:
    page = compose(SIGNS, "<p>body</p>", style="p { }", script="show();", data={"name": SIGNS})
    [content] = re.findall(r'type="application/json">(.*?)</script>', page, re.DOTALL)
    assert json.loads(content) == {"name": SIGNS}
    [title] = re.findall("<title>(.*?)</title>", page)
    assert title == SIGNS.replace("<", "&lt;").replace(">", "&gt;")
    assert (page.count("<p>body</p>"), page.count("</script>"), page.count("<!--")) == (1, 2, 0)


def test_the_policy_allows_the_scripts_and_styles_of_the_page_alone() -> None:
    page = compose("x", "", style="p { } /* ü */", script="show();", data={}, media="data:")
    [policy] = re.findall(r'Content-Security-Policy" content="(.*?)">', page)
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    for name, kind in (("script-src", "<script>"), ("style-src", "<style>")):
        [text] = re.findall(f"{kind}(.*?)</", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert allowed.pop(name) == f"'sha256-{digest}'"
    assert allowed == {
        "default-src": "'none'", "img-src": "data:", "media-src": "data:", "base-uri": "'none'",
        "form-action": "'none'",
    }  # fmt: skip


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_lacks_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        compose("x", "", style="", data={"number": number})


@pytest.mark.parametrize("path", ASSETS, ids=lambda path: path.name)
def test_no_script_reads_text_as_markup(path: Path) -> None:
    risky = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|DOMParser|srcdoc"
    assert not re.findall(risky, path.read_text())
