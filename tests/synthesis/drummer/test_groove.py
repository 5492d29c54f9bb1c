import csv
import io
import re
import zipfile

import mido
import numpy as np
import pytest

from bandscribe.synthesis.drummer.groove import read_groove
from bandscribe.vocabulary import ARTICULATIONS, ROLAND_TO_ARTICULATION

# Every note number that occurs in the 1150 files of the data set.
GROOVE_NOTES = (
    22, 26, 36, 37, 38, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 55, 57, 58, 59,
)  # fmt: skip


def midi_bytes(notes, *, tempos=((0, 500_000),), signature=(4, 4), end=1920):
    """A file of 480 ticks per beat; notes are (tick, number, velocity)."""
    numerator, denominator = signature
    events = [(0, mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator))]
    events += [(t, mido.MetaMessage("set_tempo", tempo=tempo)) for t, tempo in tempos]
    for t, number, velocity in notes:
        events.append((t, mido.Message("note_on", channel=9, note=number, velocity=velocity)))
        events.append((t + 20, mido.Message("note_on", channel=9, note=number, velocity=0)))
    track, tick = mido.MidiTrack(), 0
    for t, message in sorted(events, key=lambda event: event[0]):
        track.append(message.copy(time=t - tick))
        tick = t
    track.append(mido.MetaMessage("end_of_track", time=max(0, end - tick)))
    buffer = io.BytesIO()
    mido.MidiFile(type=0, ticks_per_beat=480, tracks=[track]).save(file=buffer)
    return buffer.getvalue()


def write_groove(path, files):
    """A miniature of the published archive; files are (split, midi bytes)."""
    columns = "drummer session id style bpm beat_type time_signature midi_filename duration split"
    index = io.StringIO()
    rows = csv.writer(index)
    rows.writerow(columns.split())
    with zipfile.ZipFile(path, "w") as archive:
        for i, (split, data) in enumerate(files):
            name = f"drummer{i}/session1/{i}.mid"
            archive.writestr(f"groove/{name}", data)
            rows.writerow(
                [f"drummer{i}", "s", f"id{i}", "funk", 120, "beat", "4-4", name, 2.0, split]
            )
        archive.writestr("groove/info.csv", index.getvalue())
    return path


def test_notes_velocities_and_beats(tmp_path):
    data = midi_bytes([(0, 36, 127), (240, 26, 64), (480, 38, 100), (720, 53, 1)])
    path = write_groove(tmp_path / "groove.zip", [("train", data), ("test", midi_bytes([]))])
    (take,) = read_groove(path, "train")
    assert (take.name, take.drummer, take.style, take.kind, take.bpm) == (
        "id0", "drummer0", "funk", "beat", 120.0,
    )  # fmt: skip
    assert take.notes.classes == ARTICULATIONS
    assert take.notes.labels.tolist() == ["kd", "ohh", "sd", "rb"]
    np.testing.assert_allclose(take.notes.onsets, [0.0, 0.25, 0.5, 0.75])
    np.testing.assert_allclose(take.notes.velocities, np.array([127, 64, 100, 1]) / 127)
    np.testing.assert_allclose(take.notes.beats.times, [0.0, 0.5, 1.0, 1.5])
    assert take.notes.beats.positions.tolist() == [1, 2, 3, 4]
    assert take.notes.duration == 2.0
    (empty,) = read_groove(path, "test")
    assert len(empty.notes.onsets) == 0


def test_tempo_changes_inside_a_file(tmp_path):
    # One beat at 120 bpm, then 60 bpm: tick 960 is at 0.5 + 1.0 s.
    data = midi_bytes([(480, 36, 90), (960, 36, 90)], tempos=((0, 500_000), (480, 1_000_000)))
    (take,) = read_groove(write_groove(tmp_path / "g.zip", [("validation", data)]), "validation")
    np.testing.assert_allclose(take.notes.onsets, [0.5, 1.5])
    np.testing.assert_allclose(take.notes.beats.times, [0.0, 0.5, 1.5])


def test_compound_metre_is_counted_in_dotted_beats(tmp_path):
    data = midi_bytes([(0, 36, 90)], signature=(6, 8), end=4 * 720)
    (take,) = read_groove(write_groove(tmp_path / "g.zip", [("train", data)]), "train")
    np.testing.assert_allclose(take.notes.beats.times, [0.0, 0.75, 1.5])
    assert take.notes.beats.positions.tolist() == [1, 2, 1]


