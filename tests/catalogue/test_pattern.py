import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="needs the extra catalogue")

from bandscribe.catalogue.pattern import CLASSES, SIZE, STEPS, embed
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import DRUMS_10


def play(
    places: list[tuple[float, str]], bars: int, tempo: float, beats: int = 4, start: float = 0.1
) -> Transcription:
    """Notes at these places of each bar, in beats from 0 on."""
    beat = 60 / tempo
    grid = np.arange(bars * beats + 1)
    played = sorted((bar * beats + at, name) for bar in range(bars) for at, name in places)
    return Transcription(
        np.array([start + beat * at for at, _ in played]),
        np.array([name for _, name in played]),
        np.full(len(played), 0.5),
        start + beat * (bars * beats + 1),
        DRUMS_10,
        Beats(start + beat * grid, grid % beats + 1),
    )


ROCK = [(0, "KD"), (2, "KD"), (1, "SD"), (3, "SD"), *((i / 2, "CHH") for i in range(8))]


def test_each_step_is_the_root_of_its_share() -> None:
    found = embed(play(ROCK, 3, 120))
    assert found is not None and found.shape == (SIZE,) and found.dtype == np.float32
    expected = np.zeros((len(CLASSES), STEPS))
    expected[0, [0, 8]] = expected[1, [4, 12]] = expected[2, ::2] = np.sqrt(1 / 12)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-6)
    assert float(found @ found) == pytest.approx(1)


@pytest.mark.parametrize("tempo", [61.0, 97.3, 180.0])
@pytest.mark.parametrize("start", [0.0, 0.731])
def test_neither_tempo_nor_beginning_matters(tempo: float, start: float) -> None:
    here, there = embed(play(ROCK, 4, tempo, start=start)), embed(play(ROCK, 7, 120))
    np.testing.assert_allclose(here, there, atol=1e-6)


def test_other_patterns_are_less_alike() -> None:
    rock, house, waltz = (
        embed(played)
        for played in (
            play(ROCK, 4, 120),
            play([*((i, "KD") for i in range(4)), *((i + 0.5, "OHH") for i in range(4))], 4, 120),
            play([(0, "KD"), (1, "SD"), (2, "SD")], 4, 120, beats=3),
        )
    )
    shuffled = embed(play([(at, name) for at, name in ROCK if name != "CHH" or at != 0.5], 4, 120))
    assert rock @ shuffled > 0.9 > rock @ house > 0 and rock @ waltz < 0.5


def test_without_bars_or_notes_there_is_none() -> None:
    assert embed(play([], 4, 120)) is None
    assert embed(play([(0, "CR")], 4, 120)) is None
    assert embed(play(ROCK, 1, 120, beats=40)) is not None
    played = play(ROCK, 2, 120)
    for beats in (None, Beats(np.arange(3.0), np.array([2, 3, 4]))):
        assert embed(Transcription(
            played.onsets, played.labels, played.velocities, 9.0, DRUMS_10, beats
        )) is None  # fmt: skip
