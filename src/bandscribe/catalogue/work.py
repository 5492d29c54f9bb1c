"""The work on a file: read it, identify its content, and analyse it once.

A ledger, which all workers of a build share, has the remaining tasks of each recording and the
file that is analysed for it: copies with the same content are not analysed again, and a recording
during which two workers died is not given to a third.
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

from bandscribe.catalogue.analysis import Analyser, Analysis

#: Attempts at a recording that kills its workers.
ATTEMPTS = 2
QUARANTINED = (
    f"{ATTEMPTS} workers died while they analysed it, of a crash in a decoder or for lack of "
    "memory; export the file again, then build with --retry"
)
_PIECE = 1 << 20  # bytes


class Job(NamedTuple):
    """A file to analyse, with the fields of `sources.Source`."""

    path: str
    bytes: int
    stamp: str


class Outcome(NamedTuple):
    """The result of a job: the recording, or the error if the file cannot be read.

    `analysis` is None if another file with the same content was analysed; `tasks` are those that
    were done.
    """

    job: Job
    recording: str | None = None
    error: str | None = None
    analysis: Analysis | None = None
    tasks: tuple[str, ...] = ()


class Claim(NamedTuple):
    """The tasks to do for a file, and how many workers died during earlier attempts."""

    tasks: tuple[str, ...]
    deaths: int


class Ledger:
    """The remaining tasks of each recording, and the file that is analysed for it."""

    def __init__(self, tasks: Sequence[str], done: Mapping[str, frozenset[str]]) -> None:
        """For a build of `tasks`, some of which are `done` for some recordings."""
        self.tasks, self.done = tuple(tasks), done
        self._owners: dict[str, str] = {}
        self._begun: dict[str, int] = {}

    def begin(self, recording: str, path: str) -> Claim:
        """Claim the remaining tasks of a recording; none unless this is its first file."""
        if self._owners.setdefault(recording, path) != path:
            return Claim((), 0)
        done = self.done.get(recording, frozenset())
        left = tuple(task for task in self.tasks if task not in done)
        deaths = self._begun.get(recording, 0)
        if left:
            self._begun[recording] = deaths + 1
        return Claim(left, deaths)

    def end(self, recording: str) -> None:
        """Record that the analysis has ended."""
        self._begun.pop(recording, None)


class Claims(Protocol):
    """A ledger, or a proxy of one on another machine."""

    def begin(self, recording: str, path: str) -> Claim:
        """As `Ledger.begin`."""

    def end(self, recording: str) -> None:
        """As `Ledger.end`."""


@dataclass(frozen=True)
class Fetched:
    """A file on this machine and the digest of its content, or the error of reading it."""

    sound: Path | None = None
    recording: str | None = None
    bytes: int = 0
    error: str | None = None


@contextmanager
def fetch(job: Job) -> Iterator[Fetched]:
    """Read a file; a remote one is copied to this machine for the duration of the block."""
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
        # Each file system raises errors of its own.
        except Exception as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            fetched = Fetched(error=f"cannot be read: {' '.join(str(reason).lower().split())}")
        yield fetched


def _read(source: Any, copy: IO[bytes] | None) -> tuple[str, int]:
    """The digest and size of a file in bytes; its content is also written to `copy`."""
    digest, count = hashlib.blake2b(digest_size=16), 0
    while block := source.read(_PIECE):
        digest.update(block)
        count += len(block)
        if copy is not None:
            copy.write(block)
    return digest.hexdigest(), count


def process(job: Job, fetched: Fetched, analyser: Analyser, ledger: Claims) -> Outcome:
    """Analyse a fetched file, unless that is done already, or has killed too many workers."""
    if fetched.sound is None or fetched.recording is None:
        return Outcome(job, error=fetched.error)
    recording = fetched.recording
    tasks, deaths = ledger.begin(recording, job.path)
    if not tasks:
        return Outcome(job, recording)
    given_up = Analysis({"error": QUARANTINED})
    analysis = analyser(fetched.sound, tasks) if deaths < ATTEMPTS else given_up
    analysis.record["bytes"] = fetched.bytes
    ledger.end(recording)
    return Outcome(job, recording, None, analysis, tasks)
