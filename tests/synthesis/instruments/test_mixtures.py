from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bandscribe import audio
from bandscribe.synthesis.band import sampler
from bandscribe.synthesis.instruments import mixtures, players
from bandscribe.synthesis.instruments.classes import PROFILES, Profile
from bandscribe.synthesis.instruments.piece import Piece
from bandscribe.synthesis.instruments.players import PlayerSources
from bandscribe.synthesis.sound import loudness
from bandscribe.types import Audio

RATE = 44100
PIECE = Piece(0.5, 4, 0.0, 0.5, (0, 2, 4, 5, 7, 9, 11), (0, 4), 4.0)


def test_stems_are_at_their_levels_and_add_up(sources: PlayerSources) -> None:
    names = ["vio", "pia", "dru", "other"]

    def perform(*levels: float) -> mixtures.Mixture:
        rng = np.random.default_rng(3)
        return mixtures.perform(sources, rng, 3.0, names, levels, [0.0] * 4)

    one, two = perform(0, 0, 0, 0), perform(0, -6, -12, -45)
    assert two.audio.samples.shape == (1, 3 * RATE)
    assert list(two.stems) == names
    assert all(s.shape == (3 * RATE,) and s.dtype == np.float32 for s in two.stems.values())
    change = np.array([20 * np.log10(two.stems[n].std() / one.stems[n].std()) for n in names])
    np.testing.assert_allclose(change - change[0], [0, -6, -12, -45], atol=0.01)
    for mix in (one, two):
        together = np.sum(list(mix.stems.values()), axis=0)
        assert loudness(together) == pytest.approx(loudness(mix.audio.samples[0]), rel=1e-3)
        assert mix.labels == {"vio", "pia", "dru"}


def test_who_is_far_below_is_not_heard(sources: PlayerSources) -> None:
    mix = mixtures.perform(
        sources, np.random.default_rng(3), 2.0, ["vio", "pia"], [0.0, -40.0], [0.0, 0.0]
    )
    assert mix.labels == {"vio"}


def test_a_band_is_of_those_that_make_bands(sources: PlayerSources) -> None:
    rng = np.random.default_rng(1)
    seen = [mixtures.draw_band(sources, rng, 1.0).stems for _ in range(12)]
    assert min(map(len, seen)) >= 2
    share = {name: np.mean([name in stems for stems in seen]) for name in ("dru", "voi", "cla")}
    assert min(share["dru"], share["voi"]) > 0.6 > share["cla"]


def test_a_seed_gives_back_its_mixture(sources: PlayerSources) -> None:
    one, same, other = (
        mixtures.sample_mixture(sources, np.random.default_rng(s), 2.0, stereo=True)
        for s in (5, 5, 6)
    )
    np.testing.assert_array_equal(one.audio.samples, same.audio.samples)
    assert one.stems.keys() == same.stems.keys()
    assert one.audio.samples.shape == (2, 2 * RATE)
    assert not np.array_equal(one.audio.samples, other.audio.samples)
    assert np.abs(one.audio.samples).max() <= 1.0
    assert one.labels <= set(one.stems)


def test_draws_are_of_the_classes_asked_for(sources: PlayerSources) -> None:
    rng = np.random.default_rng(0)
    seen = [
        mixtures.sample_mixture(sources, rng, 0.5, ("flu", "gel"), rests=0.0, other=0.0)
        for _ in range(40)
    ]
    assert {name for mix in seen for name in mix.stems} == {"flu", "gel"}
    assert {len(mix.stems) for mix in seen} == {1, 2}


def test_players_rest_as_often_as_asked(
    sources: PlayerSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole drum set sounds in every bar, and not in the bars of a rest."""
    monkeypatch.setattr(players, "_ONE_DRUM", 0.0)
    long = replace(PIECE, duration=30.0)

    def share(rests: float) -> float:
        shares = []
        for seed in range(4):
            [stem] = players.play(sources, long, ["dru"], [rests], np.random.default_rng(seed))
            bars = np.abs(stem).reshape(15, -1).max(axis=1)  # 2 s each
            shares.append(np.mean(bars > 0.05 * bars.max()))
        return float(np.mean(shares))

    assert share(0.0) > 0.9
    assert 0.3 < share(0.5) < 0.75
    assert share(0.9) < 0.4


def test_pitches_are_those_of_the_phrase(
    sources: PlayerSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was done to the timbre: here all notes are C3, 131.1 Hz in this SoundFont."""
    monkeypatch.setitem(PROFILES, "bas", Profile((33,), 48, 48, {"held": 1}))
    for seed in range(5):
        [stem] = players.play(sources, PIECE, ["bas"], [0.0], np.random.default_rng(seed))
        power = np.abs(np.fft.rfft(stem, 2**20))
        heard = np.argmax(power) * RATE / 2**20
        assert 12 * np.log2(heard / (441 * 2 ** (-21 / 12))) == pytest.approx(0, abs=0.35)


def test_recorded_notes_and_solos_are_played(sources: PlayerSources, tmp_path: Path) -> None:
    t = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 3000 * t).astype(np.float32)  # no SoundFont here plays so high
    instrument = sampler.SampledInstrument("a cello", (sampler.InstrumentSample(tone, 50, 0.5),))
    audio.write(tmp_path / "solo.wav", Audio(tone[None], RATE))
    solos = {"flu": [tmp_path / "solo.wav"]}
    more = replace(PlayerSources.load(sources.soundfonts, solos=solos), recorded=(instrument,))
    for name in ("cel", "flu"):
        centroids = []
        for seed in range(12):
            [stem] = players.play(more, PIECE, [name], [0.0], np.random.default_rng(seed))
            power = np.abs(np.fft.rfft(stem)) ** 2 + 1e-9
            centroids.append(np.sum(power * np.fft.rfftfreq(len(stem), 1 / RATE)) / power.sum())
        assert min(centroids) < 1900
        assert max(centroids) > 2000


def test_what_cannot_be_played_is_named(sources: PlayerSources, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    without = replace(sources, kits=())
    assert "dru" not in without.classes
    with pytest.raises(ValueError, match=r"dru: expected one of cel, .*, bas, other"):
        mixtures.perform(without, rng, 1.0, ["dru"], [0.0], [0.0])
    with pytest.raises(ValueError, match="seconds: expected a positive"):
        mixtures.sample_mixture(sources, rng, 0.0)
    with pytest.raises(ValueError, match="names: expected different"):
        mixtures.perform(sources, rng, 1.0, ["vio", "vio"], [0.0, 0.0], [0.0, 0.0])
    with pytest.raises(ValueError, match="classes: expected one"):
        mixtures.sample_mixture(sources, rng, 1.0, ())
    with pytest.raises(ValueError, match=r"none\.sf2: no such SoundFont"):
        PlayerSources.load([tmp_path / "none.sf2"])
    with pytest.raises(ValueError, match=r"solos: \['tuba'\]"):
        PlayerSources.load(sources.soundfonts, solos={"tuba": []})
