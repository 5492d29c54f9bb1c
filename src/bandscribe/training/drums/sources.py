"""The labelled audio of a recipe: tracks of corpora, or rendered performances."""

from __future__ import annotations

from pathlib import Path

from bandscribe.synthesis.source import SyntheticSource
from bandscribe.training import device as devices
from bandscribe.training.batches import LabelledSource
from bandscribe.training.drums.precomputed import PrecomputedTracks
from bandscribe.training.drums.recipe import Recipe, front_end
from bandscribe.training.drums.tracks import Tracks

#: Settings of `SyntheticSource`.
_SHARES = (
    "groove_share", "band_share", "codec_share", "extras_share", "percussion_share",
    "locked_share", "together_share", "edge_share",
)  # fmt: skip


def load(recipe: Recipe) -> tuple[LabelledSource | PrecomputedTracks, LabelledSource]:
    """Sources to train and to validate on: splits of corpora, or renderings with other kits.

    Raises ValueError where the recipe names neither, and as the sources.
    """
    if recipe.corpora:
        rate, workers = front_end(recipe).sample_rate, devices.workers(recipe)
        train, validate = (
            Tracks.load(
                addresses,
                split,
                classes=recipe.classes,
                sample_rate=rate,
                cache=Path(recipe.cache) if recipe.cache else None,
                alignment=recipe.alignment,
                workers=workers,
            )
            for addresses, split in (
                (recipe.corpora, "train"),
                (recipe.validation_corpora or recipe.corpora, "validation"),
            )
        )
        if recipe.precompute and recipe.cache:
            folder = Path(recipe.cache)
            made = PrecomputedTracks.load(train, front_end(recipe), folder, workers=workers)
            return made, validate
        return train, validate
    shares = {name: getattr(recipe, name) for name in _SHARES}
    if not recipe.kits or not recipe.validation_kits:
        raise ValueError("kits, validation_kits: expected at least one each, or corpora")
    training, validating = (
        SyntheticSource.load(
            getattr(recipe, f"{own}kits"),
            groove=recipe.groove,
            split=split,
            band=getattr(recipe, f"{own}band"),
            extras=getattr(recipe, f"{own}extras"),
            **shares,
        )
        for split, own in (("train", ""), ("validation", "validation_"))
    )
    return training, validating
