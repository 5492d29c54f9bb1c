"""What the literature calls an evaluation of drum transcription.

The task is what sounds in the recordings, the set-up what the system was trained on. Both decide
which published figures ours may be compared with. Names as in Wu et al. 2018, A Review of
Automatic Drum Transcription, and in Deep Unsupervised Drum Transcription (2019), section 4:

- DTD: drum transcription of drum-only recordings: all that sounds is transcribed;
- DTP: in the presence of percussion: of drums and percussion alone, some are transcribed and the
  others are to be left out;
- DTM: in the presence of melodic instruments: whole songs.
"""

from __future__ import annotations

from collections.abc import Collection


def name_task(*, melodic: bool, untranscribed: bool) -> str:
    """`DTM`, `DTP` or `DTD`.

    `melodic`: instruments other than drums and percussion sound. `untranscribed`: drums or
    percussion sound that the classes scored do not cover, as toms and cymbals do where only
    `KD SD HH` are scored.
    """
    if melodic:
        return "DTM"
    return "DTP" if untranscribed else "DTD"


def name_setup(corpus: str, trained_on: Collection[str]) -> str:
    """`eval-subset` when `corpus` is among what the system was trained on, else `eval-cross`.

    It is for the caller to see that no track, and nothing of its group, was trained on.
    """
    return "eval-subset" if corpus in trained_on else "eval-cross"
