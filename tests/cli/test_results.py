"""A part of a file, other notes, a steady tempo, and a preview, by the command."""

from pathlib import Path

import mido
import numpy as np
import pytest

from bandscribe import audio
from bandscribe.formats import csv
from bandscribe.vocabulary import DRUMS_10


def notes(path: str) -> list[int]:
    return [m.note for m in mido.MidiFile(path) if m.type == "note_on" and m.velocity]


def test_a_range_is_written_at_the_times_of_the_file(transcribe, groove_wav, groove) -> None:
    assert transcribe(groove_wav, "-o", "all.csv").code == 0
    result = transcribe(groove_wav, "-o", "part.csv", "--start", "0:00.9", "--end", "1.9")
    assert (result.code, result.err) == (0, "")
    whole, part = (csv.read(name, classes=DRUMS_10) for name in ("all.csv", "part.csv"))
    inside = (whole.onsets > 0.9) & (whole.onsets < 1.9)
    assert 0 < inside.sum() < len(whole.onsets)
    np.testing.assert_allclose(part.onsets, whole.onsets[inside], atol=0.005)
    assert part.labels.tolist() == whole.labels[inside].tolist()


def test_activations_of_a_range_keep_its_times(transcribe, groove_wav) -> None:
    assert transcribe(groove_wav, "-o", "part.npz", "--start", "1").code == 0
    with np.load("part.npz") as arrays:
        assert arrays["start"] == pytest.approx(0.8)  # after 20 frames of padding


def test_the_notes_of_a_map(transcribe, groove_wav) -> None:
    assert transcribe(groove_wav, "-o", "own.mid", "--map", "addictive-drums").code == 0
    assert set(notes("own.mid")) == {36, 38, 49, 56, 60}


def test_quantised_notes_beside_the_played_ones(transcribe, groove_wav) -> None:
    result = transcribe(groove_wav, "--quantise", "8")
    assert (result.code, result.err) == (0, "")
    stem = groove_wav.stem
    assert len(notes(f"{stem}.mid")) == len(notes(f"{stem}.quantised.mid"))


def test_a_preview_beside_the_recording(transcribe, groove_wav) -> None:
    result = transcribe(groove_wav, "--format", "preview", "--click", "-o", "out/")
    assert (result.code, result.err) == (0, "")
    sound = audio.read(f"out/{groove_wav.stem}.preview.flac")
    assert sound.samples.shape[0] == 2
    assert sound.duration == pytest.approx(audio.read(groove_wav).duration, abs=0.01)
    # A preview is no recording: the folder holds nothing to transcribe.
    result = transcribe("out")
    assert (result.code, len(result.complaints)) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--start", "2", "--end", "1"], "--end: expected a time after 2 s, got 1 s"),
        (["--start", "soon"], "--start: expected seconds or m:ss, such as 90 or 1:30, got 'soon'"),
        (["--end", "-1"], "--end: expected seconds or m:ss"),
        (["--quantise", "5"], "--quantise: expected one of 4, 8, 12"),
        (["--map", "roland"], "--map: expected one of general-midi"),
        (["--map", "logic", "--format", "csv,json"], "--map: has no effect on csv, json; leave"),
        (["--simile"], "--simile: has no effect on midi; leave it out, or add --format pdf"),
        (["--click", "-o", "x.csv"], "--click: has no effect on csv; leave"),
    ],
)
def test_wrong_usage_is_one_line(transcribe, groove_wav, arguments, reason) -> None:
    result = transcribe(groove_wav, *arguments)
    assert (result.code, result.out, len(result.complaints)) == (2, "", 1)
    assert reason in result.err
    assert not list(Path().iterdir())


def test_a_start_after_the_end_of_the_file_is_a_line(transcribe, groove_wav) -> None:
    result = transcribe(groove_wav, "--start", "60")
    assert (result.code, len(result.complaints)) == (1, 1)
