"""The rows of a recording are what the public functions say of it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("pyarrow", reason="needs the extra catalogue")

import bandscribe
from bandscribe.catalogue import analysis
from bandscribe.catalogue.analysis import Analyser, Models
from bandscribe.catalogue.schema import TASKS
from bandscribe.formats import bars
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import DRUMS_10

ANALYSER = Analyser()


@pytest.fixture(scope="module")
def rows() -> analysis.Analysis:
    return ANALYSER(GROOVE, tuple(TASKS))


GROOVE = Path(__file__).parents[2] / "examples" / "groove.flac"


def test_drums_and_beats_are_those_of_transcribe(rows: analysis.Analysis) -> None:
    expected = bandscribe.transcribe(GROOVE)
    notes, beats = rows.tables["notes"], rows.tables["beats"]
    assert notes["onset"].tolist() == expected.onsets.tolist()
    assert notes["class"].tolist() == expected.labels.tolist()
    assert notes["velocity"].tolist() == expected.velocities.astype(np.float32).tolist()
    assert beats["time"].tolist() == expected.beats.times.tolist()
    assert beats["position"].tolist() == expected.beats.positions.tolist()
    assert rows.record["note_count"] == len(expected.onsets)
    tempo, metre = rows.record["tempo"], rows.record["metre"]
    assert f"{tempo:g} bpm, {metre}" == bars.describe(expected.beats) == "104 bpm, 4/4"


@pytest.mark.parametrize(
    ("positions", "metre"),
    [
        ([1, 2, 3, 4] * 3, "4/4"),
        ([1, 2, 3, 4, 1, 2, 3, 1, 2, 3, 4, 1, 2, 3, 1], "3/4"),  # as many bars of each
        ([3, 4, 1, 2, 3, 4], "4/4"),  # no whole bar
    ],
)
@pytest.mark.parametrize("missing", [(), (4, 5)])
def test_tempo_and_metre_are_printed_by_transcribe(
    monkeypatch: pytest.MonkeyPatch, positions: list[int], metre: str, missing: tuple[int, ...]
) -> None:
    """Also where beats were not found."""
    kept = np.delete(np.arange(len(positions)), missing)
    beats = Beats(0.3 + kept / 2, np.array(positions)[kept])
    part = Transcription(
        np.zeros(0), np.zeros(0, dtype="<U3"), np.zeros(0, np.float32), 9.0, DRUMS_10, beats
    )
    monkeypatch.setattr(analysis.drums, "transcribe_blocks", lambda blocks, model: part)
    row = ANALYSER(GROOVE, ("drums",)).record
    assert f"{row['tempo']:g} bpm, {row['metre']}" == bars.describe(beats) == f"120 bpm, {metre}"


def test_instruments_are_those_of_recognize_and_track(rows: analysis.Analysis) -> None:
    expected, activity = bandscribe.recognize(GROOVE), bandscribe.track(GROOVE)
    found = rows.tables["instruments"]
    assert found["class"] == list(expected.tags.classes)
    assert found["probability"].tolist() == expected.tags.scores.tolist()
    assert found["present"].tolist() == expected.present.tolist()
    spans = [(span["start"], span["end"]) for span in found["spans"][found["class"].index("dru")]]
    assert spans == [(s.start, s.end) for s in activity.segments() if s.label == "dru"]
    length = sum(end - start for start, end in spans)
    assert found["share"][-1] == pytest.approx(length / activity.duration, abs=1e-6)
    percent = rows.tables["activity"]["percent"]
    assert {len(curve) for curve in percent} == {int(np.ceil(activity.duration))}
    frames = round(activity.probability.frame_rate)
    first = activity.probability.values[:frames, -1].mean()
    assert percent[-1][0] == pytest.approx(100 * first, abs=1)


def test_the_file_is_described(rows: analysis.Analysis, tmp_path: Path) -> None:
    assert (rows.record["format"], rows.record["channels"]) == ("FLAC", 1)
    assert rows.record["duration"] == pytest.approx(soundfile.info(GROOVE).duration)
    with soundfile.SoundFile(tmp_path / "a.ogg", "w", 8000, 2) as sound:
        sound.title, sound.artist = " Groove ", "Nobody"
        sound.write(np.zeros((8000, 2)))
    record = ANALYSER(tmp_path / "a.ogg", ("drums",)).record
    assert (record["title"], record["artist"], record["album"]) == ("Groove", "Nobody", None)
    assert (record["format"], record["sample_rate"], record["channels"]) == ("OGG", 8000, 2)
    assert record["loudness"] is None  # silence
    assert (record["note_count"], record["tempo"], record["pattern"]) == (0, None, None)


def test_how_often_a_file_is_decoded_changes_nothing(
    rows: analysis.Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "KEPT_SECONDS", 0.0)
    again = ANALYSER(GROOVE, tuple(TASKS))
    assert again.record == rows.record
    assert str(again.tables) == str(rows.tables)


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"", "the file is empty (0 bytes)"), (b"no sound at all" * 99, "no sound that can be")],
)
def test_a_bad_file_is_a_row(tmp_path: Path, content: bytes, error: str) -> None:
    (tmp_path / "bad.mp3").write_bytes(content)
    found = ANALYSER(tmp_path / "bad.mp3", ("drums",))
    assert found.record["error"].startswith(error)
    assert str(tmp_path) not in found.record["error"]
    assert found.tables == {}


def test_a_file_that_breaks_off_has_a_warning(tmp_path: Path) -> None:
    content = GROOVE.read_bytes()
    (tmp_path / "cut.flac").write_bytes(content[: len(content) // 4])
    found = ANALYSER(tmp_path / "cut.flac", ("drums",))
    assert found.record["warning"].startswith("broke off after")
    assert found.record["duration"] > 1 and len(found.tables["notes"]["onset"])


def test_a_fault_of_a_library_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **named: object) -> None:
        raise IndexError("out of range")

    monkeypatch.setattr(analysis.drums, "transcribe_blocks", fail)
    assert ANALYSER(GROOVE, ("drums",)).record == {"error": "IndexError: out of range"}


def test_versions_follow_the_model_and_the_code_of_each_role(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped, other = Models().versions(TASKS), Models(drums=str(tiny_model)).versions(TASKS)
    assert shipped["drums"] == shipped["beats"] != other["drums"]
    assert shipped["instruments"] == shipped["activity"] == other["activity"]
    described = Models().describe(TASKS)
    assert described[shipped["drums"]]["model"] == "drums"
    assert len(described[shipped["drums"]]["sha256"]) == 64
    monkeypatch.setitem(analysis.ANALYSIS, "drums", analysis.ANALYSIS["drums"] + 1)
    raised = Models().versions(TASKS)
    assert raised["drums"] != shipped["drums"] and raised["activity"] == shipped["activity"]
    with pytest.raises(ValueError, match="does not recognize instruments"):
        Models(instruments="drums").versions(["instruments"])
