"""Songs with drum tracks: files written here, of known ticks."""

from pathlib import Path

import mido
import numpy as np
import pytest
import tiny_soundfont

from bandscribe.formats import csv
from bandscribe.synthesis.band import midi_songs, recordings
from bandscribe.synthesis.fluidsynth import Note

BEAT = 480


def write(
    path: Path, notes: list[tuple[float, int, int, int]], *,
    metre: tuple[int, int] | None = (4, 4), tempi: tuple[tuple[float, float], ...] = ((0, 120),),
) -> Path:  # fmt: skip
    """(beat, channel, pitch, velocity) as a file; notes are half a beat long."""
    events = [(round(at * BEAT), mido.MetaMessage("set_tempo", tempo=round(60e6 / bpm)))
              for at, bpm in tempi]  # fmt: skip
    if metre:
        events.append(
            (0, mido.MetaMessage("time_signature", numerator=metre[0], denominator=metre[1]))
        )
    events.append((0, mido.Message("program_change", channel=1, program=33)))
    events.append((0, mido.Message("program_change", channel=2, program=30)))
    for at, channel, pitch, velocity in notes:
        for offset, loud in ((0.0, velocity), (0.5, 0)):
            events.append((
                round((at + offset) * BEAT),
                mido.Message("note_on", channel=channel, note=pitch, velocity=loud),
            ))  # fmt: skip
    track = mido.MidiTrack()
    now = 0
    for tick, message in sorted(events, key=lambda e: (e[0], e[1].type != "note_on")):
        track.append(message.copy(time=tick - now))
        now = tick
    midi = mido.MidiFile(ticks_per_beat=BEAT, tracks=[track])
    midi.save(path)
    return path


BAND = [(float(i), 1, 40, 100) for i in range(16)] + [
    (float(i), 2, 64, 80) for i in range(0, 16, 4)
]
DRUMS = [(float(i), 9, (36, 38)[i % 2], 127) for i in range(16)]


def test_a_song_is_read_with_its_drums_and_beats(tmp_path: Path) -> None:
    # 120 bpm for two bars, then 60; 36 is a kick, 38 a snare, 66 is no drum class.
    path = write(tmp_path / "a.mid", [*BAND, *DRUMS, (15.0, 9, 66, 64)], tempi=((0, 120), (8, 60)))
    score = midi_songs.read(path)
    beats = np.concatenate([np.arange(8) * 0.5, 4.0 + np.arange(8)])
    np.testing.assert_allclose(score.drums.onsets, np.append(beats, beats[-1]))
    assert score.drums.labels.tolist()[:2] == ["kd", "sd"]
    assert sorted(score.drums.labels.tolist()[-2:]) == ["other", "sd"]
    assert score.drums.velocities is not None
    assert score.drums.velocities[0] == 1.0
    assert score.beats is not None
    np.testing.assert_allclose(score.beats.times[:16], beats)
    assert score.beats.positions.tolist()[:6] == [1, 2, 3, 4, 1, 2]
    assert dict(score.programs) == {1: 33, 2: 30}
    assert score.parts[1][0] == Note(0.0, 0.25, 40, 100)
    assert score.parts[2][-1] == Note(8.0, 8.5, 64, 80)


@pytest.mark.parametrize(
    ("metre", "positions", "gap"),
    [((3, 4), [1, 2, 3, 1], 0.5), ((6, 8), [1, 2, 1, 2], 0.75), ((7, 8), [1, 2, 3, 4, 5], 0.25)],
)
def test_beats_follow_the_metre(
    tmp_path: Path, metre: tuple[int, int], positions: list[int], gap: float
) -> None:
    score = midi_songs.read(write(tmp_path / "a.mid", [*BAND, *DRUMS], metre=metre))
    assert score.beats is not None
    assert score.beats.positions.tolist()[: len(positions)] == positions
    np.testing.assert_allclose(np.diff(score.beats.times), gap)


def test_a_beat_of_silence_comes_before_the_first_bar(tmp_path: Path) -> None:
    late = [(at + 1, *rest) for at, *rest in [*BAND, *DRUMS]]
    score = midi_songs.read(write(tmp_path / "a.mid", late))  # type: ignore[arg-type]
    assert score.beats is not None
    assert (score.beats.times[0], score.beats.positions[0]) == (0.5, 1)


