"""Sections depend on the frames alone, and what is in them is what is in the whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from bandscribe import drums, sections
from bandscribe.beats import join
from bandscribe.sections import Section
from bandscribe.types import Audio, Beats
from bandscribe.vocabulary import DRUMS_10
from tiny import SAMPLE_RATE, hits


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sections of 20 s, with 2 s around them, and rests from 6 s on."""
    monkeypatch.setattr(sections, "LENGTH_SECONDS", 20.0)
    monkeypatch.setattr(sections, "MARGIN_SECONDS", 2.0)
    monkeypatch.setattr(sections, "REST_SECONDS", 6.0)


def mask(n_frames: int, *spans: tuple[int, int]) -> np.ndarray:
    active = np.zeros(n_frames, dtype=bool)
    for first, last in spans:
        active[first:last] = True
    return active


@pytest.mark.parametrize(
    ("n_frames", "spans", "expected"),
    [
        (0, [], []),
        (900, [], []),
        (100, [(0, 100)], [(0, 100, 0, 100)]),
        (100, [(40, 41)], [(20, 61, 20, 61)]),
        # Rests of 60 frames are none; those of 61 are.
        (300, [(10, 50), (110, 150)], [(0, 170, 0, 170)]),
        (300, [(10, 50), (111, 150)], [(0, 70, 0, 70), (91, 170, 91, 170)]),
        # A section and its margin, 220 frames, and no more.
        (219, [(0, 219)], [(0, 219, 0, 219)]),
        (221, [(0, 221)], [(0, 220, 0, 200), (180, 221, 200, 221)]),
        (
            700,
            [(0, 430), (600, 640)],
            [(0, 220, 0, 200), (180, 420, 200, 400), (380, 450, 400, 450), (580, 660, 580, 660)],
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_where_sections_are(small, n_frames: int, spans, expected, size: int) -> None:
    active = mask(n_frames, *spans)
    pieces = [active[first : first + size] for first in range(0, n_frames, size)]
    assert list(sections.find(pieces, 10.0)) == [Section(*numbers) for numbers in expected]
    values = np.where(active, np.arange(1, n_frames + 1), 0).astype(np.float32)[:, None] * [1, 0]
    parts = [values[first : first + size] for first in range(0, n_frames, size)]
    held = list(sections.hold(parts, 10.0))
    assert [section for section, _ in held] == [Section(*numbers) for numbers in expected]
    for section, inside in held:
        np.testing.assert_array_equal(inside, values[section.start : section.stop])


def test_a_section_is_there_as_soon_as_it_is_known(small) -> None:
    taken = []

    def pieces() -> Iterator[np.ndarray]:
        for index in range(100):
            taken.append(index)
            yield np.ones((10, 3), dtype=np.float32)

    found = sections.hold(pieces(), 10.0)
    next(found)
    assert len(taken) == 22  # 20 s and the margin of 2 s
    next(found)
    assert len(taken) == 42


def play(*onsets: float, duration: float) -> np.ndarray:
    names = ["KD", "SD", "CHH", "OHH"]
    chosen = {onset: names[i % 4] for i, onset in enumerate(onsets)}
    return hits(chosen, duration)


@pytest.mark.parametrize("classes", [10, 5])
@pytest.mark.parametrize("block", [0.5, 33.0])
def test_notes_made_as_it_goes_are_those_of_the_whole(
    small, tiny_model, classes: int, block: float
) -> None:
    model = drums.load(tiny_model)
    onsets = np.r_[np.arange(0.3, 47, 0.31), np.arange(70.0, 81, 0.27)]
    samples = play(*onsets.tolist(), duration=95.0)
    size = round(block * SAMPLE_RATE)
    blocks = [
        Audio(samples[None, first : first + size], SAMPLE_RATE)
        for first in range(0, len(samples), size)
    ]
    found = drums.transcribe_blocks(blocks, model, classes=classes)
    heard = drums.infer(Audio(samples[None], SAMPLE_RATE), model)
    whole = drums.notes(heard, model.card, classes=classes, duration=95.0)
    assert len(found.onsets) == len(onsets)
    np.testing.assert_allclose(found.onsets, whole.onsets, atol=1e-9)
    np.testing.assert_array_equal(found.labels, whole.labels)
    np.testing.assert_allclose(found.velocities, whole.velocities, atol=1e-6)
    assert (found.duration, found.classes) == (whole.duration, whole.classes)
    np.testing.assert_allclose(found.beats.times, whole.beats.times, atol=1e-9)
    np.testing.assert_array_equal(found.beats.positions, whole.beats.positions)


def test_silence_is_not_analysed(tiny_model) -> None:
    model = drums.load(tiny_model)
    asked = []

    class Counted:
        card, threads = model.card, 1

        def __call__(self, features: np.ndarray) -> np.ndarray:
            asked.append(len(features))
            return model(features)

    silence = Audio(np.zeros((1, 10 * SAMPLE_RATE), np.float32), SAMPLE_RATE)
    found = drums.transcribe_blocks([silence] * 12, Counted())
    assert (len(found.onsets), found.duration, len(found.beats.times)) == (0, 120.0, 0)
    assert not asked
    sound = Audio(play(1.0, 1.5, 2.0, duration=10.0)[None], SAMPLE_RATE)
    found = drums.transcribe_blocks([*[silence] * 6, sound, *[silence] * 6], Counted())
    assert found.onsets == pytest.approx([61.0, 61.5, 62.0], abs=0.02)
    assert sum(asked) <= 3 * model.card.chunk_frames


def test_a_beat_at_a_seam_is_there_once() -> None:
    one = Beats(np.array([0.0, 0.5, 1.0, 1.5]), np.array([1, 2, 3, 4]))
    for first, count in ((1.51, 7), (1.74, 7), (1.76, 8), (2.0, 8)):
        two = Beats(first + np.arange(4) * 0.5, np.array([4, 1, 2, 3]), 1.5)
        both = join([one, two])
        assert len(both.times) == count
        assert both.quarters == 1.0
    assert join([one]).times.tolist() == one.times.tolist()
    assert len(join([]).times) == 0


@pytest.mark.parametrize("bpm", [97.3, 120.0, 171.0])
def test_a_grid_goes_on_across_sections(small, monkeypatch: pytest.MonkeyPatch, bpm: float) -> None:
    rate, seconds = 100.0, 70.0
    times = np.arange(0.5, seconds - 0.5, 60 / bpm)
    curves = np.full((round(seconds * rate), 2), 0.01, dtype=np.float32)
    for column, chosen in enumerate((times, times[::4])):
        at = np.rint(chosen * rate).astype(int)
        curves[at, column] = 0.9
        curves[at - 1, column] = curves[at + 1, column] = 0.4
    silent = np.zeros((len(curves), 10), dtype=np.float32)
    outputs = np.concatenate([silent, silent, curves], axis=1)
    found = drums.split(outputs, rate, DRUMS_10).follow()
    monkeypatch.setattr(sections, "LENGTH_SECONDS", 3600.0)
    whole = drums.split(outputs, rate, DRUMS_10).follow()
    for grid in (found, whole):
        assert len(grid.times) == len(times)
        np.testing.assert_allclose(grid.times, times, atol=0.011)
        np.testing.assert_array_equal(grid.positions, np.arange(len(times)) % 4 + 1)
