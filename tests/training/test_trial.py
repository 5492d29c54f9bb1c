"""A trial of a search, in a process of its own: it has workers, and ends with the search."""

import signal
import subprocess
import sys

import pytest

SCRIPT = """
import multiprocessing, os, sys, time
from pathlib import Path
from bandscribe.training import trial

def train(recipe, run):
    time.sleep(0.2)  # by now standard input is read
    worker = multiprocessing.get_context("fork").Process(target=print, args=("worked",))
    worker.start()
    worker.join(10)
    print("exit code", worker.exitcode, flush=True)
    if worker.exitcode is None:
        worker.kill()
    time.sleep(float(sys.argv[1]))

trial.recipes.read = lambda *_: None
trial.train = train
trial.main(Path())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks, and sends a signal")
def test_workers_start_while_the_search_is_followed() -> None:
    command = [sys.executable, "-c", SCRIPT]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, "0"], **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout.read().split("\n") == ["worked", "exit code 0", ""]
    assert process.returncode == 0
    with subprocess.Popen([*command, "60"], **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout.readline() == "worked\n"
        process.stdin.close()
        process.wait()
    assert process.returncode == -signal.SIGTERM
