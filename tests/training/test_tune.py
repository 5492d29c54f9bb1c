"""Trials as processes: one that is stopped and goes on, and several under Ray."""

from __future__ import annotations

import csv
import json
import os
import pickle
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from bandscribe.training import record, search
from bandscribe.training.drums.train import train
from tiny_corpus import write_corpus

torch = pytest.importorskip("torch")
SMALL = {"channels": [4], "pooling": 6, "convolutions": 1, "hidden": 4, "layers": 1}
GIVEN = {
    "model": "cnn", "batch": "2", "excerpt_seconds": "1.0", "validation_minutes": "0.05",
    "weight_excerpts": "3", "half": "false", "learning_rate": "0.03",
    "options": json.dumps(SMALL),
}  # fmt: skip


def test_a_trial_ends_with_its_parent_and_goes_on(tmp_path: Path) -> None:
    root = write_corpus(tmp_path / "corpus")
    recipe = search.resolve(None, GIVEN, [f"egmd={root}"], epochs=60)
    run = tmp_path / "run"
    record.write_json(run / "recipe.json", asdict(recipe))
    command = [sys.executable, "-m", "bandscribe.training.trial", str(run)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not search.read_history(run) and process.poll() is None:
            time.sleep(0.05)
        _, said = process.communicate()  # closes its input
    assert process.returncode == 0, said
    stopped = search.read(run, recipe)
    assert stopped.state == "begun"
    # What it did so far, it does not do again; all in all it is the run that was never stopped.
    few = replace(recipe, steps=(stopped.epochs + 1) * recipe.validate_every)
    train(few, run)
    train(few, tmp_path / "whole")
    parts, whole = ([{**row, "minutes": 0} for row in search.read_history(each)]
                    for each in (run, tmp_path / "whole"))  # fmt: skip
    assert parts == whole
    starts = json.loads((run / "versions.json").read_text())["starts"]
    assert starts[0]["step"] == 0 < starts[1]["step"]


@pytest.mark.parametrize(
    ("errors", "raised"),
    [
        ([], None),
        ([Exception("The current node timed out during startup. This could")] * 2, None),
        ([Exception("The current node timed out during startup. This could")] * 5, ValueError),
        ([Exception("something else")], Exception),
        ([ConnectionError("timed out during startup")], ConnectionError),
    ],
)
def test_ray_may_take_its_time_to_start(
    monkeypatch: pytest.MonkeyPatch, errors: list[Exception], raised: type[Exception] | None
) -> None:
    ray = pytest.importorskip("ray")
    from bandscribe import ray_start

    coming = iter(errors)
    started = []

    def init(address: str, **options: object) -> None:
        for error in coming:
            raise error
        started.append((address, options["num_cpus"]))

    monkeypatch.setattr(ray, "init", init)
    with nullcontext() if raised is None else pytest.raises(raised):
        ray_start.start(num_cpus=2)
    assert started == ([("local", 2)] if raised is None else [])


@pytest.mark.parametrize(("given", "used"), [(None, "local"), ("auto", "auto")])
def test_another_cluster_counts_only_if_it_is_named(
    monkeypatch: pytest.MonkeyPatch, given: str | None, used: str
) -> None:
    ray = pytest.importorskip("ray")
    from bandscribe import ray_start

    addresses = []
    monkeypatch.setattr(ray, "init", lambda address, **_: addresses.append(address))
    ray_start.start(given)
    assert addresses == [used]


def test_a_terminal_stays_where_it_is() -> None:
    pytest.importorskip("ray")
    from bandscribe.training.tune import _Show

    lock = threading.RLock()  # such as a live table has, and no file can keep
    show = _Show(lock.acquire)
    assert isinstance(pickle.loads(pickle.dumps(show)), _Show)
    assert show.show == lock.acquire


@pytest.mark.parametrize(
    ("asked", "found", "devices", "expected"),
    [
        (None, 0, ["auto"], 0), (None, 4, ["auto", "cpu"], 1), (None, 4, ["cpu", "cpu"], 0),
        (0.25, 1, ["auto"], 0.25), (2, 4, ["cuda"], 2), (0, 4, ["auto"], 0),
    ],
)  # fmt: skip
def test_a_trial_has_its_share_of_gpus(
    asked: float | None, found: float, devices: list[str], expected: float
) -> None:
    pytest.importorskip("ray")
    from bandscribe.training.tune import share

    assert share(asked, found, devices) == expected
    with pytest.raises(ValueError, match=r"gpus: expected at most 0, .*, got 0\.5"):
        share(0.5, 0, devices)


def test_ray_gives_each_trial_its_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    from bandscribe.training import tune

    def with_resources(trainable: type, resources: dict[str, float]) -> None:
        raise RuntimeError(resources)

    monkeypatch.setattr(tune.ray_start, "start", lambda *_, **__: None)
    monkeypatch.setattr(tune.ray, "cluster_resources", lambda: {"GPU": 2.0})
    monkeypatch.setattr(tune.tune, "with_resources", with_resources)
    trials = {tmp_path / "trials/a": search.Recipe(workers=3, threads=2)}
    with pytest.raises(RuntimeError, match=r"{'cpu': 5, 'gpu': 0\.25}"):
        tune.search(trials, gpus=0.25)
    with pytest.raises(RuntimeError, match=r"'gpu': 1\.0}"):
        tune.search(trials)


def test_two_workers_of_ray_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    monkeypatch.chdir(tmp_path)  # Ray's workers are elsewhere
    write_corpus(tmp_path / "corpus")
    out = Path("out")
    fields = [part for name, value in GIVEN.items() for part in (f"--{name}", value)]
    command = [
        sys.executable, "-m", "bandscribe", "tune", "drums", "-o", str(out), "--corpus",
        "egmd=corpus", "--grid", "--space", '{"hidden": [4, 8], "seed": [1, 2]}', "--epochs", "3",
        "--jobs", "2", *fields,
    ]  # fmt: skip
    told = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    if "timed out during startup" in told.stderr:
        pytest.skip("this machine is too busy for Ray to start")
    assert told.returncode == 0, told.stderr
    rows = list(csv.DictReader((out / "trials.csv").read_text().splitlines()))
    assert len(rows) == 4
    assert {(json.loads(row["options"])["hidden"], row["seed"]) for row in rows} == {
        (4, "1"), (4, "2"), (8, "1"), (8, "2"),
    }  # fmt: skip
    scores = [float(row["micro_f1"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    for row in rows:
        run = out / "trials" / row["trial"]
        left = {path.name for path in run.iterdir()}
        assert {"recipe.json", "history.csv", "curve.png", "metrics.json", "best.pt"} <= left
        assert (row["state"] == "stopped") == ("stopped.json" in left)
    assert any(row["state"] == "finished" for row in rows)
    assert not (out / "trials" / "ray").exists()
    best = json.loads((out / "best.json").read_text())
    assert best["options"] == json.loads(rows[0]["options"])
    assert "Traceback" not in told.stderr and "WARNING" not in told.stderr
    # The best is the same when it is trained by itself.
    alone = search.recipes.from_file(out / "best.json", search.Recipe)
    train(alone, tmp_path / "again")
    again = max(row["micro_f1"] for row in search.read_history(tmp_path / "again"))
    assert again == pytest.approx(scores[0], abs=1e-5)
