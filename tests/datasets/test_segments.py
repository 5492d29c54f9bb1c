"""Single hits out of performances: which notes they are, and how they lie on disk."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe.datasets import alignment, clips, segments
from bandscribe.types import Transcription
from bandscribe.vocabulary import ARTICULATIONS
from tiny_performances import PLAYED, RATE, write_performances, write_recording


def notes(*played: tuple[float, str], duration: float) -> Transcription:
    times, labels = zip(*played, strict=True)
    return Transcription(
        np.array(times), np.array(labels), np.full(len(times), 0.5), duration, ARTICULATIONS
    )


def spans(played: Transcription, *classes: str) -> list[tuple[str, float, float]]:
    return [
        (found.label, found.start, round(found.seconds, 6))
        for found in segments.find(played, classes)
    ]


def test_a_hit_is_alone_before_and_after() -> None:
    played = notes((0.0, "kd"), (0.3, "sd"), (0.409, "sd"), (0.7, "kd"), duration=1.0)
    # The snare at 0.3 is followed too soon; the next comes 109 ms after it, which is late enough.
    assert spans(played, "kd", "sd") == [
        ("kd", 0.0, 0.29), ("sd", 0.409, 0.281), ("kd", 0.7, 0.29),
    ]  # fmt: skip


def test_100_ms_before_is_too_close_and_210_to_the_next_enough() -> None:
    assert spans(notes((0.0, "sd"), (0.1, "kd"), duration=9.0), "kd") == []
    assert spans(notes((0.0, "sd"), (0.101, "kd"), duration=9.0), "kd") == [("kd", 0.101, 8.889)]
    assert spans(notes((0.0, "kd"), (0.211, "sd"), duration=9.0), "kd") == [("kd", 0.0, 0.201)]
    assert spans(notes((0.0, "kd"), (0.209, "sd"), duration=9.0), "kd") == []


def test_notes_of_no_class_part_hits_too() -> None:
    played = notes((0.0, "kd"), (0.05, "cb"), (0.5, "kd"), (0.65, "cr"), duration=2.0)
    assert spans(played, "kd") == []


def test_notes_at_once_are_no_single_hit() -> None:
    assert spans(notes((0.0, "kd"), (0.0, "chh"), duration=2.0), "kd", "chh") == []


def test_counts_put_the_most_frequent_first() -> None:
    played = notes((0.0, "kd"), (1.0, "sd"), (2.0, "sd"), (3.0, "chh"), duration=4.0)
    # Equal counts come in the order of the vocabulary.
    assert list(segments.count([played, played]).items()) == [("sd", 4), ("kd", 2), ("chh", 2)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_performances(tmp_path)


def test_unconventional_kits_are_left_out(root: Path) -> None:
    found = segments.find_recordings(root)
    assert [each.kit for each in found] == ["Jazz", "Rock"]
    assert (found[0].id, found[0].group, found[0].duration) == ("1_in_time", "performance 1", 3.0)
    counts = segments.count(map(segments.read_notes, found))
    assert counts == {"kd": 4, "sd": 2, "phh": 2}


def cut_all(root: Path, out: Path, **options: bool) -> list[segments.Cut]:
    return [
        segments.cut(recording, ("kd", "sd", "phh"), out, **options)
        for recording in segments.find_recordings(root)
    ]


def test_clips_are_those_of_the_recording(root: Path, tmp_path: Path) -> None:
    in_time, _ = cut_all(root, tmp_path / "out")
    assert [(clip.label, round(clip.start, 3)) for clip in in_time.clips] == [
        ("kd", 0.2), ("sd", 0.8), ("kd", 1.4), ("phh", 2.0),
    ]  # fmt: skip
    heard, rate = soundfile.read(tmp_path / "out" / in_time.clips[1].file)
    whole, _ = soundfile.read(root / "e-gmd-v1.0.0/1_in_time.wav")
    assert rate == RATE
    np.testing.assert_array_equal(heard, whole[round(0.8 * RATE) :][: round(0.5 * RATE)])
    assert all(clip.peak < 0.01 for clip in in_time.clips)


def test_a_late_file_is_cleaned_away(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    in_time, late = cut_all(root, out)
    # Each segment ends with the louder hit that follows, 590 - 50 ms after its beginning.
    assert [round(clip.peak, 2) for clip in late.clips[:3]] == [0.55, 0.55, 0.55]
    assert in_time.in_step and not late.in_step
    assert len(segments.collect([in_time, late], out)) == 4
    found = clips.HITS.tracks(out)
    assert [sorted(track.load()) for track in found] == [["KD"], ["SD"], ["KD"], ["CHH"]]
    assert {track.split for track in found} == {"train"}
    assert len(segments.collect([in_time, late], out, clean=False)) == 8
    every = list(csv.DictReader((out / "segments.csv").read_text().splitlines()))
    assert [row["in_step"] for row in every] == ["1"] * 4 + ["0"] * 4


def test_aligned_notes_begin_with_the_sound(root: Path, tmp_path: Path) -> None:
    _, late = cut_all(root, tmp_path / "out", align=True)
    assert late.in_step
    np.testing.assert_allclose([clip.start for clip in late.clips], list(PLAYED), atol=0.002)


def test_a_segment_past_the_end_has_no_clip(root: Path, tmp_path: Path) -> None:
    folder = root / "e-gmd-v1.0.0"
    short, _ = soundfile.read(folder / "1_in_time.wav")
    soundfile.write(folder / "1_in_time.wav", short[: round(1.9 * RATE)], RATE)
    found, _ = cut_all(root, tmp_path / "out")
    assert found.clips[-1].file == "" and not found.in_step
    assert len(segments.collect([found], tmp_path / "out", clean=False)) == 3


def test_what_is_cut_is_not_cut_again(root: Path, tmp_path: Path) -> None:
    first = cut_all(root, tmp_path / "out")
    for path in (root / "e-gmd-v1.0.0").glob("*.wav"):
        path.unlink()
    again = cut_all(root, tmp_path / "out")
    assert again == first


def test_another_choice_needs_another_folder(tmp_path: Path) -> None:
    segments.begin(tmp_path, classes=("kd", "sd"), seconds=0.5)
    segments.begin(tmp_path, classes=("kd", "sd"), seconds=0.5)
    with pytest.raises(ValueError, match="cut otherwise"):
        segments.begin(tmp_path, classes=("kd", "sd"), seconds=1.0)


def test_a_damaged_table_is_named(root: Path) -> None:
    table = root / "e-gmd-v1.0.0/e-gmd-v1.0.0.csv"
    table.write_text(table.read_text().replace("3.0", "long"))
    with pytest.raises(ValueError, match=r"e-gmd-v1.0.0.csv: damaged: 'long'"):
        segments.find_recordings(root)


@pytest.mark.parametrize("late", [-0.06, -0.013, 0.0, 0.04])
def test_alignment_measures_how_late_notes_are(tmp_path: Path, late: float) -> None:
    write_recording(tmp_path, "a", PLAYED)
    samples, _ = soundfile.read(tmp_path / "a.wav", dtype="float32")
    moved = np.array(list(PLAYED)) + late
    assert alignment.measure(samples, RATE, moved) == pytest.approx(-late, abs=0.002)


@pytest.mark.parametrize(
    ("late", "stretch"), [(0.0, 0.0), (-0.05, 0.0), (0.03, 0.005), (-0.02, -0.004), (0.0, 0.001)]
)
def test_a_fit_follows_notes_that_drift(late: float, stretch: float) -> None:
    samples, true = bursts(40.0, seed=1)
    notes = np.maximum(0.0, true * (1 + stretch) + late)
    fitted = alignment.fit(samples, RATE, notes)
    np.testing.assert_allclose(fitted.move(notes)[5:], true[5:], atol=0.006)
    assert fitted.agreement > 0.9


def test_notes_of_another_recording_do_not_agree() -> None:
    samples, true = bursts(40.0, seed=1)
    _, others = bursts(40.0, seed=2)
    assert alignment.fit(samples, RATE, others).agreement < 0.4 < alignment.LEAST
    # Half of a recording without its notes, or half of the notes without a sound, is too little.
    assert alignment.fit(samples, RATE, true[: len(true) // 4]).agreement < alignment.LEAST
    assert alignment.fit(samples[: len(samples) // 4], RATE, true).agreement > alignment.LEAST
    assert alignment.fit(np.zeros(RATE, np.float32), RATE, true).agreement == 0
    assert alignment.fit(samples, RATE, np.zeros(0)).agreement == 0


def bursts(seconds: float, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Strokes at random times, 80 ms or more apart, over faint noise; when they begin."""
    rng = np.random.default_rng(seed)
    onsets = np.cumsum(rng.uniform(0.08, 0.5, 400))
    onsets = onsets[onsets < seconds - 0.2]
    samples = 1e-4 * rng.standard_normal(round(seconds * RATE))
    decay = np.exp(-np.arange(RATE // 20) / (0.01 * RATE))
    for onset in onsets:
        at = round(onset * RATE)
        samples[at : at + len(decay)] += (
            rng.uniform(0.1, 0.8) * decay * rng.standard_normal(len(decay))
        )
    return samples.astype(np.float32), onsets


def test_a_recording_of_other_notes_is_cleaned_away_where_aligned(
    root: Path, tmp_path: Path
) -> None:
    folder = root / "e-gmd-v1.0.0"
    (folder / "1_in_time.midi").write_bytes(b"")
    write_recording(folder, "other", {0.3: 36, 0.61: 36, 1.1: 38, 1.72: 44, 2.3: 36}, seed=9)
    (folder / "other.midi").replace(folder / "1_in_time.midi")
    found, _ = cut_all(root, tmp_path / "out", align=True)
    assert not found.in_step and all(clip.peak == np.inf for clip in found.clips)


def test_silence_is_not_aligned() -> None:
    assert alignment.measure(np.zeros(RATE, dtype=np.float32), RATE, np.array([0.5])) == 0.0
    assert alignment.measure(np.ones(RATE, dtype=np.float32), RATE, np.zeros(0)) == 0.0
