"""`bandscribe track`: what it writes, what it finds, and what it refuses."""

import csv
import inspect
import json
import re
import shlex
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe import audio, cli, instruments, runtime
from bandscribe.cli import players
from bandscribe.vocabulary import INSTRUMENTS
from tiny_recognizer import SAMPLE_RATE, play, tracker_card, write_recognizer

from .conftest import listing

ROOT = Path(__file__).parents[2]
#: The violin plays throughout, the piano from the second to the fourth second.
DUET = play({"vio": (0, 5), "pia": (2, 4)}, 5.0)


@pytest.fixture(scope="module")
def tracker(tmp_path_factory) -> Path:
    return write_recognizer(tmp_path_factory.mktemp("model") / "tiny.onnx", tracker_card())


@pytest.fixture
def track(bandscribe, tracker):
    return lambda *arguments: bandscribe("track", "--model", tracker, *arguments)


@pytest.fixture
def duet(tmp_path) -> Path:
    soundfile.write(tmp_path / "duet.wav", DUET, SAMPLE_RATE)
    return tmp_path / "duet.wav"


@pytest.fixture
def album(tmp_path, duet) -> Path:
    """Two songs in two folders, and a hidden one."""
    folder = tmp_path / "album"
    for name in ("b.wav", "disc 2/01. Feat. X.WAV", ".hidden/c.wav"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(duet, folder / name)
    return folder


def read(path: str | Path) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


# what it writes -----------------------------------------------------------------------------------


def test_a_table_into_the_working_directory(track, duet, tracker) -> None:
    result = track(duet)
    assert (result.code, result.err) == (0, "")
    shares = re.fullmatch(
        rf"{duet} → duet.activity.csv  0:05  violin (\d+)%, piano (\d+)%\n", result.out
    )
    assert shares
    assert [int(share) for share in shares.groups()] == pytest.approx([100, 40], abs=3)
    rows = read("duet.activity.csv")
    header = ["time", *(f"{n}_{k}" for n in INSTRUMENTS for k in ("probability", "level_db"))]
    assert list(rows[0]) == header
    assert len(rows) == 501
    expected = instruments.track(duet, model=tracker)
    for column, name in enumerate(INSTRUMENTS):
        values = [float(row[f"{name}_probability"]) for row in rows]
        np.testing.assert_allclose(values, expected.probability.values[:, column], atol=1e-4)
        values = [float(row[f"{name}_level_db"]) for row in rows]
        np.testing.assert_allclose(values, expected.level.values[:, column], atol=1e-2)


def test_every_format_in_a_folder(track, duet) -> None:
    result = track(duet, "--format", "csv,npz,png,jams", "--segments", "-o", "new/out")
    assert (result.code, result.err) == (0, "")
    names = [f"duet.activity.{suffix}" for suffix in ("csv", "jams", "npz", "png")]
    assert listing(Path("new/out")) == [*names, "duet.segments.csv"]
    with np.load("new/out/duet.activity.npz") as arrays:
        assert arrays["probability"].shape == arrays["level_db"].shape == (501, 13)
        assert float(arrays["duration"]) == 5.0
    rows = read("new/out/duet.segments.csv")
    tree = json.loads(Path("new/out/duet.activity.jams").read_text())
    assert tree["file_metadata"]["title"] == "duet.wav"
    assert [note["value"] for note in tree["annotations"][0]["data"]] == ["vio", "pia"]
    assert [row["class"] for row in rows] == ["vio", "pia"]


def test_nothing_of_transcribe_is_replaced(track, duet) -> None:
    """Both write tables and pictures of a recording into the same folder."""
    from bandscribe.exports import SUFFIXES

    theirs = [f"duet{suffix}" for suffix in SUFFIXES.values()]
    track(duet, "--format", "csv,npz,png,jams", "--segments")
    assert not set(listing()) & set(theirs)


def test_segments_alone(track, duet) -> None:
    assert track(duet, "--segments").code == 0
    assert listing() == ["duet.segments.csv"]
    violin, piano = read("duet.segments.csv")
    assert list(violin) == ["class", "start", "end", "level_db"]
    assert (violin["class"], piano["class"]) == ("vio", "pia")
    assert float(piano["start"]) == pytest.approx(2, abs=0.1)
    assert float(piano["end"]) == pytest.approx(4, abs=0.1)
    assert -10 < float(piano["level_db"]) < 0
    assert track(duet, "--segments", "-o", "parts.csv").code == 0
    assert read("parts.csv") == read("duet.segments.csv")
    assert track(duet, "--segments", "--min-duration", "3", "-o", "parts.csv").code == 0
    assert [row["class"] for row in read("parts.csv")] == ["vio"]


def test_gaps_are_played_over(track, tmp_path) -> None:
    parts = play({"vio": (0, 1)}, 2.0) + play({"vio": (1.4, 2)}, 2.0)
    soundfile.write(tmp_path / "x.wav", parts, SAMPLE_RATE)
    for gap, count in (("0.5", 1), ("0.1", 2)):
        track(tmp_path / "x.wav", "--segments", "--min-gap", gap)
        assert len(read("x.segments.csv")) == count


def test_defaults_are_those_of_the_library() -> None:
    options = inspect.signature(cli.track).parameters
    assert options["min_duration"].default == instruments.DURATION
    assert options["min_gap"].default == instruments.GAP


def test_one_input_and_one_format_name_a_file(track, duet) -> None:
    for name in ("a.csv", "b.npz", "c.jams", "d.png", "e"):
        assert track(duet, "-o", f"deep/{name}").code == 0
    assert listing(Path("deep")) == ["a.csv", "b.npz", "c.jams", "d.png", "e/duet.activity.csv"]
    assert Path("deep/a.csv").read_text().startswith("time,cel_probability,cel_level_db,")


def test_a_preview_has_a_tone_while_each_plays(track, duet) -> None:
    result = track(duet, "--format", "preview", "-o", "out")
    assert (result.code, result.err, listing()) == (0, "", ["out/duet.activity.preview.flac"])
    sound = audio.read("out/duet.activity.preview.flac")
    recording, tones = sound.samples
    assert sound.duration == pytest.approx(5, abs=0.01) and recording.any()
    alone = np.abs(np.fft.rfft(tones[: sound.sample_rate]))  # the violin's first second
    assert int(np.argmax(alone)) == 440


def test_tones_are_listened_to_from_where_one_likes(bandscribe, tracker, duet, monkeypatch) -> None:
    monkeypatch.setattr(players, "find", lambda given: ["a player"])
    monkeypatch.setattr(players, "play", lambda path, *_: shutil.copy(path, "played.wav"))
    where = ("--start", "4", "--end", "4.5")
    result = bandscribe("listen", duet, "--model", tracker, "--instruments", *where)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"{duet} → recording left, instruments right  0:05  violin")
    bandscribe("track", duet, "--model", tracker, "--format", "preview")
    whole = audio.read("duet.activity.preview.flac")
    rate = whole.sample_rate
    left, right = audio.read("played.wav").samples
    for played, all_of_it in zip((left, right), whole.samples, strict=True):
        part = all_of_it[4 * rate : round(4.5 * rate)]
        assert len(played) == len(part) and np.corrcoef(played, part)[0, 1] > 0.9999


