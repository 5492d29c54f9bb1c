"""Where results go, in which formats, and what they are compared with."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
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
    """An input, the file to write for each format, and the notes to compare with, if any."""

    source: Path
    outputs: dict[str, Path]
    reference: Path | None = None


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
    named: Sequence[Path],
    sources: Sequence[Input],
    formats: Sequence[str],
    output: str | None,
    reference: Path | None = None,
    *,
    suffixes: Mapping[str, str] = SUFFIXES,
) -> tuple[list[Job], int]:
    """What to write for each input, and the number of inputs that cannot be written.

    `named` is what stood on the command line: `output` names a file when that is one file and
    there is one format, and a folder otherwise, or where a folder of that name exists; names in a
    folder end with the `suffixes` of the formats. `reference` is the file of notes for one input,
    or a folder of files that have the inputs' names. An input whose output would overwrite an input
    or a reference, or that of an earlier input, or has the suffix of a sound file, is complained
    about, and so is one without its reference.

    Raises a usage error where `output` or `reference` cannot be the folder that is needed.
    """
    if reference is not None:
        _check_reference(reference, sources, formats)
    if not sources:
        return [], 0
    folder = Path(output or ".")
    single = len(formats) == len(named) == 1 and sources[0].path == named[0]
    as_file = bool(output) and single and not folder.is_dir() and not str(output).endswith("/")
    if output and not as_file and not folder.is_dir():
        if folder.exists():
            raise typer.BadParameter(f"-o {output}: is a file; name a folder for several results")
        if folder.suffix.lower() in {f".{s.rpartition('.')[2]}" for s in suffixes.values()}:
            raise typer.BadParameter(f"-o {output}: name a folder for several results")
    jobs: list[Job] = []
    inputs = {_identity(source.path): source.path for source in sources}
    references = {source: _find_reference(reference, source) for source in sources}
    inputs |= {_identity(path): path for path in references.values() if path}
    inputs.pop(None, None)
    taken: dict[str, Path] = {}
    for source in sources:
        if as_file:
            outputs = {formats[0]: folder}
        else:
            base = folder / source.relative.parent / _stem(source.relative)
            outputs = {name: base.with_name(base.name + suffixes[name]) for name in formats}
        notes = references[source]
        problem = _problem(outputs, inputs, taken)
        if reference and not notes:
            problem = f"{reference} holds no notes of its name, as {_stem(source.relative)}.csv"
        if problem:
            complain(f"{source.path}: {problem}")
            continue
        taken |= {os.path.realpath(path): source.path for path in outputs.values()}
        jobs.append(Job(source.path, outputs, notes))
    return jobs, len(sources) - len(jobs)


def _check_reference(reference: Path, sources: Sequence[Input], formats: Sequence[str]) -> None:
    """Raise a usage error for a reference that no picture or not all inputs can use."""
    if "png" not in formats:
        raise typer.BadParameter("--reference: only a picture shows it; add --format png")
    if not reference.exists():
        raise typer.BadParameter(f"--reference {reference}: there is no such file or folder")
    if len(sources) > 1 and not reference.is_dir():
        raise typer.BadParameter(f"--reference {reference}: name a folder for several inputs")


def _find_reference(reference: Path | None, source: Input) -> Path | None:
    """The file of the source's name in a folder, below the same path or at its top; or the file."""
    from bandscribe.formats.notes import SUFFIXES as KINDS

    if reference is None or not reference.is_dir():
        return reference
    stem = _stem(source.relative)
    folders = (reference / source.relative.parent, reference)
    choices = (folder / (stem + kind) for folder in folders for kind in KINDS)
    return next((path for path in choices if path.is_file()), None)


def _problem(
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
