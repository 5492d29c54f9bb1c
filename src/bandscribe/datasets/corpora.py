"""All corpora by name: the choices of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bandscribe.datasets import (
    adtof,
    audioset,
    clips,
    egmd,
    enst,
    enst_mdb,
    folder,
    gmd,
    idmt,
    irmas,
    mdb,
    medley_solos,
    medleydb,
    musdb,
    openmic,
    rbma,
    sadtp,
    slakh,
    stems,
    tmidt,
)
from bandscribe.datasets.corpus import Corpus

CORPORA: Mapping[str, Corpus[Any]] = {
    "egmd": egmd.CORPUS,
    "gmd": gmd.CORPUS,
    "enst": enst.CORPUS,
    "mdb": mdb.CORPUS,
    "mdb_subclass": mdb.SUBCLASSES,
    "enst_mdb": enst_mdb.CORPUS,
    "idmt": idmt.CORPUS,
    "rbma": rbma.CORPUS,
    "rbma_full": rbma.FULL,
    "slakh": slakh.CORPUS,
    "tmidt": tmidt.CORPUS,
    "adtof": adtof.CORPUS,
    "sadtp": sadtp.CORPUS,
    "folder": folder.CORPUS,
    "folder_5": folder.FIVE,
    "folder_3": folder.THREE,
    "hits": clips.HITS,
    "irmas": irmas.CORPUS,
    "audioset": audioset.CORPUS,
    "openmic": openmic.CORPUS,
    "medley_solos": medley_solos.CORPUS,
    "medleydb": medleydb.CORPUS,
    "musdb": musdb.CORPUS,
    "stems": stems.CORPUS,
    "clips": clips.CORPUS,
}
