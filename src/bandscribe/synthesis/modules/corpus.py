"""Modules as songs on disk: the band, the drums' own sound, and when each drum is struck.

    heroes-sound-tracks_heroes06.flac         all certain instruments but the drums, 44.1 kHz mono
    heroes-sound-tracks_heroes06.drums.flac   the drums, at the level that belongs to it
    heroes-sound-tracks_heroes06.drums.csv    time,articulation,velocity

The sum of both is the song, without instruments that may or may not be drums. Songs are played at
random tempi and pitches, and mixed to mono with random weights, since their voices are panned hard.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from bandscribe import audio, splits
from bandscribe.synthesis.band.recordings import write_drums
from bandscribe.synthesis.modules import openmpt
from bandscribe.synthesis.modules.labels import ModuleSong, label, read_tables
from bandscribe.synthesis.modules.openmpt import SAMPLE_RATE, Speed
from bandscribe.synthesis.sound import Rng, Samples
from bandscribe.types import Audio, Transcription

_FEWEST = 20  # drum strokes in a song that is written
_GZIP = b"\x1f\x8b"


def write_modules(
    folder: Path, out: Path, *, split: str, seed: int
) -> Iterator[tuple[Path, float]]:
    """Render the modules of one split of a folder (see `labels`) whose drums are known.

    Splits are by author. Yields the audio of each finished song, and the hours so far; existing
    files are kept. Songs without a band, or with fewer than twenty drum notes, are skipped.

    Raises ValueError for an unknown split, without modules or libopenmpt, or naming a file that is
    none.
    """
    splits.check(split)
    openmpt.load_library()
    chosen = [listed for listed in read_tables(folder) if listed.split == split]
    if not chosen:
        raise ValueError(f"{folder}: no module of the {split} split in it")
    out.mkdir(parents=True, exist_ok=True)
    done = 0.0
    for index, listed in enumerate(chosen):
        path = out / f"{listed.path.parent.name}_{listed.path.stem}.flac"
        if not path.exists():
            band, drums, notes = play(listed, np.random.default_rng([seed, index]))
            if len(notes.onsets) < _FEWEST or not band.any():
                continue
            # The band last: a song that has one is complete.
            write_drums(path.with_suffix(".drums.csv"), notes)
            audio.write(path.with_suffix(".drums.flac"), Audio(drums[None], SAMPLE_RATE))
            audio.write(path, Audio(band[None], SAMPLE_RATE))
        done += soundfile.info(path).duration / 3600
        yield path, done


def play(listed: ModuleSong, rng: Rng) -> tuple[Samples, Samples, Transcription]:
    """Band (n,), drums (n,) and the drum part of a module; the sum of both peaks at 0.7."""
    data = listed.path.read_bytes()
    if data.startswith(_GZIP):
        data = gzip.decompress(data)
    speed = Speed(float(rng.uniform(0.88, 1.15)), float(2 ** (rng.uniform(-3, 3) / 12)))
    left = rng.uniform(0.25, 0.75)
    sides = np.array([left, 1 - left], dtype=np.float32)
    try:
        struck = openmpt.strikes(data, speed)
        band = sides @ openmpt.render(data, speed, listed.others)
        solos = {i: sides @ openmpt.render(data, speed, (i,)) for i in listed.drums}
    except ValueError as error:
        raise ValueError(f"{listed.path}: {error}") from error
    length = max(len(band), *(len(solo) for solo in solos.values()))
    drums = np.zeros(length, dtype=np.float32)
    for solo in solos.values():
        drums[: len(solo)] += solo
    band = np.pad(band, (0, length - len(band)))
    gain = np.float32(0.7 / max(float(np.abs(band + drums).max(initial=0.0)), 1e-6))
    return band * gain, drums * gain, label(struck, listed, solos)
