from pathlib import Path

import numpy as np
import pytest
import tiny_soundfont

from bandscribe.synthesis.band import ensemble, sampler
from bandscribe.synthesis.band.ensemble import Instruments
from bandscribe.synthesis.band.songs import Part, Song
from bandscribe.synthesis.fluidsynth import Note
from bandscribe.synthesis.sound import SAMPLE_RATE, at_level, loudness


def test_loudness_leaves_silence_out() -> None:
    tone = np.sin(np.arange(40960) * 0.3).astype(np.float32)
    rested = np.concatenate([tone, np.zeros(4 * len(tone), np.float32)])
    assert loudness(tone) == pytest.approx(np.sqrt(0.5), rel=0.01)
    assert loudness(rested) == pytest.approx(np.sqrt(0.5), rel=0.01)
    assert loudness(at_level(rested, -20.0)) == pytest.approx(0.1, rel=0.01)
    assert not at_level(np.zeros(5000, np.float32), 0.0).any()


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


def test_a_bass_is_about_as_loud_as_the_loudest_other_part() -> None:
    parts = [Part(role, 33, ()) for role in ("power", "bass dub", "pad", "lead")]
    for seed in range(50):
        power, bass, pad, lead = ensemble._draw_levels(parts, np.random.default_rng(seed))
        assert -3 <= bass - max(power, pad, lead) <= 6
    alone = ensemble._draw_levels([Part("bass", 33, ())], np.random.default_rng(0))
    assert -3 <= alone[0] <= 6


def test_a_part_is_played_on_notes_of_its_own_kind() -> None:
    sound = sampler.InstrumentSample(np.ones(10, np.float32), 40, 0.5)
    names = ("philharmonia_bassoon", "growly_bass", "emily_guitar", "meatbass pizz")
    recorded = [sampler.SampledInstrument(name, (sound,)) for name in names]
    found: dict[str, set[str | None]] = {}
    for role in ("bass slap", "metal", "pad"):
        draws = (
            ensemble._draw_recorded(Part(role, 0, ()), recorded, np.random.default_rng(seed))
            for seed in range(40)
        )
        found[role] = {draw and draw.name for draw in draws}
    assert found == {
        "bass slap": {None, "growly_bass", "meatbass pizz"},
        "metal": {None, "emily_guitar"},
        "pad": {None},
    }


def test_the_band_gives_way_to_kicks_and_comes_back() -> None:
    gain = ensemble._duck(2 * SAMPLE_RATE, np.array([0.5, 1.99]), np.random.default_rng(0))
    assert np.all(gain[: SAMPLE_RATE // 2] == 1)
    assert gain[SAMPLE_RATE // 2] == gain.min() < 0.75
    assert np.all(np.diff(gain[SAMPLE_RATE // 2 : SAMPLE_RATE]) >= 0)
    assert gain[round(1.98 * SAMPLE_RATE)] > 0.99


def test_a_sine_bass_sounds_its_notes_alone() -> None:
    notes = (Note(0.25, 0.75, 33, 127),)  # A1, 55 Hz
    for seed in range(5):
        out = sampler.play_sub_bass(notes, 2 * SAMPLE_RATE, np.random.default_rng(seed))
        assert not out[: SAMPLE_RATE // 4].any()
        assert not out[SAMPLE_RATE:].any()
        spectrum = np.abs(np.fft.rfft(out[round(0.35 * SAMPLE_RATE) : round(0.75 * SAMPLE_RATE)]))
        assert np.argmax(spectrum) / 0.4 == pytest.approx(55, abs=2.6)
    # What lies beyond the end is left out.
    late = sampler.play_sub_bass(notes, SAMPLE_RATE // 2, np.random.default_rng(0))
    assert late.shape == (SAMPLE_RATE // 2,)
