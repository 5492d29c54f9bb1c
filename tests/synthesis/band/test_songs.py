from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from bandscribe.synthesis.band.genres import GENRES, parse
from bandscribe.synthesis.band.parts import PLAYERS
from bandscribe.synthesis.band.songs import Song, compose
from bandscribe.synthesis.drummer.styles import STYLES


def test_progressions_are_read_as_in_theory() -> None:
    # In C: D minor 7, G 7, C major 7; and the minor scale's VI and VII over A minor.
    assert [(c.root, c.tones) for c in parse("ii7 V7 Imaj7", 0)] == [
        (2, (0, 3, 7, 10)), (7, (0, 4, 7, 10)), (0, (0, 4, 7, 11)),
    ]  # fmt: skip
    assert [c.root for c in parse("i VI VII bII", 9)] == [9, 5, 7, 10]
    for bad in ("H", "VX", "IIV"):
        with pytest.raises(ValueError, match="Roman"):
            parse(bad, 0)


def test_every_genre_can_be_played() -> None:
    for genre in GENRES.values():
        for text in genre.chords:
            assert parse(text, 0)
        for names in (*genre.core, *genre.more):
            assert set(names.split("|")) <= set(PLAYERS)
        assert set(genre.drums) <= set(STYLES)


@pytest.mark.parametrize("seed", range(12))
def test_songs_repeat_with_their_seed_and_stay_in_range(seed: int) -> None:
    song, again = (compose(np.random.default_rng(seed)) for _ in range(2))
    assert song.parts == again.parts
    assert song.tune == again.tune
    assert 50 < song.duration < 200
    assert 3 <= len(song.parts) <= 15
    for part in song.parts:
        for note in part.notes:
            assert 0 <= note.start < note.end
            assert 20 < note.pitch < (56 if part.role.startswith("bass") else 110)
            assert 1 <= note.velocity <= 127
    assert song.drums is not None
    assert again.drums is not None
    np.testing.assert_array_equal(song.drums.onsets, again.drums.onsets)
    assert song.drums.duration == song.duration
    assert len(song.drums.onsets) > song.duration  # more than one stroke a second


@pytest.mark.parametrize("seed", range(6))
def test_the_grid_is_where_the_band_plays(seed: int) -> None:
    song = compose(np.random.default_rng(seed))
    assert song.beats is not None
    times, positions = song.beats.times, song.beats.positions
    lengths = np.diff(times)
    assert 60 / 190 - 0.02 < lengths.min() <= lengths.max() < 60 / 44
    assert lengths.max() / lengths.min() < 1.1
    np.testing.assert_array_equal(positions, np.arange(len(times)) % positions.max() + 1)
    # More notes begin within 25 ms of a beat than chance would have it.
    starts = np.array([note.start for part in song.parts for note in part.notes])
    distances = np.abs(starts[:, None] - times).min(axis=1)
    by_chance = 0.05 / np.median(lengths)
    assert np.mean(distances < 0.025) > 1.5 * by_chance


def near(onsets: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """The share of onsets that have another one within 30 ms."""
    return float(np.mean(np.abs(onsets[:, None] - others).min(axis=1) < 0.03))


def kicks_with_bass(songs: Sequence[Song]) -> float:
    shares = []
    for song in songs:
        assert song.drums is not None
        lines = [part.notes for part in song.parts if part.role.startswith("bass")]
        bass = np.array([note.start for line in lines for note in line])
        shares.append(near(song.drums.onsets[song.drums.labels == "kd"], bass))
    return float(np.mean(shares))


def test_the_bass_plays_on_the_kicks_where_the_band_is_locked() -> None:
    locked, free = (
        [compose(np.random.default_rng(seed), locked_share=share) for seed in range(12)]
        for share in (1.0, 0.0)
    )
    assert kicks_with_bass(locked) > 0.88
    assert kicks_with_bass(free) < 0.78  # both often play on the beat


def test_drums_lie_on_the_grid_of_the_song() -> None:
    for seed in range(6):
        song = compose(np.random.default_rng(seed))
        assert song.drums is not None
        assert song.beats is not None
        kicks = song.drums.onsets[song.drums.labels == "kd"]
        # To the microsecond: the one who renders them makes them human.
        assert np.mean(np.abs(kicks[:, None] - song.beats.times).min(axis=1) < 1e-6) > 0.25
