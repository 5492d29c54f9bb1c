"""How precisely single hits are cut by MIDI files that are early, late, or of other recordings.

Hiner 2024, Drum Classification, sections 3.1 and 5: the clean-up is there because of "imprecise
MIDI alignment", and "poor segmentation in some instances" may hinder the model. Rendered
performances come with the notes as they sound (`synthesis.performances`), which are the reference.

A clip is *single* when no other note sounds in it, from `PLACE` before it on, than one of its own
label; it is *well placed* when that note lies within `PLACE` of its beginning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.datasets.segments import Cut, CutClip, read_notes
from bandscribe.readers import read_csv
from bandscribe.studies.tables import align

#: Most seconds between the start of a well placed clip and its note.
PLACE = 0.02
#: Tolerance in seconds within which a MIDI file is in time: the length of its ticks.
EXACT = 0.002
#: Kinds of MIDI files: in time, shifted as a whole, of another tempo, of another performance.
FILES = ("in time", "early", "late", "drifting", "of another")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Clips (clip,): what each is, whether the clean-up keeps it, and the kind of its MIDI file.

    `files` (clip,) are some of `FILES`.
    """

    single: NDArray[np.bool_]
    placed: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    files: NDArray[np.str_]

    @property
    def good(self) -> NDArray[np.bool_]:
        """Whether a clip is single and well placed."""
        return self.single & self.placed

    def summarise(self, which: NDArray[np.bool_] | None = None) -> dict[str, float]:
        """Shares of clips, of `which` alone where that is given, before and after the clean-up.

        `precision` is that of single and well placed ones; `good_kept` the share of these that the
        clean-up leaves.
        """
        some = np.ones(len(self.kept), dtype=bool) if which is None else which
        kept = some & self.kept
        return {
            "clips": int(some.sum()),
            "single": _mean(self.single[some]),
            "precision": _mean(self.good[some]),
            "clips_kept": int(kept.sum()),
            "single_kept": _mean(self.single[kept]),
            "precision_kept": _mean(self.good[kept]),
            "good_kept": _mean(self.kept[some & self.good]),
        }


def evaluate(cuts: Iterable[Cut]) -> Evaluation:
    """Evaluate the clips of rendered recordings by the tables of notes beside them.

    Raises ValueError where a recording has none.
    """
    found: list[tuple[bool, bool, bool, str]] = []
    for cut in cuts:
        if not cut.clips:
            continue
        onsets, labels = read_reference(cut.recording.audio)
        notes = read_notes(cut.recording)
        kind = compare_notes(notes.onsets, notes.labels.tolist(), onsets, labels)
        found += [(*evaluate_clip(clip, onsets, labels), cut.in_step, kind) for clip in cut.clips]
    single, placed, kept, kinds = zip(*found, strict=True) if found else ((), (), (), ())
    return Evaluation(
        np.array(single, dtype=bool),
        np.array(placed, dtype=bool),
        np.array(kept, dtype=bool),
        np.array(kinds, dtype=np.str_),
    )


def tabulate(label: str, cuts: Iterable[Cut]) -> list[dict[str, object]]:
    """A row for all clips, and one for those of each kind of MIDI file."""
    found = evaluate(cuts)
    parts = {"all": None, **{kind: found.files == kind for kind in FILES}}
    return [
        {"notes": label, "files": name, **found.summarise(which)} for name, which in parts.items()
    ]


def format_lines(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """The rows as lines of aligned columns."""
    cells = [
        [f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()]
        for row in rows
    ]
    return align([list(rows[0]), *cells], left=2)


def compare_notes(
    notes: NDArray[np.float64],
    labels: Sequence[str],
    reference: NDArray[np.float64],
    names: Sequence[str],
) -> str:
    """The kind, in `FILES`, of a MIDI file of notes and labels; `reference` and `names` sound."""
    if Counter(labels) != Counter(names):
        return "of another"
    played, sounding = np.array(labels), np.array(names)
    # Label by label: notes at one moment have no order.
    off = np.concatenate(
        [np.sort(notes[played == x]) - np.sort(reference[sounding == x]) for x in set(names)]
        or [np.zeros(0)]
    )
    if len(off) and np.ptp(off) > 2 * EXACT:
        return "drifting"
    late = float(np.median(off)) if len(off) else 0.0
    return "in time" if abs(late) <= EXACT else "late" if late > 0 else "early"


def evaluate_clip(
    clip: CutClip, onsets: NDArray[np.float64], labels: Sequence[str]
) -> tuple[bool, bool]:
    """Whether a clip is single, and whether it is well placed, by notes at `onsets` (note,)."""
    inside = (onsets > clip.start - PLACE) & (onsets < clip.start + clip.seconds)
    notes = np.flatnonzero(inside).tolist()
    single = len(notes) == 1 and labels[notes[0]] == clip.label
    placed = any(labels[i] == clip.label and abs(onsets[i] - clip.start) <= PLACE for i in notes)
    return single, placed


def read_reference(recording: Path) -> tuple[NDArray[np.float64], list[str]]:
    """The notes (note,) that sound in a rendered recording, and their articulations.

    Raises ValueError where there is no table beside it.
    """
    stem = recording.name.rpartition(".")[0]
    rows = read_csv(recording.with_name(f"{stem}.csv"), "onset", "class")
    return np.array([float(row["onset"]) for row in rows]), [row["class"] for row in rows]


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")
