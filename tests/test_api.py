"""The four public functions: what they take, and that a model is loaded once."""

import os
from pathlib import Path

import numpy as np
import pytest

import bandscribe
from bandscribe import Audio, drums, runtime

DOCUMENT = Path(__file__).parents[1] / "docs" / "api.md"
TASKS = ("transcribe", "recognize", "track", "classify")


def test_the_document_names_all_that_is_public() -> None:
    text = DOCUMENT.read_text()
    for name in bandscribe.__all__:
        assert f"`{name}`" in text or f"`{name}(" in text or name == "__version__", name
        assert getattr(bandscribe, name) is not None


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.full((1, 8000), np.nan, np.float32), "source: expected finite samples"),
        (np.full((2, 8000), np.inf, np.float32), "source: expected finite samples"),
    ],
    ids=["nan", "infinite"],
)
def test_input_is_checked_alike(task: str, samples: np.ndarray, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        getattr(bandscribe, task)(Audio(samples, 8000))


@pytest.mark.parametrize("task", TASKS)
def test_a_bare_array_is_refused_with_its_cure(task: str) -> None:
    with pytest.raises(TypeError, match=r"source: expected .*; wrap it as Audio\("):
        getattr(bandscribe, task)(np.zeros(800, np.float32))


@pytest.mark.parametrize(
    ("samples", "cure"),
    [
        (np.zeros((2000, 2), np.float32), "transpose them"),
        (np.zeros((2, 2000)), r"samples\.astype\(numpy\.float32\)"),
    ],
    ids=["sample by channel", "float64"],
)
def test_samples_as_other_libraries_have_them(samples: np.ndarray, cure: str) -> None:
    with pytest.raises(ValueError, match=cure):
        Audio(samples, 8000)


@pytest.mark.parametrize("task", TASKS)
def test_a_model_that_there_is_not(task: str) -> None:
    with pytest.raises(ValueError, match="there is no 'nobody'"):
        getattr(bandscribe, task)(Audio(np.zeros((1, 800), np.float32), 8000), model="nobody")


def test_a_named_model_is_loaded_once_and_again_when_its_file_changes(tmp_path: Path) -> None:
    calls: list[str | Path] = []

    def load(model: str | Path) -> list[int]:
        calls.append(model)
        return [len(calls)]

    path = tmp_path / "model.onnx"
    path.write_bytes(b"one")
    first = runtime.resolve(path, load)
    assert runtime.resolve(path, load) is first
    assert runtime.resolve("drums", load) is runtime.resolve("drums", load)
    assert len(calls) == 2
    os.utime(path, ns=(0, 1))
    assert runtime.resolve(path, load) is not first
    assert runtime.resolve(first, load) is first
    assert len(calls) == 3


def test_a_loaded_model_gives_what_its_name_gives() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (1, 22050)).astype(np.float32)
    sound = Audio(noise, 44100)
    by_name = bandscribe.transcribe(sound)
    loaded = bandscribe.transcribe(sound, model=drums.load("drums", threads=1))
    np.testing.assert_array_equal(by_name.onsets, loaded.onsets)
    np.testing.assert_array_equal(by_name.labels, loaded.labels)
