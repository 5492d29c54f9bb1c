"""Run a command line in this process, and hold what it printed; recordings for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bandscribe.cli import main


@dataclass(frozen=True)
class CommandResult:
    code: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        return self.err.splitlines()


@pytest.fixture
def bandscribe(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., CommandResult]:
    """The command, run in an empty working directory."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def run(*arguments: object) -> CommandResult:
        code = main([str(argument) for argument in arguments])
        return CommandResult(code, *capsys.readouterr())

    return run


@pytest.fixture
def transcribe(
    bandscribe: Callable[..., CommandResult], tiny_model: Path
) -> Callable[..., CommandResult]:
    """`bandscribe transcribe` with the tiny model."""
    return lambda *arguments: bandscribe("transcribe", "--model", tiny_model, *arguments)


@pytest.fixture
def corpus(tmp_path: Path, groove_wav: Path, groove: dict[float, str]) -> Path:
    """One song in the layout of MDB Drums. The first snare is annotated as a tom."""
    five = {"KD": "KD", "SD": "SD", "CHH": "HH", "OHH": "HH", "RD": "CY"}
    rows = [[onset, five[name]] for onset, name in groove.items()]
    next(row for row in rows if row[1] == "SD")[1] = "TT"
    root = tmp_path / "corpus"
    audio = root / "MDB Drums/audio/drum_only/MusicDelta_X_Drum.wav"
    notes = root / "MDB Drums/annotations/class/MusicDelta_X_class.txt"
    for path in (audio, notes):
        path.parent.mkdir(parents=True)
    shutil.copy(groove_wav, audio)
    notes.write_text("".join(f"{onset}\t{name}\n" for onset, name in rows))
    return root


def listing(folder: Path = Path()) -> list[str]:
    """The files below a folder."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.fixture
def song(tmp_path: Path, groove_wav: Path) -> Path:
    return Path(shutil.copy(groove_wav, tmp_path / "song.wav"))


@pytest.fixture
def album(tmp_path: Path, groove_wav: Path) -> Path:
    """Two songs in two folders, and hidden ones."""
    folder = tmp_path / "album"
    for name in ("b.wav", "disc 2/01. Feat. X.WAV", ".hidden/c.wav", ".d.wav"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(groove_wav, folder / name)
    return folder
