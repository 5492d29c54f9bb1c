"""A training run of drums in a process of its own, which ends with the one that started it.

    python -m bandscribe.training.trial RUN

RUN holds the recipe. When standard input is closed, the run stops and can be resumed: so it does
where the process at its other end is killed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from bandscribe.training import recipes
from bandscribe.training.drums.recipe import Recipe
from bandscribe.training.drums.train import train


def _follow() -> None:
    # Not by sys.stdin, whose lock a forked worker waits for, without end, when it closes its own.
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main(run: Path) -> None:
    """Train the recipe of a run, or go on with it; raises as `training.drums.train`."""
    threading.Thread(target=_follow, daemon=True).start()
    train(recipes.read(run, Recipe), run)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
