"""Training a classifier of hits on labelled clips."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from bandscribe.training import device as devices
from bandscribe.training.batches import Batch, stream
from bandscribe.training.fit import FitResult, fit
from bandscribe.training.hits import validation
from bandscribe.training.hits.bank import Bank, Embedded
from bandscribe.training.hits.clips import OPEN, HitClip, from_folder, from_kits, from_notes
from bandscribe.training.hits.examples import HitExamples, Kept, Turns, loss
from bandscribe.training.hits.models import Compact
from bandscribe.training.hits.recipe import Recipe, front_end, start
from bandscribe.training.hits.validation import ValidationHits
from bandscribe.training.settings import count_epochs

#: The checkpoint of the lowest validation loss is kept: project report 2024, section 4.
CRITERION = "-validation_loss"


def train(recipe: Recipe, run: Path) -> FitResult:
    """Train the network of a recipe into the folder `run`, or resume that run.

    Raises ValueError when the recipe names no clips, or as `train_on`.
    """
    if recipe.clips and not (recipe.augment or recipe.kits or recipe.notes):
        return train_on_kept(recipe, run, keep(recipe, "train"), keep(recipe, "validation"))
    return train_on(recipe, run, *read(recipe))


def keep(recipe: Recipe, split: str) -> Kept:
    """The clips of a split of a recipe's folders, as they are. Raises as `Kept.load`."""
    return Kept.load(
        recipe.clips,
        split,
        recipe.classes,
        front_end(recipe),
        recipe.seconds,
        cache=Path(recipe.cache) if recipe.cache else None,
        workers=devices.workers(recipe),
    )


def read(recipe: Recipe) -> tuple[list[HitClip], list[HitClip]]:
    """The clips that a recipe trains on, and those that it validates on."""
    rate, longest = front_end(recipe).sample_rate, recipe.seconds + 0.5

    def gather(kits: Sequence[str], notes: Sequence[str], split: str) -> list[HitClip]:
        clips = from_kits(kits, sample_rate=rate, seconds=longest)
        for root in recipe.clips:
            clips += from_folder(
                root, split, sample_rate=rate, seconds=longest, classes=recipe.classes,
                cache=Path(recipe.cache) if recipe.cache else None,
                workers=devices.workers(recipe),
            )  # fmt: skip
        return clips + from_notes(notes, sample_rate=rate, seconds=longest)

    return (
        gather(recipe.kits, recipe.notes, "train"),
        gather(recipe.validation_kits, recipe.validation_notes, "validation"),
    )


def train_on(
    recipe: Recipe, run: Path, training: Sequence[HitClip], validating: Sequence[HitClip]
) -> FitResult:
    """Train on clips (at the front end's rate); choose weights and thresholds on others.

    Writes what `fit` writes, and metrics.json: `validation.report` of the best weights.
    Raises ValueError where one of both has no drum, a group is in both, a label is no class, or the
    recipe's head cannot represent the clips, or `run` holds a run with another recipe.
    """
    _check(recipe, training, validating)
    make = partial(
        HitExamples, classes=recipe.classes, front_end=front_end(recipe), seconds=recipe.seconds,
        augment=recipe.augment, null_share=recipe.null_share, overlap_share=recipe.overlap_share,
        codec_share=recipe.codec_share,
    )  # fmt: skip
    held_out = validation.prepare(
        # Nothing could be called right of a label that leaves the class open.
        make([c for c in validating if c.label not in OPEN], balance=recipe.validation_balance),
        examples=recipe.validation_examples,
        seed=recipe.validation_seed,
    )
    draw: HitExamples | Bank | Embedded = make(training, balance=recipe.balance)
    if recipe.scenes and isinstance(draw, HitExamples):
        draw = Bank.render(draw, recipe.scenes, recipe.seed)
        network = start(recipe, held_out.typical)
        if isinstance(network, Compact) and network.embeds:
            draw = Embedded.make(draw, network, recipe.seed)
    recipe = _in_steps(recipe, len(training))
    return _fit(recipe, run, stream(draw, recipe), held_out, len(training))


def train_on_kept(recipe: Recipe, run: Path, training: Kept, validating: Kept) -> FitResult:
    """As `train_on`, on clips as they are, whose features were computed before."""
    _check(recipe, training.clips, validating.clips)
    recipe = _in_steps(recipe, len(training))
    held_out = ValidationHits(validating.every, validating.targets, recipe.classes)
    draw = Turns(training, recipe.seed, recipe.balance)
    return _fit(recipe, run, stream(draw, recipe, numbered=True), held_out, len(training))


def _in_steps(recipe: Recipe, clips: int) -> Recipe:
    """The recipe with epochs counted in steps, where it gives some."""
    if not recipe.epochs:
        return recipe
    return count_epochs(replace(recipe, steps=0, validate_every=0), clips)


def _fit(
    recipe: Recipe,
    run: Path,
    batches: Callable[[int], Iterator[Batch]],
    held_out: ValidationHits,
    clips: int,
) -> FitResult:
    return fit(
        recipe,
        run,
        task="hits",
        build=partial(start, recipe, held_out.typical),
        loss=partial(loss, velocity_weight=recipe.velocity_weight),
        batches=batches,
        validate=partial(validation.validate, validation=held_out),
        report=lambda model: {
            "model": recipe.model,
            "clips": clips,
            **validation.report(model, held_out),
        },
        criterion=CRITERION,
    )


def _check(recipe: Recipe, training: Sequence[HitClip], validating: Sequence[HitClip]) -> None:
    for name, clips in (("training", training), ("validating", validating)):
        labels = {clip.label for clip in clips if clip.label is not None}
        if not labels:
            raise ValueError(f"{name}: expected clips of drums, got none; name kits or clips")
        if strange := sorted(labels - {*recipe.classes, *OPEN}):
            raise ValueError(
                f"classes: expected {', '.join(recipe.classes)}, got clips of {strange[0]}"
            )
        nulls = any(clip.label is None for clip in clips)
        if recipe.head == "softmax" and (nulls or (recipe.augment and recipe.overlap_share)):
            raise ValueError(
                "head: softmax expects one drum in each clip; use sigmoid for several, or none"
            )
    if both := sorted({clip.group for clip in training} & {clip.group for clip in validating}):
        raise ValueError(f"validating: {both[0]} is also trained on")
