"""The routes below `/page`, which the page of a recording requests."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import numpy as np
import soundfile
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from bandscribe import drumkit, exports
from bandscribe.formats import bars
from bandscribe.names import INSTRUMENTS
from bandscribe.server import export, sound, tasks
from bandscribe.server.recording import STAGES, Recording
from bandscribe.server.waveform import FACTOR, Waveform
from bandscribe.types import LEVEL_FLOOR_DB, Transcription
from bandscribe.vocabulary import DRUMS_10

T = TypeVar("T")

#: Most notes of a score that is shown: some ten minutes.
_MOST_ENGRAVED = 8000
#: Levels of instruments that the page draws, per second.
_LEVEL_RATE = 10.0


class Note(BaseModel):
    """A note as in JSON."""

    onset: float
    label: Annotated[str, Field(alias="class")]
    velocity: Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """The corrected notes, the sensitivity of each lane, and the version that was corrected."""

    notes: list[Note]
    sensitivity: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    version: str | None = None


def create_router(recording: Recording) -> APIRouter:
    """The routes of the page of this recording."""
    router = APIRouter(prefix="/page", include_in_schema=False)

    @router.get("/recording")
    def show() -> dict[str, Any]:
        outline, activations = recording.waveform, recording.activations
        return {
            "name": recording.path.name,
            "stages": {name: round(recording.progress[name], 3) for name in STAGES},
            "error": recording.error,
            "warnings": recording.warnings,
            "formats": exports.available(),
            "score": "svg" in exports.available(),
            "corrections": recording.corrections.name,
            "waveform": None if outline is None else _describe_waveform(outline),
            "drums": None if activations is None else _describe_drums(recording),
        }

    @router.get("/waveform/{level}")
    def waveform(level: int, start: int = 0, count: int = 1024) -> Response:
        outline = _ready(recording.waveform)
        if not (0 <= level < len(outline.levels) and start >= 0 and 0 < count <= 1 << 16):
            raise HTTPException(404, "there is no such part of the waveform")
        return _binary(outline.levels[level][start : start + count].tobytes())

    @router.get("/sound.wav")
    def play(request: Request) -> Response:
        outline = _ready(recording.waveform)
        try:
            total = sound.size(outline)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        if not recording.path.is_file():
            raise HTTPException(404, f"{recording.path.name}: the file is gone")
        requested = _range(request.headers.get("range", ""), total)
        first, last = requested or (0, total - 1)
        headers = {"accept-ranges": "bytes", "content-length": str(last + 1 - first)}
        if requested:
            headers["content-range"] = f"bytes {first}-{last}/{total}"
        body = sound.stream(recording.path, outline, first, last)
        return StreamingResponse(
            body, 206 if requested else 200, {**headers, **_UNCACHED}, media_type="audio/wav"
        )

    @router.get("/activations")
    def activations() -> Response:
        """Onsets (class, frame), then velocities (class, frame), float32, little endian."""
        activations = _ready(recording.activations)
        curves = (activations.onsets.values, activations.velocities.values)
        # Those of an hour are 30 MB: one class after another.
        columns = (column.astype("<f4").tobytes() for curve in curves for column in curve.T)
        size = {"content-length": str(sum(4 * curve.size for curve in curves))}
        return StreamingResponse(
            columns, headers={**_UNCACHED, **size}, media_type="application/octet-stream"
        )

    @router.get("/instruments")
    def instruments() -> dict[str, Any]:
        activity = _ready(recording.activity)
        found = tasks.describe_segments(activity, recording.path.name)
        played = {segment["class"] for segment in found["segments"]}
        hop = max(1, round(activity.level.frame_rate / _LEVEL_RATE))
        levels = activity.level.values[: len(activity.level.values) // hop * hop]
        loudest = levels.reshape(-1, hop, levels.shape[1]).max(axis=1)
        shares = np.rint(100 * (1 - loudest / LEVEL_FLOOR_DB)).astype(int)
        return {
            "rate": activity.level.frame_rate / hop,
            "lanes": [
                {
                    "class": name,
                    "name": INSTRUMENTS.get(name, name),
                    "levels": shares[:, column].tolist(),
                    "segments": [
                        [segment["start"], segment["end"]]
                        for segment in found["segments"]
                        if segment["class"] == name
                    ],
                }
                for column, name in enumerate(activity.level.classes)
                if name in played
            ],
        }

    @router.get("/notes")
    def load() -> dict[str, Any]:
        """The saved part (or null), its version, and the error if it cannot be read."""
        try:
            saved, version = recording.load(), recording.version()
        except (ValueError, OSError) as error:
            return {"saved": None, "version": None, "error": _explain(error)}
        return {"saved": saved, "version": version, "error": None}

    @router.put("/notes")
    def save(part: Part) -> dict[str, str | None]:
        notes = _correct(recording, part)
        lanes = {name: part.sensitivity.get(name, 0.5) for name in DRUMS_10}
        try:
            version = recording.save(notes, lanes, version=part.version)
        except (ValueError, OSError) as error:
            raise HTTPException(409, _explain(error)) from error
        return {"file": recording.corrections.name, "version": version}

    @router.post("/export/{format}")
    def write(format: str, part: Part) -> Response:
        notes = _correct(recording, part)
        known = exports.available()
        if format not in known:
            raise HTTPException(404, f"there is no format {format}")
        folder = tempfile.TemporaryDirectory(prefix="bandscribe-")
        path = Path(folder.name, f"part{known[format]}")
        try:
            export.write(format, path, notes, recording)
        except (ValueError, OSError) as error:
            folder.cleanup()
            raise HTTPException(422, _explain(error)) from error
        name = recording.corrections.stem + known[format]
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(name)}",
            "content-length": str(path.stat().st_size),
        }
        return StreamingResponse(
            _send(path, folder),
            headers={**_UNCACHED, **headers},
            media_type="application/octet-stream",
        )

    @router.post("/score")
    def engrave(part: Part) -> Response:
        """The score as SVG; 422 if it is too long for a page."""
        if len(part.notes) > _MOST_ENGRAVED:
            raise HTTPException(422, "too long to be shown here; export it as pdf or musicxml")
        picture = export.engrave(_correct(recording, part), recording)
        return Response(picture, media_type="image/svg+xml")

    @router.get("/kit/{name}")
    def play_drum(name: str) -> Response:
        if name not in DRUMS_10:
            raise HTTPException(404, f"there is no drum {name}")
        return Response(_drum(name), media_type="audio/wav")

    return router


#: Browsers keep no copy of what belongs to one recording.
_UNCACHED = {"cache-control": "no-store"}


def _send(path: Path, folder: tempfile.TemporaryDirectory[str]) -> Iterator[bytes]:
    """The content of a file in pieces; its folder is removed at the end."""
    with folder, path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece


@cache
def _drum(name: str) -> bytes:
    """A stroke of a drum as a wav file."""
    buffer = io.BytesIO()
    soundfile.write(buffer, drumkit.sound(name), drumkit.SAMPLE_RATE, format="WAV")
    return buffer.getvalue()


def _describe_waveform(outline: Waveform) -> dict[str, Any]:
    return {
        "duration": outline.duration,
        "rate": outline.rate,
        "factor": FACTOR,
        "peak": int(np.abs(outline.levels[-1].astype(int)).max()),
        "levels": [len(level) for level in outline.levels],
    }


def _describe_drums(recording: Recording) -> dict[str, Any]:
    activations, card = _ready(recording.activations), tasks.load("drums").card
    grid = activations.grid
    return {
        "classes": list(activations.onsets.classes),
        "frames": len(activations.onsets.values),
        "frame_rate": activations.onsets.frame_rate,
        "start": activations.onsets.start,
        "thresholds": card.thresholds["10"],
        "peaks": card.peaks,
        "beats": [] if grid is None else np.round(grid.times, 6).tolist(),
        "positions": [] if grid is None else grid.positions.tolist(),
        "summary": "" if grid is None else bars.describe(grid) or "",
    }


def _correct(recording: Recording, part: Part) -> Transcription:
    _ready(recording.activations)
    try:
        return recording.correct([(note.onset, note.label, note.velocity) for note in part.notes])
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


def _ready(thing: T | None) -> T:
    if thing is None:
        raise HTTPException(409, "this is not analysed yet")
    return thing


def _range(header: str, total: int) -> tuple[int, int] | None:
    """The first and the last byte that are requested; None for all, and for several ranges."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header.strip())
    if not found or not (found[1] or found[2]):
        return None
    first, last = int(found[1] or max(0, total - int(found[2]))), total - 1
    if found[1] and found[2]:
        last = min(int(found[2]), last)
    if first > last:
        raise HTTPException(416, "beyond the end", {"content-range": f"bytes */{total}"})
    return first, last


def _explain(error: ValueError | OSError) -> str:
    """An error in one line."""
    if isinstance(error, OSError) and error.strerror:
        named = f"{error.filename}: " if error.filename else ""
        return named + error.strerror.lower()
    return str(error)


def _binary(content: bytes) -> Response:
    return Response(content, media_type="application/octet-stream", headers=_UNCACHED)
