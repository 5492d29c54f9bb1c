from pathlib import Path

import numpy as np
import pytest
import tiny_soundfont

from bandscribe.synthesis import fluidsynth
from bandscribe.synthesis.fluidsynth import ChannelVoice, Note, render

RATE = 44100


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_soundfont.write(tmp_path_factory.mktemp("font") / "tiny.sf2")


def test_lines_are_separate_and_in_time(font: Path) -> None:
    lines = [[Note(0.2, 0.5, 69, 100)], [Note(0.3, 0.4, 57, 100)]]
    stems = render(lines, [ChannelVoice(font, 5), ChannelVoice(font, 90)], RATE, RATE)
    assert stems.shape == (2, RATE)
    for stem, start, end, frequency in zip(
        stems, (0.2, 0.3), (0.5, 0.4), (441, 220.5), strict=True
    ):
        sounding = np.flatnonzero(np.abs(stem) > 0.1 * np.abs(stem).max())
        assert sounding[0] / RATE == pytest.approx(start, abs=0.003)  # blocks of 64 samples
        assert sounding[-1] / RATE == pytest.approx(end, abs=0.02)
        middle = stem[round((start + 0.02) * RATE) : round((end - 0.02) * RATE)]
        crossings = np.count_nonzero(np.diff(np.signbit(middle)))
        assert crossings / (2 * len(middle) / RATE) == pytest.approx(frequency, rel=0.03)


def test_a_note_goes_on_when_the_one_before_it_ends_late(font: Path) -> None:
    [stem] = render(
        [[Note(0.1, 0.4, 69, 100), Note(0.3, 0.7, 69, 100)]], [ChannelVoice(font, 0)], RATE, RATE
    )
    assert np.abs(stem[round(0.5 * RATE) : round(0.65 * RATE)]).max() > 0.5 * np.abs(stem).max()


def test_what_cannot_be_played_is_named(font: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.sf2"
    bad.write_bytes(b"RIFF")
    with pytest.raises(ValueError, match=r"bad\.sf2"):
        render([[]], [ChannelVoice(bad, 0)], 10, RATE)
    with pytest.raises(ValueError, match="lines: expected at most 15"):
        render([[]] * 16, [ChannelVoice(font, 0)] * 16, 10, RATE)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fluidsynth.load_library.cache_clear()
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    with pytest.raises(ValueError, match="fluidsynth: not found"):
        fluidsynth.load_library()
