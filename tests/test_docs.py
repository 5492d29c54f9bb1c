"""Every Python example and every bandscribe command in the documents runs as it is printed."""

import json
import re
import shlex
from pathlib import Path

import pytest

from bandscribe.cli import main

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder with the examples in it."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("newcomer")
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_examples_run(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks(document, "console"):
        for line in block.splitlines():
            if line.startswith("$ bandscribe "):
                assert main(shlex.split(line)[2:]) == 0, f"{line}\n{capsys.readouterr()}"
    names: dict[str, object] = {"__name__": "example"}
    for block in blocks(document, "python"):
        exec(compile(block, str(document), "exec"), names)


def test_there_are_examples() -> None:
    assert sum(len(blocks(d, "console") + blocks(d, "python")) for d in DOCUMENTS) >= 4


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.json")), ids=str)
def test_figures_are_json(path: Path) -> None:
    json.loads(path.read_text(), parse_constant=pytest.fail)
