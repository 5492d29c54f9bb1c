"""`bandscribe evaluate hits`: what this task does with the options."""

from __future__ import annotations

from pathlib import Path

import typer

from bandscribe.cli.report import complain, progress, usage_errors


def hits(root: Path, split: str | None, output: Path | None, model: str) -> None:
    """Score the names of the clips of a folder with labels.csv, or of a kit."""
    from bandscribe import hits, runtime
    from bandscribe.evaluation import hits as evaluation

    with usage_errors():
        loaded = runtime.load(model)
        hits.check(loaded.card)
    lost: list[str] = []
    clips = evaluation.read(root, None if split == "all" else split, lost.append)
    for problem in lost:
        complain(problem)
    if not clips:
        raise ValueError(f"{root}: there are no clips" + (f" of {split}" if split else ""))
    with progress(len(clips)) as show:
        verdicts = evaluation.judge(clips, loaded, progress=show)
    problems = [verdict for verdict in verdicts if verdict.problem is not None]
    for verdict in problems:
        complain(str(verdict.problem))
    summary = evaluation.summarise(verdicts)
    print("\n".join(evaluation.tabulate(summary)))
    if output is not None:
        evaluation.write(output, summary, verdicts)
    if problems or lost:
        raise typer.Exit(1)
