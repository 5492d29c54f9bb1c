"""Clips judged by the notes as they sound, on cases worked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bandscribe.datasets.segments import Cut, CutClip, KitRecording
from bandscribe.studies import hit_segments
from bandscribe.synthesis.performances import write_midi
from bandscribe.types import Transcription
from bandscribe.vocabulary import ARTICULATIONS

ONSETS = np.array([1.0, 2.0, 2.4])
LABELS = ["kd", "sd", "kd"]


def clip(label: str, start: float, seconds: float, peak: float = 0.0) -> CutClip:
    return CutClip("a.flac", label, 0.5, start, seconds, peak)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (clip("kd", 1.0, 0.5), (True, True)),
        (clip("kd", 0.985, 0.5), (True, True)),  # 15 ms early
        (clip("kd", 0.95, 0.5), (True, False)),  # 50 ms early
        (clip("kd", 1.015, 0.5), (True, True)),  # 15 ms late
        (clip("kd", 1.05, 0.5), (False, False)),  # the attack is lost
        (clip("sd", 1.0, 0.5), (False, False)),  # another drum
        (clip("sd", 2.0, 0.39), (True, True)),
        (clip("sd", 2.0, 0.45), (False, True)),  # the next hit is in it
        (clip("kd", 5.0, 0.5), (False, False)),  # nothing sounds
    ],
)
def test_single_and_well_placed(found: CutClip, verdict: tuple[bool, bool]) -> None:
    assert hit_segments.evaluate_clip(found, ONSETS, LABELS) == verdict


def test_precision_before_and_after(tmp_path: Path) -> None:
    def make(
        name: str, late: float, *found: CutClip, stretch: float = 0.0, played: list[str] = LABELS
    ) -> Cut:
        notes = Transcription(ONSETS, np.array(played), np.full(3, 0.5), 3.0, ARTICULATIONS)
        write_midi(tmp_path / f"{name}.midi", notes, bpm=120, late=late, stretch=stretch)
        rows = [f"{onset},{label}" for onset, label in zip(ONSETS, LABELS, strict=True)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["onset,class", *rows]) + "\n")
        recording = KitRecording(
            name, "train", "1", "kit", 3.0, tmp_path / f"{name}.flac", tmp_path / f"{name}.midi"
        )
        return Cut(recording, found)

    cuts = [
        make("in_time", 0.0, clip("kd", 1.0, 0.5), clip("sd", 2.0, 0.39)),
        make("late", 0.05, clip("kd", 1.05, 0.5), clip("sd", 2.05, 0.39, peak=0.35)),
        make("later", 0.06, clip("kd", 1.06, 0.5, peak=0.49)),
        make("drifts", 0.0, clip("kd", 1.005, 0.5), stretch=0.005),
        make("other", 0.0, clip("sd", 1.0, 0.5, peak=np.inf), played=["sd", "sd", "kd"]),
    ]
    rows = {row["files"]: row for row in hit_segments.tabulate("plain", cuts)}
    assert (rows["all"]["clips"], rows["all"]["clips_kept"]) == (7, 5)
    assert rows["all"]["precision"] == pytest.approx(3 / 7)
    assert rows["all"]["precision_kept"] == pytest.approx(3 / 5)
    assert (rows["drifting"]["clips"], rows["drifting"]["precision"]) == (1, 1.0)
    assert (rows["of another"]["clips"], rows["of another"]["clips_kept"]) == (1, 0)
    assert rows["all"]["good_kept"] == 1.0
    assert (rows["in time"]["clips"], rows["in time"]["precision"]) == (2, 1.0)
    assert (rows["late"]["clips"], rows["late"]["precision"]) == (3, 0.0)
    assert rows["early"]["clips"] == 0 and np.isnan(rows["early"]["precision"])
    assert hit_segments.format_lines(list(rows.values()))[1].split()[:2] == ["plain", "all"]


def test_notes_at_one_moment_have_no_order() -> None:
    times = np.array([1.0, 1.0, 2.0])
    for late, kind in ((0.0, "in time"), (0.03, "late"), (-0.03, "early")):
        args = (times + late, ["kd", "chh", "sd"], times, ["chh", "kd", "sd"])
        assert hit_segments.compare_notes(*args) == kind
    assert hit_segments.compare_notes(times, ["kd", "kd", "sd"], *args[2:]) == "of another"
    drifting = hit_segments.compare_notes(times * 1.01, *args[1:])
    assert drifting == "drifting"


def test_a_recording_without_its_notes_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"x\.csv: missing"):
        hit_segments.read_reference(tmp_path / "x.flac")
