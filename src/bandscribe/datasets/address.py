"""The address of a corpus: `NAME=ROOT`, or in full `NAME:SPLIT/AUDIO=ROOT`.

    mdb=~/mdb                     the usual audio; the split that the command uses
    mdb:all/full_mix=~/mdb        all splits, of the variant `full_mix` of the audio
    irmas:train=~/irmas           the split `train`

Every command and recipe that reads a corpus takes such an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bandscribe.datasets import corpora
from bandscribe.datasets.corpus import Corpus
from bandscribe.datasets.track import Track

#: The split that stands for all of them.
EVERY_SPLIT = "all"


@dataclass(frozen=True)
class CorpusAddress:
    """A copy of a corpus; `split` and `audio` are empty where the address leaves them out."""

    corpus: Corpus[Any]
    root: Path
    split: str = ""
    audio: str = ""

    @classmethod
    def parse(cls, text: str, *tasks: str) -> CorpusAddress:
        """The address of a corpus of one of `tasks`.

        Raises ValueError when it is malformed, or the corpus or its audio variant unknown.
        """
        names = [name for name, corpus in corpora.CORPORA.items() if corpus.task in tasks]
        left, _, root = text.partition("=")
        left, _, audio = left.partition("/")
        name, _, split = left.partition(":")
        if not root or name not in names:
            raise ValueError(
                f"{text}: expected NAME=ROOT or NAME:SPLIT/AUDIO=ROOT, and NAME one of "
                f"{', '.join(names)}"
            )
        corpus = corpora.CORPORA[name]
        if audio and audio not in corpus.variants:
            raise ValueError(f"{text}: expected audio {describe_variants(corpus)}, got {audio!r}")
        return cls(corpus, Path(root).expanduser(), split, audio)

    @property
    def variant(self) -> str:
        """The variant of the audio that is read: the corpus's usual one if none is named."""
        return self.audio or self.corpus.variants[0]

    def tracks(self, split: str) -> list[Track[Any]]:
        """The tracks of the address's own split, or of `split` where it names none.

        Raises ValueError where there are none, and as `Corpus.tracks`.
        """
        found = self.corpus.tracks(self.root, self.variant)
        requested = self.split or split
        chosen = [track for track in found if requested in (track.split, EVERY_SPLIT)]
        if not chosen:
            name, known = self.corpus.name, ", ".join(sorted({track.split for track in found}))
            raise ValueError(
                f"{name}={self.root}: no track of the split {requested!r}, but of {known}; "
                f"name one, or all: {name}:SPLIT={self.root}"
            )
        return chosen

    def choose(self, usual: str) -> tuple[list[Track[Any]], str]:
        """The tracks of a split, those with missing files too, and the split's name.

        The split is the address's own; where it names none `usual` if the corpus has it, else all.

        Raises ValueError for a split without tracks, and as `Corpus.named`.
        """
        corpus, root = self.corpus, self.root
        # Where there is nothing at all, `Corpus.tracks` raises with what is expected.
        tracks = corpus.named(root, self.variant) or corpus.tracks(root, self.variant)
        known = sorted({track.split for track in tracks})
        name = self.split or (usual if usual in known else EVERY_SPLIT)
        if name not in (*known, EVERY_SPLIT):
            expected = ", ".join([*known, EVERY_SPLIT])
            raise ValueError(f"--split: expected one of {expected}, got {name!r}")
        return [track for track in tracks if name in (track.split, EVERY_SPLIT)], name


def describe_variants(corpus: Corpus[Any]) -> str:
    """The choices of audio of a corpus, for an error message."""
    known = ", ".join(filter(None, corpus.variants))
    return f"one of {known}" if known else "to be left out (this corpus has one kind)"
