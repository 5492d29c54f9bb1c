"""Turn a recording into rows: tags and format, drum notes and beats, instruments.

A file is decoded once for all models, or once for each if it is too long to be kept in memory.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe import audio, drums, instruments, runtime
from bandscribe.catalogue.loudness import Meter
from bandscribe.catalogue.pattern import embed
from bandscribe.catalogue.schema import TASKS
from bandscribe.decode.tags import read_tags
from bandscribe.formats import bars
from bandscribe.types import Audio, Beats

#: Part of every version, for each role; raise it when the same model gives other rows.
ANALYSIS: Mapping[str, int] = {"drums": 3, "instruments": 2}
#: Longest recording that is kept in memory, in seconds.
KEPT_SECONDS = 900.0


@dataclass(frozen=True)
class Models:
    """The models: names of shipped ones, or paths of ONNX files."""

    drums: str = "drums"
    instruments: str = "instruments"

    def versions(self, tasks: Iterable[str]) -> dict[str, str]:
        """The version of the results of each task: role, code and model, such as `drums-1-3fa9…`.

        Raises ValueError for a model that does not exist, or is not made for the task.
        """
        roles = {role: self._describe(role)["version"] for role in {TASKS[task] for task in tasks}}
        return {task: roles[TASKS[task]] for task in tasks}

    def describe(self, tasks: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The entry of each version in the manifest."""
        described = [self._describe(role) for role in sorted({TASKS[task] for task in tasks})]
        return {each.pop("version"): each for each in described}

    def _describe(self, role: str) -> dict[str, Any]:
        name: str = getattr(self, role)
        if role == "drums":
            card, content = drums.load(name, threads=1).card, drums.read_bytes(name)
            drums.check(card, 10, 0.5)
        else:
            card, content = runtime.load(name, threads=1).card, runtime.read_bytes(name)
            instruments.check(card)
            instruments.check_tracker(card)
        digest = hashlib.sha256(content).hexdigest()
        return {
            "version": f"{role}-{ANALYSIS[role]}-{digest[:12]}",
            "model": card.name,
            "sha256": digest,
            "analysis": ANALYSIS[role],
            "classes": list(card.classes),
        }


