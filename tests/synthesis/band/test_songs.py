import numpy as np
import pytest

from bandscribe.synthesis.band.genres import GENRES, parse
from bandscribe.synthesis.band.parts import PLAYERS
from bandscribe.synthesis.band.songs import compose


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
            assert 20 < note.pitch < 110
            assert 1 <= note.velocity <= 127


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
