"""MIDI: what is written is read back to a millisecond, and tempo maps are followed."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandscribe.formats import midi
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import (
    ARTICULATION_TO_10,
    DRUMS_5,
    DRUMS_10,
    GM_NOTES,
    reduce,
    relabel,
)


def part(
    notes: list[tuple[float, str, float]], duration: float = 10.0, bpm: float | None = None
) -> Transcription:
    beats = None
    if bpm is not None:
        times = 0.3 + np.arange(8) * 60 / bpm
        beats = Beats(times, np.arange(8) % 4 + 1)
    notes = sorted(notes)
    return Transcription(
        np.array([n[0] for n in notes], dtype=np.float64),
        np.array([n[1] for n in notes], dtype=np.str_),
        np.array([n[2] for n in notes], dtype=np.float64),
        duration,
        DRUMS_10,
        beats,
    )


def messages(path: Path, kind: str) -> list[tuple[float, mido.Message]]:
    """Messages of one type, with their times in seconds as mido counts them."""
    now = 0.0
    found = []
    for message in mido.MidiFile(path):
        now += message.time
        if message.type == kind:
            found.append((now, message))
    return found


@pytest.mark.parametrize("bpm", [None, 5.0, 41.0, 120.0, 173.3, 390.0, 3000.0])
def test_round_trip_to_a_millisecond(tmp_path: Path, bpm: float | None) -> None:
    rng = np.random.default_rng(3)
    onsets = np.cumsum(rng.uniform(0.06, 20.0, 300))
    written = part(
        [(t, DRUMS_10[i % 10], rng.uniform(0, 1)) for i, t in enumerate(onsets)], 4000.0, bpm
    )
    midi.write(tmp_path / "a.mid", written)
    again = relabel(midi.read(tmp_path / "a.mid"), ARTICULATION_TO_10, DRUMS_10)
    np.testing.assert_allclose(again.onsets, written.onsets, atol=1e-3)
    np.testing.assert_array_equal(again.labels, written.labels)
    assert again.velocities is not None
    assert written.velocities is not None
    np.testing.assert_allclose(again.velocities, written.velocities, atol=1 / 127)
    assert again.duration == pytest.approx(4000.0, abs=1e-3)


def test_messages_by_hand(tmp_path: Path) -> None:
    notes = [(0.0, "KD", 0.0), (0.5, "SD", 0.5), (0.52, "SD", 1.0), (1.0, "CHH", 0.5)]
    midi.write(tmp_path / "a.mid", part(notes, 2.0, bpm=100))
    song = mido.MidiFile(tmp_path / "a.mid")
    assert (song.type, len(song.tracks)) == (1, 2)
    tempi = [(t, message.tempo) for t, message in messages(tmp_path / "a.mid", "set_tempo")]
    assert tempi == [(0.0, 300_000), (pytest.approx(0.3), 600_000)]  # a beat before the first
    on = messages(tmp_path / "a.mid", "note_on")
    assert [m.note for _, m in on] == [36, 38, 38, 42]
    assert [m.velocity for _, m in on] == [1, 64, 127, 64]
    assert {m.channel for _, m in on} == {9}
    assert [t for t, _ in on] == pytest.approx([0.0, 0.5, 0.52, 1.0], abs=1e-3)
    # The first snare stroke ends where the second begins, the end of a note before its start.
    off = messages(tmp_path / "a.mid", "note_off")
    assert [t for t, _ in off] == pytest.approx([0.05, 0.52, 0.57, 1.05], abs=1e-3)
    snare = [m.type for m in song.tracks[1] if not m.is_meta and m.note == 38]
    assert snare == ["note_on", "note_off"] * 2
    assert song.length == pytest.approx(2.0, abs=1e-3)


def test_tempo_without_beats_is_120(tmp_path: Path) -> None:
    midi.write(tmp_path / "a.mid", part([(1.0, "KD", 0.5)]))
    assert messages(tmp_path / "a.mid", "set_tempo")[0][1].tempo == 500_000


def test_every_class_has_its_note(tmp_path: Path) -> None:
    midi.write(tmp_path / "a.mid", part([(0.1 * i, c, 0.5) for i, c in enumerate(DRUMS_10)]))
    written = [m.note for _, m in messages(tmp_path / "a.mid", "note_on")]
    assert written == [36, 38, 37, 42, 46, 50, 47, 43, 49, 51]


def test_reduced_classes_fold_on_one_tick(tmp_path: Path) -> None:
    five = reduce(part([(1.0, "HT", 0.2), (1.0, "LT", 0.9), (2.0, "CR", 0.5)]), 5)
    assert five.classes == DRUMS_5
    midi.write(tmp_path / "a.mid", five)
    on = [(m.note, m.velocity) for _, m in messages(tmp_path / "a.mid", "note_on")]
    assert on == [(GM_NOTES["TT"], 114), (GM_NOTES["CY"], 64)]


def test_unknown_velocities_and_no_notes(tmp_path: Path) -> None:
    plain = Transcription(np.array([0.5]), np.array(["KD"]), None, 1.0, DRUMS_10)
    midi.write(tmp_path / "a.mid", plain)
    assert messages(tmp_path / "a.mid", "note_on")[0][1].velocity == 100
    midi.write(tmp_path / "a.mid", part([], 3.0))
    again = midi.read(tmp_path / "a.mid")
    assert (len(again.onsets), again.duration) == (0, pytest.approx(3.0, abs=1e-3))


def test_write_refuses(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="onsets: expected times from 0 on"):
        midi.write(tmp_path / "a.mid", part([(-0.1, "KD", 0.5)]))
    strange = Transcription(np.array([0.5]), np.array(["vio"]), None, 1.0, ("vio",))
    with pytest.raises(ValueError, match=r"classes: .*\['vio'\]"):
        midi.write(tmp_path / "a.mid", strange)
    assert not list(tmp_path.iterdir())


def foreign(path: Path, **settings: int) -> Path:
    """One beat at 120 bpm, one at 60, then 240; notes on three channels; a note unknown to us."""
    tempo = [(0, 500_000), (480, 1_000_000), (480, 250_000)]
    conductor = mido.MidiTrack([mido.MetaMessage("set_tempo", time=t, tempo=v) for t, v in tempo])
    drums = mido.MidiTrack()
    for tick, note, channel, velocity in [
        (0, 36, 9, 127),
        (240, 26, 9, 64),
        (240, 38, 9, 0),  # a note off
        (240, 38, 9, 32),
        (480, 99, 9, 1),
        (0, 60, 2, 127),
    ]:
        drums.append(
            mido.Message("note_on", time=tick, note=note, channel=channel, velocity=velocity)
        )
    mido.MidiFile(**{"type": 1, "ticks_per_beat": 480, **settings}, tracks=[conductor, drums]).save(
        path
    )
    return path


def test_reads_tempo_changes_and_channels(tmp_path: Path) -> None:
    path = foreign(tmp_path / "a.mid")
    read = midi.read(path)
    # ticks 0, 240, 720, 1200: 0.5 s to tick 480, 1.5 s to 960, then half a beat at 240 bpm
    np.testing.assert_allclose(read.onsets, [0, 0.25, 1.0, 1.625])
    assert read.labels.tolist() == ["kd", "other", "sd", "other"]
    assert read.velocities is not None
    np.testing.assert_allclose(read.velocities, np.array([127, 64, 32, 1]) / 127)
    assert len(midi.read(path, channel=None).onsets) == 5
    assert midi.read(path, channel=2, mapping={60: "cb"}).labels.tolist() == ["cb"]
    assert midi.read(path, mapping={26: "ohh"}).labels.tolist() == ["other", "ohh", *["other"] * 2]


@pytest.mark.parametrize("settings", [{"type": 2}, {"ticks_per_beat": 0}])
def test_refuses_other_clocks(tmp_path: Path, settings: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"a\.mid: a MIDI file of type 2, or timed by SMPTE"):
        midi.read(foreign(tmp_path / "a.mid", **settings))


def test_bad_files(tmp_path: Path) -> None:
    for name, data in {"empty": b"", "text": b"no music here", "head": b"MThd\0\0\0\6"}.items():
        path = tmp_path / f"{name}.mid"
        path.write_bytes(data)
        with pytest.raises(ValueError, match=rf"{name}\.mid: not a MIDI file"):
            midi.read(path)
    with pytest.raises(FileNotFoundError):
        midi.read(tmp_path / "missing.mid")


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return foreign(tmp_path_factory.mktemp("midi") / "a.mid")


@settings(max_examples=200)
@given(where=st.integers(0, 120), byte=st.integers(0, 255), length=st.integers(1, 130))
def test_damaged_files_are_read_or_refused(
    damaged: Path, where: int, byte: int, length: int
) -> None:
    data = bytearray(damaged.read_bytes()[:length])
    if where < len(data):
        data[where] = byte
    path = damaged.with_name("b.mid")
    path.write_bytes(data)
    try:
        midi.read(path, channel=None)
    except ValueError as error:
        assert str(error).startswith(str(path))
