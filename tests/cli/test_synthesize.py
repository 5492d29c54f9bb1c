import json
from pathlib import Path

import pytest


def test_a_band_needs_a_soundfont(bandscribe) -> None:
    said = bandscribe("synthesize", "band", "-o", "out")
    assert said.code == 2
    assert "Missing option '--soundfont'" in said.err
    assert not Path("out").exists()


def test_a_missing_soundfont_is_one_line(bandscribe) -> None:
    said = bandscribe("synthesize", "band", "-o", "out", "--soundfont", "none.sf2")
    assert (said.code, len(said.complaints)) == (1, 1)
    assert "none.sf2: no such SoundFont" in said.err or "fluidsynth: not found" in said.err
    assert not Path("out").exists()


@pytest.mark.filterwarnings("default")
def test_a_sound_that_a_kit_lacks_has_one_line(bandscribe, tmp_path: Path) -> None:
    row = {"file": "a.wav", "class": "kd", "piece": "kick", "rank": 1}
    (tmp_path / "kit.json").write_text(json.dumps([row]))
    said = bandscribe("synthesize", "drums", "--kits", tmp_path, "--hours", 0.001, "-o", "out")
    assert (said.code, len(said.complaints)) == (1, 2)
    assert said.complaints[0] == (
        f"bandscribe: {tmp_path / 'a.wav'}: there is no such file; left out of the kit"
    )
    assert "none of its sounds can be used" in said.complaints[1]
