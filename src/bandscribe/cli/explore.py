"""`bandscribe explore`: a page to browse and play a folder of hits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bandscribe.cli import inputs
from bandscribe.cli.arguments import spell
from bandscribe.cli.classify import MODEL
from bandscribe.cli.report import complain, explain, progress

if TYPE_CHECKING:
    from bandscribe.display.explorer import PlayableClip
    from bandscribe.runtime import Model

#: Seconds of a clip that the page keeps.
LONGEST = 2.0
#: Where a clip is, and its row of `labels.csv`.
Labelled = tuple[Path, Mapping[str, str]]
#: What `--model` takes for no model.
NONE = "none"


def explore(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Clips with a labels.csv, or sound files of any name."),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="HTML", help="The page to write.")
    ],
    count: Annotated[
        int,
        typer.Option(metavar="N", help="Number of playable clips, chosen at random."),
    ] = 400,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the random choice.")] = 0,
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"Model that classifies these clips: a shipped one, an ONNX file, or {NONE}.",
        ),
    ] = MODEL,
) -> None:
    """Write a web page to browse and play labelled clips.

    The page shows the counts of classes and kits. It is a single file that contains its audio,
    about 8 kB per clip, and needs no network. Rare classes get as many clips as frequent ones, as
    far as there are enough.
    """
    if count < 1:
        raise typer.BadParameter(f"--count: expected 1 or more, got {count}")
    if seed < 0:
        raise typer.BadParameter(f"--seed: expected 0 or more, got {seed}")
    if output.suffix.lower() != ".html":
        raise typer.BadParameter(f"-o {output}: name a file that ends with .html")
    from bandscribe import hits, runtime
    from bandscribe.display import explorer

    loaded = None
    if model != NONE:
        loaded = runtime.load(model)
        hits.check(loaded.card)
    lost: list[str] = []
    rows = _read(folder, lost)
    for problem in lost:
        complain(problem)
    chosen = _choose(rows, count, seed)
    clips: list[PlayableClip] = []
    with progress(len(chosen)) as show:
        for done, (path, row) in enumerate(chosen):
            show(done, row["file"])
            try:
                clips.append(_describe(path, row, loaded))
            except (ValueError, OSError) as error:
                complain(explain(error, path))
    if not clips:
        raise ValueError(f"{folder}: none of its clips can be read")
    counts = Counter((row["label"], row.get("kit", ""), row.get("split", "")) for _, row in rows)
    output.parent.mkdir(parents=True, exist_ok=True)
    name = spell(folder.resolve().name)
    about = f"{len(rows):,} clips, {len(clips):,} of them playable"
    if loaded is not None:
        about += f", named by the model {loaded.card.name}"
    explorer.write(output, clips, counts, title=name, about=about)
    print(f"{output}: {about}")
    if lost or len(clips) < len(chosen):
        raise typer.Exit(1)


def _read(folder: Path, lost: list[str]) -> Sequence[Labelled]:
    """The rows of `labels.csv`, or one for each sound file; lines on other rows go to `lost`."""
    from bandscribe.datasets.clips import read_labels

    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such folder; check the name")
    if (folder / "labels.csv").is_file():
        rows = read_labels(folder, skip=lost.append)
        if not rows:
            raise ValueError(f"{folder / 'labels.csv'}: expected at least one row")
        return rows
    search = inputs.find(folder)
    for error in search.locked:
        complain(explain(error))
    return [
        (source.path, {"file": source.relative.as_posix(), "label": ""}) for source in search.found
    ]


def _choose(rows: Sequence[Labelled], count: int, seed: int) -> list[Labelled]:
    """At random as many of each label, until there are `count`."""
    import numpy as np

    rng = np.random.default_rng(seed)
    labels: dict[str, list[Labelled]] = {}
    for i in rng.permutation(len(rows)):
        labels.setdefault(rows[i][1]["label"], []).append(rows[i])
    turns = max(map(len, labels.values()))
    ordered = [own[turn] for turn in range(turns) for own in labels.values() if turn < len(own)]
    return ordered[:count]


def _describe(path: Path, row: Mapping[str, str], model: Model | None) -> PlayableClip:
    """A clip as the page has it. Raises ValueError or OSError where it cannot be read."""
    from bandscribe import audio, hits
    from bandscribe.datasets.supercut import name_class
    from bandscribe.display import explorer

    clip_audio = audio.read(path, duration=LONGEST)
    sound, shape = explorer.encode(clip_audio)
    named, probability, label = None, None, row["label"]
    if model is not None:
        hit = hits.classify(clip_audio, model=model)
        named, probability = hit.label, hit.probability
    velocity = row.get("velocity")
    return explorer.PlayableClip(
        spell(row["file"]),
        label or (named or "none" if model is not None else ""),
        row.get("kit", ""),
        row.get("split", ""),
        float(velocity) if velocity else None,
        named,
        probability,
        model is not None
        and bool(label)
        and named not in {name_class(label), label, label.upper()},
        sound,
        shape,
    )
