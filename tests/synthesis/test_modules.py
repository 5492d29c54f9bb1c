"""Tracker modules: files written here, whose samples and rows are known."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe.synthesis.band import recordings
from bandscribe.synthesis.modules import corpus, labels, openmpt
from bandscribe.synthesis.modules.openmpt import Speed

ROW = 6 * 0.02  # seconds: six ticks at 125 bpm
_C2 = 428  # the period of a MOD's middle C
KICK, TONE, HAT, SLOW = 1, 2, 3, 4
#: (row, channel, instrument, effect, parameter)
Cell = tuple[int, int, int, int, int]


def samples() -> list[np.ndarray]:
    """A click that rings for 50 ms, a tone that is held, noise, and a click after 20 ms."""
    n = np.arange(400)
    kick = 120 * np.exp(-n / 100) * np.cos(n / 4)
    tone = 60 * np.sin(2 * np.pi * np.arange(8000) / 16)
    hat = 100 * np.random.default_rng(0).uniform(-1, 1, 300) * np.exp(-np.arange(300) / 50)
    slow = np.concatenate([np.zeros(166), kick])  # at 8287 Hz
    return [kick, tone, hat, slow]


def write_mod(path: Path, cells: list[Cell]) -> Path:
    """A ProTracker module of one pattern, 64 rows of four channels; all notes are middle C."""
    sounds = [np.round(s).astype(np.int8) for s in samples()]
    out = bytearray(b"test".ljust(20, b"\0"))
    for index in range(31):
        size = len(sounds[index]) // 2 if index < len(sounds) else 0
        out += b"".ljust(22, b"\0") + size.to_bytes(2, "big") + bytes([0, 64])
        out += (0).to_bytes(2, "big") + (1).to_bytes(2, "big")
    out += bytes([1, 127]) + bytes(128) + b"M.K."
    pattern = bytearray(1024)
    for row, channel, instrument, effect, parameter in cells:
        place = 16 * row + 4 * channel
        pattern[place : place + 4] = bytes([
            instrument & 0xF0 | _C2 >> 8, _C2 & 0xFF, (instrument & 15) << 4 | effect, parameter,
        ])  # fmt: skip
    out += pattern
    for sound in sounds:
        out += sound.tobytes()[: len(sound) // 2 * 2]
    path.write_bytes(bytes(out))
    return path


def write_tables(folder: Path, files: dict[str, str], *, confidence: str = "name") -> None:
    """The tables of modules by the author of each; of all, 1, 3 and 4 are drums and 2 is none."""
    with (folder / "modules.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file", "author"))
        table.writerows(files.items())
    roles = {
        KICK: ("kd", "drum"),
        TONE: ("mel", "other"),
        HAT: ("chh", "drum"),
        SLOW: ("tom", "drum"),
    }
    with (folder / "instruments.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file", "instrument", "role", "confidence", "use", "lead_ms"))
        for name in files:
            for instrument, (role, use) in roles.items():
                lead = 20 if instrument == SLOW else 0
                table.writerow((name, instrument, role, confidence, use, lead))


BEAT: list[Cell] = [
    *((row, 0, KICK, 0, 0) for row in range(0, 64, 8)),
    *((row, 1, TONE, 0, 0) for row in range(0, 64, 16)),
    *((row, 2, HAT, 0, 0) for row in range(4, 64, 8)),
]


@pytest.fixture
def song(tmp_path: Path) -> labels.ModuleSong:
    (tmp_path / "a").mkdir()
    write_mod(tmp_path / "a" / "song.mod", BEAT)
    write_tables(tmp_path, {"a/song.mod": "Ann"})
    return labels.read_tables(tmp_path)[0]


def solos(listed: labels.ModuleSong) -> dict[int, np.ndarray]:
    data = listed.path.read_bytes()
    return {i: openmpt.render(data, only=(i,)).mean(axis=0) for i in listed.drums}


def test_parts_sum_to_the_song(song: labels.ModuleSong) -> None:
    data = song.path.read_bytes()
    full = openmpt.render(data)
    assert full.shape[1] / 44100 == pytest.approx(64 * ROW + 0.1, abs=0.01)  # it fades out
    parts = openmpt.render(data, only=(KICK, HAT, SLOW)) + openmpt.render(data, only=(TONE,))
    np.testing.assert_allclose(parts, full, atol=1e-5)
    assert np.abs(full).max() > 0.05


def test_strokes_lie_on_their_rows(song: labels.ModuleSong) -> None:
    struck = openmpt.strikes(song.path.read_bytes())
    kicks = [s.time for s in struck if s.instrument == KICK]
    np.testing.assert_allclose(kicks, np.arange(0, 64, 8) * ROW, atol=2e-3)
    assert len(struck) == len(BEAT)
    # Twice as fast, an octave higher: the times halve, whatever the pitch.
    fast = openmpt.strikes(song.path.read_bytes(), Speed(tempo=2.0, pitch=2.0))
    np.testing.assert_allclose([s.time for s in fast], [s.time / 2 for s in struck], atol=3e-3)


def test_labels_are_where_the_drums_attack(song: labels.ModuleSong) -> None:
    notes = labels.label(openmpt.strikes(song.path.read_bytes()), song, solos(song))
    kicks, hats = (notes.onsets[notes.labels == name] for name in ("kd", "chh"))
    np.testing.assert_allclose(kicks, np.arange(0, 64, 8) * ROW, atol=2e-3)
    np.testing.assert_allclose(hats, np.arange(4, 64, 8) * ROW, atol=2e-3)
    assert notes.velocities is not None
    assert notes.velocities.min() > 0.9


def test_delays_retriggers_and_silent_samples_move_the_attack(tmp_path: Path) -> None:
    cells: list[Cell] = [
        (8, 0, KICK, 0xE, 0xD3),  # delayed by three ticks
        (16, 0, HAT, 0xE, 0x92),  # every two ticks
        (32, 0, SLOW, 0, 0),  # its sample begins with 20 ms of silence
        (48, 0, KICK, 0xC, 0),  # without volume
    ]
    write_mod(tmp_path / "s.mod", cells)
    write_tables(tmp_path, {"s.mod": ""})
    listed = labels.read_tables(tmp_path)[0]
    notes = labels.label(openmpt.strikes(listed.path.read_bytes()), listed, solos(listed))
    expected = [8 * ROW + 0.06, *(16 * ROW + 0.04 * i for i in range(3)), 32 * ROW + 0.02]
    assert notes.labels.tolist() == ["kd", "chh", "chh", "chh", "mt"]
    np.testing.assert_allclose(notes.onsets, expected, atol=2e-3)


def test_strokes_of_a_roll_are_known_though_the_sound_does_not_rise() -> None:
    # A tone that restarts every 50 ms before it has decayed, each time a little softer.
    rng = np.random.default_rng(0)
    stroke = rng.standard_normal(44100).astype(np.float32)
    solo = np.zeros(2 * 44100, np.float32)
    times = 0.2 + 0.05 * np.arange(10)
    for index, time in enumerate(times):
        first = round(time * 44100)
        solo[first:] = 0
        solo[first : first + 44100] = stroke * np.float32(0.97**index)
    heard = labels._attacks(solo, [*times, 1.0], 0.0)  # at 1.0 nothing is struck
    np.testing.assert_allclose([a.time for a in heard], times, atol=1e-3)


def test_toms_are_told_apart_by_the_pitch_of_their_notes() -> None:
    listed = labels.ModuleSong(Path("x"), "a", {1: ("tom", 0.0), 2: ("perc", 0.0)}, frozenset())

    def names(*pitches: int) -> list[str]:
        struck = [openmpt.ModuleNote(0.0, 1, p) for p in pitches]
        found = labels._articulations(struck, listed)
        return [found[1, p] for p in pitches]

    assert names(60) == ["mt"]
    assert names(60, 65) == ["lt", "ht"]
    assert names(70, 60, 65) == ["ht", "lt", "mt"]
    assert names(60, 61, 62, 63, 64, 65) == ["lt", "lt", "mt", "mt", "ht", "ht"]


def test_what_is_not_certain_is_not_played(tmp_path: Path) -> None:
    write_mod(tmp_path / "s.mod", BEAT)
    write_tables(tmp_path, {"s.mod": "Ann"}, confidence="mid")
    with pytest.raises(ValueError, match="no module in its tables"):
        labels.read_tables(tmp_path)


@pytest.mark.parametrize(
    ("author", "group"),
    [
        ("Ann / Bob (in debian copyright)", "ann"),
        ("see debian copyright (Ann / Bob)", "ann"),
        ("Ann, with Bob", "ann"),
        ("Ann (the first)", "ann"),
        ("", "folder"),
    ],
)
def test_those_who_wrote_together_are_in_one_split(tmp_path: Path, author: str, group: str) -> None:
    (tmp_path / "folder").mkdir()
    write_tables(tmp_path, {"folder/s.mod": author})
    assert labels.read_tables(tmp_path)[0].author == group


def test_songs_are_written_with_their_drums_and_kept(
    song: labels.ModuleSong, tmp_path: Path
) -> None:
    split = song.split
    cells = [*BEAT, *((row, 3, HAT, 0, 0) for row in range(2, 64, 4))]
    write_mod(song.path, cells)
    out = tmp_path / "out"
    ((path, hours),) = corpus.write_modules(tmp_path, out, split=split, seed=3)
    assert path == out / "a_song.flac"
    assert hours == pytest.approx(soundfile.info(path).duration / 3600)
    backing = recordings.Backing.load([out])
    (recording,) = backing.songs
    assert recording.drums is not None
    assert recording.stem is not None
    assert len(recording.drums.onsets) == 32
    total = recording.samples.astype(np.float64) + recording.stem
    assert np.abs(total).max() / 32768 == pytest.approx(0.7, abs=0.01)
    # At each label the drums begin to sound; the band plays on.
    for onset in recording.drums.onsets[1:]:
        first = round(onset * 44100)
        before, after = (np.abs(recording.stem[a : a + 150]).max() for a in (first - 250, first))
        assert after > 10 * before
    before = path.stat().st_mtime_ns
    list(corpus.write_modules(tmp_path, out, split=split, seed=3))
    assert path.stat().st_mtime_ns == before


def test_missing_files_and_modules_are_named(song: labels.ModuleSong, tmp_path: Path) -> None:
    other = "test" if song.split != "test" else "train"
    with pytest.raises(ValueError, match=f"no module of the {other} split"):
        next(corpus.write_modules(tmp_path, tmp_path / "out", split=other, seed=0))
    song.path.write_bytes(b"no module")
    with pytest.raises(ValueError, match=r"song\.mod: not a module"):
        next(corpus.write_modules(tmp_path, tmp_path / "out", split=song.split, seed=0))
    with pytest.raises(ValueError, match=r"instruments\.csv: missing"):
        labels.read_tables(tmp_path / "nowhere")
