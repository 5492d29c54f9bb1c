"""From the paths in a recipe to sources of labelled audio, and their credits."""

from __future__ import annotations

from pathlib import Path

from bandscribe import runtime
from bandscribe.datasets.address import CorpusAddress
from bandscribe.synthesis.source import SyntheticSource
from bandscribe.training import device as devices
from bandscribe.training import record
from bandscribe.training.batches import LabelledSource
from bandscribe.training.drums.recipe import Recipe, front_end, lineage
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


def read_credits(recipe: Recipe) -> list[dict[str, str]]:
    """Name, licence and origin of all that was trained or validated on, out of `credits`.

    So too for the runs and the model that the recipe starts from. The table names a source by the
    last part of its path; corpora need no row.

    Raises ValueError when one is missing.
    """
    addresses = sorted(
        {text for each in lineage(recipe) for text in (*each.corpora, *each.validation_corpora)}
    )
    corpora = [CorpusAddress.parse(text, "drums").corpus for text in addresses]
    credited = [
        {"name": corpus.name, "licence": corpus.licence, "origin": corpus.obtain or "own"}
        for corpus in {corpus.name: corpus for corpus in corpora}.values()
    ]
    first = lineage(recipe)[-1].initial
    if first is not None:
        credited += runtime.load(first).card.sources
    if recipe.credits is None and recipe.corpora:
        return credited
    known = {row["name"]: row for row in record.read_credits(recipe.credits)}
    paths: list[str] = []
    for each in lineage(recipe):
        paths += [*each.kits, *each.validation_kits, *each.band, *each.validation_band]
        paths += [*each.extras, *each.validation_extras]
        paths += [each.groove] if each.groove else []
    names = sorted({Path(path.partition("#")[0]).name for path in paths})
    if missing := [name for name in names if name not in known]:
        raise ValueError(f"{recipe.credits}: no row for {', '.join(missing)}")
    own = [known[name] for name in names]
    return [*own, *(row for row in credited if row["name"] not in names)]
