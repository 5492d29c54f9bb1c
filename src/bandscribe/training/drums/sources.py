"""From the paths in a recipe to sources of labelled audio, and to whom they are owed."""

from __future__ import annotations

from pathlib import Path

from bandscribe.synthesis.source import Source
from bandscribe.training import record
from bandscribe.training.drums.recipe import Recipe, lineage


def load(recipe: Recipe) -> tuple[Source, Source]:
    """Sources to train and to validate on: other kits, and Groove MIDI's validation split."""
    shares = {
        "groove_share": recipe.groove_share,
        "band_share": recipe.band_share,
        "codec_share": recipe.codec_share,
        "extras_share": recipe.extras_share,
        "percussion_share": recipe.percussion_share,
        "together_share": recipe.together_share,
    }
    if not recipe.kits or not recipe.validation_kits:
        raise ValueError("kits, validation_kits: expected at least one each")
    training, validating = (
        Source.load(kits, groove=recipe.groove, split=split, band=band, extras=extras, **shares)
        for kits, split, band, extras in (
            (recipe.kits, "train", recipe.band, recipe.extras),
            (
                recipe.validation_kits,
                "validation",
                recipe.validation_band,
                recipe.validation_extras,
            ),
        )
    )
    return training, validating


def read_credits(recipe: Recipe) -> list[dict[str, str]]:
    """Name, licence and origin of all that was trained or validated on, out of `credits`.

    So too for the runs that the recipe starts from.

    A source is known there by the last part of its path. Raises ValueError when one is missing.
    """
    if recipe.credits is None:
        raise ValueError("credits: expected a CSV file with name,licence,origin of each source")
    known = {row["name"]: row for row in record.read_credits(recipe.credits)}
    paths: list[str] = []
    for each in lineage(recipe):
        paths += [*each.kits, *each.validation_kits, *each.band, *each.validation_band]
        paths += [*each.extras, *each.validation_extras]
        paths += [each.groove] if each.groove else []
    names = sorted({Path(path.partition("#")[0]).name for path in paths})
    if missing := [name for name in names if name not in known]:
        raise ValueError(f"{recipe.credits}: no row for {', '.join(missing)}")
    return [known[name] for name in names]
