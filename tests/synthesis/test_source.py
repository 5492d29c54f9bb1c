import numpy as np
import pytest
from small import SAMPLE_RATE, kit

from bandscribe.synthesis.band.recordings import Backing, BackingTrack
from bandscribe.synthesis.source import SyntheticSource, cut_edges, mix_at
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import ARTICULATIONS, DRUMS_10

KIT = kit("kd", "sd", "ss", "chh", "phh", "ohh", "ht", "mt", "lt", "cr", "rd", "other")


def backing(beats: Beats | None = None) -> Backing:
    noise = np.random.default_rng(1).standard_normal(SAMPLE_RATE * 8)
    samples = (3000 * noise).clip(-32768, 32767).astype(np.int16)
    return Backing((BackingTrack(samples, beats),))


def test_a_draw_is_an_excerpt_with_its_notes() -> None:
    audio, notes = SyntheticSource((KIT,)).draw(np.random.default_rng(0), 3.0)
    assert audio.samples.shape == (1, 3 * SAMPLE_RATE)
    assert np.isfinite(audio.samples).all()
    assert notes.classes == DRUMS_10
    assert notes.duration == pytest.approx(3.0)
    assert notes.velocities is not None
    assert notes.beats is not None
    assert notes.onsets.min() >= 0
    assert notes.onsets.max() < 3.0


def test_the_same_seed_gives_the_same_audio_and_labels() -> None:
    source = SyntheticSource((KIT,), band=backing(), codec_share=0.5)
    for seed in range(4):
        (a, notes), (b, again) = (
            source.draw(np.random.default_rng([seed, 7]), 1.5) for _ in range(2)
        )
        np.testing.assert_array_equal(a.samples, b.samples)
        np.testing.assert_array_equal(notes.onsets, again.onsets)
        np.testing.assert_array_equal(notes.labels, again.labels)
        np.testing.assert_array_equal(notes.velocities, again.velocities)


def test_drumless_excerpts_have_no_notes() -> None:
    source = SyntheticSource((KIT,), band=backing(), band_share=1.0, drumless_share=1.0)
    audio, notes = source.draw(np.random.default_rng(0), 1.0)
    assert not len(notes.onsets)
    assert audio.samples.any()


def test_drums_and_band_share_their_beats() -> None:
    grid = Beats(0.05 + np.arange(16) * 0.5, np.arange(16) % 4 + 1)
    together = SyntheticSource((KIT,), band=backing(grid), band_share=1.0, together_share=1.0)
    for seed in range(4):
        _, notes = together.draw(np.random.default_rng(seed), 3.0)
        assert notes.beats is not None
        np.testing.assert_allclose(np.diff(notes.beats.times), 0.5, atol=1e-9)
        assert set(np.diff(notes.beats.positions).tolist()) <= {1, -3}


def test_locked_drums_play_the_part_that_belongs_to_the_band() -> None:
    times = 0.1 + np.arange(30) * 0.25
    part = Transcription(times, np.array(["kd", "sd"] * 15), np.full(30, 0.8), 8.0, ARTICULATIONS)
    stem = np.zeros(SAMPLE_RATE * 8, dtype=np.int16)
    stem[(times * SAMPLE_RATE).astype(int)] = 20000
    [plain] = backing().songs
    song = BackingTrack(plain.samples, None, part, stem)
    locked = {"band": Backing((song,)), "band_share": 1.0, "locked_share": 1.0}
    for seed in range(6):
        source = SyntheticSource((KIT,), drumless_share=0.0, edge_share=0.0, **locked)
        _, notes = source.draw(np.random.default_rng(seed), 3.0)
        gaps = np.diff(np.unique(notes.onsets.round(2)))
        assert 8 <= len(notes.onsets) <= 14
        np.testing.assert_allclose(gaps[gaps > 0.1], 0.25, atol=0.08)
        assert set(notes.labels.tolist()) <= set(DRUMS_10)


def test_a_cut_leaves_silence_and_no_notes_in_it() -> None:
    samples = np.ones(4 * SAMPLE_RATE, dtype=np.float32)
    onsets = np.arange(40) * 0.1
    notes = Transcription(onsets, np.full(40, "KD"), np.full(40, 0.5), 4.0, DRUMS_10)
    snapped = 0
    for seed in range(40):
        cut, left = cut_edges(samples, notes, np.random.default_rng(seed))
        sounding = np.flatnonzero(cut) / SAMPLE_RATE
        first, last = sounding[0], sounding[-1]
        np.testing.assert_array_equal(
            left.onsets, onsets[(onsets >= first - 1e-4) & (onsets <= last + 1e-4)]
        )
        snapped += first > 0 and left.onsets[0] - first < 0.0021
    assert snapped > 8


def test_beats_are_unknown_where_nobody_plays_in_time() -> None:
    grid = Beats(0.05 + np.arange(16) * 0.5, np.arange(16) % 4 + 1)
    apart = SyntheticSource((KIT,), band=backing(grid), band_share=1.0, together_share=0.0)
    unknown = SyntheticSource((KIT,), band=backing(), band_share=1.0)
    silent = SyntheticSource((KIT,), drumless_share=1.0)
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
