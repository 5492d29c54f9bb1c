"""A small catalogue that is asked in many ways."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six recordings, one of which failed, one in two files: see `tiny_catalogue.analyse`."""
    pytest.importorskip("pyarrow", reason="needs the extra catalogue")
    pytest.importorskip("duckdb", reason="needs the extra catalogue")
    from bandscribe.catalogue.build import build
    from tiny_catalogue import Run, write_sounds

    folder = tmp_path_factory.mktemp("small")
    sounds = {
        "Blue Monday.wav": "130 voi",
        "copy.wav": "130 voi",
        "duo.wav": "96 vio pia",
        "trio.wav": "104 vio voi pia",
        "solo.wav": "60 vio",
        "drone.wav": "90",
        "bad.wav": "no sound",
    }
    write_sounds(folder / "music", sounds)
    build(folder / "catalogue", [str(folder / "music")], Run())
    return folder / "catalogue"
