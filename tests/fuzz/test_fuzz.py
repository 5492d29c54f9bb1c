"""A slice of what `harness.py` runs by the thousands, and that it sees a fault where one is."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import harness
import pytest

#: Cases of each kind.
SLICE = 8


def test_no_damage_is_a_fault() -> None:
    wanted = [(kind, number) for number in range(SLICE) for kind in harness.cases.KINDS]
    outcomes = list(harness.run(wanted))
    assert [outcome.case for outcome in outcomes] == wanted
    assert [outcome for outcome in outcomes if outcome.faults] == []
    # Damage is neither such that nothing is read any more, nor that everything is.
    for kind in harness.cases.KINDS:
        codes = {outcome.code for outcome in outcomes if outcome.case[0] == kind}
        assert len(codes) > 1


def raise_error(_: list[str]) -> int:
    raise RuntimeError("no line")


def warn(_: list[str]) -> int:
    os.write(2, b"x.py:3: RuntimeWarning: divide by zero\n")
    return 0


def leave(name: str, text: str = "") -> Callable[[list[str]], int]:
    def main(_: list[str]) -> int:
        Path(name).write_text(text)
        return 0

    return main


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    here = Path.cwd()
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "in/a.csv").write_text("whole")
    yield tmp_path
    os.chdir(here)


@pytest.mark.parametrize(
    ("main", "fault"),
    [
        (raise_error, "raised: "),
        (sys.exit, "raised: "),
        (warn, "said: x.py:3: RuntimeWarning"),
        (lambda _: 3, "code: 3"),
        (lambda _: 1, "silent: exit code 1 without a line"),
        (leave(".bandscribe-1234.mid"), "left: out/.bandscribe-1234.mid"),
        (leave("a.json", '{"notes": ['), "partial: out/a.json"),
        (leave("a.mid", "MThd"), "partial: out/a.mid"),
        (leave("a.html", "<html>"), "partial: out/a.html"),
        (leave("../b.txt"), "outside: b.txt"),
        (leave("../in/a.csv", "half"), "changed: a.csv"),
    ],
)
def test_faults_are_seen(
    main: Callable[[list[str]], int], fault: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, faults = harness.answer(folder, [], main)
    assert len(faults) == 1 and faults[0].startswith(fault)
    assert (code is None) == fault.startswith("raised")


def test_memory_is_measured(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness, "MEMORY", 2**25)
    _, faults = harness.answer(folder, ["x"], lambda _: len(bytes(2**20)) * 0)
    assert faults == []
    _, faults = harness.answer(folder, ["x"], lambda _: len(b"x" * 2**27) * 0)
    assert [fault.split(":")[0] for fault in faults] == ["memory"]


def test_a_process_that_does_not_answer_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "START", -harness.SECONDS)
    outcomes = list(harness.run([("labels", 0), ("labels", 1)]))
    assert [outcome.faults for outcome in outcomes] == [("hang: more than 20 s",)] * 2


def test_the_same_number_is_the_same_damage(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seeds = harness.cases.Seeds(tmp_path / "seeds")
    for kind in harness.cases.KINDS:
        made = []
        for name in ("one", "two"):
            place = tmp_path / f"{kind}-{name}/case"
            place.mkdir(parents=True)
            command = harness.cases.build(kind, 3, place, seeds)
            files = sorted(path for path in place.rglob("*") if path.is_file())
            made.append(
                (
                    [word.replace(str(place), "") for word in command],
                    {str(path.relative_to(place)): path.read_bytes() for path in files},
                )
            )
        assert made[0] == made[1]
