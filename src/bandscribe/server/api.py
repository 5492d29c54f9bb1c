"""The routes below `/v1`: upload a recording, watch its job, fetch the result."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from inspect import signature
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from bandscribe import audio
from bandscribe.server import tasks
from bandscribe.server.gate import job_of
from bandscribe.server.jobs import Job, Queue, State

Route = Callable[[Callable[..., Any]], Callable[..., Any]]

#: First bytes of playlists and other texts that refer to files or addresses: ffmpeg opens them.
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<", b"v=0", b"[playlist]", b"[")
#: Characters of a file name that are kept, from its end.
_NAME = 200


class JobState(BaseModel):
    """The state of a job. `progress` is from 0 to 1; `error` is a line, once it has failed."""

    id: str
    task: str
    state: State
    progress: float
    error: str | None
    warnings: list[str]


Tempo = Annotated[
    list[float] | None,
    Query(description="Beats per minute of a steady tempo, or twice: the slowest and the fastest."),
]


def create_router(queue: Queue) -> APIRouter:
    """The API, which puts its jobs into `queue`."""
    router = APIRouter(prefix="/v1", tags=["analysis"])
    longest = queue.limits.seconds
    refusals: dict[int | str, dict[str, Any]] = {
        413: {"description": "larger than the limit"},
        415: {"description": "no sound file by its name, or by its first bytes"},
        429: {"description": "the queue is full"},
    }

    async def accept(request: Request, file: UploadFile, work: Callable[..., Any]) -> JSONResponse:
        _refuse_unknown(request)
        job, name = job_of(request.scope), _name(file)
        sound = await run_in_threadpool(_store, file, job.folder / f"upload{_suffix(name)}")
        queue.submit(job, sound, name, partial(work, name=name, longest=longest))
        where = f"/v1/jobs/{job.id}"
        return JSONResponse(_describe(job), status_code=202, headers={"location": where})

    def post(path: str, summary: str) -> Route:
        return router.post(
            path, status_code=202, response_model=JobState, responses=refusals, summary=summary
        )

    @post("/transcribe", "Transcribe the drum part")
    async def transcribe(
        request: Request,
        file: UploadFile,
        classes: Annotated[
            Literal["3", "5", "10"], Query(description="Number of drum classes.")
        ] = "10",
        sensitivity: Annotated[float, Query(ge=0, le=1, description="Higher: more notes.")] = 0.5,
        metre: Annotated[str | None, Query(description="Such as 3/4; default: detected.")] = None,
        tempo: Tempo = None,
    ) -> JSONResponse:
        """The result is what `bandscribe transcribe --format json` writes."""
        pace = None if not tempo else tempo[0] if len(tempo) == 1 else (tempo[0], tempo[-1])
        try:
            tasks.check_transcription(int(classes), sensitivity, metre, pace)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        work = partial(
            tasks.transcribe,
            classes=int(classes),
            sensitivity=sensitivity,
            metre=metre,
            tempo=pace,
        )
        return await accept(request, file, work)

    @post("/recognize", "Recognize the instruments")
    async def recognize(
        request: Request,
        file: UploadFile,
        aggregate: Annotated[
            Literal["s1", "s2"],
            Query(description="Mean over time, or relative to the most prominent."),
        ] = "s1",
        threshold: Annotated[
            float | None,
            Query(ge=0, le=1, description="For all classes; default: those of the model."),
        ] = None,
        among: Annotated[
            str | None,
            Query(description="The only instruments that may occur, such as violin,cello."),
        ] = None,
    ) -> JSONResponse:
        """The result is what `bandscribe recognize --format json` writes."""
        possible = () if among is None else among
        try:
            tasks.check_recognition(aggregate, threshold, possible)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        work = partial(tasks.recognize, aggregate=aggregate, threshold=threshold, among=possible)
        return await accept(request, file, work)

    @post("/track", "Track when each instrument plays")
    async def track(request: Request, file: UploadFile) -> JSONResponse:
        """The result has the segments in which each instrument plays, and their levels."""
        return await accept(request, file, tasks.track)

    @post("/classify", "Classify a drum one-shot")
    async def classify(request: Request, file: UploadFile) -> JSONResponse:
        """The result is what `bandscribe classify --format json` writes."""
        return await accept(request, file, tasks.classify)

    @router.get("/jobs/{id}", response_model=JobState, summary="Watch a job")
    def show(id: str) -> dict[str, Any]:
        """Results are kept for a while after a job ends, then it is unknown (404)."""
        return _describe(_find(queue, id))

    @router.get("/jobs/{id}/result", summary="Fetch the result of a job")
    def fetch(id: str) -> JSONResponse:
        """409 as long as there is none, 422 with a line where the recording cannot be analysed."""
        job = _find(queue, id)
        if job.state == "failed":
            raise HTTPException(422, job.error)
        if job.state != "done":
            raise HTTPException(409, f"the job is {job.state}")
        return JSONResponse(job.result)

    @router.delete("/jobs/{id}", status_code=204, summary="Stop a job, or forget its result")
    def drop(id: str) -> Response:
        """A running analysis stops within seconds."""
        queue.drop(_find(queue, id))
        return Response(status_code=204)

    return router


def _refuse_unknown(request: Request) -> None:
    """422 for an option that the route does not have, which would have no effect."""
    known = [name for name in signature(request.scope["route"].endpoint).parameters
             if name not in ("request", "file")]  # fmt: skip
    if unknown := [name for name in request.query_params if name not in known]:
        options = f"expected some of {', '.join(known)}" if known else "there are none"
        raise HTTPException(422, f"{unknown[0]}: is no option of this address; {options}")


def _find(queue: Queue, id: str) -> Job:
    job = queue.find(id)
    if job is None:
        raise HTTPException(404, "there is no such job, or it has expired")
    return job


def _describe(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "task": job.task,
        "state": job.state,
        "progress": round(job.progress, 3),
        "error": job.error,
        "warnings": job.warnings,
    }


def _name(file: UploadFile) -> str:
    """The file name that a client sent, to be shown: no folders, only printable characters."""
    last = PurePath((file.filename or "").replace("\\", "/")).name
    kept = "".join(char for char in last if char.isprintable())[-_NAME:]
    return kept or "upload"


def _suffix(name: str) -> str:
    """The suffix of a sound file; 415 for any other."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in audio.EXTENSIONS:
        raise HTTPException(415, f"{name}: no sound file by its name, such as .wav, .mp3, .flac")
    return suffix


def _store(file: UploadFile, path: Path) -> Path:
    """Copy an upload to `path`; 415 for a playlist."""
    head = file.file.read(64).lstrip(b"\xef\xbb\xbf\x00 \t\r\n")
    if head.startswith(_PLAYLISTS):
        raise HTTPException(415, "a text that names other files; send the sound itself")
    file.file.seek(0)
    with path.open("xb") as target:
        shutil.copyfileobj(file.file, target, 1 << 20)
    return path
