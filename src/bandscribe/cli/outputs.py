"""Where results go, and in which formats."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from bandscribe.cli.inputs import Input
from bandscribe.cli.report import complain

#: Formats of `transcribe`, and the suffix of each.
SUFFIXES = {
    "midi": ".mid",
    "csv": ".csv",
    "jams": ".jams",
    "json": ".json",
    "npz": ".npz",
    "png": ".png",
}


@dataclass(frozen=True)
class Job:
    """An input, and the file to write for each format."""

    source: Path
    outputs: dict[str, Path]


def choose_formats(given: str | None, output: str | None) -> list[str]:
    """The formats in a list such as `midi,csv`; if there is none, that of the output's suffix.

    Raises a usage error for a format that there is not.
    """
    if given is None:
        suffix = Path(output or "").suffix.lower()
        return [name for name, known in SUFFIXES.items() if known == suffix] or ["midi"]
    names = list(dict.fromkeys(name.strip().lower() for name in given.split(",")))
    for name in names:
        if name not in SUFFIXES:
            raise typer.BadParameter(
                f"--format: expected some of {','.join(SUFFIXES)}, got {name!r}"
            )
    return names


def plan(
    named: Sequence[Path], sources: Sequence[Input], formats: Sequence[str], output: str | None
) -> tuple[list[Job], int]:
    """What to write for each input, and the number of inputs that cannot be written.

    `named` is what stood on the command line: `output` names a file when that is one file and
    there is one format, and a folder otherwise, or where a folder of that name exists. An input
    whose output would overwrite an input, or that of an earlier input, or has the suffix of a sound
    file, is complained about.
    Raises a usage error where `output` cannot be the folder that is needed.
    """
    if not sources:
        return [], 0
    folder = Path(output or ".")
    single = len(formats) == len(named) == 1 and sources[0].path == named[0]
    as_file = bool(output) and single and not folder.is_dir() and not str(output).endswith("/")
    if output and not as_file and not folder.is_dir():
        if folder.exists():
            raise typer.BadParameter(f"-o {output}: is a file; name a folder for several results")
        if folder.suffix.lower() in SUFFIXES.values():
            raise typer.BadParameter(f"-o {output}: name a folder for several results")
    jobs: list[Job] = []
    inputs = {_identity(source.path): source.path for source in sources}
    inputs.pop(None, None)
    taken: dict[str, Path] = {}
    for source in sources:
        if as_file:
            outputs = {formats[0]: folder}
        else:
            base = folder / source.relative.parent / _stem(source.relative)
            outputs = {name: base.with_name(base.name + SUFFIXES[name]) for name in formats}
        problem = _problem(source.path, outputs, inputs, taken)
        if problem:
            complain(f"{source.path}: {problem}")
            continue
        taken |= {os.path.realpath(path): source.path for path in outputs.values()}
        jobs.append(Job(source.path, outputs))
    return jobs, len(sources) - len(jobs)


def _problem(
    source: Path,
    outputs: dict[str, Path],
    inputs: dict[tuple[int, int] | None, Path],
    taken: dict[str, Path],
) -> str | None:
    from bandscribe.audio import EXTENSIONS

    for path in outputs.values():
        if _identity(path) in inputs:
            overwritten = inputs[_identity(path)]
            return f"the output {path} would overwrite the input {overwritten}; choose another -o"
        if os.path.realpath(path) in taken:
            other = taken[os.path.realpath(path)]
            return f"its output {path} is also that of {other}; rename it, or run it apart with -o"
        if path.suffix.lower() in EXTENSIONS:
            return f"the output {path} has the name of a sound file; choose another -o"
    return None


def _identity(path: Path) -> tuple[int, int] | None:
    """The same for every name of a file, links included; None where no file can be seen."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _stem(relative: Path) -> str:
    """The name without the suffix of a sound file; other dots belong to the name."""
    from bandscribe.audio import EXTENSIONS

    return relative.stem if relative.suffix.lower() in EXTENSIONS else relative.name
