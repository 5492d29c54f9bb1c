"""From the paths in a recipe to sources of labelled audio."""

from __future__ import annotations

from pathlib import Path

from bandscribe.synthesis.source import SyntheticSource
from bandscribe.training import device as devices
from bandscribe.training.batches import LabelledSource
from bandscribe.training.drums.recipe import Recipe, front_end
from bandscribe.training.drums.tracks import Tracks


def load(recipe: Recipe) -> tuple[LabelledSource, LabelledSource]:
    """Sources to train and to validate on.

    Of corpora their own splits; of rendered audio other kits, and Groove MIDI's validation split.

    Raises ValueError where the recipe names neither, and as what it names.
    """
    if recipe.corpora:
        rate = front_end(recipe).sample_rate
        train, validate = (
            Tracks.load(
                addresses,
                split,
                classes=recipe.classes,
                sample_rate=rate,
                cache=Path(recipe.cache) if recipe.cache else None,
                alignment=recipe.alignment,
                workers=devices.workers(recipe),
            )
            for addresses, split in (
                (recipe.corpora, "train"),
                (recipe.validation_corpora or recipe.corpora, "validation"),
            )
        )
        return train, validate
    shares = {
        "groove_share": recipe.groove_share,
        "band_share": recipe.band_share,
        "codec_share": recipe.codec_share,
        "extras_share": recipe.extras_share,
        "percussion_share": recipe.percussion_share,
        "locked_share": recipe.locked_share,
        "together_share": recipe.together_share,
        "edge_share": recipe.edge_share,
    }
    if not recipe.kits or not recipe.validation_kits:
        raise ValueError("kits, validation_kits: expected at least one each, or corpora")
    training, validating = (
        SyntheticSource.load(
            kits, groove=recipe.groove, split=split, band=band, extras=extras, **shares
        )
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
