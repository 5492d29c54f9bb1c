from pathlib import Path

import numpy as np
import pytest
import tiny_soundfont

from bandscribe.synthesis.band import ensemble
from bandscribe.synthesis.band.ensemble import SAMPLE_RATE, Instruments
from bandscribe.synthesis.band.songs import Part, Song
from bandscribe.synthesis.band.synthesizer import Note


def test_loudness_leaves_silence_out() -> None:
    tone = np.sin(np.arange(40960) * 0.3).astype(np.float32)
    rested = np.concatenate([tone, np.zeros(4 * len(tone), np.float32)])
    assert ensemble.loudness(tone) == pytest.approx(np.sqrt(0.5), rel=0.01)
    assert ensemble.loudness(rested) == pytest.approx(np.sqrt(0.5), rel=0.01)
    assert ensemble.loudness(ensemble.at_level(rested, -20.0)) == pytest.approx(0.1, rel=0.01)
    assert not ensemble.at_level(np.zeros(5000, np.float32), 0.0).any()


def test_a_song_is_played_in_time_and_again(tmp_path: Path) -> None:
    instruments = Instruments.load([tiny_soundfont.write(tmp_path / "tiny.sf2")])
    notes = (Note(0.5, 0.9, 50, 100), Note(1.0, 1.4, 57, 100))
    parts = (Part("bass", 33, notes), Part("power", 27, notes, distorted=True))
    song = Song(parts, (), None, 2.0)
    heard, again = (ensemble.play(song, instruments, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(heard, again)
    assert heard.shape == (2 * SAMPLE_RATE,)
    assert np.abs(heard).max() == pytest.approx(0.7, rel=1e-4)
    assert np.argmax(np.abs(heard) > 0.1) / SAMPLE_RATE == pytest.approx(0.5, abs=0.01)


def test_missing_sources_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.sf2: no such SoundFont"):
        Instruments.load([tmp_path / "none.sf2"])
    with pytest.raises(ValueError, match="soundfonts: expected one"):
        Instruments.load([])