def test_beats_are_unknown_without_a_metre_or_off_its_grid(tmp_path: Path) -> None:
    unmetered = write(tmp_path / "a.mid", [*BAND, *DRUMS], metre=None)
    assert midi_songs.read(unmetered).beats is None
    rng = np.random.default_rng(0)
    free = [(float(at), 9, 36, 100) for at in rng.uniform(0, 16, 60)]
    assert midi_songs.read(write(tmp_path / "b.mid", [*BAND, *free])).beats is None


def test_songs_without_drums_or_band_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.mid: .*no drums"):
        midi_songs.read(write(tmp_path / "a.mid", BAND))
    with pytest.raises(ValueError, match=r"b\.mid: .*no band"):
        midi_songs.read(write(tmp_path / "b.mid", DRUMS))
    (tmp_path / "c.mid").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"c\.mid: not a MIDI file"):
        midi_songs.read(tmp_path / "c.mid")


@pytest.mark.parametrize("seed", range(12))
def test_a_new_arrangement_moves_band_drums_and_beats_together(tmp_path: Path, seed: int) -> None:
    score = midi_songs.read(write(tmp_path / "a.mid", [*BAND, *DRUMS]))
    song = midi_songs.rearrange(score, np.random.default_rng(seed))
    assert song.drums is not None
    assert song.beats is not None
    stretch = song.duration / score.drums.duration
    assert 0.85 <= stretch <= 1.2
    np.testing.assert_allclose(song.drums.onsets, score.drums.onsets * stretch)
    np.testing.assert_allclose(song.beats.times[:16], song.drums.onsets)
    assert song.parts
    for part in song.parts:
        assert {n.start for n in part.notes} <= set(song.drums.onsets)
        shift = part.notes[0].pitch - (40 if len(part.notes) == 16 else 64)
        assert -5 <= shift <= 6
        assert part.distorted == (part.role == "power")
        assert part.role != "bass" or 32 <= part.program < 40


def test_of_long_songs_a_stretch_is_played(tmp_path: Path) -> None:
    long = [(float(i), 1, 40 + i % 12, 100) for i in range(900)]
    path = write(tmp_path / "a.mid", [*long, *((float(i), 9, 36, 90) for i in range(900))])
    score = midi_songs.read(path)
    song = midi_songs.rearrange(score, np.random.default_rng(3))
    assert song.duration == pytest.approx(midi_songs.LONGEST)
    assert song.drums is not None
    # Kick and bass still coincide.
    starts = [n.start for n in song.parts[0].notes]
    np.testing.assert_allclose(song.drums.onsets, starts, atol=1e-9)


def test_songs_are_rendered_in_turn_with_their_drums(tmp_path: Path) -> None:
    font = tiny_soundfont.write(tmp_path / "tiny.sf2")
    for name, pitch in (("d_adrian", 36), ("d_adrian2", 38), ("d_evil", 42)):
        drums = [(float(i), 9, pitch, 90) for i in range(4)]
        write(tmp_path / f"{name}.mid", [*BAND[:4], *BAND[16:17], *drums])
    songs = recordings.write_band([font], tmp_path / "out", hours=5.5 / 3600, seed=1, midi=tmp_path)
    struck = []
    for path, _ in songs:
        drums_of = recordings.read_drums(path.with_suffix(".drums.csv"), 9.0)
        struck += sorted(set(drums_of.labels.tolist()))
        assert len(csv.read_beats(path.with_suffix(".beats.csv")).times) == 4
    assert sorted(struck[:2]) == ["kd", "sd"]  # the test song, a hi-hat, is left out


def test_files_belong_to_one_split_by_name(tmp_path: Path) -> None:
    for name in ("d_adrian.mid", "d_adrian2.mid", "aria_bossa.MID", "d_evil.mid", "x.txt"):
        (tmp_path / name).touch()
    found = {s: [p.name for p in midi_songs.find(tmp_path, s)] for s in ("train", "validation")}
    assert found == {"train": ["d_adrian.mid", "d_adrian2.mid"], "validation": ["aria_bossa.MID"]}
    (tmp_path / "d_evil.mid").unlink()
    with pytest.raises(ValueError, match="no MIDI songs of the test split"):
        midi_songs.find(tmp_path, "test")
