"""Fixtures that every room's tests share; `tiny` makes what they hold."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest
import soundfile

from tiny import SAMPLE_RATE, hits, tiny_card, write_model

# The same examples each time, however slow the machine.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steady")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "tiny.onnx", tiny_card())


@pytest.fixture(scope="session")
def groove() -> dict[float, str]:
    """Onset in seconds to class: two bars, no two hits closer than 0.25 s."""
    names = ["KD", "CHH", "SD", "CHH", "KD", "OHH", "SD", "RD"]
    return {0.25 + 0.25 * i: name for i, name in enumerate(names)}


@pytest.fixture(scope="session")
def groove_wav(tmp_path_factory: pytest.TempPathFactory, groove: dict[float, str]) -> Path:
    path = tmp_path_factory.mktemp("audio") / "groove.wav"
    soundfile.write(path, hits(groove, 2.5), SAMPLE_RATE)
    return path
