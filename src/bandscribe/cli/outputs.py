"""The paths and formats of results, and the references that they are compared with."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from bandscribe.cli.arguments import list_paths, names_folder
from bandscribe.cli.inputs import STANDARD, Input
from bandscribe.cli.report import complain, visible
from bandscribe.exports import PREVIEW, SUFFIXES

#: Other names of formats, and other suffixes of their files.
_ALIASES = {"mid": "midi", "xml": "musicxml", ".midi": ".mid", ".xml": ".musicxml"}
_BINARY = ("midi", "npz", "png", "pdf", "preview", "quantised")


@dataclass(frozen=True)
class OutputJob:
    """An input, the file to write for each format, and the notes to compare with, if any.

    Lines for the user call the outputs by their paths, or `shown_as`.
    """

    path: Path
    outputs: dict[str, Path]
    reference: Path | None = None
    shown_as: str = ""

    def missing(self, *, skip_existing: bool) -> dict[str, Path]:
        """The outputs to write: all, or those that are not there yet."""
        return {
            name: path
            for name, path in self.outputs.items()
            if not (skip_existing and path.is_file())
        }

    def report(self, written: Mapping[str, Path], summary: str) -> str:
        """The line of an input whose outputs are `written`."""
        return visible(f"{self.path} → {self.shown_as or list_paths(written)}  {summary}")

    @property
    def skipped(self) -> str:
        """The line where nothing is missing."""
        return visible(f"{self.path}: skipped, {list_paths(self.outputs)} is there")


def choose_formats(given: str | None, output: str | None, named: Sequence[Path]) -> list[str]:
    """The formats in a list such as `midi,csv`; if there is none, that of the output's suffix.

    Raises a usage error for a format that there is not.
    """
    if given is None:
        suffix = check_suffix(output, named, SUFFIXES.values())
        return [name for name, known in SUFFIXES.items() if known == suffix] or ["midi"]
    return split_formats(given, SUFFIXES)


def split_formats(given: str, known: Collection[str]) -> list[str]:
    """The formats of a list such as `midi,csv`, each once; a usage error for an unknown one."""
    names = []
    for name in (each.strip().lower() for each in given.split(",")):
        if name not in known and _ALIASES.get(name) not in known:
            raise typer.BadParameter(f"--format: expected some of {','.join(known)}, got {name!r}")
        names.append(name if name in known else _ALIASES[name])
    return list(dict.fromkeys(names))


def check_suffix(output: str | None, named: Sequence[Path], known: Collection[str]) -> str:
    """The suffix of an output, empty where it has none or is a folder.

    Raises a usage error for a file with one that is not `known`, for an input that is a file.
    """
    from bandscribe.audio import EXTENSIONS

    suffix = _suffix(Path(output or ""))
    if suffix in known or not output:
        return suffix
    folder = names_folder(output) or len(named) > 1 or named[0].is_dir()
    if folder or not suffix or suffix in EXTENSIONS:  # a sound file is refused by its input
        return ""
    raise typer.BadParameter(
        f"-o {output}: no format has this suffix; expected one of {', '.join(known)}, or --format"
    )


def plan(
    named: Sequence[Path],
    sources: Sequence[Input],
    formats: Sequence[str],
    output: str | None,
    reference: Path | None = None,
    *,
    suffixes: Mapping[str, str] = SUFFIXES,
) -> tuple[list[OutputJob], int]:
    """The outputs of each input, and the number of inputs that cannot be written.

    `named` is what stood on the command line. `output` is `-` for standard output, or names a file
    by its suffix, for one input in one format, and otherwise a folder (`arguments.names_folder`);
    names in a folder end with the `suffixes` of the formats. `reference` is the file
    of notes for one input, or a folder of files that have the inputs' names. An input whose output
    would overwrite an input or a reference, or that of an earlier input, is reported, and so is one
    without its reference.

    Raises a usage error where `output` or `reference` cannot be the folder that is needed, or
    `output` has the suffix of a sound file.
    """
    if reference is not None:
        _check_reference(reference, sources, formats)
    if not sources:
        return [], 0
    if output == str(STANDARD):
        return [_print(sources, formats, reference)], 0
    folder = Path(output or ".")
    single = len(formats) == len(named) == 1 and sources[0].path == named[0]
    as_file = output is not None and single and not names_folder(output)
    if as_file:
        _check_format(folder, formats[0], suffixes)
    if output and not as_file and not folder.is_dir():
        if folder.exists():
            raise typer.BadParameter(
                f"-o {output}: is a file, but without a suffix the name is that of a folder; "
                "choose another"
            )
        if _suffix(folder) in {f".{s.rpartition('.')[2]}" for s in suffixes.values()}:
            raise typer.BadParameter(f"-o {output}: name a folder for several results")
    jobs: list[OutputJob] = []
    inputs = {_identity(source.path): source.path for source in sources}
    references = {source: _find_reference(reference, source) for source in sources}
    inputs |= {_identity(path): path for path in references.values() if path}
    inputs.pop(None, None)
    taken: dict[str, Path] = {}
    bases = _name_apart([source.relative for source in sources])
    for source, relative in zip(sources, bases, strict=True):
        if as_file:
            outputs = {formats[0]: folder}
        else:
            base = folder / relative
            outputs = {name: base.with_name(base.name + suffixes[name]) for name in formats}
        notes = references[source]
        sounds = [outputs[name] for name in outputs if name == "preview"]
        problem = _problem(outputs, inputs, taken, sounds)
        if reference and not notes:
            problem = f"{reference} holds no notes of its name, as {_stem(source.relative)}.csv"
        if problem:
            complain(f"{source.path}: {problem}")
            continue
        taken |= {os.path.realpath(path): source.path for path in outputs.values()}
        jobs.append(OutputJob(source.path, outputs, notes))
    return jobs, len(sources) - len(jobs)


def _suffix(path: Path) -> str:
    """The suffix, in small letters; of several for one format the usual one."""
    suffix = path.suffix.lower()
    return _ALIASES.get(suffix, suffix)


def _check_format(path: Path, format: str, suffixes: Mapping[str, str]) -> None:
    """Raise a usage error for a file whose suffix is that of another format.

    A preview is of any kind of sound, and its suffix is that of no other format.
    """
    ends = {kind: Path(f"x{end}").suffix for kind, end in suffixes.items() if end != PREVIEW}
    if _suffix(path) in set(ends.values()) - {ends.get(format)}:
        raise typer.BadParameter(
            f"-o {path}: is not the suffix of --format {format}; name a file that ends with "
            f"{suffixes[format]}, or leave out --format"
        )


def _print(sources: Sequence[Input], formats: Sequence[str], reference: Path | None) -> OutputJob:
    """The job of one file to standard output."""
    if len(sources) != 1 or len(formats) != 1:
        raise typer.BadParameter("-o -: standard output takes one input in one format")
    if formats[0] in _BINARY and sys.stdout.isatty():
        raise typer.BadParameter(f"-o -: {formats[0]} is no text for a terminal; pipe it on")
    notes = _find_reference(reference, sources[0])
    return OutputJob(sources[0].path, {formats[0]: STANDARD}, notes)


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
    sounds: Collection[Path],
) -> str | None:
    """Why these outputs cannot be written.

    Raises a usage error for the name of a sound file, which only `sounds` may have.
    """
    from bandscribe.audio import EXTENSIONS

    for path in outputs.values():
        if _identity(path) in inputs:
            overwritten = inputs[_identity(path)]
            return f"the output {path} would overwrite the input {overwritten}; choose another -o"
        if os.path.realpath(path) in taken:
            other = taken[os.path.realpath(path)]
            return f"its output {path} is also that of {other}; rename it, or run it apart with -o"
        if path.suffix.lower() in EXTENSIONS and path not in sounds:
            raise typer.BadParameter(
                f"-o {path}: has the name of a sound file; choose another, or add --format preview"
            )
    return None


def _identity(path: Path) -> tuple[int, int] | None:
    """The same for every name of a file, links included; None where no file can be seen."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _name_apart(paths: Sequence[Path]) -> list[Path]:
    """The names of outputs before their suffixes: those of the inputs without theirs.

    Inputs that differ in their suffixes alone keep them, all of them.
    """
    names = [path.with_name(_stem(path)) for path in paths]
    while True:
        alike: dict[Path, set[Path]] = {}
        for name, path in zip(names, paths, strict=True):
            alike.setdefault(name, set()).add(path)
        apart = [p if len(alike[n]) > 1 else n for n, p in zip(names, paths, strict=True)]
        if apart == names:
            return names
        names = apart


def _stem(relative: Path) -> str:
    """The name without the suffix of a sound file, or of saved notes; other dots belong to it."""
    from bandscribe.audio import EXTENSIONS

    return relative.stem if relative.suffix.lower() in {*EXTENSIONS, ".json"} else relative.name
