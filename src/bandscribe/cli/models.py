"""`bandscribe models`: what is shipped, and what it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bandscribe.runtime import ModelCard


def models(
    name: Annotated[
        str | None, typer.Argument(help="Print the whole card of this model, or of an ONNX file.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="List what each model was trained on, with licences.")
    ] = False,
) -> None:
    """List the models that are shipped."""
    from bandscribe import runtime

    if name is not None:
        print(runtime.load(name).card.to_json())
        return
    rows = [("name", "task", "classes", "size", "commit", "micro F1 (10, 5, 3 classes)")]
    cards = []
    for known in runtime.installed():
        card = runtime.load(known).card
        cards.append(card)
        size = f"{len(runtime.read_bytes(known)) / 1e6:.1f} MB"
        classes = str(len(card.classes))
        rows.append((known, card.task, classes, size, card.commit[:10], _figures(card.metrics)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    if verbose:
        for card in cards:
            _print_sources(card)


def _print_sources(card: ModelCard) -> None:
    print(f"\n{card.name} was trained on:")
    for source in card.sources:
        print(f"  {source['name']}: {source['licence']}, {source['origin']}")


def _figures(metrics: dict[str, Any]) -> str:
    """Micro F1 per number of classes, as the card's `classes_N` tell it."""
    found = [metrics.get(f"classes_{count}", {}).get("micro", {}).get("f1") for count in (10, 5, 3)]
    return ", ".join("-" if figure is None else f"{figure:.3f}" for figure in found)
