import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe.synthesis.band import sampler
from bandscribe.synthesis.fluidsynth import Note

RATE = 44100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A guitar of three notes: A3 soft and loud, and E5; and one that is no note."""
    rows = []
    for name, pitch, dynamic in (
        ("a", 57, "p"), ("b", 57, "f"), ("c", 76, None), ("d", None, "f"), ("e", 57, "cresc"),
    ):  # fmt: skip
        t = np.arange(2 * RATE) / RATE
        frequency = 440 * 2 ** (((pitch or 60) - 69) / 12)
        tone = 0.3 * np.sin(2 * np.pi * frequency * t)
        sound = np.concatenate([np.zeros(4410), tone])
        (tmp_path / "guitar").mkdir(exist_ok=True)
        soundfile.write(tmp_path / "guitar" / f"{name}.flac", sound, RATE)
        rows.append({"file": f"{name}.flac", "pitch": pitch, "dynamic": dynamic})
    (tmp_path / "guitar" / "notes.json").write_text(json.dumps(rows))
    return tmp_path


def test_notes_are_read_from_their_onset(folder: Path) -> None:
    [guitar] = sampler.load(folder)
    assert guitar.name == "guitar"
    assert sorted((s.pitch, s.loudness) for s in guitar.sounds) == [(57, 0.3), (57, 0.8), (76, 0.6)]
    for sound in guitar.sounds:
        assert np.abs(sound.samples).max() == pytest.approx(1)
        assert np.argmax(np.abs(sound.samples) > 0.5) < 0.005 * RATE


@pytest.mark.parametrize(("pitch", "sounding"), [(57, 57), (60, 60), (54, 54), (69, 57)])
def test_a_note_sounds_at_its_pitch_and_time(folder: Path, pitch: int, sounding: int) -> None:
    # A4 is too far from all that was recorded, so that it is played an octave lower.
    [guitar] = sampler.load(folder)
    note = Note(0.5, 1.0, pitch, 100)
    heard = sampler.play(guitar, [note], 2 * RATE, np.random.default_rng(0))
    loud = np.flatnonzero(np.abs(heard) > 0.1 * np.abs(heard).max())
    assert loud[0] / RATE == pytest.approx(0.502, abs=0.004)
    assert 0.99 < loud[-1] / RATE < 1.26
    middle = heard[round(0.55 * RATE) : round(0.95 * RATE)]
    peak = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 8 * len(middle))).argmax()
    frequency = peak * RATE / (8 * len(middle))
    assert frequency == pytest.approx(440 * 2 ** ((sounding - 69) / 12), rel=0.005)


def test_out_of_reach_and_out_of_time_are_left_out(folder: Path) -> None:
    [guitar] = sampler.load(folder)
    low = sampler.SampledInstrument("low", tuple(s for s in guitar.sounds if s.pitch == 57))
    notes = [Note(0.0, 0.1, 63, 100), Note(5.0, 6.0, 57, 100)]
    assert not sampler.play(low, notes, RATE, np.random.default_rng(0)).any()


def test_loud_notes_are_played_loud(folder: Path) -> None:
    [guitar] = sampler.load(folder)
    soft, loud = (
        sampler.play(guitar, [Note(0.0, 0.5, 57, v)], RATE, np.random.default_rng(0))
        for v in (30, 120)
    )
    ratio = np.abs(loud).max() / np.abs(soft).max()
    assert ratio == pytest.approx((120 / 30) ** 1.5, rel=0.02)


def test_bad_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no \*/notes\.json"):
        sampler.load(tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "notes.json").write_text("[{}]")
    with pytest.raises(ValueError, match=r"x/notes\.json: expected a list"):
        sampler.load(tmp_path)