def test_folders_keep_their_paths(track, album) -> None:
    result = track(album, "-o", "out")
    assert result.code == 0
    assert listing(Path("out")) == ["b.activity.csv", "disc 2/01. Feat. X.activity.csv"]
    assert len(result.out.splitlines()) == 2


def test_outputs_are_replaced_or_skipped(track, duet) -> None:
    Path("duet.activity.csv").write_text("old")
    result = track(duet, "--skip-existing")
    assert (result.code, result.out) == (0, f"{duet}: skipped, duet.activity.csv is there\n")
    assert Path("duet.activity.csv").read_text() == "old"
    result = track(duet, "--skip-existing", "--format", "csv,npz")
    assert result.out.startswith(f"{duet} → duet.activity.npz  ")
    assert Path("duet.activity.csv").read_text() == "old"
    assert track(duet).code == 0
    assert len(read("duet.activity.csv")) == 501


def test_the_strokes_of_drums_in_the_picture(track, duet, monkeypatch) -> None:
    drawn = []
    monkeypatch.setattr(
        "bandscribe.display.lanes.plot", lambda *_, strokes, **__: drawn.append(strokes)
    )
    assert track(duet, "--format", "png").code == 0
    assert track(duet, "--format", "png", "--onsets").code == 0
    assert drawn[0] is None
    assert (len(drawn[1].classes), drawn[1].duration) == (5, 5.0)


def test_who_hardly_plays_is_named(track, tmp_path) -> None:
    samples = play({"vio": (0, 60), "pia": (2, 2.4)}, 60.0)
    soundfile.write(tmp_path / "x.wav", samples, SAMPLE_RATE)
    assert "  1:00  violin 100%, piano <1%" in track(tmp_path / "x.wav").out


