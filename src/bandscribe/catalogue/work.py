"""What a worker does with a file: read it, identify its content, and analyse that once.

Files are identified by their content. A ledger, which all workers of a build share, says what is
left to do for a recording, and knows who is at it: a second file of the same content is not
analysed again, and a recording that ended the life of two workers is not given to a third.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

import fsspec

from bandscribe.catalogue.analysis import Analysis, Analyst

#: So many workers may die of a recording before it is given up.
TRIES = 2
QUARANTINED = (
    f"{TRIES} workers died while they analysed it, of a crash in a decoder or for lack of memory; "
    "export the file again, then build with --retry"
)
_AT_ONCE = 1 << 20  # bytes


class Job(NamedTuple):
    """A file to look at, as `Source` has it."""

    path: str
    bytes: int
    stamp: str


class Outcome(NamedTuple):
    """What became of a job: the recording, or the error where the file cannot be read.

    `analysis` is None where another file of the same content was analysed; `tasks` are those that
    were done.
    """

    job: Job
    recording: str | None = None
    error: str | None = None
    analysis: Analysis | None = None
    tasks: tuple[str, ...] = ()


class Claim(NamedTuple):
    """The tasks that are to be done by whoever asked, and how many died of them before."""

    tasks: tuple[str, ...]
    deaths: int


class Ledger:
    """Who analyses what."""

    def __init__(self, tasks: Sequence[str], done: Mapping[str, frozenset[str]]) -> None:
        """For a build of `tasks`, where of some recordings some are `done`."""
        self.tasks, self.done = tuple(tasks), done
        self._owners: dict[str, str] = {}
        self._begun: dict[str, int] = {}

    def begin(self, recording: str, path: str) -> Claim:
        """What is left to be done for a recording, for the file that came first."""
        if self._owners.setdefault(recording, path) != path:
            return Claim((), 0)
        done = self.done.get(recording, frozenset())
        left = tuple(task for task in self.tasks if task not in done)
        deaths = self._begun.get(recording, 0)
        if left:
            self._begun[recording] = deaths + 1
        return Claim(left, deaths)

    def end(self, recording: str) -> None:
        """It is analysed, and nobody died of it."""
        self._begun.pop(recording, None)


class Claims(Protocol):
    """A ledger, or what speaks with one that is on another machine."""

    def begin(self, recording: str, path: str) -> Claim:
        """As `Ledger.begin`."""

    def end(self, recording: str) -> None:
        """As `Ledger.end`."""


@dataclass(frozen=True)
class Fetched:
    """A file on this machine, and the digest of its content; or why there is none."""

    sound: Path | None = None
    recording: str | None = None
    bytes: int = 0
    error: str | None = None


@contextmanager
def fetch(job: Job) -> Iterator[Fetched]:
    """Read a file through; one that is elsewhere is copied here for as long as the block lasts."""
    with ExitStack() as kept:
        try:
            with fsspec.open(job.path, "rb") as source:
                if "://" not in job.path:
                    fetched = Fetched(Path(job.path), *_read(source, None))
                else:
                    folder = kept.enter_context(tempfile.TemporaryDirectory(prefix="bandscribe-"))
                    sound = Path(folder, Path(job.path).name or "sound")
                    with sound.open("wb") as copy:
                        fetched = Fetched(sound, *_read(source, copy))
        # Each kind of address has errors of its own.
        except Exception as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            fetched = Fetched(error=f"cannot be read: {' '.join(str(reason).lower().split())}")
        yield fetched


def _read(source: Any, copy: IO[bytes] | None) -> tuple[str, int]:
    """The digest and the number of the bytes of a file, which go into the `copy` too."""
    digest, count = hashlib.blake2b(digest_size=16), 0
    while block := source.read(_AT_ONCE):
        digest.update(block)
        count += len(block)
        if copy is not None:
            copy.write(block)
    return digest.hexdigest(), count


def process(job: Job, fetched: Fetched, analyst: Analyst, ledger: Claims) -> Outcome:
    """Analyse what a file holds, unless that is done, or would end another worker."""
    if fetched.sound is None or fetched.recording is None:
        return Outcome(job, error=fetched.error)
    recording = fetched.recording
    tasks, deaths = ledger.begin(recording, job.path)
    if not tasks:
        return Outcome(job, recording)
    given_up = Analysis({"error": QUARANTINED})
    analysis = analyst(fetched.sound, tasks) if deaths < TRIES else given_up
    analysis.record["bytes"] = fetched.bytes
    ledger.end(recording)
    return Outcome(job, recording, None, analysis, tasks)
