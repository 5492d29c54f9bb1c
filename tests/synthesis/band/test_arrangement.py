import mido
import numpy as np
import pytest

from bandscribe.synthesis.band.arrangement import LONGEST, arrange, find_beats, read_song
from bandscribe.synthesis.fluidsynth import Note


def song() -> mido.MidiFile:
    """Piano: C3 and E3 for a second each, one after the other; melody: one C5."""
    midi = mido.MidiFile(ticks_per_beat=480)
    for name, notes in (("PIANO", ((48, 0), (52, 0))), ("MELODY", ((72, 480),))):
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        for pitch, wait in notes:
            track.append(mido.Message("note_on", note=pitch, velocity=90, time=wait))
            track.append(mido.Message("note_off", note=pitch, velocity=0, time=960))
        midi.tracks.append(track)
    return midi


def test_songs_are_read_in_seconds() -> None:
    tracks = read_song(song())
    assert tracks["PIANO"] == [Note(0, 1, 48, 90), Note(1, 2, 52, 90)]
    assert tracks["MELODY"] == [Note(0.5, 1.5, 72, 90)]


def test_arrangements_repeat_with_their_seed_and_stay_in_range() -> None:
    tracks = read_song(song())
    for seed in range(20):
        first, again = (arrange(tracks, np.random.default_rng(seed)) for _ in range(2))
        assert first == again
        assert first.parts
        assert first.beats is None
        for part in first.parts:
            assert all(0 <= n.pitch < 128 and n.end > n.start for n in part.notes)


def test_long_songs_are_cut() -> None:
    notes = [Note(float(i), i + 0.5, 60, 90) for i in range(400)]
    arranged = arrange({"PIANO": notes}, np.random.default_rng(0))
    assert arranged.duration == LONGEST + 1.5
    assert all(n.start < LONGEST for part in arranged.parts for n in part.notes)


def on_sixteenths(late: int, tempi: tuple[int, ...] = (120,)) -> mido.MidiFile:
    """Sixteen bars: chords on each beat, `late` ticks after a sixteenth, and a root on each one.

    The first downbeat is the third beat; the tempo changes every eight bars.
    """
    midi = mido.MidiFile(ticks_per_beat=480)
    conductor, piano = mido.MidiTrack(), mido.MidiTrack()
    piano.append(mido.MetaMessage("track_name", name="PIANO"))
    for index, bpm in enumerate(tempi):
        wait = 0 if index == 0 else 8 * 4 * 480
        conductor.append(mido.MetaMessage("set_tempo", tempo=60_000_000 // bpm, time=wait))
    events = []
    for beat in range(64):
        pitches = (60, 64) if (beat - 2) % 4 else (40, 60, 64)
        for pitch in pitches:
            events += [(beat * 480 + late, pitch, 80), (beat * 480 + late + 400, pitch, 0)]
    now = 0
    for tick, pitch, velocity in sorted(events):
        piano.append(mido.Message("note_on", note=pitch, velocity=velocity, time=tick - now))
        now = tick
    midi.tracks += [conductor, piano]
    return midi


@pytest.mark.parametrize("late", [0, 20, 100])  # ticks; a sixteenth is 120
def test_beats_are_found_where_low_notes_gather(late: int) -> None:
    midi = on_sixteenths(late, (120, 60))
    beats = find_beats(midi)
    assert beats is not None
    expected = np.concatenate([np.arange(32) * 0.5, 16 + np.arange(32) * 1.0])
    expected += late / 480 * np.where(np.arange(64) < 32, 0.5, 1.0)
    first = int(np.argmin(np.abs(beats.times - expected[0])))
    np.testing.assert_allclose(beats.times[first : first + 64], expected, atol=1e-9)
    assert beats.positions[first : first + 6].tolist() == [3, 4, 1, 2, 3, 4]
    # Notes are in the same time.
    starts = sorted({n.start for n in read_song(midi)["PIANO"]})
    np.testing.assert_allclose(starts, expected, atol=1e-9)


def test_notes_without_a_grid_have_no_beats() -> None:
    midi = on_sixteenths(0)
    rng = np.random.default_rng(0)
    for message in midi.tracks[1]:
        message.time += int(rng.integers(0, 120))
    assert find_beats(midi) is None
    assert find_beats(mido.MidiFile()) is None


def test_the_bass_follows_the_drums_of_an_arrangement() -> None:
    midi = on_sixteenths(0)
    shares: dict[float, list[float]] = {1.0: [], 0.0: []}
    for seed in range(12):
        for locked, found in shares.items():
            song = arrange(
                read_song(midi), np.random.default_rng(seed), find_beats(midi), locked_share=locked
            )
            assert song.drums is not None
            assert song.beats is not None
            bass = np.array([n.start for p in song.parts if p.role == "bass" for n in p.notes])
            kicks = song.drums.onsets[song.drums.labels == "kd"]
            assert song.drums.duration == song.duration
            if len(bass) and len(kicks):
                found.append(float(np.mean(np.abs(kicks[:, None] - bass).min(axis=1) < 0.03)))
    assert np.mean(shares[1.0]) > 0.85
    assert np.mean(shares[0.0]) < 0.75
