"""The recording on the left, the part on the right, each stroke where it is written."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bandscribe import audio, drumkit, preview
from bandscribe.types import Activations, Audio, Beats, Transcription
from bandscribe.vocabulary import DRUMS_10

RATE = drumkit.SAMPLE_RATE
SLACK = 0.005  # seconds


def part(
    strokes: list[tuple[float, str, float]], duration: float, beats: Beats | None = None
) -> Transcription:
    strokes = sorted(strokes)
    return Transcription(
        np.array([time for time, _, _ in strokes]),
        np.array([drum for _, drum, _ in strokes], dtype=np.str_),
        np.array([velocity for _, _, velocity in strokes]),
        duration,
        DRUMS_10,
        beats,
    )


def record(path: Path, seconds: float, level: float = 0.1) -> Path:
    noise = np.random.default_rng(1).normal(0, level, (1, round(seconds * RATE)))
    audio.write(path, Audio(noise.clip(-1, 1).astype(np.float32), RATE))
    return path


@pytest.mark.parametrize("velocity", [0.1, 1.0])
def test_every_stroke_sounds_within_5_ms(tmp_path: Path, velocity: float) -> None:
    strokes = [(0.3 + 2.1 * i, drum, velocity) for i, drum in enumerate(DRUMS_10)]
    recording = record(tmp_path / "song.wav", 22.0)
    preview.write(tmp_path / "preview.flac", recording, preview.render(part(strokes, 22.0)))
    right = np.abs(audio.read(tmp_path / "preview.flac").samples[1])
    for time, drum, _ in strokes:
        here = right[round((time - 0.05) * RATE) : round((time + 0.1) * RATE)]
        first = int(np.argmax(here > 0.1 * here.max())) / RATE - 0.05
        assert abs(first) < SLACK, (drum, first)


def test_dense_parts_are_the_sum_of_their_strokes() -> None:
    rng = np.random.default_rng(2)
    strokes = [
        (float(rng.uniform(0, 3)), str(rng.choice(["KD", "SD", "CHH", "CR", "LT"])), 0.8)
        for _ in range(60)
    ]
    whole = preview.render(part(strokes, 3.0))(0, 4 * RATE)
    alone = sum(preview.render(part([stroke], 3.0))(0, 4 * RATE) for stroke in strokes)
    np.testing.assert_allclose(whole, alone, atol=1e-5)
    pieces = preview.render(part(strokes, 3.0))
    cuts = [0, 1, 1000, 70_001, 4 * RATE]
    joined = np.concatenate([pieces(a, b) for a, b in pairwise(cuts)])
    np.testing.assert_allclose(joined, whole, atol=1e-6)


@pytest.mark.parametrize("level", [0.001, 0.1, 0.9])
def test_levels_match_and_nothing_is_clipped(tmp_path: Path, level: float) -> None:
    recording = record(tmp_path / "song.wav", 6.0, level)
    strokes = [(0.2 + 0.25 * i, ["KD", "CHH", "SD", "CHH"][i % 4], 0.8) for i in range(23)]
    preview.write(tmp_path / "preview.wav", recording, preview.render(part(strokes, 6.0)))
    left, right = audio.read(tmp_path / "preview.wav").samples
    assert np.abs(right).max() < 0.99
    loud = [20 * np.log10(np.sqrt(np.mean(side[RATE // 2 :] ** 2))) for side in (left, right)]
    assert loud[0] == pytest.approx(loud[1], abs=1.0)


def test_the_left_side_is_the_recording(tmp_path: Path) -> None:
    recording = record(tmp_path / "song.wav", 2.0, 0.05)
    rendered = preview.render(part([(0.5, "KD", 0.5)], 2.0), start=0.5)
    preview.write(tmp_path / "p.wav", recording, rendered, start=0.5, end=1.5)
    left, right = audio.read(tmp_path / "p.wav").samples
    source = audio.read(recording).samples[0][RATE // 2 : 3 * RATE // 2]
    assert np.corrcoef(left, source)[0, 1] > 0.9999
    assert np.argmax(np.abs(right) > 1e-3) < SLACK * RATE


def test_an_open_hat_ends_with_the_next_stroke_of_the_hat() -> None:
    alone = preview.render(part([(0.0, "OHH", 0.8)], 1.0))(0, RATE)
    closed = preview.render(part([(0.0, "OHH", 0.8), (0.2, "CHH", 0.0)], 1.0))(0, RATE)
    tail = slice(round(0.45 * RATE), RATE)
    assert np.abs(alone[tail]).max() > 0.01
    assert np.abs(closed[tail]).max() < 0.001


def test_clicks_are_on_the_beats_and_higher_on_the_first() -> None:
    grid = Beats(np.array([0.5, 1.0]), np.array([1, 2]))
    sound = preview.render(part([], 2.0, grid), clicks=True)(0, 2 * RATE)
    assert not preview.render(part([], 2.0, grid))(0, 2 * RATE).any()
    pitches = []
    for time in (0.5, 1.0):
        here = sound[round(time * RATE) : round((time + 0.05) * RATE)]
        assert np.abs(sound[round((time - 0.1) * RATE) : round(time * RATE) - 1]).max() == 0
        pitches.append(np.argmax(np.abs(np.fft.rfft(here))) * RATE / len(here))
    assert pitches == pytest.approx([1760, 1320], abs=20)


def test_the_kit_is_the_same_each_time_and_knows_all_classes() -> None:
    for drum in drumkit.CLASSES:
        first = drumkit.sound(drum)
        drumkit.sound.cache_clear()
        np.testing.assert_array_equal(first, drumkit.sound(drum))
        assert 0.1 < np.abs(first).max() <= 1.0
    with pytest.raises(ValueError, match="drum: expected one of KD, "):
        drumkit.sound("cowbell")


def test_nothing_is_played_beside_nothing(tmp_path: Path) -> None:
    recording = record(tmp_path / "song.wav", 0.5, 0.0)
    preview.write(tmp_path / "p.flac", recording, preview.render(part([], 0.5)))
    assert not audio.read(tmp_path / "p.flac").samples.any()


def test_tones_have_their_levels_while_each_plays() -> None:
    """At 10 frames a second; the drums rest after a second, the violin is 20 dB softer then."""
    level = np.zeros((21, 2), np.float32)
    level[11:, 0] = -20
    plays = np.ones((21, 2), bool)
    plays[10:, 1] = False
    activity = Activations(level, 10.0, 0.0, ("vio", "dru"), "level_db")
    sound = preview.tones(activity, plays)
    whole = sound(0, 2 * RATE)
    np.testing.assert_array_equal(whole[1000:2000], sound(1000, 2000))
    t = np.arange(2 * RATE) / RATE
    violin = 0.1 * np.sin(2 * np.pi * 440 * t)
    np.testing.assert_allclose(whole[round(1.15 * RATE) :], violin[round(1.15 * RATE) :], atol=1e-6)
    noise = whole[: round(0.85 * RATE)] - np.sin(2 * np.pi * 440 * t[: round(0.85 * RATE)])
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(1 / np.sqrt(3), rel=0.02)
