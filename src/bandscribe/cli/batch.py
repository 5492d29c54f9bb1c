"""The loop of the commands that take recordings.

Each recording is processed by itself, in this process or in several; a fault in one costs that one,
and is a line on standard error. What is printed, and in which order, does not depend on how many
there are.
"""

from __future__ import annotations

import shutil
import stat
import sys
import tempfile
import warnings
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Protocol, TypeVar

import typer

from bandscribe.cli.inputs import STANDARD, complain_of_others
from bandscribe.cli.report import clock, complain, explain, progress
from bandscribe.files import write_text

if TYPE_CHECKING:
    from bandscribe.runtime import Model

#: Bytes of recordings that take longer to process than a process takes to start.
_WORTH_A_PROCESS = 4_000_000

Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        metavar="N",
        min=1,
        help="Number of processes. Default: one per core, if there is enough work. Each needs up "
        "to 250 MB.",
    ),
]


class Item(Protocol):
    """Something to process: a recording, and whatever else belongs to it."""

    @property
    def path(self) -> Path:
        """The recording, as it was named."""


Kind = TypeVar("Kind", bound=Item)
R = TypeVar("R")


@dataclass(frozen=True)
class Work(ABC, Generic[Kind, R]):
    """The processing of an item. Its fields can be pickled; it keeps what it loads."""

    #: A shipped model's name, or the path of a file.
    model: str
    #: Threads that a model may take, None for its default.
    threads: int | None = field(default=None, kw_only=True)
    #: Which sound stream of a file to read, from 1 on, None for the best.
    stream: int | None = field(default=None, kw_only=True)
    #: How the rest is done after Ctrl-C.
    remedy: ClassVar[str] = "the same command starts again"

    @cached_property
    def loaded(self) -> Model:
        """The model."""
        from bandscribe import runtime

        return runtime.load(self.model, threads=self.threads)

    @abstractmethod
    def __call__(self, item: Kind, sound: Path, at: Callable[[float], None]) -> R:
        """Process `sound`, the file of the item's recording, and report each second it is `at`.

        Raises ValueError or OSError where the recording cannot be processed.
        """


@dataclass(frozen=True)
class _Outcome:
    value: Any
    problems: tuple[str, ...]
    failed: bool


@dataclass(frozen=True)
class _Guarded(Generic[Kind, R]):
    """Does the work, and makes lines of warnings and errors."""

    work: Work[Kind, R]
    at: Callable[[Kind, float], None] | None = None

    def __call__(self, item: Kind) -> _Outcome:
        from bandscribe.audio import AudioWarning

        value: Any = None
        failed = False
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", AudioWarning)
            error: Exception | None = None
            sound = item.path
            try:
                with _regular(item.path) as sound:
                    value = self.work(item, sound, self._show(item))
            except (ValueError, OSError) as raised:
                error, failed = raised, True
        lines = [explain(UserWarning(str(each.message)), sound) for each in caught]
        lines += [explain(error, sound)] if error else []
        # A pipe is read from a temporary copy. A file may be read several times.
        lines = list(dict.fromkeys(line.replace(str(sound), str(item.path)) for line in lines))
        return _Outcome(value, tuple(lines), failed)

    def _show(self, item: Kind) -> Callable[[float], None]:
        show = self.at
        return (lambda seconds: None) if show is None else (lambda seconds: show(item, seconds))


def process_all(
    work: Work[Kind, R], items: Sequence[Kind], jobs: int | None
) -> Iterator[tuple[Kind, R | None]]:
    """Each item and what the work makes of it, in their order; None where it failed, with a line.

    `jobs` processes share the items, as many as are fastest where it is None. Ctrl-C has a line
    too: how many were done, and how to do the others.
    """
    from bandscribe import processes

    count = min(jobs or _choose_jobs([item.path for item in items]), len(items))
    if any(is_pipe(item.path) for item in items):
        count = 1  # standard input is this process's own
    done = 0
    with progress(len(items)) as show:
        show(0, "")

        def at(item: Kind, seconds: float) -> None:
            show(done, f"{item.path.name} {clock(seconds)}")

        # A new one, which has nothing loaded that cannot be pickled.
        guarded = _Guarded(work, at) if count < 2 else _Guarded(replace(work, threads=1))
        try:
            outcomes = processes.run(guarded, items, jobs=count)
            for item, outcome in zip(items, outcomes, strict=True):
                for line in outcome.problems:
                    complain(line)
                yield item, None if outcome.failed else outcome.value
                done += 1
                show(done, item.path.name)
        except KeyboardInterrupt:
            complain(f"interrupted: {done} of {len(items)} done; {work.remedy}")
            raise


def _choose_jobs(paths: Sequence[Path]) -> int:
    """A process for each core, as long as there is more to do in it than to start it."""
    from bandscribe.runtime import cores

    sizes = (path.stat().st_size for path in paths if path.is_file())
    return max(1, min(cores(), sum(sizes) // _WORTH_A_PROCESS))


def is_pipe(path: Path) -> bool:
    """Whether a recording can be read but once: standard input, a FIFO, a socket."""
    if path == STANDARD:
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


@contextmanager
def _regular(path: Path) -> Iterator[Path]:
    """The path of a file that can be read from any place: of a pipe, a copy that goes away."""
    if not is_pipe(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="bandscribe-") as folder:
        copy = Path(folder, "stdin" if path == STANDARD else path.name)
        with copy.open("wb") as file:
            if path == STANDARD:
                if sys.stdin is None:
                    raise ValueError("-: there is no standard input")
                shutil.copyfileobj(sys.stdin.buffer, file)
            else:
                with path.open("rb") as pipe:
                    shutil.copyfileobj(pipe, file)
        yield copy


def deliver(text: str) -> None:
    """Print a result. Raises BrokenPipeError once its reader has left."""
    print(text, flush=True)
    error = getattr(sys.stdout, "error", None)
    if isinstance(error, BrokenPipeError):
        raise error


@dataclass
class Table:
    """One table of all inputs, of `kind` (`arguments.TABLES`), rendered at the end.

    A plain table that goes to the terminal is shown line by line.
    """

    kind: str
    output: Path | None
    render: Callable[[Sequence[dict[str, Any]], str], str]
    show: Callable[[str], None] = deliver
    entries: list[dict[str, Any]] = field(default_factory=list)

    def add(self, entry: dict[str, Any], line: str) -> None:
        """Another entry, and its line."""
        if self.kind == "table" and self.output is None:
            self.show(line)
        else:
            self.entries.append(entry)

    def finish(self) -> None:
        """Write or print the entries that are not shown yet."""
        if self.output is not None:
            write_text(self.output, self.render(self.entries, self.kind))
        elif self.kind != "table":
            print(self.render(self.entries, self.kind), end="")


def finish(failed: int, others: Counter[str]) -> None:
    """Report the files that were passed over; exit with 1 where an input `failed`."""
    complain_of_others(others)
    if failed:
        raise typer.Exit(1)


@contextmanager
def written(path: Path, suffix: str) -> Iterator[Path]:
    """The path to write a result to: itself, its folder made, or a file that then goes to stdout.

    The latter has the suffix.
    """
    if path != STANDARD:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="bandscribe-") as folder:
        yield (copy := Path(folder, f"stdout{suffix}"))
        sys.stdout.flush()
        sys.stdout.buffer.write(copy.read_bytes())
        sys.stdout.buffer.flush()
