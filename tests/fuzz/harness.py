"""Feeds damaged files to the commands, and says which of them were a fault.

    python tests/fuzz/harness.py sound --count 10000 --first 0

Cases are numbered: `--first 17 --count 1 --keep DIR` makes the seventeenth again and keeps its
folder. Each runs in a process that is used for many, so that a crash or a hang is that of one case.
A fault is

- an exception that reaches the interpreter, or a line on standard error that is no line of ours
  (a traceback, a raw warning);
- the death of the process by a signal, or more than `SECONDS` of processor time, or `PATIENCE`
  times as long on the clock, without an answer;
- more than `MEMORY` bytes resident at once beyond what the process held before;
- an exit code other than 0, 1 and 2, or 1 or 2 without a line;
- a file that is not whole, one that is left half written, one outside of the output, or an input
  that was changed.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import cases
from typer.main import get_command

SECONDS, MEMORY = 20.0, 800 * 2**20
#: A machine that is busy with other work is slow, which is no fault of the command.
PATIENCE = 15
#: Seconds that a process may take to start, and to make whole files.
START = 120.0
#: Lines of decoders that write to the terminal by themselves.
_FOREIGN = ("[src/libmpg123", "Note: ", "Warning: ", "Error: ", "[mp3float", "[aac", "[matroska")


#: Its kind, and its number.
Case = tuple[str, int]


@dataclass(frozen=True)
class Outcome:
    """How a case ended: its exit code, None where there was none; what was wrong with it."""

    case: Case
    code: int | None
    faults: tuple[str, ...]


def run(wanted: Sequence[Case], *, keep: Path | None = None) -> Iterator[Outcome]:
    """Run cases, given by kind and number, in as many processes, one after another, as they kill.

    `keep` is a folder for copies of theirs.
    """
    context = multiprocessing.get_context("spawn")
    left = deque(wanted)
    with tempfile.TemporaryDirectory() as folder:
        while left:
            ours, theirs = context.Pipe()
            arguments = (theirs, list(left), Path(folder, str(len(left))), keep)
            process = context.Process(target=_work, args=arguments, daemon=True)
            process.start()
            theirs.close()
            limit = START + SECONDS
            while left:
                outcome = _receive(ours, process, left.popleft(), limit)
                yield outcome
                if outcome.code is None and outcome.faults[0].startswith(("hang", "died")):
                    break
                limit = SECONDS
            process.kill()
            process.join()
            ours.close()


def _receive(pipe: Connection, process: BaseProcess, case: Case, limit: float) -> Outcome:
    begun, used = time.monotonic(), _processor_seconds(process)
    try:
        while not pipe.poll(min(0.5, limit)):
            spent = _processor_seconds(process) - used
            if spent > limit or time.monotonic() - begun > PATIENCE * limit:
                return Outcome(case, None, (f"hang: more than {SECONDS:g} s",))
        code, faults = pipe.recv()
    except EOFError:
        process.join()
        return Outcome(case, None, (f"died: {process.exitcode}",))
    return Outcome(case, code, tuple(faults))


def _processor_seconds(process: BaseProcess) -> float:
    """Time that it has computed; 0 where the system does not report it."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _work(pipe: Connection, wanted: Sequence[Case], place: Path, keep: Path | None) -> None:
    """In a process of its own: each case in turn is answered."""
    seeds = cases.Seeds(place / "seeds")
    from bandscribe import cli

    # Half of the time of a case would go into the making of its command.
    make_app = cli.make_app
    cli.make_app = functools.cache(lambda name: get_command(make_app(name)))
    with tempfile.TemporaryFile("w+b") as out, tempfile.TemporaryFile("w+b") as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        for kind, number in wanted:
            folder = place / f"{kind}-{number}"
            folder.mkdir()
            try:
                command = cases.build(kind, number, folder, seeds)
                pipe.send(answer(folder, command, cli.main))
            except Exception:
                pipe.send((None, ["harness: " + traceback.format_exc()[-1500:]]))
            if keep is not None:
                shutil.copytree(folder, keep / folder.name, dirs_exist_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            for file in (out, err):
                os.ftruncate(file.fileno(), 0)
                os.lseek(file.fileno(), 0, os.SEEK_SET)


def answer(
    folder: Path, command: list[str], main: Callable[[list[str]], int]
) -> tuple[int | None, list[str]]:
    """The exit code of a command that is run in the folder of a case, and its faults.

    Standard error has to be a file.
    """
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    os.chdir(folder / "out")
    _reset_peak()
    resident = _status("VmRSS")
    code, faults = None, []
    try:
        code = main(command)
    except BaseException:
        faults.append("raised: " + traceback.format_exc()[-1500:])
    if (grown := _status("VmHWM") - resident) > MEMORY:
        faults.append(f"memory: {grown / 2**20:.0f} MB by {' '.join(command)}")
    sys.stdout.flush()
    sys.stderr.flush()
    lines = os.pread(2, 100_000, 0).decode(errors="replace").splitlines()
    strange = [line for line in lines if not line.startswith(("bandscribe: ", *_FOREIGN))]
    faults += [f"said: {line[:300]}" for line in strange[:5]]
    if code is not None and code not in (0, 1, 2):
        faults.append(f"code: {code}")
    if code in (1, 2) and not lines:
        faults.append(f"silent: exit code {code} without a line")
    faults += cases.check(folder)
    faults += [f"changed: {p.name}" for p, data in before.items() if _differs(p, data)]
    os.chdir("/")
    return code, faults


def _differs(path: Path, data: bytes) -> bool:
    with contextlib.suppress(OSError):
        return path.read_bytes() != data
    return True


def _reset_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _status(field: str) -> int:
    """Bytes resident now (VmRSS) or at once since the reset (VmHWM); 0 where unknown."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return 1024 * int(line.split()[1])
    return 0


def main() -> int:
    """Run from the command line; 1 where there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=[*cases.KINDS, "all"])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for the folders of the cases")
    given = parser.parse_args()
    failed = 0
    for kind in cases.KINDS if given.kind == "all" else [given.kind]:
        codes: Counter[str] = Counter()
        numbers = range(given.first, given.first + given.count)
        for outcome in run([(kind, number) for number in numbers], keep=given.keep):
            codes[str(outcome.code)] += 1
            failed += bool(outcome.faults)
            for fault in outcome.faults:
                print(f"{kind} {outcome.case[1]}: {fault}", flush=True)
        told = ", ".join(f"{number} with {code}" for code, number in sorted(codes.items()))
        print(f"{kind}: {sum(codes.values())} cases, exit codes: {told}", flush=True)
    print(f"faults: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
