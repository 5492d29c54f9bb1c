"""The house is tidy: imports obey the design, types and style are clean, promises are kept."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "ruff", "check"],
        ["-m", "ruff", "format", "--check"],
        ["-m", "mypy"],
        ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    ],
    ids=["ruff", "format", "mypy", "import-linter"],
)
def test_clean(command: list[str]) -> None:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_says_what_belongs_there() -> None:
    for room in sorted((ROOT / "src" / "bandscribe").rglob("__init__.py")):
        if room.parent.name not in ("models",):
            assert room.read_text().startswith('"""'), room


def test_no_python_file_outgrows_a_head() -> None:
    for path in sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]):
        assert len(path.read_text().splitlines()) <= 450, path
