"""A corpus of notes alone, and a system that plays them badly."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bandscribe.datasets.track import Track
from bandscribe.evaluation.drum_systems import DrumEstimates
from bandscribe.formats import csv
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import DRUMS_10

TRACKS = 6


def write_notes(path: Path, onsets: np.ndarray, labels: np.ndarray) -> None:
    order = np.argsort(onsets)
    velocities = np.linspace(0.2, 0.9, len(onsets))
    notes = Transcription(onsets[order], labels[order], velocities, 20.0, DRUMS_10)
    csv.write(path, notes)


def grid(seconds: float = 20.0, interval: float = 0.5) -> Beats:
    """Four beats to the bar."""
    times = np.arange(0.0, seconds, interval)
    return Beats(times, np.arange(len(times)) % 4 + 1)


def write_beats(path: Path, beats: Beats) -> None:
    rows = [f"{t:.6f},{p}\n" for t, p in zip(beats.times, beats.positions, strict=True)]
    path.write_text("time,position\n" + "".join(rows))


@pytest.fixture
def with_beats(
    tracks: list[Track[Transcription]], system: DrumEstimates
) -> tuple[list[Track[Transcription]], DrumEstimates]:
    """The beats of five of the songs are known; the last two are estimated at half tempo."""

    def load(track: Track[Transcription]) -> Transcription:
        return replace(track.load(), beats=grid())

    for i in range(TRACKS):
        write_beats(system.path / f"song{i}.beats.csv", grid(interval=0.5 if i < 3 else 1.0))
    known = [replace(track, load=partial(load, track)) for track in tracks[:5]]
    return [*known, tracks[5]], system


@pytest.fixture
def tracks(tmp_path: Path) -> list[Track[Transcription]]:
    """Six songs of forty notes."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    found = []
    for i in range(TRACKS):
        rng = np.random.default_rng([7, i])
        path = folder / f"song{i}.csv"
        write_notes(path, rng.uniform(0, 10, 40), rng.choice(DRUMS_10, 40))
        load = partial(csv.read, path, classes=DRUMS_10)
        audio = path.with_suffix(".wav")
        found.append(Track(f"song{i}", "test", f"song{i}", audio, load, (path,)))
    return found


@pytest.fixture
def system(tmp_path: Path, tracks: list[Track[Transcription]]) -> DrumEstimates:
    """Five notes late by 100 ms, five under another name, five left out; ten are invented."""
    folder = tmp_path / "estimates"
    folder.mkdir()
    for i, track in enumerate(tracks):
        rng = np.random.default_rng([8, i])
        notes = track.load()
        onsets, labels = notes.onsets.copy(), notes.labels.copy()
        chosen = rng.permutation(40)
        onsets[chosen[:5]] += 0.1
        labels[chosen[5:10]] = rng.choice(DRUMS_10, 5)
        onsets = np.append(np.delete(onsets, chosen[10:15]), rng.uniform(0, 10, 10))
        labels = np.append(np.delete(labels, chosen[10:15]), rng.choice(DRUMS_10, 10))
        write_notes(folder / f"{track.id}.csv", onsets, labels)
    return DrumEstimates.load(folder)
