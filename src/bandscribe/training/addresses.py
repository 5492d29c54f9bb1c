"""Where recordings with labels lie: `CORPUS=ROOT`, or `CORPUS:SPLIT=ROOT` for another split."""

from __future__ import annotations

from typing import Any

from bandscribe.datasets.corpora import CORPORA
from bandscribe.datasets.corpus import Corpus


def parse(source: str, split: str) -> tuple[Corpus[Any], str, str]:
    """The corpus, the split (`split` where the source names none) and the folder of a source.

    Raises ValueError when it is not `CORPUS=ROOT` or `CORPUS:SPLIT=ROOT`.
    """
    names = [name for name, corpus in CORPORA.items() if corpus.task == "recognition"]
    left, equals, root = source.partition("=")
    name, _, given = left.partition(":")
    if not equals or not root or name not in names:
        raise ValueError(
            f"{source}: expected CORPUS=ROOT or CORPUS:SPLIT=ROOT with one of {', '.join(names)}"
        )
    return CORPORA[name], given or split, root
