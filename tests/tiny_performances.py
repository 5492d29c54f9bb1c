"""Performances of bursts, laid out as E-GMD is, with the notes as they sound beside them."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import soundfile

RATE = 44100
#: Seconds to the notes of a TD-17: kick, snare, kick, pedal of the hi-hat.
PLAYED = {0.2: 36, 0.8: 38, 1.4: 36, 2.0: 44}
_NAMES = {36: "kd", 38: "sd", 44: "phh"}
#: Share of the range by which bursts of a note are low or high.
_TONES = {36: 60.0, 38: 900.0, 44: 9000.0}


def write_recording(
    root: Path, name: str, played: dict[float, int], *, late: float = 0.0, seed: int = 0
) -> None:
    """Three seconds of bursts, of 0.3 and growing by 0.1 each; the MIDI file is `late`."""
    rng = np.random.default_rng(seed)
    samples = np.zeros(3 * RATE, dtype=np.float32)
    track, now = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=480_000)]), 0
    times = np.arange(round(0.15 * RATE)) / RATE
    truth = ["onset,class"]
    for i, (time, note) in enumerate(played.items()):
        tone = np.cos(2 * np.pi * _TONES[note] * rng.uniform(0.9, 1.1) * times)
        room = samples[round(time * RATE) :][: len(times)]
        room += ((0.3 + 0.1 * i) * tone * np.exp(-times / 0.03))[: len(room)]
        tick = round(1000 * (time + late))
        track.append(
            mido.Message("note_on", channel=9, note=note, velocity=64, time=max(0, tick - now))
        )
        now = tick
        truth.append(f"{time},{_NAMES[note]}")
    soundfile.write(root / f"{name}.wav", samples, RATE, "PCM_16")
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(root / f"{name}.midi")
    (root / f"{name}.csv").write_text("\n".join(truth) + "\n")


def write_performances(root: Path, *, splits: tuple[str, ...] = ("train",)) -> Path:
    """Of each split three recordings: in time, 50 ms late, and on a kit that is left out."""
    folder = root / "e-gmd-v1.0.0"
    folder.mkdir()
    rows = ["audio_filename,midi_filename,split,id,kit_name,duration"]
    for number, split in enumerate(splits, start=1):
        for kit, name, late in (("Jazz", "in_time", 0.0), ("Rock", "late", 0.05)):
            write_recording(folder, f"{number}_{name}", PLAYED, late=late, seed=number)
            file = f"{number}_{name}"
            rows.append(f"{file}.wav,{file}.midi,{split},performance {number},{kit},3.0")
        write_recording(folder, f"{number}_odd", PLAYED, seed=number)
        file = f"{number}_odd"
        rows.append(f"{file}.wav,{file}.midi,{split},performance {number},Deep Daft,3.0")
    (folder / "e-gmd-v1.0.0.csv").write_text("\n".join(rows) + "\n")
    return root
