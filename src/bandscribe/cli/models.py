"""`bandscribe models`: what is shipped, and what it was made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli.report import align

if TYPE_CHECKING:
    from bandscribe.runtime import ModelCard

#: The task whose figures are of whole recordings, and the default aggregation.
_AGGREGATE = "s1"


def models(
    name: Annotated[
        str | None, typer.Argument(help="Describe this model, or that in an ONNX file, in full.")
    ] = None,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            help="List what each model was trained on, with licences; of one, print its whole "
            "card as JSON.",
        ),
    ] = False,
) -> None:
    """List the shipped models, or describe one."""
    from bandscribe import drums, factorization, runtime

    def open_card(known: str) -> ModelCard:
        named = factorization.is_named(known)
        return (drums.load(known) if named else runtime.load(known)).card

    if name is not None:
        card = open_card(name)
        print(card.to_json() if verbose else _summarize(card, len(drums.read_bytes(name))))
        return
    rows = [("name", "task", "classes", "size", "commit", "on its validation data")]
    cards = []
    for known in [*runtime.installed(), *factorization.MODELS]:
        card = open_card(known)
        cards.append(card)
        size = _size(len(drums.read_bytes(known)))
        classes = str(len(card.classes))
        lines = describe(card.task, card.metrics)
        rows.append((known, card.task, classes, size, card.commit[:10], lines[0]))
        rows += [("", "", "", "", "", line) for line in lines[1:]]
    print(align(rows))
    if verbose:
        for card in cards:
            _print_sources(card)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"


def _summarize(card: ModelCard, size: int) -> str:
    """The description of a model, in lines."""
    licences = Counter(source["licence"] for source in card.sources)
    shares = ", ".join(f"{licence} {count}" for licence, count in licences.most_common())
    first, *others = describe(card.task, card.metrics)
    rows = [
        ("task", card.task),
        ("classes", ", ".join(card.classes)),
        ("frames", f"{card.frame_rate:g} a second, in chunks of {card.chunk_seconds:g} s"),
        ("size", _size(size)),
        ("commit", card.commit[:10]),
        ("validation", first),
        *(("", line) for line in others),
        ("sources", f"{len(card.sources)} ({shares})"),
    ]
    lines = [f"  {title:<10}  {text}".rstrip() for title, text in rows]
    return "\n".join([card.name, *lines])


def _print_sources(card: ModelCard) -> None:
    print(f"\n{card.name} was trained on:")
    for source in card.sources:
        print(f"  {source['name']}: {source['licence']}, {source['origin']}")


def describe(task: str, metrics: Mapping[str, Any]) -> list[str]:
    """Lines with the figures of a card; a dash for each that is missing.

    Of drums micro F1 by number of classes. Of single hits how many get their name, and how many
    sounds that are no drum get none. Of instruments those of whole recordings at the
    learned thresholds, with the calibration error before and after; where the model tracks them,
    also those of frames; and whether the file holds other thresholds than those.
    """
    if task == "drums":
        rates = (_find(metrics, f"classes_{count}", "micro", "f1") for count in (10, 5, 3))
        return [f"micro F1 of 10, 5, 3 classes: {', '.join(map(_show, rates))}"]
    if task == "hits":
        named = _show(_find(metrics, "single", "accuracy"))
        none = _show(_find(metrics, "heard", "abstained"))
        return [f"single hits: accuracy {named}; no drum: no name for {none}"]
    aggregated = metrics.get(_AGGREGATE, {})
    micro, macro = (
        _show(_find(aggregated, "learned", f"{name}.f1")) for name in ("micro", "macro")
    )
    before, after = (
        _show(_find(aggregated, "calibration", f"error_{when}")) for when in ("before", "after")
    )
    lines = [
        f"recordings: micro F1 {micro}, macro F1 {macro}, calibration error {before} to {after}"
    ]
    if task == "activity":
        frame = metrics.get("frame", {})
        area, f1 = (_show(_find(frame, "figures", name)) for name in ("map", "micro.f1"))
        level = _find(frame, "level_error_db")
        shown = "-" if level is None else f"{level:.1f} dB"
        lines.append(f"frames: mean AP {area}, micro F1 {f1}, level error {shown}")
    if "thresholds_of" in metrics:
        lines.append(
            "by thresholds that the run learned; those in the file are of an earlier model"
        )
    return lines


def _find(metrics: Mapping[str, Any], *keys: str) -> float | None:
    """A figure within nested tables; None where it is missing."""
    found: Any = metrics
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return float(found) if isinstance(found, int | float) else None


def _show(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"
