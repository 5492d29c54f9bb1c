import numpy as np
import pytest
from small import SAMPLE_RATE, kit

from bandscribe.synthesis.band.recordings import Backing, Recording
from bandscribe.synthesis.source import Source, mix_at
from bandscribe.types import Beats
from bandscribe.vocabulary import DRUMS_10

KIT = kit("kd", "sd", "ss", "chh", "phh", "ohh", "ht", "mt", "lt", "cr", "rd", "other")


def backing(beats: Beats | None = None) -> Backing:
    noise = np.random.default_rng(1).standard_normal(SAMPLE_RATE * 8)
    samples = (3000 * noise).clip(-32768, 32767).astype(np.int16)
    return Backing((Recording(samples, beats),))


def test_a_draw_is_an_excerpt_with_its_notes() -> None:
    audio, notes = Source((KIT,)).draw(np.random.default_rng(0), 3.0)
    assert audio.samples.shape == (1, 3 * SAMPLE_RATE)
    assert np.isfinite(audio.samples).all()
    assert notes.classes == DRUMS_10
    assert notes.duration == pytest.approx(3.0)
    assert notes.velocities is not None
    assert notes.beats is not None
    assert notes.onsets.min() >= 0
    assert notes.onsets.max() < 3.0


def test_the_same_seed_gives_the_same_audio_and_labels() -> None:
    source = Source((KIT,), band=backing(), codec_share=0.5)
    for seed in range(4):
        (a, notes), (b, again) = (
            source.draw(np.random.default_rng([seed, 7]), 1.5) for _ in range(2)
        )
        np.testing.assert_array_equal(a.samples, b.samples)
        np.testing.assert_array_equal(notes.onsets, again.onsets)
        np.testing.assert_array_equal(notes.labels, again.labels)
        np.testing.assert_array_equal(notes.velocities, again.velocities)


def test_drumless_excerpts_have_no_notes() -> None:
    source = Source((KIT,), band=backing(), band_share=1.0, drumless_share=1.0)
    audio, notes = source.draw(np.random.default_rng(0), 1.0)
    assert not len(notes.onsets)
    assert audio.samples.any()


def test_drums_and_band_share_their_beats() -> None:
    grid = Beats(0.05 + np.arange(16) * 0.5, np.arange(16) % 4 + 1)
    together = Source((KIT,), band=backing(grid), band_share=1.0, together_share=1.0)
    for seed in range(4):
        _, notes = together.draw(np.random.default_rng(seed), 3.0)
        assert notes.beats is not None
        np.testing.assert_allclose(np.diff(notes.beats.times), 0.5, atol=1e-9)
        assert set(np.diff(notes.beats.positions).tolist()) <= {1, -3}


def test_beats_are_unknown_where_nobody_plays_in_time() -> None:
    grid = Beats(0.05 + np.arange(16) * 0.5, np.arange(16) % 4 + 1)
    apart = Source((KIT,), band=backing(grid), band_share=1.0, together_share=0.0)
    unknown = Source((KIT,), band=backing(), band_share=1.0)
    silent = Source((KIT,), drumless_share=1.0)
    for source in (apart, unknown, silent):
        assert source.draw(np.random.default_rng(0), 3.0)[1].beats is None


@pytest.mark.parametrize("ratio_db", [-12.0, 0.0, 12.0])
def test_the_mix_has_its_ratio(ratio_db: float) -> None:
    rng = np.random.default_rng(0)
    drums = np.float32(0.1) * rng.standard_normal(8192, dtype=np.float32)
    other = np.float32(0.02) * rng.standard_normal(8192, dtype=np.float32)
    band = mix_at(drums, other, ratio_db) - drums
    ratio = 10 * np.log10(np.mean(drums**2) / np.mean(band**2))
    assert ratio == pytest.approx(ratio_db, abs=0.5)


def test_a_silent_band_leaves_the_drums() -> None:
    drums = np.ones(4096, dtype=np.float32)
    np.testing.assert_array_equal(mix_at(drums, np.zeros_like(drums), 0.0), drums)
