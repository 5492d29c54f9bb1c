"""Programs that play a WAV file, which computers have anyway, so that no library is needed."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

Player = tuple[str, ...]

#: For each system the command lines to try, in this order; the name of the file follows.
PLAYERS: dict[str, tuple[Player, ...]] = {
    "darwin": (("afplay",),),
    "win32": (
        (
            sys.executable,
            "-c",
            "import sys, winsound; winsound.PlaySound(sys.argv[1], winsound.SND_FILENAME)",
        ),
    ),
}
OTHERS: tuple[Player, ...] = (
    ("pw-play",),
    ("paplay",),
    ("aplay", "-q"),
    ("play", "-q"),
    ("mpv", "--no-video", "--really-quiet"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
)
_CURE = "write a file to play elsewhere: bandscribe transcribe --format preview"


def find(given: str | None = None) -> list[Player]:
    """The `given` command, or those that this computer has. Raises ValueError where none is."""
    known = (_split(given),) if given else PLAYERS.get(sys.platform, OTHERS)
    found = [player for player in known if shutil.which(player[0])]
    if not found:
        names = ", ".join(player[0] for player in known)
        raise ValueError(f"no audio player found ({names}); install one, name another with "
                         f"--player, or {_CURE}")  # fmt: skip
    return found


def _split(command: str) -> Player:
    """A program, whose path may have spaces, or a program and its options."""
    if shutil.which(command):
        return (command,)
    return tuple(shlex.split(command)) or (command,)


def play(sound: Path, seconds: float, players: Sequence[Player]) -> None:
    """Play a WAV file of this length to its end with the first of the players that can.

    Raises ValueError where none can, with the reasons. After Ctrl-C nothing sounds any more.
    """
    reasons = []
    for player in players:
        began = time.monotonic()
        with subprocess.Popen(
            [*player, str(sound)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, errors="replace",
        ) as process:  # fmt: skip
            try:
                complaint = process.communicate()[1].strip()
            finally:
                process.kill()  # one that has ended does not mind
        # ffplay reports success where there is no device.
        early = time.monotonic() - began < seconds
        if process.returncode == 0 and not (complaint and early):
            return
        lines = complaint.splitlines() or [f"exit code {process.returncode}"]
        # The file is in order: what ffplay reports about it follows from what it reported before.
        causes = [line for line in lines if str(sound) not in line] or lines
        reason = causes[-1].replace(str(sound), sound.name)
        reasons.append(f"{Path(player[0]).name}: {reason}")
    raise ValueError(f"cannot play ({'; '.join(reasons)}); check the audio device, name another "
                     f"player with --player, or {_CURE}")  # fmt: skip
