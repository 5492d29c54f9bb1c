"""Performances on kits, as E-GMD has them."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe.datasets import gmd, segments
from bandscribe.formats import midi
from bandscribe.synthesis import performances
from bandscribe.synthesis.drummer.groove import Performance
from bandscribe.synthesis.kits.pieces import Kit, KitPiece, RecordedHit
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import ARTICULATIONS, ROLAND_TO_ARTICULATION

RATE = 44100
ONSETS = np.array([0.0, 0.5, 1.0, 1.5])


def make_kit(name: str, *articulations: str) -> Kit:
    burst = np.random.default_rng(0).uniform(-1, 1, (1, 4000)).astype(np.float32)
    burst *= np.exp(-np.arange(4000) / 800).astype(np.float32)
    hit = RecordedHit(burst, RATE, -20.0)
    pieces = {each: (KitPiece(each, each, ((hit,),), (1.0,)),) for each in articulations}
    return Kit(name, "", "", RATE, pieces)


KITS = [
    make_kit("full", "kd", "sd", "chh", "phh"),
    make_kit("without pedal", "kd", "sd", "chh"),
    make_kit("percussion", "cb"),
]


def make_groove(number: int) -> Performance:
    notes = Transcription(
        ONSETS,
        np.array(["kd", "phh", "sd", "chh"]),
        np.full(4, 100 / 127),
        2.0,
        ARTICULATIONS,
        Beats(np.arange(4) * 0.5, np.array([1, 2, 3, 4])),
    )
    return Performance(
        notes, f"drummer1/session1/{number}", "drummer1", "funk/groove1", "beat", 120.0
    )


GROOVES = [make_groove(1), make_groove(2)]


def write(out: Path, **options: float) -> list[dict[str, str]]:
    chosen = {"hours": 1.0, "seed": 3, "split": "train", **options}
    made = performances.write_performances(GROOVES, KITS, out, **chosen)  # type: ignore[arg-type]
    return [row for row, _ in made]


def truth(path: Path) -> list[tuple[float, str]]:
    rows = csv.DictReader(path.read_text().splitlines())
    return [(float(row["onset"]), row["class"]) for row in rows]


def test_every_performance_on_every_kit(tmp_path: Path) -> None:
    rows = write(tmp_path)
    pairs = sorted((row["id"], row["kit_name"]) for row in rows)
    names = ("full", "without pedal")
    assert pairs == [(f"drummer1/session1/{i}", name) for i in (1, 2) for name in names]
    tracks = gmd.EXPANDED.tracks(tmp_path)
    assert len(tracks) == 4
    by_kit = {each.kit: each for each in segments.find_recordings(tmp_path)}
    played = segments.read_notes(by_kit["full"])
    np.testing.assert_allclose(played.onsets, ONSETS + performances.LEAD_IN, atol=0.001)
    assert played.labels.tolist() == ["kd", "phh", "sd", "chh"]
    np.testing.assert_allclose(played.velocities, 100 / 127)
    # What a kit has no sound for is in neither file.
    bare = by_kit["without pedal"]
    assert segments.read_notes(bare).labels.tolist() == ["kd", "sd", "chh"]
    assert [name for _, name in truth(bare.audio.with_suffix(".csv"))] == ["kd", "sd", "chh"]


def test_the_sound_begins_at_the_true_notes(tmp_path: Path) -> None:
    write(tmp_path)
    for recording in segments.find_recordings(tmp_path):
        samples, rate = soundfile.read(recording.audio)
        assert rate == RATE and abs(len(samples) / rate - recording.duration) < 0.001
        for onset, _ in truth(recording.audio.with_suffix(".csv")):
            at = round(onset * rate)
            before, after = samples[at - 400 : at - 44], samples[at : at + 400]
            assert np.square(after).mean() > 4 * np.square(before).mean()


def test_misaligned_files_are_off_as_a_whole(tmp_path: Path) -> None:
    write(tmp_path, misaligned=1.0)
    late = []
    for recording in segments.find_recordings(tmp_path):
        true = np.array([onset for onset, _ in truth(recording.audio.with_suffix(".csv"))])
        off = segments.read_notes(recording).onsets - true
        assert np.ptp(off) < 0.003
        late.append(float(np.median(off)))
    assert len({round(each, 3) for each in late}) == 4
    assert np.abs(late).min() > 0.001 and np.abs(late).max() < performances.MOST + 0.001


def test_files_that_drift_or_are_of_another_performance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = replace(GROOVES[0].notes, onsets=np.array([0.0, 30.0, 60.0, 90.0]), duration=91.0)
    performances.write_midi(tmp_path / "a.midi", long, bpm=120, stretch=0.005)
    read = midi.read(tmp_path / "a.midi", mapping=ROLAND_TO_ARTICULATION, channel=None)
    np.testing.assert_allclose(read.onsets, 1.005 * long.onsets, atol=0.001)

    other = replace(GROOVES[1].notes, labels=np.array(["sd", "sd", "kd", "kd"]))
    both = [GROOVES[0], replace(GROOVES[1], notes=other)]
    monkeypatch.setitem(globals(), "GROOVES", both)
    write(tmp_path / "wrong", wrong=1.0)
    for recording in segments.find_recordings(tmp_path / "wrong"):
        played = segments.read_notes(recording).labels.tolist()
        true = [name for _, name in truth(recording.audio.with_suffix(".csv"))]
        # Of two performances, each has the notes of the other.
        assert (played[:2] == ["sd", "sd"]) != (true[:2] == ["sd", "sd"])
    write(tmp_path / "right", drifting=1.0)
    for recording in segments.find_recordings(tmp_path / "right"):
        same = tmp_path / "wrong" / recording.audio.relative_to(tmp_path / "right")
        assert same.read_bytes() == recording.audio.read_bytes()


def test_a_stopped_call_goes_on_with_the_same(tmp_path: Path) -> None:
    short = write(tmp_path / "a", hours=0.001)
    assert len(short) == 2
    whole = write(tmp_path / "a")
    assert whole[:2] == short and whole == write(tmp_path / "b")
    for row in whole:
        sounds = [(tmp_path / x / row["audio_filename"]).read_bytes() for x in "ab"]
        assert sounds[0] == sounds[1]


def test_splits_share_an_index(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, split="test")
    rows = list(csv.DictReader((tmp_path / "e-gmd-v1.0.0.csv").read_text().splitlines()))
    assert [row["split"] for row in rows] == ["train"] * 4 + ["test"] * 4


def test_nothing_to_play_on(tmp_path: Path) -> None:
    made = performances.write_performances(
        GROOVES, KITS[2:], tmp_path, hours=1, seed=0, split="train"
    )
    with pytest.raises(ValueError, match="with kick, snare and hi-hat"):
        next(made)


@pytest.mark.parametrize(
    "odd", [{"name": "../../evil/1"}, {"kind": "../../beat"}, {"name": "/evil/session/1"}]
)
def test_a_performance_is_written_below_the_folder(tmp_path: Path, odd: dict[str, str]) -> None:
    groove = replace(make_groove(1), **odd)  # type: ignore[arg-type]
    made = performances.write_performances(
        [groove], KITS, tmp_path / "out", hours=1.0, seed=3, split="train"
    )
    with pytest.raises(ValueError, match="no name for a file below"):
        list(made)
    assert not list(tmp_path.rglob("*.*"))
