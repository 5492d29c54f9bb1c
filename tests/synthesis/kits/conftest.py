import json

import numpy as np
import pytest
from tiny_kits import HYDROGEN, preset, riff, row, stroke, write


@pytest.fixture
def hydrogen_kit(tmp_path):
    folder = tmp_path / "tiny"
    write(folder / "loud.wav", stroke(level=0.5))
    write(folder / "soft.wav", np.stack([stroke(level=0.5), stroke(level=0.3)], axis=1))
    write(folder / "hat-semi-open.wav", stroke(rate=48000), 48000)
    (folder / "drumkit.xml").write_text(HYDROGEN)
    return folder


@pytest.fixture
def folder_kit(tmp_path):
    folder = tmp_path / "folder"
    rows = []
    for rank in range(1, 15):
        write(folder / f"kd/v{rank:02}.flac", stroke(level=0.05 * rank))
        rows.append(row(f"kd/v{rank:02}.flac", "kd", "kick", rank))
    for delay, mix in ((400, "amb"), (0, "close"), (200, "oh")):
        write(folder / f"sd/{mix}.flac", np.pad(stroke(), (delay, 0)))
        rows.append(row(f"sd/{mix}.flac", "sd", "snare", 1, mix=mix))
    rows += [row("sd/oh.flac", "other", "crash_choke", 1), row("sd/oh.flac", "other", "bongo_h", 1)]
    (folder / "kit.json").write_text(json.dumps(rows))
    return folder


@pytest.fixture
def font(tmp_path):
    path = tmp_path / "font.sf2"
    path.write_bytes(
        riff(
            preset("Room", 8, 128),
            preset("Piano", 0, 0),
            preset("Standard", 0, 128),
            preset("Orchestra", 48, 128),
            preset("EOP", 255, 128),
        )
    )
    return path
