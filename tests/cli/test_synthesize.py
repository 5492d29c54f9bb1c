import json
from pathlib import Path

import numpy as np
import pytest

from bandscribe import audio
from bandscribe.types import Audio


def test_a_band_needs_a_soundfont(bandscribe) -> None:
    result = bandscribe("synthesize", "band", "-o", "out")
    assert result.code == 2
    assert "Missing option '--soundfont'" in result.err
    assert not Path("out").exists()


def test_a_missing_soundfont_is_one_line(bandscribe) -> None:
    result = bandscribe("synthesize", "band", "-o", "out", "--soundfont", "none.sf2")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "none.sf2: no such SoundFont" in result.err or "fluidsynth: not found" in result.err
    assert not Path("out").exists()


@pytest.mark.filterwarnings("default")
def test_a_sound_that_a_kit_lacks_has_one_line(bandscribe, tmp_path: Path) -> None:
    row = {"file": "a.wav", "class": "kd", "piece": "kick", "rank": 1}
    (tmp_path / "kit.json").write_text(json.dumps([row]))
    result = bandscribe("synthesize", "drums", "--kits", tmp_path, "--hours", 0.001, "-o", "out")
    assert (result.code, len(result.complaints)) == (1, 2)
    assert result.complaints[0] == (
        f"bandscribe: {tmp_path / 'a.wav'}: there is no such file; left out of the kit"
    )
    assert "none of its sounds can be used" in result.complaints[1]


def test_loops_are_labelled(bandscribe, groove_wav: Path, tiny_model: Path, tmp_path: Path) -> None:
    band = tmp_path / "band"
    band.mkdir()
    audio.write(band / "a.flac", Audio(np.full((1, 44100), 0.1, np.float32), 44100))
    given = ("synthesize", "loops", groove_wav, "--model", tiny_model)
    call = (*given, "-o", "out", "--band", band)
    result = bandscribe(*call)  # louder, the tiny network finds more classes
    assert (result.code, result.complaints) == (0, [])
    assert result.out == "out: 0:00 of 1 recordings\n"
    assert bandscribe(*call, "--agreement", 0.2).out == "out: 0:15 of 1 recordings\n"
    songs = bandscribe(*given, "-o", "songs", "--agreement", 0.2)
    assert songs.out == "songs: 0:15 of 1 recordings\n"
    few = bandscribe(*given, "-o", "few", "--agreement", 0.2, "--minimum-rate", 50)
    assert few.out == "few: 0:00 of 1 recordings\n"
    assert bandscribe(*call, "--agreement", 1.1).code == 2
    assert bandscribe(*call, "--minimum-rate", -1).code == 2
    assert (
        bandscribe(*given, "-o", "o", "--band", "none")
        .complaints[0]
        .startswith("bandscribe: none: no .flac of a band")
    )


def test_a_damaged_loop_costs_itself(
    bandscribe, groove_wav: Path, tiny_model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "loops"
    folder.mkdir()
    (folder / "a.wav").write_bytes(b"no sound")
    (folder / "notes.txt").touch()
    (folder / "groove.wav").write_bytes(groove_wav.read_bytes())
    call = ("synthesize", "loops", "--model", tiny_model, "--agreement", 0.2, "-o", "out", folder)
    result = bandscribe(*call, "missing.wav")
    assert (result.code, result.out) == (1, "out: 0:15 of 1 recordings\n")
    assert [line.split(":")[1].strip() for line in result.complaints] == [
        "missing.wav",
        str(folder / "a.wav"),
        "passed over 1 file that is no sound by suffix (.txt 1)",
    ]
    assert Path("out/groove_0.drums.csv").exists()


def test_damaged_loops_alone_write_nothing(bandscribe, tiny_model: Path, tmp_path: Path) -> None:
    paths = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for path in paths:
        path.write_bytes(b"no sound")
    result = bandscribe("synthesize", "loops", "--model", tiny_model, "-o", "out", *paths)
    assert (result.code, result.out, len(result.complaints)) == (1, "", 3)
    assert [str(path) in line for path, line in zip(paths, result.complaints, strict=False)] == [
        True, True,
    ]  # fmt: skip
    assert result.complaints[-1] == (
        "bandscribe: out: nothing is written, since no recording can be read"
    )
    assert not Path("out").exists()


@pytest.mark.filterwarnings("default")
def test_a_damaged_band_costs_itself(
    bandscribe, groove_wav: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "damaged.flac").write_bytes(b"no sound")
    loops = ("synthesize", "loops", groove_wav, "--model", tiny_model, "--agreement", 0.2)
    call = (*loops, "-o", "out", "--band", tmp_path)
    result = bandscribe(*call)
    assert (result.code, result.out, len(result.complaints)) == (1, "", 1)
    assert "no band that can be used; the first: " in result.err
    assert str(tmp_path / "damaged.flac") in result.err
    audio.write(tmp_path / "a.flac", Audio(np.full((1, 44100), 0.1, np.float32), 44100))
    result = bandscribe(*call)
    assert (result.code, result.out) == (0, "out: 0:15 of 1 recordings\n")
    (line,) = result.complaints
    assert line.startswith(f"bandscribe: {tmp_path / 'damaged.flac'}: no sound that can be decoded")
    assert line.endswith("; left out")


def test_loops_of_the_same_name_are_refused(bandscribe, groove_wav: Path, tmp_path: Path) -> None:
    """One would be taken for the other, already labelled."""
    paths = [tmp_path / "a/loop.wav", tmp_path / "b/loop.wav"]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(groove_wav.read_bytes())
    result = bandscribe("synthesize", "loops", *paths, "-o", "out")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert f"{paths[1]}: would be written as loop, as {paths[0]} is" in result.err
    assert not Path("out").exists()
