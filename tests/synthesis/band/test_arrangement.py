import mido
import numpy as np

from bandscribe.synthesis.band.arrangement import LONGEST, arrange, read_song
from bandscribe.synthesis.band.synthesizer import Note


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
