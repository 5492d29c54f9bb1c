"""The analyses of a sound file: each returns the JSON that its command writes.

Models are loaded at their first use and kept. The functions raise ValueError or OSError for a file
that cannot be analysed, and check their options before it is read (`check_transcription`,
`check_recognition`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandscribe import audio, beats, decode, drums, hits, instruments, runtime
from bandscribe.formats import json
from bandscribe.formats.tags import describe_hit, describe_recognition
from bandscribe.types import Audio

if TYPE_CHECKING:
    from bandscribe.beats import Tempo
    from bandscribe.chunks import Strategy

#: Called with the progress, 0 to 1.
Step = Callable[[float], None]


@lru_cache
def load(name: str) -> runtime.Model:
    """A shipped model, kept once it is loaded."""
    return runtime.load(name)


def check_transcription(
    classes: int, sensitivity: float, metre: str | None, tempo: Tempo | None
) -> None:
    """Raise ValueError where `transcribe` would for its options."""
    drums.check(load("drums").card, classes, sensitivity)
    beats.check(metre, tempo)


def check_recognition(
    aggregate: Strategy, threshold: float | None, among: str | Sequence[str]
) -> None:
    """Raise ValueError where `recognize` would for its options."""
    instruments.check(load("instruments").card, aggregate, threshold, among)


def transcribe(
    sound: Path,
    step: Step,
    *,
    name: str,
    longest: float,
    classes: int = 10,
    sensitivity: float = 0.5,
    metre: str | None = None,
    tempo: Tempo | None = None,
) -> dict[str, Any]:
    """The drum part, as `bandscribe transcribe --format json` writes it."""
    model = load("drums")
    blocks = read(sound, drums.front_end(model.card).sample_rate, step, longest)
    part = drums.transcribe_blocks(
        blocks, model, classes=classes, sensitivity=sensitivity, metre=metre, tempo=tempo
    )
    return json.content(part, file=name)


def recognize(
    sound: Path,
    step: Step,
    *,
    name: str,
    longest: float,
    aggregate: Strategy = "s1",
    threshold: float | None = None,
    among: str | Sequence[str] = (),
) -> list[dict[str, Any]]:
    """The instruments, as `bandscribe recognize --format json` writes them."""
    model = load("instruments")
    blocks = read(sound, instruments.front_end(model.card).sample_rate, step, longest)
    found = instruments.recognize(
        blocks,
        model=model,
        aggregate=aggregate,
        threshold=threshold,
        among=among,
    )
    return [describe_recognition(found, name)]


def track(sound: Path, step: Step, *, name: str, longest: float) -> dict[str, Any]:
    """The segments in which each instrument plays: `track --segments` as JSON."""
    model = load("instruments")
    blocks = read(sound, instruments.front_end(model.card).sample_rate, step, longest)
    activity = instruments.track(blocks, model=model)
    return describe_segments(activity, name)


def describe_segments(activity: instruments.Activity, name: str) -> dict[str, Any]:
    """`file`, `duration`, `classes`, and `segments`, each with `class`, `start`, `end`, `level_db`.

    Seconds are rounded to the millisecond.
    """
    return {
        "file": name,
        "duration": round(activity.duration, 6),
        "classes": list(activity.probability.classes),
        "segments": [
            {
                "class": label,
                "start": round(start, 3),
                "end": round(end, 3),
                "level_db": round(level, 1),
            }
            for label, start, end, level in activity.segments()
        ],
    }


def classify(sound: Path, step: Step, *, name: str, longest: float) -> list[dict[str, Any]]:
    """The class of a one-shot, as `bandscribe classify --format json` writes it.

    Of a longer file the beginning is analysed, so that it cannot be too long.
    """
    step(0.0)
    return [describe_hit(hits.classify(sound, model=load("hits")), name)]


def read(sound: Path, rate: int, step: Step, longest: float) -> Iterator[Audio]:
    """Mono blocks of a file at a rate; ValueError once it is longer than `longest` seconds."""
    total = decode.length(sound)
    seconds = 0.0
    for block in audio.stream(sound, sample_rate=rate):
        step(seconds / total if total > 0 else 0.0)
        seconds += block.duration
        if seconds > longest:
            raise ValueError(f"{sound}: longer than {longest:g} seconds, the limit of this server")
        yield block
