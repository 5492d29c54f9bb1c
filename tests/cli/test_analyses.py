"""What transcribe, recognize, track and classify have in common, with a tiny model each."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tiny_hits
import tiny_recognizer
from tiny import SAMPLE_RATE

#: Commands that write a file for each recording, and those that write one table.
FILES, TABLES = ("transcribe", "track"), ("recognize", "classify")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    write, card = tiny_recognizer.write_recognizer, tiny_recognizer.recognizer_card
    return {
        "transcribe": tiny_model,
        "recognize": write(folder / "recognizer.onnx", card()),
        "track": write(folder / "tracker.onnx", tiny_recognizer.tracker_card()),
        "classify": tiny_hits.write_classifier(folder / "hits.onnx", tiny_hits.hits_card()),
    }


@pytest.fixture
def analyse(bandscribe, models) -> Callable[..., object]:
    """A command by its name, with its model."""
    return lambda name, *arguments: bandscribe(name, "--model", models[name], *arguments)


@pytest.mark.parametrize("command", [*FILES, *TABLES])
def test_one_line_for_each_bad_file(analyse, song, tmp_path, command) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "empty.wav").write_bytes(b"")
    (bad / "text.mp3").write_text("no sound")
    (bad / "broken.flac").write_bytes(b"fLaC and nothing else")
    soundfile.write(bad / "nan.wav", np.full(99, np.nan), SAMPLE_RATE, "FLOAT")
    result = analyse(command, bad, tmp_path / "nowhere", song)
    assert result.code == 1
    assert len(result.complaints) == 5
    for name in ("nowhere", "empty.wav", "text.mp3", "broken.flac", "nan.wav"):
        assert sum(name in line for line in result.complaints) == 1
    assert result.out.count(str(song)) == 1
    assert len(list(Path().iterdir())) == (command in FILES)


@pytest.mark.parametrize("command", [*FILES, *TABLES])
def test_a_file_that_breaks_off_is_analysed_with_a_warning(
    analyse, song, tmp_path, command
) -> None:
    samples, rate = soundfile.read(song)
    soundfile.write(tmp_path / "broken.mp3", np.tile(samples, 4), rate)
    whole = (tmp_path / "broken.mp3").read_bytes()
    (tmp_path / "broken.mp3").write_bytes(whole[: len(whole) // 2])
    result = analyse(command, tmp_path / "broken.mp3")
    assert (result.code, len(result.complaints)) == (0, 1)
    assert result.err.startswith(f"bandscribe: {tmp_path / 'broken.mp3'}: broke off after ")
    assert "broken.mp3" in result.out


@pytest.mark.parametrize("kind", ["same", "symbolic link", "hard link"])
@pytest.mark.parametrize("command", [*FILES, *TABLES])
def test_an_input_is_never_overwritten(analyse, song, command, kind) -> None:
    # A table never has the name of a sound file.
    source = song if command in FILES else Path(shutil.copy(song, "song.txt"))
    before, output = source.read_bytes(), source
    if kind != "same":
        output = Path("out").with_suffix(source.suffix)
        (output.symlink_to if kind == "symbolic link" else output.hardlink_to)(source)
    result = analyse(command, source, "-o", output)
    assert (result.code, len(result.complaints)) == (1 if command in FILES else 2, 1)
    assert "would overwrite" in result.err
    assert source.read_bytes() == before


@pytest.mark.parametrize("command", FILES)
def test_a_picture_needs_matplotlib(analyse, song, monkeypatch, command) -> None:
    monkeypatch.setattr("bandscribe.cli.report.find_spec", lambda name: None)
    result = analyse(command, song, "--format", "png")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "-m pip install 'matplotlib>=" in result.err
