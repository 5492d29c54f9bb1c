"""`bandscribe supercut`: hits of one class, one after the other, in one sound file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bandscribe.cli import inputs
from bandscribe.cli.arguments import ModelName
from bandscribe.cli.classify import MODEL
from bandscribe.cli.report import clock, complain, explain, progress

if TYPE_CHECKING:
    from bandscribe.types import Audio


def supercut(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Clips with a labels.csv, or sound files of any name."),
    ],
    label: Annotated[
        str,
        typer.Option("--class", metavar="CLASS", help="A class such as KD, or a label (phh)."),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The sound file to write.")
    ],
    seconds: Annotated[float, typer.Option(metavar="S", help="Length of the file.")] = 30.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the random order.")] = 0,
    model: ModelName = None,
) -> None:
    """Join hits of one class into a single sound file.

    The order is random. Every clip is played once before any is repeated. Without a labels.csv, a
    model first determines which files belong to the class.
    """
    if not 0 < seconds < float("inf"):
        raise typer.BadParameter(f"--seconds: expected a positive number, got {seconds:g}")
    if seed < 0:
        raise typer.BadParameter(f"--seed: expected 0 or more, got {seed}")
    import numpy as np

    from bandscribe import audio
    from bandscribe.datasets import supercut as cutting
    from bandscribe.drums import TimedBlocks

    lost: list[str] = []
    failures = 0
    if (folder / "labels.csv").is_file():
        paths = cutting.find(folder, label, lost.append)
        for problem in lost:
            complain(problem)
        failures = len(lost)
    else:
        paths, failures = _classify(folder, label.upper(), model or MODEL)
    if output.exists() and any(path.exists() and output.samefile(path) for path in paths):
        raise typer.BadParameter(f"-o {output}: would overwrite an input; choose another")
    bad: set[Path] = set()

    def read() -> Iterator[Audio]:
        for path in cutting.shuffle(paths, np.random.default_rng(seed)):
            if path in bad:
                continue
            try:
                clip_audio = audio.read(path, sample_rate=cutting.SAMPLE_RATE, mono=True)
            except (ValueError, OSError) as error:
                complain(explain(error, path))
                bad.add(path)
                if len(bad) == len(paths):
                    return
                continue
            yield clip_audio

    joined = TimedBlocks(cutting.join(read(), seconds))
    output.parent.mkdir(parents=True, exist_ok=True)
    audio.write(output, joined)
    print(f"{output}: {clock(joined.duration)} of {len(paths) - len(bad)} clips of {label}")
    if failures or bad:
        raise typer.Exit(1)


def _classify(folder: Path, label: str, model: str) -> tuple[list[Path], int]:
    """The sound files in a folder that are of a class, and how many could not be read.

    Raises ValueError where none is of the class, or there is no such class.
    """
    from bandscribe import hits, runtime

    loaded = runtime.load(model)
    hits.check(loaded.card)
    if label not in loaded.card.classes:
        known = ", ".join(loaded.card.classes)
        raise typer.BadParameter(f"--class: expected one of {known}, got {label!r}")
    sources, failures, others = inputs.find_all([folder])
    found = []
    with progress(len(sources)) as show:
        paths = [source.path for source in sources]
        for done, (path, hit) in enumerate(
            zip(paths, hits.classify_all(paths, loaded), strict=True)
        ):
            show(done, path.name)
            if not isinstance(hit, hits.Hit):
                complain(explain(hit, path))
                failures += 1
            elif hit.label == label:
                found.append(path)
    inputs.complain_of_others(others)
    if not found:
        raise ValueError(f"{folder}: the model names no sound there {label}")
    return found, failures
