"""Recordings without annotations as training data: labelled by trained networks.

Self-training, as Wu and Lerch 2017, "Automatic drum transcription using the student-teacher
learning paradigm with unlabeled music data". Of recordings of drums, the teachers' input is the
drums alone, on which they are most accurate, and the student's is the same drums under a band. Of
finished songs both have the mixture, the student with the effects of training. What is written is
a corpus of bands (`synthesis.band.recordings`):

    rock_120_0.flac          a passage of a recording without drums, 44.1 kHz mono; or silence
    rock_120_0.drums.flac    the drums, or the song
    rock_120_0.drums.csv     time,articulation,velocity

Long recordings are cut into segments, `song_00_0.flac`, `song_01_0.flac` and so on. Labels are
decoded from the mean log odds over networks and views: the recording as it is, darker, brighter,
and with noise. A segment is kept where the notes of single networks and views agree with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile

from bandscribe import audio, drums
from bandscribe.metrics import onsets
from bandscribe.synthesis.band.recordings import Backing, write_drums
from bandscribe.synthesis.sound import SAMPLE_RATE, Rng, Samples
from bandscribe.types import Activations, Audio, Transcription
from bandscribe.vocabulary import ARTICULATIONS, DRUMS_10

SHORTEST = 14.0  # seconds; a shorter loop is repeated
SEGMENT = 30.0  # seconds; longer recordings are cut into such segments, the last is up to 44 s
_SHELF_HZ, _SHELF_DB = 3000.0, 6.0
_NOISE_DB = -35.0  # against the recording
_PEAK = 0.7
_QUIET = 1e-6  # mean square of a passage in which nothing plays
_CERTAIN = 1e-4  # probabilities are bounded by it and by 1 minus it
#: The articulation of each class.
_ARTICULATIONS = {name: name.lower() for name in DRUMS_10}


def write_loops(
    recordings: Mapping[str, Path],
    out: Path,
    models: Sequence[drums.DrumModel],
    backings: Sequence[Sequence[Path]],
    *,
    agreement: float,
    minimum_rate: float = 0.0,
    seed: int,
    unreadable: Callable[[Path, ValueError | OSError], None],
) -> Iterator[tuple[str, float]]:
    """Label recordings, by name, and write each over a passage from each of `backings`.

    `backings` are folders of recordings without drums, in groups; without any, the recordings are
    songs, written once. Segments whose `agreement` (see `label`) is lower, that have fewer notes
    per second than `minimum_rate`, or no drums, are skipped; existing files are kept. `unreadable`
    is called with each recording that cannot be read, and its error. Yields the name of each other
    recording once it is finished, and the hours written so far. Warns of each recording of
    `backings` that cannot be read.

    Raises ValueError for `backings` without a recording that can be read.
    """
    bands: list[Backing | None] = [Backing.load(folders) for folders in backings]
    bands = bands or [None]
    done = 0.0
    for index, (name, recording) in enumerate(recordings.items()):
        try:
            sound = audio.read(recording, sample_rate=SAMPLE_RATE, mono=True)
        except (ValueError, OSError) as error:
            unreadable(recording, error)
            continue
        out.mkdir(parents=True, exist_ok=True)
        segments = _cut(sound.samples[0])
        for number, segment in enumerate(segments):
            stem = name if len(segments) == 1 else f"{name}_{number:02d}"
            paths = [out / f"{stem}_{i}.flac" for i in range(len(bands))]
            if not all(path.exists() for path in paths):
                samples = _scale(_repeat(segment))
                notes, agreed = label(Audio(samples[None], SAMPLE_RATE), models)
                if agreed < agreement or len(notes.onsets) < minimum_rate * notes.duration:
                    continue
                for i, (path, band) in enumerate(zip(paths, bands, strict=True)):
                    rng = np.random.default_rng([seed, index, number, i])
                    backing = _draw_passage(band, rng, len(samples))
                    write_drums(path.with_suffix(".drums.csv"), notes)
                    audio.write(path.with_suffix(".drums.flac"), Audio(samples[None], SAMPLE_RATE))
                    # The band last: a song that has one is complete.
                    audio.write(path, Audio(_scale(backing)[None], SAMPLE_RATE))
            done += sum(soundfile.info(path).duration for path in paths) / 3600
        yield name, done


def label(sound: Audio, models: Sequence[drums.DrumModel]) -> tuple[Transcription, float]:
    """Notes in articulations, and their agreement: the mean micro F1 over ten classes between the
    notes of each model and view and these. It is 0 where there are none.

    `models` have the ten classes and velocities; the thresholds of the first decode the mean.

    Raises ValueError for other models.
    """
    for model in models:
        if model.card.classes != DRUMS_10 or model.card.outputs == DRUMS_10:
            raise ValueError(
                f"{model.card.name}: expected a network of the ten classes and their velocities"
            )
    single = [drums.infer(view, model) for model in models for view in make_views(sound)]
    mean = drums.DrumActivations(
        _average([each.onsets for each in single]),
        _average([each.velocities for each in single]),
        single[0].beats,
    )
    card, seconds = models[0].card, sound.duration
    notes = drums.notes(mean, card, duration=seconds)
    if not len(notes.onsets):
        return notes, 0.0
    others = [drums.notes(each, card, duration=seconds) for each in single]
    agreed = [onsets.score([notes], [other], DRUMS_10).micro.f1 for other in others]
    articulations = np.array([_ARTICULATIONS[name] for name in notes.labels], dtype=np.str_)
    return (
        Transcription(notes.onsets, articulations, notes.velocities, seconds, ARTICULATIONS),
        float(np.mean(agreed)),
    )


def make_views(sound: Audio) -> Iterator[Audio]:
    """Mono audio as it is, with the treble 6 dB lower and 6 dB higher, and with white noise."""
    samples = sound.samples
    yield sound
    treble = scipy.signal.lfilter(
        *scipy.signal.butter(1, _SHELF_HZ, "high", fs=sound.sample_rate), samples
    )
    for shelf in (-_SHELF_DB, _SHELF_DB):
        shelved = samples + (10 ** (shelf / 20) - 1) * treble
        yield replace(sound, samples=shelved.astype(np.float32))
    noise = np.random.default_rng(0).standard_normal(samples.shape)
    level = np.sqrt(np.mean(samples**2)) * 10 ** (_NOISE_DB / 20)
    yield replace(sound, samples=(samples + level * noise).astype(np.float32))


def _average(parts: Sequence[Activations]) -> Activations:
    """The mean of the log odds, as probabilities."""
    values = np.clip([part.values for part in parts], _CERTAIN, 1 - _CERTAIN)
    odds = np.mean(np.log(values / (1 - values)), axis=0)
    return replace(parts[0], values=(1 / (1 + np.exp(-odds))).astype(np.float32))


def _cut(samples: Samples) -> list[Samples]:
    """Segments of `SEGMENT` seconds; a rest shorter than `SHORTEST` belongs to the last."""
    length, seconds = round(SEGMENT * SAMPLE_RATE), len(samples) / SAMPLE_RATE
    count = max(1, int((seconds + SEGMENT - SHORTEST) // SEGMENT))
    return np.split(samples, [length * i for i in range(1, count)])


def _repeat(samples: Samples) -> Samples:
    times = int(np.ceil(SHORTEST * SAMPLE_RATE / max(len(samples), 1)))
    return np.tile(samples, max(times, 1))


def _scale(samples: Samples) -> Samples:
    peak = float(np.abs(samples).max(initial=0.0))
    return samples * np.float32(_PEAK / peak) if peak else samples


def _draw_passage(band: Backing | None, rng: Rng, length: int) -> Samples:
    """A passage (length,) with sound in it; short recordings are repeated. Silence of no band."""
    passage = np.zeros(length, np.float32)
    if band is None:
        return passage
    for _ in range(20):
        song = band.songs[rng.integers(len(band.songs))].samples
        song = np.tile(song, int(np.ceil(length / max(len(song), 1))))
        start = int(rng.integers(len(song) - length + 1))
        passage = (song[start : start + length] / 32768).astype(np.float32)
        if np.mean(passage**2) > _QUIET:
            break
    return passage
