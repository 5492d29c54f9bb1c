"""Every command but `transcribe`, and the command line as a whole."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import bandscribe as package
from bandscribe import runtime
from bandscribe.cli.models import describe
from bandscribe.vocabulary import ARTICULATIONS
from tiny import SAMPLE_RATE

CORPUS = ["evaluate", "drums", "mdb"]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_model: Path) -> None:
    """A package that ships the tiny model alone."""
    (tmp_path / "package/models").mkdir(parents=True)
    shutil.copy(tiny_model, tmp_path / "package/models/tiny.onnx")
    monkeypatch.setattr(runtime, "files", lambda _: tmp_path / "package")


# the whole ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_names_every_command(bandscribe, arguments) -> None:
    result = bandscribe(*arguments)
    assert (result.code, result.err) == (0, "")
    for command in ("transcribe", "models", "evaluate", "compare", "synthesize", "train", "export"):
        assert f"  {command} " in result.out


@pytest.mark.parametrize("group", ["", "catalogue", "evaluate", "synthesize", "study"])
def test_no_summary_is_cut_off(bandscribe, monkeypatch, group) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = bandscribe(*group.split(), "--help")
    _, _, commands = result.out.partition("Commands:")
    assert len(commands.splitlines()) > 3
    assert "..." not in commands


def test_version(bandscribe) -> None:
    assert bandscribe("--version").out == f"{package.__version__}\n"


def test_an_option_without_its_argument_names_its_command(bandscribe) -> None:
    result = bandscribe("classify", "x.wav", "--sort-into")
    assert (result.code, len(result.complaints)) == (2, 1)
    assert "requires an argument; see bandscribe classify --help" in result.err


def test_a_file_with_the_name_of_an_option(bandscribe) -> None:
    Path("-dash.wav").write_bytes(b"")
    result = bandscribe("transcribe", "-dash.wav")
    assert (result.code, len(result.complaints)) == (2, 1)
    assert "; write ./-dash.wav for the file of this name; see bandscribe transcribe" in result.err
    assert "./" not in bandscribe("transcribe", "-other.wav").err


def test_unknown_command(bandscribe) -> None:
    result = bandscribe("sing")
    assert (result.code, len(result.complaints)) == (2, 1)
    assert "sing" in result.err


PROBE = """
import json, sys
from bandscribe.cli import main
code = main(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]))
"""


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--help"], {"torch", "matplotlib", "numpy", "onnxruntime", "soundfile", "hashlib"}),
        (["transcribe", "--help"], {"torch", "matplotlib", "numpy", "onnxruntime", "soundfile"}),
        (["models"], {"torch", "matplotlib", "scipy"}),
        (["transcribe", "--model", "MODEL", "AUDIO"], {"torch", "matplotlib", "scipy", "onnx"}),
        ([*CORPUS, "ROOT", "--model", "MODEL"], {"torch", "matplotlib", "scipy", "onnx"}),
    ],
)
def test_light_commands_stay_light(
    tmp_path, tiny_model, groove_wav, corpus, arguments, absent
) -> None:
    places = {"MODEL": str(tiny_model), "AUDIO": str(groove_wav), "ROOT": str(corpus)}
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *(places.get(word, word) for word in arguments)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 0
    assert not absent & set(modules)


def test_importing_the_package_imports_no_library() -> None:
    probe = "import sys, bandscribe; print('numpy' in sys.modules, bandscribe.transcribe.__name__)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "False transcribe\n"


def test_every_public_name_is_there() -> None:
    assert sorted(package.__all__) == package.__all__ == dir(package)
    for name in package.__all__:
        assert getattr(package, name)
    with pytest.raises(AttributeError, match="no attribute 'sing'"):
        _ = package.sing


# models -------------------------------------------------------------------------------------------


def test_models_lists_what_is_shipped(bandscribe, installed) -> None:
    result = bandscribe("models")
    assert (result.code, result.err) == (0, "")
    header, row, *baselines = result.out.splitlines()
    assert header.split()[:5] == ["name", "task", "classes", "size", "commit"]
    assert row.split()[:3] == ["tiny", "drums", "10"]
    assert row.endswith("micro F1 of 10, 5, 3 classes: 0.500, 0.600, -")
    assert [line.split()[0] for line in baselines] == ["nmf", "nmfd"]


def test_models_prints_the_metrics_of_each_task() -> None:
    metrics = {"single": {"accuracy": 0.75}, "heard": {"abstained": 0.5}}
    assert describe("hits", metrics) == ["single hits: accuracy 0.750; no drum: no name for 0.500"]
    assert describe("hits", {}) == ["single hits: accuracy -; no drum: no name for -"]
    recorded = {"learned": {"micro.f1": 0.5}, "calibration": {"error_before": 0.2}}
    recordings = "recordings: micro F1 0.500, macro F1 -, calibration error 0.200 to -"
    assert describe("recognition", {"s1": recorded}) == [recordings]
    followed = describe("activity", {"s1": recorded, "frame": {"level_error_db": 5.25}})
    assert followed == [recordings, "frames: mean AP -, micro F1 -, level error 5.2 dB"]


def test_models_names_sources_and_licences(bandscribe, installed) -> None:
    result = bandscribe("models", "--verbose")
    assert "tiny was trained on:\n  none: CC0-1.0, made by hand\n\n" in result.out
    assert "nmfd was trained on:" in result.out


def test_models_tells_of_one(bandscribe, installed) -> None:
    title, *lines = bandscribe("models", "tiny").out.splitlines()
    assert title == "tiny"
    assert [line.split()[0] for line in lines] == [
        "task", "classes", "frames", "size", "commit", "validation", "sources",
    ]  # fmt: skip
    assert lines[-1] == "  sources     1 (CC0-1.0 1)"
    assert json.loads(bandscribe("models", "tiny", "--verbose").out)["outputs"][-1] == "downbeat"


def test_an_unknown_model_is_answered_with_what_there_is(bandscribe) -> None:
    result = bandscribe("models", "nobody")
    assert (result.code, len(result.complaints)) == (1, 1)
    known = ", ".join(sorted((*runtime.installed(), "nmf", "nmfd")))
    assert f"there is no 'nobody'; shipped are {known}, any other is named by" in result.err
    assert (
        "it is for transcribing drums alone" in bandscribe("recognize", "x", "--model", "nmf").err
    )


# training commands --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "drums"],
        ["train", "drums", "--help"],
        ["export", "run"],
        ["synthesize", "drums", "-o", "x", "--kits", "kits"],
    ],
)
def test_a_missing_extra_is_answered_with_its_cure(bandscribe, monkeypatch, arguments) -> None:
    monkeypatch.setattr("bandscribe.cli.report.find_spec", lambda name: None)
    result = bandscribe(*arguments)
    assert (result.code, len(result.complaints)) == (1, 1)
    assert " -m pip install " in result.err and "'torch<" in result.err
    assert "this needs the extra train (" in result.err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["train"], "TASK"),
        (
            ["train", "singing"],
            "TASK: expected one of drums, recognition, activity, hits, drummernet, "
            "factorization, adaptation, got 'singing'",
        ),
        (["train", "drums", "--colour", "red"], "colour"),
        (["train", "drums", "--steps", "many"], "steps: expected a whole number, got 'many'"),
        (["train", "drums", "--steps"], "--steps: expected a value"),
        (["train", "drums", "steps"], "expected --FIELD VALUE, got 'steps'"),
        (["synthesize", "singing", "-o", "x"], "No such command 'singing'"),
        (
            ["synthesize", "drums", "-o", "x", "--hours", "0"],
            "'--hours': expected a positive",
        ),
        (["synthesize", "drums", "-o", "x", "--seed", "-1"], "--seed: expected 0 or more"),
        (["synthesize", "drums"], "-o"),
    ],
)
def test_wrong_usage_of_training_commands(bandscribe, arguments, reason) -> None:
    result = bandscribe(*arguments)
    assert (result.code, result.out, len(result.complaints)) == (2, "", 1)
    assert reason in result.err


@pytest.mark.parametrize("task", ["drums", "recognition", "activity"])
def test_train_explains_every_field(bandscribe, task) -> None:
    from dataclasses import fields
    from importlib import import_module

    result = bandscribe("train", task, "--help")
    assert (result.code, result.err) == (0, "")
    for field in fields(import_module(f"bandscribe.training.{task}.recipe").Recipe):
        name = field.name.replace("_", "-")
        line = next(line for line in result.out.splitlines() if line.startswith(f"  --{name} "))
        assert field.metadata["help"] in line
    assert f"bandscribe train {task} --help" in bandscribe("train", "--help").out


def test_train_resolves_its_recipe(bandscribe, monkeypatch) -> None:
    """A file, and over it the command line; the resolved recipe is printed."""
    from bandscribe.training.fit import FitResult

    given = []

    def train(recipe: object, run: Path) -> FitResult:
        given.append((recipe, run))
        return FitResult(finished=True, step=7, best={})

    monkeypatch.setattr("bandscribe.training.drums.train.train", train)
    Path("recipe.json").write_text('{"steps": 5, "seed": 3}')
    result = bandscribe(
        "train",
        "drums",
        "--recipe",
        "recipe.json",
        "--steps=7",
        "--learning-rate",
        "1e-4",
        "-o",
        "r",
    )
    assert (result.code, len(result.complaints)) == (0, 1)
    [(recipe, run)] = given
    assert (recipe.steps, recipe.seed, recipe.learning_rate) == (7, 3, 1e-4)
    assert run == Path("r")
    assert json.loads(result.out[: result.out.rindex("}") + 1])["steps"] == 7
    assert result.out.endswith("r: step 7, finished\n")


def test_train_that_was_interrupted(bandscribe, monkeypatch) -> None:
    """So that `train && export` stops; ending by its own limit of minutes is no failure."""
    from bandscribe.training.fit import FitResult

    for interrupted, code in ((True, 130), (False, 0)):
        result = FitResult(False, 7, {}, interrupted=interrupted)
        monkeypatch.setattr("bandscribe.training.drums.train.train", lambda *_, r=result: r)
        result = bandscribe("train", "drums", "-o", "r")
        assert result.code == code
        assert result.out.endswith("r: step 7, stopped; bandscribe train drums -o r resumes it\n")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["drums"], "credits: expected a CSV file with name,licence,origin of each source"),
        (["drummernet"], "credits: expected a CSV file"),
        (["hits"], "credits: expected a CSV file"),
        (["activity"], "credits: expected a CSV file"),
        (["recognition", "--model", "svm"], "model: a baseline, svm, is no network"),
        (["activity", "--model", "neuroment"], "model: neuroment is for evaluation alone"),
    ],
)
def test_what_export_needs_is_checked_before_training(
    bandscribe, monkeypatch, arguments, reason
) -> None:
    from bandscribe.training.fit import FitResult

    began = []
    task = arguments[0]
    monkeypatch.setattr(
        f"bandscribe.training.{task}.train.train",
        lambda *_: began.append(task) or FitResult(True, 1, {}),
    )
    result = bandscribe("train", *arguments)
    assert (result.code, len(result.complaints), len(began)) == (0, 1, 1)
    assert result.err.startswith(f"bandscribe: this run cannot be exported yet: {reason}")
    if task not in ("drums", "drummernet"):
        return
    Path("credits.csv").write_text("name,licence,origin\na,CC0-1.0,here\n")
    given = ["--kits", "a,b", "--validation-kits", "c", "--credits", "credits.csv"]
    result = bandscribe("train", task, *given)
    assert (result.code, result.err) == (1, "bandscribe: credits.csv: no row for b, c\n")
    assert len(began) == 1


def test_export_of_no_run(bandscribe) -> None:
    result = bandscribe("export", "nowhere")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert result.err.startswith("bandscribe: nowhere: ")


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """One piece of each class, a short click."""
    folder = tmp_path / "kit"
    folder.mkdir()
    rows = []
    click = np.exp(-np.arange(4000) / 400) * np.random.default_rng(0).uniform(-0.5, 0.5, 4000)
    for name in ARTICULATIONS:
        soundfile.write(folder / f"{name}.wav", click, SAMPLE_RATE)
        rows.append({"file": f"{name}.wav", "class": name, "piece": name, "rank": 1})
    (folder / "kit.json").write_text(json.dumps(rows))
    return folder


def test_synthesize_writes_a_corpus(bandscribe, kit) -> None:
    arguments = ("synthesize", "drums", "--hours", "0.0005", "--kits", kit)
    result = bandscribe(*arguments, "-o", "first")
    assert (result.code, result.err) == (0, "")
    assert result.out == "first: 1 tracks, 0:02, 1 kits\n"
    with Path("first/e-gmd-v1.0.0.csv").open() as file:
        [row] = csv.DictReader(file)
    bandscribe(*arguments, "-o", "again")
    for name in ("audio_filename", "midi_filename"):
        first, again = (Path(folder, row[name]).read_bytes() for folder in ("first", "again"))
        assert first == again


def test_synthesize_without_a_kit(bandscribe) -> None:
    Path("empty").mkdir()
    result = bandscribe("synthesize", "drums", "-o", "out", "--kits", "empty")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "empty: no drum kit there" in result.err
    assert not Path("out").exists()