def test_silence(track, tmp_path) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros((4000, 2)), 8000)
    result = track(tmp_path / "x.wav", "--format", "csv,npz,png,jams", "--segments")
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("  0:00  no instrument detected\n")
    assert Path("x.segments.csv").read_text() == "class,start,end,level_db\n"


# what it finds ------------------------------------------------------------------------------------


def test_passages_in_which_it_holds(track, duet) -> None:
    result = track(duet, "--find", "vio and not pia")
    assert (result.code, result.err, listing()) == (0, "", [])
    rows = [line.split("  ") for line in result.out.splitlines()]
    assert [row[0] for row in rows] == [str(duet)] * 2
    clocks = [[float(clock.removeprefix("0:")) for clock in row[1:]] for row in rows]
    assert clocks == [pytest.approx([0, 2], abs=0.15), pytest.approx([4, 5], abs=0.15)]
    # What was found by the table that is written.
    result = track(duet, "--find", "pia > -30 dB", "--format", "csv")
    loud = [float(row["pia_level_db"]) > -30 for row in read("duet.activity.csv")]
    first, last = np.flatnonzero(loud)[[0, -1]]
    assert all(loud[first : last + 1])
    [(_, start, end)] = [line.split("  ") for line in result.out.splitlines()]
    assert [float(clock[2:]) for clock in (start, end)] == pytest.approx(
        [first / 100, (last + 1) / 100], abs=0.051
    )


def test_nothing_is_found(track, duet) -> None:
    result = track(duet, "--find", "dru or pia > -30 dB", "--min-duration", "3")
    assert (result.code, result.out, result.err) == (0, "", "")


# what goes wrong ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--format", "midi"], "--format: expected some of csv,npz,png,jams,preview, got 'midi'"),
        (["--find", "kazoo"], "--find: 'kazoo': cannot read 'kazoo'; write such as 'cello > -30"),
        (["--onsets"], "--onsets: only a picture shows them; add --format png"),
        (["--min-duration", "-1"], "--min-duration: expected seconds from 0 on, got -1.0"),
        (["--min-gap", "nan"], "--min-gap: expected seconds from 0 on, got nan"),
        (["--model", "nobody"], "--model: there is no 'nobody'"),
        (["--model", "DRUMS"], "does not track instruments"),
        (["--format", "npz", "-o", "x.csv"], "name a file that ends with .activity.npz"),
        (["--format", "csv,npz", "-o", "x.csv"], "-o x.csv: name a folder for several results"),
        (["--segments", "-o", "x.png"], "-o x.png: name a folder for several results"),
    ],
)
def test_wrong_usage(track, duet, tiny_model, arguments, reason) -> None:
    result = track(duet, *(tiny_model if word == "DRUMS" else word for word in arguments))
    assert (result.code, result.out, len(result.complaints), listing()) == (2, "", 1, [])
    assert reason in result.err


def test_a_table_needs_no_heavy_library(duet, tracker, tmp_path) -> None:
    probe = "import sys; from bandscribe.cli import main; main(sys.argv[1:]); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", probe, "track", "--model", str(tracker), str(duet)],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (tmp_path / "duet.activity.csv").is_file()
    assert not {"torch", "matplotlib", "scipy", "onnx"} & set(done.stdout.split())


# the document -------------------------------------------------------------------------------------


def test_examples_of_the_document_run(bandscribe, tracker, tmp_path, monkeypatch) -> None:
    """With a tiny tracker in place of the shipped one."""
    shipped = Path(runtime.__file__).parent
    (tmp_path / "package/models").mkdir(parents=True)
    shutil.copy(tracker, tmp_path / "package/models/instruments.onnx")
    shutil.copy(shipped / "models/drums.onnx", tmp_path / "package/models")
    monkeypatch.setattr(runtime, "files", lambda _: tmp_path / "package")
    # What is kept under the name of the shipped model is this one, for this test alone.
    monkeypatch.setattr(runtime, "_load_once", lru_cache(runtime._load_once.__wrapped__))
    Path("examples").symlink_to(ROOT / "examples")
    text = (ROOT / "docs/track.md").read_text()
    commands = re.findall(r"^\$ bandscribe (track .*)$", text, re.MULTILINE)
    assert len(commands) >= 5
    for command in commands:
        result = bandscribe(*shlex.split(command))
        assert result.code == 0, command
        assert all("passed over" in line for line in result.complaints), command
    names: dict[str, object] = {"__name__": "example"}
    [example] = re.findall(r"^```py(?:thon)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    exec(compile(example, "track.md", "exec"), names)
