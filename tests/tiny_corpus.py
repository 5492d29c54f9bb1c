"""A corpus of drums in E-GMD's layout: a few seconds of clicks and tones for each split."""

from __future__ import annotations

import csv
from pathlib import Path

import mido
import numpy as np
import soundfile

RATE = 44100
SECONDS = 3.0
#: Kick, snare and closed hi-hat: a decaying tone, noise, and short bright noise.
NOTES = {36: (80.0, 0.06), 38: (0.0, 0.05), 42: (8000.0, 0.02)}
PATTERN = (36, 42, 38, 42)


def write_corpus(root: Path, *, seed: int = 0) -> Path:
    """Two tracks to train on, one to validate and one to test; returns `root`."""
    splits = ("train", "train", "validation", "test")
    rows = []
    for index, split in enumerate(splits):
        name = f"drummer1/session1/{index + 1}_rock_120_beat_4-4_1"
        _write_track(root / name, np.random.default_rng([seed, index]))
        rows.append(
            {
                "drummer": f"drummer{index}", "session": "s", "id": f"d/{index}", "style": "rock",
                "bpm": "120", "beat_type": "beat", "time_signature": "4-4", "duration": "3",
                "split": split, "midi_filename": f"{name}.midi", "audio_filename": f"{name}.wav",
                "kit_name": "clicks",
            }
        )  # fmt: skip
    with (root / "e-gmd-v1.0.0.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return root


def _write_track(path: Path, rng: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.zeros(round(SECONDS * RATE))
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=480_000)])  # 1 ms a tick
    now = 0
    for place, tick in enumerate(range(100, round(SECONDS * 1000) - 150, 125)):
        note = PATTERN[place % len(PATTERN)]
        pitch, decay = NOTES[note]
        t = np.arange(round(0.1 * RATE)) / RATE
        sound = np.cos(2 * np.pi * pitch * t) if pitch else rng.uniform(-1, 1, len(t))
        at = round(tick / 1000 * RATE)
        samples[at : at + len(t)] += 0.6 * (sound * np.exp(-t / decay / 0.3))
        track.append(mido.Message("note_on", channel=9, note=note, velocity=90, time=tick - now))
        track.append(mido.Message("note_off", channel=9, note=note, time=1))
        now = tick + 1
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(path.with_suffix(".midi"))
    soundfile.write(path.with_suffix(".wav"), 0.8 * samples / np.abs(samples).max(), RATE)
