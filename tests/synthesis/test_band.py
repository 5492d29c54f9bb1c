from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from bandscribe.synthesis import band, voice


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
    parts = band.read_song(song())
    assert parts["PIANO"] == [band.Note(0, 1, 48, 90), band.Note(1, 2, 52, 90)]
    assert parts["MELODY"] == [band.Note(0.5, 1.5, 72, 90)]


def test_arrangements_repeat_with_their_seed_and_stay_in_range() -> None:
    parts = band.read_song(song())
    for seed in range(20):
        first, again = (band.arrange(parts, np.random.default_rng(seed)) for _ in range(2))
        assert first == again
        assert first
        assert all(0 <= n.pitch < 128 and n.end > n.start for _, notes in first for n in notes)


def test_midi_round_trip(tmp_path: Path) -> None:
    notes = [band.Note(0.5, 1.0, 60, 80), band.Note(1.0, 1.25, 60, 90)]
    band.write_midi([(33, notes)], tmp_path / "x.mid")
    midi = mido.MidiFile(tmp_path / "x.mid")
    assert [m.program for m in midi.tracks[0] if m.type == "program_change"] == [33]
    assert band.read_song(midi)[""] == notes


def test_a_missing_fluidsynth_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="fluidsynth"):
        next(band.write_band(tmp_path, tmp_path, tmp_path, hours=1, seed=0))


def test_backing_cuts_passages_and_names_bad_files(tmp_path: Path) -> None:
    ramp = np.arange(0, 30000, dtype=np.int16)
    soundfile.write(tmp_path / "a.flac", ramp, 44100, subtype="PCM_16")
    backing = band.Backing.load([tmp_path])
    passage = backing.draw(np.random.default_rng(0), 1000)
    np.testing.assert_allclose(np.diff(passage), 1 / 32768, atol=1e-7)
    assert not backing.draw(np.random.default_rng(0), 40000)[30000:].any()
    with pytest.raises(ValueError, match=r"no \.flac"):
        band.Backing.load([tmp_path / "nowhere"])
    soundfile.write(tmp_path / "b.flac", np.zeros(100), 22050)
    with pytest.raises(ValueError, match=r"b\.flac"):
        band.Backing.load([tmp_path])


def test_the_voice_sings_the_pitch_it_is_given() -> None:
    # A4 may be sung an octave or two lower: 110, 220 or 440 Hz and their harmonics.
    sung = voice.sing([(0.0, 1.0, 69)], 1.0, np.random.default_rng(0))
    spectrum = np.abs(np.fft.rfft(sung[11025:33075] * np.hanning(22050)))
    peak = np.fft.rfftfreq(22050, 1 / 44100)[spectrum.argmax()]
    assert abs(peak / 110 - round(peak / 110)) < 0.08
    assert np.abs(sung).max() == pytest.approx(1.0)
    np.testing.assert_array_equal(sung, voice.sing([(0.0, 1.0, 69)], 1.0, np.random.default_rng(0)))
