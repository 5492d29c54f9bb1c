"""All corpora by name: the choices of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bandscribe.datasets import (
    adtof,
    audioset,
    clips,
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
    corpus.name: corpus
    for corpus in (
        gmd.EXPANDED, gmd.CORPUS, enst.CORPUS, mdb.CORPUS, mdb.SUBCLASSES, enst_mdb.CORPUS,
        idmt.CORPUS, rbma.CORPUS, rbma.FULL, slakh.CORPUS, tmidt.CORPUS, adtof.CORPUS,
        sadtp.CORPUS, folder.CORPUS, folder.FIVE, folder.THREE, clips.HITS, irmas.CORPUS,
        audioset.CORPUS, openmic.CORPUS, medley_solos.CORPUS, medleydb.CORPUS, musdb.CORPUS,
        stems.CORPUS, clips.CORPUS,
    )
}  # fmt: skip