def test_folder_equals_archive(tmp_path):
    data = midi_bytes([(100, 42, 80)])
    path = write_groove(tmp_path / "groove.zip", [("train", data)])
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    for folder in (tmp_path / "unpacked", tmp_path / "unpacked" / "groove"):
        (take,) = read_groove(folder, "train")
        np.testing.assert_array_equal(take.notes.onsets, read_groove(path, "train")[0].notes.onsets)


def test_all_notes_of_the_data_set_are_mapped():
    assert set(GROOVE_NOTES) <= set(ROLAND_TO_ARTICULATION)
    assert set(ROLAND_TO_ARTICULATION.values()) <= set(ARTICULATIONS)
    toms = {48: "ht", 50: "ht", 45: "mt", 47: "mt", 43: "lt", 58: "lt"}
    assert {n: ROLAND_TO_ARTICULATION[n] for n in toms} == toms


def test_bad_paths_and_splits(tmp_path):
    with pytest.raises(ValueError, match="split: expected one of"):
        read_groove(tmp_path, "valid")
    with pytest.raises(ValueError, match=r"holds no groove/info\.csv"):
        read_groove(tmp_path, "train")
    with pytest.raises(FileNotFoundError, match="not found"):
        read_groove(tmp_path / "groove.zip", "train")
    (tmp_path / "text.zip").write_text("no archive")
    with pytest.raises(ValueError, match="not a zip file"):
        read_groove(tmp_path / "text.zip", "train")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(ValueError, match=r"holds no groove/info\.csv"):
        read_groove(tmp_path / "other.zip", "train")


@pytest.fixture
def archive(tmp_path):
    data = midi_bytes([(0, 36, 127), (240, 26, 64)])
    return write_groove(tmp_path / "groove.zip", [("train", data), ("train", data)])


def rewrite(path, changed):
    """Members as they are, but for those in `changed`: new bytes, or None for no such member."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (members | changed).items():
            if data is not None:
                archive.writestr(name, data)


MEMBER, INDEX = "groove/drummer1/session1/1.mid", "groove/info.csv"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({MEMBER: None}, f"{MEMBER}: missing in it"),
        ({MEMBER: b""}, f"{MEMBER}: not a MIDI file that can be read (it breaks off)"),
        ({MEMBER: midi_bytes([(0, 36, 127)])[:-9]}, f"{MEMBER}: not a MIDI file"),
        ({MEMBER: bytes(2**24 + 1)}, f"{MEMBER}: 16,777,217 bytes; up to 16,777,216 are read"),
        ({INDEX: b"split,id\ntrain,a/b\n"}, f"{INDEX}: expected the columns split, midi_filename"),
        ({INDEX: bytes(2**24 + 1)}, f"{INDEX}: 16,777,217 bytes; up to 16,777,216 are read"),
        ({INDEX: b"\xff\x00" * 99}, f"{INDEX}: expected the columns"),
    ],
)
def test_damage_is_named_by_file_and_member(archive, changed, why):
    rewrite(archive, changed)
    with pytest.raises(ValueError, match=re.escape(f"{archive}: {why}")):
        read_groove(archive, "train")


@pytest.mark.parametrize("row", [1, 2])
@pytest.mark.parametrize("column", ["duration", "bpm"])
@pytest.mark.parametrize("value", ["nan", "", "1e9", "-1e9", "loud"])
def test_numbers_of_the_index(archive, row, column, value):
    with zipfile.ZipFile(archive) as opened:
        head, *rows = opened.read(INDEX).decode().splitlines()
    cells = rows[row - 1].split(",")
    cells[head.split(",").index(column)] = value
    rows[row - 1] = ",".join(cells)
    rewrite(archive, {INDEX: "\n".join([head, *rows])})
    if (column, value) == ("duration", "-1e9"):
        assert read_groove(archive, "train")[row - 1].notes.duration == 0.25
        return
    with pytest.raises(ValueError, match=r"groove\.zip: groove/"):
        read_groove(archive, "train")


def test_a_bad_checksum_is_named(archive):
    data = bytearray(archive.read_bytes())
    start = data.index(b"MTrk")
    data[start + 9] ^= 1
    archive.write_bytes(data)
    with pytest.raises(ValueError, match=r"groove\.zip: groove/drummer0.*\.mid: damaged .*CRC"):
        read_groove(archive, "train")


def test_a_beat_that_never_ends(archive):
    slow = midi_bytes([(0, 36, 127)], end=2**27)
    odd = midi_bytes([(0, 36, 127)], signature=(4, 2**20))
    for data in (slow, odd):
        rewrite(archive, {MEMBER: data})
        with pytest.raises(ValueError, match=r"groove\.zip: .*1\.mid: no performance that can be"):
            read_groove(archive, "train")
