from pathlib import Path


def test_a_band_needs_a_soundfont(bandscribe) -> None:
    said = bandscribe("synthesize", "band", "-o", "out")
    assert said.code == 2
    assert "band: name something to play on with --soundfont" in said.err
    assert not Path("out").exists()


def test_a_missing_soundfont_is_one_line(bandscribe) -> None:
    said = bandscribe("synthesize", "band", "-o", "out", "--soundfont", "none.sf2")
    assert (said.code, len(said.complaints)) == (1, 1)
    assert "none.sf2: no such SoundFont" in said.err or "fluidsynth: not found" in said.err
    assert not Path("out").exists()