@dataclass
class Analysis:
    """The rows of a recording: `record` in the table `recordings`, columns of the other tables."""

    record: dict[str, Any]
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Analyser:
    """Analyses recordings, with models that are loaded once and use one thread each."""

    models: Models = Models()

    @cached_property
    def _drums(self) -> drums.DrumModel:
        return drums.load(self.models.drums, threads=1)

    @cached_property
    def _instruments(self) -> runtime.Model:
        return runtime.load(self.models.instruments, threads=1)

    def __call__(self, sound: Path, tasks: Sequence[str]) -> Analysis:
        """The rows of a file, or a record with the `error` if it cannot be analysed."""
        result = Analysis({})
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", audio.AudioWarning)
            try:
                self._analyse(sound, tasks, result)
            # Whatever is wrong with one file, the others are analysed.
            except Exception as error:
                known = isinstance(error, (ValueError, OSError))
                reason = str(error) if known else f"{type(error).__name__}: {error}"
                result = Analysis({"error": _plain(reason, sound)})
        if caught:
            result.record["warning"] = "; ".join(
                _plain(str(each.message), sound) for each in caught
            )
        return result

    def _analyse(self, sound: Path, tasks: Sequence[str], result: Analysis) -> None:
        tags = read_tags(sound)
        result.record |= tags._asdict()
        roles = {TASKS[task] for task in tasks}
        rates = {role: self._rate(role) for role in roles}
        decoded = _Decoded(sound)
        if "drums" in roles:
            self._transcribe(decoded.blocks(rates["drums"]), tasks, result)
        if "instruments" in roles:
            self._recognize(decoded.blocks(rates["instruments"]), tasks, result)
        result.record |= {"duration": decoded.duration, "loudness": decoded.loudness}

    def _rate(self, role: str) -> int:
        if role == "drums":
            return drums.front_end(self._drums.card).sample_rate
        return instruments.front_end(self._instruments.card).sample_rate

    def _transcribe(self, blocks: Iterable[Audio], tasks: Sequence[str], result: Analysis) -> None:
        found = drums.transcribe_blocks(blocks, self._drums)
        pattern = embed(found)
        result.record |= {
            "note_count": len(found.onsets),
            "pattern": None if pattern is None else pattern.tolist(),
            **_describe_beats(found.beats),
        }
        if "drums" in tasks:
            velocities = found.velocities
            assert velocities is not None
            result.tables["notes"] = {
                "onset": found.onsets,
                "class": found.labels,
                "velocity": velocities.astype(np.float32),
            }
        if "beats" in tasks:
            grid = found.beats or Beats.of([])
            result.tables["beats"] = {
                "time": grid.times,
                "position": grid.positions.astype(np.int16),
            }

    def _recognize(self, blocks: Iterable[Audio], tasks: Sequence[str], result: Analysis) -> None:
        found, activity = instruments.recognize_and_track(blocks, model=self._instruments)
        probability, length = activity.probability, activity.duration
        result.record["line_up"] = found.tags.scores.tolist()
        classes = found.tags.classes
        if "instruments" in tasks:
            spans: dict[str, list[dict[str, float]]] = {name: [] for name in classes}
            for segment in activity.segments():
                spans[segment.label].append({"start": segment.start, "end": segment.end})
            seconds = {
                name: sum(span["end"] - span["start"] for span in spans[name]) for name in classes
            }
            result.tables["instruments"] = {
                "class": list(classes),
                "probability": found.tags.scores.astype(np.float32),
                "present": found.present,
                "share": np.array([seconds[name] / length for name in classes], np.float32),
                "spans": [spans[name] for name in classes],
            }
        if "activity" in tasks:
            starts = np.arange(0, length, 1.0) * probability.frame_rate
            edges = np.minimum(starts.astype(np.int64), len(probability.values) - 1)
            counts = np.diff(np.append(edges, len(probability.values)))
            means = np.add.reduceat(probability.values, edges, axis=0) / counts[:, None]
            percent = np.rint(100 * means).astype(np.uint8)
            result.tables["activity"] = {"class": list(classes), "percent": list(percent.T)}


class _Decoded:
    """The samples of a file, and its `duration` and `loudness` once they were read."""

    def __init__(self, sound: Path) -> None:
        self._sound = sound
        self._kept: dict[int, list[Audio]] = {}
        self.duration: float | None = None
        self.loudness: float | None = None

    def blocks(self, rate: int) -> Iterator[Audio]:
        """The mono blocks at this rate; those of a short recording are kept for the next model."""
        if rate in self._kept:
            yield from self._kept[rate]
            return
        kept: list[Audio] | None = []
        meter = Meter(rate)
        samples = 0
        for block in audio.stream(self._sound, sample_rate=rate):
            if self.duration is None:
                meter.add(block.samples[0])
            samples += block.samples.shape[1]
            if kept is not None:
                kept.append(block)
                if samples > KEPT_SECONDS * rate:
                    kept = None
            yield block
        if kept is not None:
            self._kept[rate] = kept
        if self.duration is None:
            self.duration, self.loudness = samples / rate, meter.lufs


def _describe_beats(beats: Beats | None) -> dict[str, Any]:
    """`tempo`, `metre` and `quarters`; None with fewer than two beats."""
    tempo = None if beats is None else bars.tempo(beats)
    if beats is None or tempo is None:
        return {"tempo": None, "metre": None, "quarters": None}
    return {"tempo": tempo, "metre": bars.metre(beats), "quarters": beats.quarters}


def _plain(message: str, sound: Path) -> str:
    """A message in one line, without the name of the file: copies of a recording share it."""
    return " ".join(message.replace(f"{sound}: ", "").replace(str(sound), "the file").split())
