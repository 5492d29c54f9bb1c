import sys
from importlib import metadata

import pytest

from bandscribe.extras import install

LISTED = [
    "numpy>=2",
    'matplotlib>=3.9; extra == "plot"',
    'torch<2.14,>=2.9; extra == "train"',
    "onnx>=1.17; extra == 'train'",
    'bandscribe[plot,train]; extra == "tune"',
    'ray[tune]>=2.40; (python_version < "3.14") and extra == "tune"',
]


@pytest.mark.parametrize(
    ("extra", "libraries"),
    [
        ("plot", "'matplotlib>=3.9'"),
        ("train", "'torch<2.14,>=2.9' 'onnx>=1.17'"),
        ("tune", "'matplotlib>=3.9' 'torch<2.14,>=2.9' 'onnx>=1.17' 'ray[tune]>=2.40'"),
    ],
)
def test_the_command_works_wherever_bandscribe_came_from(
    extra: str, libraries: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "requires", lambda name: LISTED)
    monkeypatch.setattr(sys, "executable", "/opt/a b/.venv/bin/python")
    assert install(extra) == f"'/opt/a b/.venv/bin/python' -m pip install {libraries}"
