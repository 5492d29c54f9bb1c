"""Channels that cancel out are not added up; all others are, as ever."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

import bandscribe
from bandscribe import audio
from bandscribe.mono import fold
from bandscribe.types import Audio
from tiny import SAMPLE_RATE, hits

RATE = 8_000


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * RATE)).astype(np.float32)


def in_blocks(samples: np.ndarray, sizes: tuple[int, ...]) -> np.ndarray:
    edges = [0]
    while edges[-1] < samples.shape[1]:
        edges.append(edges[-1] + sizes[len(edges) % len(sizes)])
    parts = [
        Audio(samples[:, first:last], RATE)
        for first, last in itertools.pairwise(edges)
        if first < samples.shape[1]
    ]
    return np.concatenate([block.samples for block in fold(parts)], axis=1)


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 8])
@pytest.mark.parametrize("kind", ["equal", "unrelated", "one alone", "half inverted", "silent"])
def test_channels_that_do_not_cancel_are_averaged(kind: str, channels: int) -> None:
    left = noise(2.3)
    others = {
        "equal": lambda i: left,
        "unrelated": lambda i: noise(2.3, i),
        "one alone": lambda i: 0 * left,
        "half inverted": lambda i: -0.5 * left if i == 1 else noise(2.3, i),
        "silent": lambda i: 0 * left,
    }[kind]
    first = 0 * left if kind == "silent" else left
    samples = np.stack([first, *(others(i) for i in range(1, channels))])
    mono = audio.downmix(Audio(samples, RATE)).samples[0]
    np.testing.assert_array_equal(mono, samples.mean(axis=0, dtype=np.float32))


@pytest.mark.parametrize("share", [-1.0, -0.95, -0.9, -1.05])
@pytest.mark.parametrize("others", [0, 4])
def test_of_channels_that_cancel_out_the_louder_is_taken(share: float, others: int) -> None:
    left = noise(2.3)
    samples = np.stack([left, np.float32(share) * left, *np.zeros((others, len(left)), np.float32)])
    mono = audio.downmix(Audio(samples, RATE)).samples[0]
    np.testing.assert_array_equal(mono, samples[1 if share < -1 else 0])


def test_noise_of_their_own_does_not_hide_it() -> None:
    left = noise(3.0)
    left[RATE : 2 * RATE] = 0  # a rest, in which the noise alone is heard
    samples = np.stack([left, -left]) + 0.01 * np.stack([noise(3.0, 1), noise(3.0, 2)])
    mono = audio.downmix(Audio(samples, RATE)).samples[0]
    np.testing.assert_array_equal(mono, samples[0])


def test_where_it_sets_in_and_ends_the_sound_is_faded_over() -> None:
    tone = np.sin(np.arange(6 * RATE) * 0.1).astype(np.float32)
    sign = np.ones_like(tone)
    sign[2 * RATE : 4 * RATE] = -1
    samples = np.stack([tone, sign * tone])
    mono = audio.downmix(Audio(samples, RATE)).samples[0]
    np.testing.assert_array_equal(mono[: 2 * RATE], tone[: 2 * RATE])
    # The mean was silent: the left one rises over 50 ms, and then is the mean again.
    rise = np.minimum(np.arange(2 * RATE) / (0.05 * RATE - 1), 1)
    np.testing.assert_allclose(
        mono[2 * RATE : 4 * RATE], rise * tone[2 * RATE : 4 * RATE], atol=1e-6
    )
    np.testing.assert_allclose(mono[4 * RATE :], tone[4 * RATE :], atol=1e-6)


def test_the_blocks_do_not_matter() -> None:
    parts = [noise(1.4), noise(2.2, 1), noise(0.9, 2)]
    left = np.concatenate(parts)
    right = np.concatenate([parts[0], -0.97 * parts[1], noise(0.9, 3)])
    samples = np.stack([left, right]).astype(np.float32)
    whole = in_blocks(samples, (samples.shape[1],))
    for sizes in ((1_000,), (1, 4_096, 77), (RATE,), (3 * RATE, 5)):
        np.testing.assert_array_equal(in_blocks(samples, sizes), whole)


@pytest.mark.parametrize("share", [-1.0, -0.95])
def test_a_song_with_one_side_inverted_has_its_drums(
    tmp_path: Path, tiny_model: Path, groove: dict[float, str], share: float
) -> None:
    left = hits(groove, 2.5)
    soundfile.write(tmp_path / "left.wav", left, SAMPLE_RATE, subtype="FLOAT")
    both = np.stack([left, np.float32(share) * left], axis=1)
    soundfile.write(tmp_path / "both.wav", both, SAMPLE_RATE, subtype="FLOAT")
    wanted, found, heard = (
        bandscribe.transcribe(source, model=tiny_model)
        for source in (
            tmp_path / "left.wav",
            tmp_path / "both.wav",
            audio.read(tmp_path / "both.wav"),
        )
    )
    assert wanted.labels.tolist() == list(groove.values())
    for other in (found, heard):
        np.testing.assert_array_equal(other.onsets, wanted.onsets)
        np.testing.assert_array_equal(other.labels, wanted.labels)
