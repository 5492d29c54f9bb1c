"""The recording of a page: analysed in the background; corrections are saved beside its file."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe import audio, decode, drums, instruments
from bandscribe.files import write_json
from bandscribe.formats import json
from bandscribe.instruments import Activity
from bandscribe.readers import read_json
from bandscribe.server import tasks
from bandscribe.server.jobs import collected
from bandscribe.server.waveform import Waveform, measure
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import DRUMS_10

STAGES = ("waveform", "drums", "instruments")
#: Seconds by which a saved onset may be rounded up, beyond the end of the recording.
_ROUNDED = 1e-3


class _StoppedError(Exception):
    """The server is stopping."""


@dataclass
class Recording:
    """A file, the results of its analysis so far, and its corrections.

    `progress` of each of `STAGES` is from 0 to 1; the result of a stage is None until it is done.
    `error` is the reason if the analysis failed.
    """

    path: Path
    progress: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    warnings: list[str] = field(default_factory=list)
    error: str | None = None
    waveform: Waveform | None = None
    activations: drums.DrumActivations | None = None
    activity: Activity | None = None

    def __post_init__(self) -> None:
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="bandscribe-recording")
        self._saving = threading.Lock()

    def start(self) -> None:
        """Start the analysis."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the analysis, and wait until it has ended."""
        self._stopped = True
        if self._thread.ident is not None:
            self._thread.join()

    def finish(self) -> None:
        """Wait for the end of the analysis."""
        self._thread.join()

    @property
    def corrections(self) -> Path:
        """The file of corrections: `song.json` beside `song.mp3`."""
        suffix = self.path.suffix.lower()
        stem = self.path.stem if suffix in audio.EXTENSIONS else self.path.name
        return self.path.with_name(f"{stem}.json")

    def transcribe(self) -> Transcription:
        """The part that the model finds, without corrections."""
        assert self.activations is not None and self.waveform is not None
        card = tasks.load("drums").card
        return drums.notes(self.activations, card, duration=self.waveform.duration)

    def correct(self, notes: Sequence[tuple[float, str, float]]) -> Transcription:
        """The part of these notes (onset, class, velocity), with the detected beats.

        Raises ValueError for an unknown class, or a note outside of the recording.
        """
        assert self.activations is not None and self.waveform is not None
        ordered = sorted(notes)
        onsets = np.array([note[0] for note in ordered], dtype=np.float64)
        duration = self.waveform.duration
        if len(onsets) and not (onsets[0] >= 0 and onsets[-1] <= duration):
            raise ValueError(f"onsets: expected 0 to {duration:g} seconds")
        return Transcription(
            onsets,
            np.array([note[1] for note in ordered], dtype=np.str_),
            np.array([note[2] for note in ordered], dtype=np.float64),
            duration,
            DRUMS_10,
            self.activations.grid,
        )

    def version(self) -> str | None:
        """A digest of the saved corrections; None if there are none.

        Raises OSError where they cannot be read.
        """
        if not self.corrections.exists():
            return None
        return hashlib.sha256(self.corrections.read_bytes()).hexdigest()

    def load(self) -> dict[str, Any] | None:
        """The saved corrections, as `save` writes them; None if there are none.

        Raises ValueError for a file without drum notes in ten classes, or with those of another
        recording.
        """
        if not self.corrections.exists():
            return None
        part = json.read(self.corrections, classes=DRUMS_10)
        tree = read_json(self.corrections)
        self._check_owner(part, tree.get("file"))
        known = tree.get("sensitivity")
        sensitivity = dict.fromkeys(DRUMS_10, 0.5)
        if isinstance(known, dict):
            for name, value in known.items():
                if name in sensitivity and isinstance(value, (int, float)) and 0 <= value <= 1:
                    sensitivity[name] = float(value)
        return {**json.content(part, file=self.path.name), "sensitivity": sensitivity}

    def _check_owner(self, part: Transcription, name: object) -> None:
        """Raise ValueError for the part of another file, whose name differs in its suffix alone."""
        reason = ""
        if isinstance(name, str) and name not in ("", self.path.name):
            with suppress(ValueError):  # not a file name
                if self.path.with_name(Path(name).name).is_file():
                    reason = f"holds the part of {name}"
        if self.waveform is not None and len(part.onsets):
            last = self.waveform.duration + _ROUNDED
            outside = part.onsets[(part.onsets < 0) | (part.onsets > last)]
            if len(outside):
                reason = f"has a note at {outside[0]:g} s, outside of {self.path.name}"
        if reason:
            raise ValueError(f"{self.corrections}: {reason}; rename it, and reload the page")

    def save(
        self, part: Transcription, sensitivity: dict[str, float], *, version: str | None = None
    ) -> str | None:
        """Write a corrected part, and the sensitivity of each lane, beside the recording.

        The file is that of `bandscribe transcribe --format json`, with the entry `sensitivity`.
        Returns its version. Raises ValueError rather than replace a file of another kind, or of
        another version than the one that was corrected; OSError as `files.whole`.
        """
        with self._saving:
            self.load()
            if self.version() not in (None, version):
                raise ValueError(
                    f"{self.corrections.name}: was changed elsewhere since this page read it; "
                    "export this part as JSON to keep it, and reload the page"
                )
            content = json.content(part, file=self.path.name)
            write_json(self.corrections, {**content, "sensitivity": sensitivity})
            return self.version()

    def _run(self) -> None:
        lines: list[str] = []
        try:
            with collected(lines):
                total = decode.length(self.path)
                self.waveform = measure(self._read(decode.decode(self.path), "waveform", total))
                self.progress["waveform"] = 1.0
                model = tasks.load("drums")
                rate = drums.front_end(model.card).sample_rate
                activations = drums.infer(self._stream(rate, "drums", total), model)
                activations.grid  # noqa: B018, beats are tracked now rather than in a request
                self.activations = activations
                self.progress["drums"] = 1.0
                model = tasks.load("instruments")
                rate = instruments.front_end(model.card).sample_rate
                blocks = self._stream(rate, "instruments", total)
                self.activity = instruments.track(blocks, model=model)
                self.progress["instruments"] = 1.0
        except _StoppedError:
            pass
        except (ValueError, OSError) as error:
            self.error = str(error)
        finally:
            self.warnings = list(dict.fromkeys(lines))

    def _stream(self, rate: int, stage: str, total: float) -> Iterator[Audio]:
        return self._read(audio.stream(self.path, sample_rate=rate), stage, total)

    def _read(self, blocks: Iterator[Audio], stage: str, total: float) -> Iterator[Audio]:
        seconds = 0.0
        for block in blocks:
            if self._stopped:
                raise _StoppedError
            self.progress[stage] = min(seconds / total, 0.999) if total else 0.0
            seconds += block.duration
            yield block
