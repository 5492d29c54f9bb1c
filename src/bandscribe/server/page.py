"""The addresses below `/page`: what the page of a recording asks for, and sends back."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import numpy as np
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from bandscribe.formats import bars
from bandscribe.names import INSTRUMENTS
from bandscribe.server import export, kit, sound, tasks
from bandscribe.server.recording import STAGES, Recording
from bandscribe.server.waveform import FACTOR, Waveform
from bandscribe.types import LEVEL_FLOOR_DB, Transcription
from bandscribe.vocabulary import DRUMS_10

T = TypeVar("T")

#: Levels of instruments that the page draws, per second.
_LEVEL_RATE = 10.0


class Note(BaseModel):
    """A note as in JSON."""

    onset: float
    label: Annotated[str, Field(alias="class")]
    velocity: Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """The corrected notes, and the sensitivity of each lane."""

    notes: list[Note]
    sensitivity: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}


def create_router(recording: Recording) -> APIRouter:
    """What the page of this recording asks for."""
    router = APIRouter(prefix="/page", include_in_schema=False)

    @router.get("/recording")
    def show() -> dict[str, Any]:
        outline, hearing = recording.waveform, recording.hearing
        return {
            "name": recording.path.name,
            "stages": {name: round(recording.progress[name], 3) for name in STAGES},
            "error": recording.error,
            "warnings": recording.warnings,
            "formats": export.available(),
            "corrections": recording.corrections.name,
            "waveform": None if outline is None else _describe_waveform(outline),
            "drums": None if hearing is None else _describe_drums(recording),
        }

    @router.get("/waveform/{level}")
    def waveform(level: int, start: int = 0, count: int = 1024) -> Response:
        outline = _made(recording.waveform)
        if not (0 <= level < len(outline.levels) and start >= 0 and 0 < count <= 1 << 16):
            raise HTTPException(404, "there is no such part of the waveform")
        return _binary(outline.levels[level][start : start + count].tobytes())

    @router.get("/sound.wav")
    def play(request: Request) -> Response:
        outline = _made(recording.waveform)
        try:
            total = sound.size(outline)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        first, last = _range(request.headers.get("range", ""), total)
        partial = "range" in request.headers
        headers = {"accept-ranges": "bytes", "content-length": str(last + 1 - first)}
        if partial:
            headers["content-range"] = f"bytes {first}-{last}/{total}"
        body = sound.stream(recording.path, outline, first, last)
        return StreamingResponse(
            body, 206 if partial else 200, {**headers, **_FRESH}, media_type="audio/wav"
        )

    @router.get("/activations")
    def activations() -> Response:
        """Onsets (class, frame), then velocities (class, frame), float32, little endian."""
        hearing = _made(recording.hearing)
        curves = (hearing.onsets.values, hearing.velocities.values)
        return _binary(b"".join(np.ascontiguousarray(c.T, "<f4").tobytes() for c in curves))

    @router.get("/instruments")
    def instruments() -> dict[str, Any]:
        activity = _made(recording.activity)
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
        """What was saved (or null), and the line why nothing can be saved."""
        try:
            return {"saved": recording.load(), "error": None}
        except (ValueError, OSError) as error:
            return {"saved": None, "error": str(error)}

    @router.put("/notes")
    def save(part: Part) -> dict[str, str]:
        notes = _correct(recording, part)
        lanes = {name: part.sensitivity.get(name, 0.5) for name in DRUMS_10}
        try:
            recording.save(notes, lanes)
        except (ValueError, OSError) as error:
            raise HTTPException(409, str(error)) from error
        return {"file": recording.corrections.name}

    @router.post("/export/{format}")
    def write(format: str, part: Part) -> Response:
        notes = _correct(recording, part)
        known = export.available()
        if format not in known:
            raise HTTPException(404, f"there is no format {format}")
        name = recording.corrections.with_suffix(known[format]).name
        try:
            content = export.render(
                format, notes, _made(recording.hearing), title=recording.path.name
            )
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        disposition = f"attachment; filename*=UTF-8''{quote(name)}"
        return _binary(content, {"content-disposition": disposition})

    @router.get("/kit/{name}")
    def play_drum(name: str) -> Response:
        if name not in DRUMS_10:
            raise HTTPException(404, f"there is no drum {name}")
        return Response(kit.wav(name), media_type="audio/wav")

    return router


#: What changes with the recording is not kept by the browser.
_FRESH = {"cache-control": "no-store"}


def _describe_waveform(outline: Waveform) -> dict[str, Any]:
    return {
        "duration": outline.duration,
        "rate": outline.rate,
        "factor": FACTOR,
        "peak": int(np.abs(outline.levels[-1].astype(int)).max()),
        "levels": [len(level) for level in outline.levels],
    }


def _describe_drums(recording: Recording) -> dict[str, Any]:
    hearing, card = _made(recording.hearing), tasks.load("drums").card
    grid = hearing.grid
    return {
        "classes": list(hearing.onsets.classes),
        "frames": len(hearing.onsets.values),
        "frame_rate": hearing.onsets.frame_rate,
        "start": hearing.onsets.start,
        "thresholds": card.thresholds["10"],
        "peaks": card.peaks,
        "beats": [] if grid is None else np.round(grid.times, 6).tolist(),
        "positions": [] if grid is None else grid.positions.tolist(),
        "summary": "" if grid is None else bars.describe(grid) or "",
    }


def _correct(recording: Recording, part: Part) -> Transcription:
    _made(recording.hearing)
    try:
        return recording.correct([(note.onset, note.label, note.velocity) for note in part.notes])
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


def _made(thing: T | None) -> T:
    if thing is None:
        raise HTTPException(409, "this is not analysed yet")
    return thing


def _range(header: str, total: int) -> tuple[int, int]:
    """The first and the last byte that are asked for; all of them without a range."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header.strip())
    if not found or not (found[1] or found[2]):
        return 0, total - 1
    if not found[1]:
        return max(0, total - int(found[2])), total - 1
    first, last = int(found[1]), min(int(found[2] or total - 1), total - 1)
    if first > last:
        raise HTTPException(416, "beyond the end", {"content-range": f"bytes */{total}"})
    return first, last


def _binary(content: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(
        content, media_type="application/octet-stream", headers={**_FRESH, **(headers or {})}
    )
