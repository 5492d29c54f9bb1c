from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bandscribe.synthesis.instruments import piece
from bandscribe.synthesis.instruments.classes import OTHERS, PROFILES, Profile
from bandscribe.synthesis.instruments.phrases import draw_phrase, draw_sections
from bandscribe.synthesis.instruments.piece import Piece
from bandscribe.synthesis.instruments.textures import TEXTURES
from bandscribe.vocabulary import INSTRUMENTS

C_MAJOR = (0, 2, 4, 5, 7, 9, 11)
PIECE = Piece(0.5, 4, -1.0, 0.5, C_MAJOR, (0, 4), 9.0)


def test_a_piece_knows_its_bars_beats_and_chords() -> None:
    assert PIECE.bars == 5
    np.testing.assert_allclose(PIECE.beats.times, -1.0 + 0.5 * np.arange(21))
    assert PIECE.beats.positions[:5].tolist() == [1, 2, 3, 4, 1]
    assert PIECE.chord(0) == (0, 4, 7)
    assert PIECE.chord(3) == (7, 11, 2)
    assert PIECE.chord(0, 4) == (0, 4, 7, 11)
    assert PIECE.seconds(2.5) == pytest.approx(0.25)
    swung = replace(PIECE, swing=0.6)
    assert [swung.seconds(p) for p in (2.25, 2.5, 2.75, 3.0)] == pytest.approx(
        [0.15, 0.3, 0.4, 0.5]
    )


def test_every_class_has_a_profile_and_every_way_a_function() -> None:
    assert set(PROFILES) == set(INSTRUMENTS) - {"dru"}
    for profile in (*PROFILES.values(), *OTHERS):
        assert set(profile.textures) <= set(TEXTURES)
        assert all(0 <= program < 128 for program in profile.programs)
    used = [program for profile in PROFILES.values() for program in set(profile.programs)]
    others = {program for profile in OTHERS for program in profile.programs}
    assert len(used) == len(set(used))
    assert not others & set(used)


@pytest.mark.parametrize("way", TEXTURES)
def test_ways_keep_to_the_key_the_range_and_the_time(way: str) -> None:
    profile = Profile((0,), 40, 79, {way: 1})
    for seed in range(8):
        rng = np.random.default_rng(seed)
        drawn = piece.sample_piece(rng, 6.0)
        notes = draw_phrase(rng, drawn, profile, [(0, drawn.bars)])
        assert notes
        assert all(40 <= n.pitch <= 79 and 1 <= n.velocity <= 127 for n in notes)
        assert all(0 <= n.start < 6.0 and n.end - n.start >= 0.069 for n in notes)
        outside = [n for n in notes if n.pitch % 12 not in drawn.scale]
        if way not in ("run", "power", "bass", "hands"):  # chromatic, or with a perfect fifth
            assert not outside


def test_rests_are_kept() -> None:
    profile = Profile((0,), 40, 79, {"melody": 1})
    notes = draw_phrase(np.random.default_rng(0), PIECE, profile, [(2, 3)])
    starts = np.array([n.start for n in notes])
    assert starts.min() > 3.0 - 0.05  # bar 2 is 3 to 5 s
    assert starts.max() < 5.0 + 0.05


def test_what_sounds_at_the_start_is_not_lost() -> None:
    profile = Profile((0,), 40, 79, {"pad": 1})
    played = [
        draw_phrase(np.random.default_rng(seed), PIECE, profile, [(0, 1)]) for seed in range(10)
    ]
    assert sum(map(bool, played)) >= 5  # the rest is short notes that end before
    for note in (note for notes in played for note in notes):
        assert (note.start, note.end) == (pytest.approx(0, abs=0.05), pytest.approx(0.9, abs=0.2))


def test_sections_cover_as_much_as_asked() -> None:
    rng = np.random.default_rng(0)
    long = replace(PIECE, duration=2000.0)
    everything = draw_sections(rng, long, 0.0)
    assert everything[0][0] == 0
    assert everything[-1][1] == long.bars
    assert all(a[1] == b[0] for a, b in pairwise(everything))
    played = sum(b - a for a, b in draw_sections(rng, long, 0.3))
    assert played / long.bars == pytest.approx(0.7, abs=0.06)
    assert len(draw_sections(rng, PIECE, 1.0)) == 1
