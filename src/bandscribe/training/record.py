"""The records of a run (recipe.json, versions.json, history.csv), and its progress line."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Self, TypeVar

from bandscribe import files
from bandscribe.readers import read_json, refused
from bandscribe.training import device, recipes
from bandscribe.training.settings import Settings

S = TypeVar("S", bound=Settings)

_PACKAGES = (
    "bandscribe", "numpy", "torch", "onnx", "scipy", "soxr", "soundfile", "transformers",
    "scikit-learn", "python-stretch",
)  # fmt: skip


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, in a folder that is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_json(path, value, indent=2)


def as_begun(settings: S, run: Path) -> S:
    """The settings with the precision (`half`) of the run's first start, if they leave it open."""
    if settings.half is None and (run / "recipe.json").is_file():
        return replace(settings, half=recipes.from_file(run / "recipe.json", type(settings)).half)
    return settings


def resolve_half(settings: S, run: Path) -> S:
    """The same; in a new run the precision is what its device is fastest in."""
    settings = as_begun(settings, run)
    if settings.half is not None:
        return settings
    return replace(settings, half=device.has_half(device.choose(settings.device)))


def start(
    run: Path, settings: Settings, *, step: int, place: Mapping[str, Any] | None = None
) -> None:
    """Write recipe.json and add this start to versions.json, with the `place` where it runs.

    Raises ValueError when `run` was begun with another recipe; fields marked as changeable may
    differ, and their old and new values are noted in versions.json.
    """
    resolved = json.loads(recipes.to_json(settings))
    starts: list[dict[str, Any]] = []
    changed: dict[str, list[Any]] = {}
    if (run / "recipe.json").is_file() and step:
        # A field that is new since then has had its default.
        begun = recipes.from_file(run / "recipe.json", type(settings))
        before = json.loads(recipes.to_json(begun))
        changed = {
            name: [before.get(name), resolved.get(name)]
            for name in sorted(before.keys() | resolved.keys())
            if before.get(name) != resolved.get(name)
        }
        free = {item.name for item in fields(settings) if item.metadata.get("changeable")}
        if fixed := sorted(changed.keys() - free):
            raise ValueError(
                f"{run}: begun with another recipe ({', '.join(fixed)}); "
                "give its values again, or another folder"
            )
        starts = read_starts(run)
    starts.append({"step": step, **versions(), **(place or {}), "changed": changed})
    write_json(run / "recipe.json", resolved)
    write_json(run / "versions.json", {"seed": settings.seed, "starts": starts})


def read_starts(run: Path) -> list[dict[str, Any]]:
    """The record of each start of a run. Raises ValueError if it is damaged."""
    path = run / "versions.json"
    noted = read_json(path)
    with refused(f"{path}: damaged; train into another folder"):
        starts: list[dict[str, Any]] = [{**start} for start in noted["starts"]]
    return starts


def versions() -> dict[str, Any]:
    """Python, the packages that matter, and the commit of the source (None outside of git)."""
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            packages[name] = ""
    return {"python": platform.python_version(), "packages": packages, "commit": commit()}


def commit() -> str | None:
    """The commit of this source tree, with `+` where tracked files differ from it."""
    here = Path(__file__).resolve().parent
    try:
        name = ["git", "-C", str(here), "describe", "--always", "--abbrev=40", "--dirty=+"]
        finished = subprocess.run(name, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return finished.stdout.strip()


def write_history(path: Path, history: Sequence[dict[str, float]]) -> None:
    """One row per validation, a header first."""
    files.write_csv(path, list(history[0]), history, digits=6)


class Progress:
    """One line that moves on a terminal; a line every half minute elsewhere."""

    def __init__(self, steps: int, *, shown: bool = True) -> None:
        """For a run of `steps`; only one of several processes is `shown`."""
        self.steps = steps
        self.shown = shown
        self.moving = sys.stderr.isatty()
        self.last = time.monotonic() if not self.moving else 0.0

    def __enter__(self) -> Self:
        """As a context manager."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the moving line."""
        if self.moving:
            print(file=sys.stderr)

    def is_due(self) -> bool:
        """Whether the line is to be updated."""
        return self.shown and time.monotonic() - self.last >= (0.2 if self.moving else 30)

    def show(self, step: int, seconds: float, loss: float, best: float | None) -> None:
        """Show step, time, loss and the best validation figure so far."""
        self.last = time.monotonic()
        done = step / self.steps
        tail = "" if best is None else f" · best {best:.3f}"
        bar = "█" * round(24 * done) + "░" * (24 - round(24 * done)) + " " if self.moving else ""
        line = f"{bar}{step}/{self.steps} · {seconds / 60:.1f} min · loss {loss:.4f}{tail}"
        print(f"\r{line}\x1b[K" if self.moving else line, end="" if self.moving else "\n",
              file=sys.stderr, flush=True)  # fmt: skip

    def log(self, row: dict[str, float]) -> None:
        """Print a validation."""
        text = " · ".join(f"{name} {value:.4g}" for name, value in row.items())
        if self.shown:
            print(f"\r{text}\x1b[K" if self.moving else text, file=sys.stderr, flush=True)
