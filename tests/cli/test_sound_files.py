"""Sound files that are odd, as the commands take them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bandscribe.types import Audio
from tiny import SAMPLE_RATE, hits
from tiny_sounds import bundle


def test_another_stream_of_a_file(transcribe, tmp_path: Path, groove: dict[float, str]) -> None:
    silence = Audio(np.zeros((1, 1000), np.float32), SAMPLE_RATE)
    song = Audio(hits(groove, 2.5)[None], SAMPLE_RATE)
    path = bundle(tmp_path / "song.mka", silence, song, default=0)
    said = transcribe(path)
    assert said.code == 0
    assert said.out == f"{path} → song.mid  0:00  0 notes\n"
    assert said.complaints == [
        f"bandscribe: {path}: holds 2 sound streams; stream 1, the default, is read "
        "(--stream takes another)"
    ]
    said = transcribe("--stream", 2, path)
    assert (said.code, said.err) == (0, "")
    assert "8 notes" in said.out
    said = transcribe("--stream", 3, path)
    assert (said.code, len(said.complaints)) == (1, 1)
    assert transcribe("--stream", 0, path).code == 2


@pytest.mark.parametrize("command", ["transcribe", "recognize", "track", "classify"])
def test_every_command_that_analyses_sound_takes_a_stream(bandscribe, command: str) -> None:
    assert "--stream" in bandscribe(command, "--help").out
