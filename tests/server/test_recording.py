"""The recording of a page, without a browser: outline, sound, kit, corrections, addresses."""

import errno
import io
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe import audio, drums, exports
from bandscribe.decode import decode
from bandscribe.formats import notes
from bandscribe.server import sound, tasks, waveform
from bandscribe.server.limits import Limits
from bandscribe.server.recording import Recording
from bandscribe.types import Audio
from bandscribe.vocabulary import DRUMS_10

from .conftest import Client, analyse, running

EXAMPLE = Path(__file__).parents[2] / "examples/groove.flac"


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Nine seconds of the example, analysed."""
    path = tmp_path_factory.mktemp("page") / "Lied ä.flac"
    audio.write(path, audio.read(EXAMPLE, duration=9.0))
    recording = analyse(path)
    assert recording.error is None
    return recording


@pytest.fixture
def recording(analysed: Recording) -> Iterator[Recording]:
    """The same, without what another test saved."""
    yield analysed
    analysed.corrections.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def server(analysed: Recording) -> Iterator[Client]:
    with running(Limits(), analysed) as client:
        yield client


@pytest.fixture
def client(server: Client, recording: Recording) -> Client:
    return server


# the outline --------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 43, 44, 45, 44_100, 150_001])
@pytest.mark.parametrize("block", [1000, 4096, 200_000])
def test_an_outline_has_the_extremes_of_each_bin(count: int, block: int) -> None:
    rng = np.random.default_rng(count)
    samples = rng.uniform(-1.2, 1.2, (2, count)).astype(np.float32)
    blocks = [Audio(samples[:, i : i + block], 44_100) for i in range(0, count, block)]
    outline = waveform.measure(blocks)
    mono = np.rint(np.clip(samples.mean(axis=0), -1, 1) * 127).astype(int)
    for level, bins in enumerate(outline.levels):
        size = 44 * waveform.FACTOR**level
        starts = range(0, count, size)
        assert bins.tolist() == [
            [mono[i : i + size].min(), mono[i : i + size].max()] for i in starts
        ]
    assert (outline.samples, outline.channels, outline.rate) == (count, 2, 44_100 / 44)
    assert len(outline.levels[-1]) <= 512


def test_an_outline_of_nothing() -> None:
    with pytest.raises(ValueError, match="blocks"):
        waveform.measure([])


# the sound ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("channels", "kept"), [(1, 1), (2, 2), (3, 1)])
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_the_sound_is_a_wav_of_the_recording(tmp_path, channels, kept, suffix) -> None:
    path = tmp_path / f"x{suffix}"
    rng = np.random.default_rng(3)
    samples = rng.uniform(-1, 1, (channels, 30_011)).astype(np.float32)
    audio.write(path, Audio(samples, 22_050))
    outline = waveform.measure(decode(path))
    whole = b"".join(sound.stream(path, outline, 0, sound.size(outline) - 1))
    assert len(whole) == sound.size(outline)
    played, rate = soundfile.read(io.BytesIO(whole), always_2d=True)
    given = audio.read(path).samples
    given = given if channels == kept else given.mean(axis=0)[None]
    assert rate == 22_050 and played.shape == (30_011, kept)
    assert np.abs(played.T - given).max() < 1e-4
    for _ in range(20):
        first, last = sorted(rng.integers(0, len(whole), 2).tolist())
        assert b"".join(sound.stream(path, outline, first, last)) == whole[first : last + 1]


def test_a_sound_that_is_too_large_for_two_channels_has_one() -> None:
    level = np.zeros((1, 2), np.int8)
    long = waveform.Waveform((level,), 1.0, 1_500_000_000, 44_100, 2)
    assert sound.channels(long) == 1
    with pytest.raises(ValueError, match="too long"):
        sound.channels(waveform.Waveform((level,), 1.0, 2_500_000_000, 44_100, 2))


# corrections --------------------------------------------------------------------------------------


def test_corrections_are_read_back(recording: Recording) -> None:
    part = recording.correct([(1.5, "SD", 0.5), (0.25, "KD", 1.0), (1.5, "CR", 0.0)])
    recording.save(part, {**dict.fromkeys(DRUMS_10, 0.5), "KD": 0.75})
    assert recording.corrections == recording.path.with_name("Lied ä.json")
    saved = recording.load()
    assert saved is not None
    assert [(n["onset"], n["class"], n["velocity"]) for n in saved["notes"]] == [
        (0.25, "KD", 1.0), (1.5, "CR", 0.0), (1.5, "SD", 0.5),
    ]  # fmt: skip
    assert saved["sensitivity"]["KD"] == 0.75
    read = notes.read(recording.corrections)
    assert read.onsets.tolist() == [0.25, 1.5, 1.5]
    assert read.beats is not None and len(read.beats.times) == len(saved["beats"])


@pytest.mark.parametrize("text", ["{}", "[1]", "no json", '{"notes": [{"onset": 1}]}'])
def test_a_file_of_another_kind_is_not_replaced(recording: Recording, text: str) -> None:
    recording.corrections.write_text(text)
    with pytest.raises(ValueError, match=recording.corrections.name):
        recording.save(recording.correct([]), {})
    assert recording.corrections.read_text() == text


ONE = {"onset": 1.0, "class": "KD", "velocity": 0.5}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"notes": [{**ONE, "onset": 99}], "duration": 100}, "has a note at 99 s, outside of Lied"),
        ({"notes": [{**ONE, "onset": -1}]}, "has a note at -1 s, outside of Lied"),
        ({"notes": [], "file": "Lied ä.mp3"}, "holds the part of Lied ä.mp3; rename it"),
    ],
)
def test_the_part_of_another_recording_is_not_replaced(recording, content, reason) -> None:
    other = recording.path.with_suffix(".mp3")
    other.touch()
    recording.corrections.write_text(json.dumps(content))
    for act in (recording.load, lambda: recording.save(recording.correct([]), {})):
        with pytest.raises(ValueError, match=reason):
            act()
    assert json.loads(recording.corrections.read_text()) == content
    other.unlink()


@pytest.mark.parametrize("name", ["renamed.wav", "", "a\0b", "..", 7, None])
def test_a_renamed_recording_keeps_its_part(recording, name) -> None:
    late = {**ONE, "onset": 9.0000004}  # rounded up when it was saved
    recording.corrections.write_text(json.dumps({"notes": [late], "file": name}))
    saved = recording.load()
    assert saved is not None and len(saved["notes"]) == 1


def test_who_saves_second_loses_nobodys_part(recording) -> None:
    part = recording.correct([(1.0, "KD", 0.5)])
    first = recording.save(part, {})
    second = recording.save(recording.correct([]), {}, version=first)
    assert len({None, first, second}) == 3 and recording.version() == second
    for version in (None, first):
        with pytest.raises(ValueError, match=r"changed elsewhere.* export .* reload the page"):
            recording.save(part, {}, version=version)
    assert recording.load()["notes"] == []
    recording.corrections.unlink()
    assert recording.save(part, {}, version=second) == first


@pytest.mark.parametrize(
    "note", [(-0.1, "KD", 0.5), (99.0, "KD", 0.5), (np.nan, "KD", 0.5), (1.0, "XX", 0.5)]
)
def test_notes_that_are_none_are_refused(recording: Recording, note) -> None:
    with pytest.raises(ValueError, match=r"onsets|labels"):
        recording.correct([note])


def test_a_file_that_is_no_sound_has_a_line(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_text("no sound")
    recording = Recording(path)
    recording.start()
    recording.finish()
    assert recording.error is not None and recording.error.startswith(str(path))


def test_analysis_stops_with_the_server(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    audio.write(path, Audio(np.zeros((1, 60 * 44_100), np.float32), 44_100))
    recording = Recording(path)
    recording.start()
    recording.stop()
    assert recording.activity is None and recording.error is None


# addresses ----------------------------------------------------------------------------------------


def test_what_a_page_receives(client: Client, recording: Recording) -> None:
    told = client.get("/page/recording").json
    assert told["stages"] == {"waveform": 1.0, "drums": 1.0, "instruments": 1.0}
    assert told["waveform"]["duration"] == 9.0 and told["drums"]["summary"].endswith(" bpm, 4/4")
    assert told["name"] == "Lied ä.flac" and str(recording.path.parent) not in str(told)
    for level, count in enumerate(told["waveform"]["levels"]):
        assert len(client.get(f"/page/waveform/{level}?count=65536").body) == 2 * count
    assert client.get("/page/waveform/9").status == 404
    assert b"main.js" in client.get("/").body


def test_activations_are_those_of_the_model(client: Client, recording: Recording) -> None:
    activations = recording.activations
    assert activations is not None
    sent = np.frombuffer(client.get("/page/activations").body, "<f4").reshape(2, 10, -1)
    assert np.array_equal(sent[0].T, activations.onsets.values)
    assert np.array_equal(sent[1].T, activations.velocities.values)


def test_instruments_have_levels_and_stretches(client: Client) -> None:
    told = client.get("/page/instruments").json
    assert [lane["class"] for lane in told["lanes"]] == ["dru"]
    lane = told["lanes"][0]
    assert abs(len(lane["levels"]) / told["rate"] - 9.0) < 0.2
    assert max(lane["levels"]) > 90 and min(lane["levels"]) >= 0
    assert all(0 <= start < end <= 9.0 for start, end in lane["segments"])


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-", 0, -1), ("bytes=100-199", 100, 199), ("bytes=-10", -10, -1),
        ("bytes=50-99999999999", 50, -1), ("bytes=-99999999999", 0, -1),
    ],
)  # fmt: skip
def test_ranges_of_the_sound(client: Client, recording: Recording, header, first, last) -> None:
    assert recording.waveform is not None
    total = sound.size(recording.waveform)
    answer = client.get("/page/sound.wav", range=header)
    first, last = first % total, last % total
    assert answer.status == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{total}"
    assert len(answer.body) == last - first + 1


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("nonsense", 200), ("bytes=", 200), ("bytes=0-1,5-9", 200), ("lines=1-2", 200),
        ("bytes=99999999999-", 416), ("bytes=-0", 416), ("bytes=5-4", 416),
    ],
)  # fmt: skip
def test_ranges_that_are_none(client: Client, recording: Recording, header, status) -> None:
    assert recording.waveform is not None
    answer = client.get("/page/sound.wav", range=header)
    total = sound.size(recording.waveform)
    assert (answer.status, answer.headers.get("content-range")) == (
        (200, None) if status == 200 else (416, f"bytes */{total}")
    )
    assert status != 200 or len(answer.body) == total


def test_the_recording_may_vanish_or_change(client: Client, recording: Recording, caplog) -> None:
    """It is missed in one line; what has begun ends with silence."""
    outline, gone = recording.waveform, recording.path.with_name("gone")
    assert outline is not None
    whole = sound.size(outline)
    recording.path.rename(gone)
    answer = client.get("/page/sound.wav")
    assert (answer.status, answer.json) == (404, {"detail": "Lied ä.flac: the file is gone"})
    body = b"".join(sound.stream(recording.path, outline, 100, whole - 1))
    assert body == bytes(whole - 100)
    recording.path.write_text("no sound")
    assert len(client.get("/page/sound.wav").body) == whole
    gone.rename(recording.path)
    assert caplog.text == ""


JSON = "application/json"
PART = {"notes": [{"onset": 1.0, "class": "KD", "velocity": 0.5}], "sensitivity": {"KD": 0.25}}


def put(client: Client, part: object) -> int:
    return client.ask("PUT", "/page/notes", json.dumps(part).encode(), content_type=JSON).status


def full() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_corrections_are_saved_beside_the_recording(client, recording, monkeypatch) -> None:
    assert client.get("/page/notes").json == {"saved": None, "version": None, "error": None}
    assert put(client, PART) == 200
    saved = client.get("/page/notes").json["saved"]
    assert saved["notes"] == PART["notes"] and saved["sensitivity"]["KD"] == 0.25
    assert saved == json.loads(recording.corrections.read_text())
    for wrong in ({"onset": 1, "class": "KD"}, {"onset": 1, "class": "X", "velocity": 0.5}):
        assert put(client, {"notes": [wrong]}) == 422
    recording.corrections.write_text("something else")
    assert put(client, PART) == 409
    assert "Lied ä.json" in client.get("/page/notes").json["error"]
    recording.corrections.unlink()
    recording.corrections.mkdir()
    assert client.get("/page/notes").json["error"] == f"{recording.corrections}: is a directory"
    assert put(client, PART) == 409
    recording.corrections.rmdir()
    monkeypatch.setattr(Recording, "save", lambda *_, **__: full())
    answer = client.ask("PUT", "/page/notes", json.dumps(PART).encode(), content_type=JSON)
    assert (answer.status, answer.json) == (409, {"detail": "no space left on device"})


@pytest.mark.parametrize("format", sorted(exports.SUFFIXES))
def test_every_format_is_exported(client: Client, format, tmp_path, monkeypatch) -> None:
    body = json.dumps(PART).encode()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    if format not in exports.available():
        pytest.skip(f"needs the extra of {format}")
    answer = client.ask("POST", f"/page/export/{format}", body, content_type=JSON)
    suffix = exports.SUFFIXES[format]
    assert answer.status == 200
    assert answer.headers["content-disposition"].endswith(f"Lied%20%C3%A4{suffix}")
    begin = {"pdf": b"%PDF", "svg": b"<svg", "png": b"\x89PNG", "preview": b"fLaC"}
    assert answer.body.startswith(begin.get(format, b""))
    while list(tmp_path.glob("bandscribe-*")):  # until the server has sent it and cleared up
        pass
    if format in ("midi", "csv", "json", "jams"):
        path = tmp_path / f"x{suffix}"
        path.write_bytes(answer.body)
        read = notes.read(path)
        assert (len(read.onsets), read.labels.tolist()) == (1, ["KD"])
        assert abs(read.onsets[0] - 1.0) < 0.002
    assert client.ask("POST", "/page/export/doc", body, content_type=JSON).status == 404


def test_the_score_is_shown(client: Client) -> None:
    pytest.importorskip("verovio", reason="needs the extra score")
    assert client.get("/page/recording").json["score"]
    body = json.dumps(PART).encode()
    for _ in range(2):  # in whichever thread
        answer = client.ask("POST", "/page/score", body, content_type=JSON)
        assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml")
        assert b"<svg" in answer.body
    many = json.dumps({"notes": PART["notes"] * 8001}).encode()
    assert client.ask("POST", "/page/score", many, content_type=JSON).status == 422


def test_nothing_is_corrected_before_it_is_analysed(tmp_path: Path, monkeypatch) -> None:
    recording = Recording(Path(shutil.copy(EXAMPLE, tmp_path / "x.flac")))
    monkeypatch.setattr(recording, "start", lambda: None)
    with running(Limits(), recording) as client:
        for address in ("waveform/0", "sound.wav", "activations", "instruments"):
            assert client.get(f"/page/{address}").status == 409
        assert put(client, PART) == 409
        drum = client.get("/page/kit/KD")
        assert drum.status == 200
        samples, rate = soundfile.read(io.BytesIO(drum.body))
        assert rate == 44_100 and 0.1 < np.abs(samples).max() <= 1
        assert client.get("/page/kit/XX").status == 404


def test_the_part_is_that_of_the_command(recording: Recording) -> None:
    part = recording.transcribe()
    direct = drums.transcribe(recording.path)
    assert np.array_equal(part.onsets, direct.onsets)
    assert np.array_equal(part.labels, direct.labels)
    assert tasks.load("drums").card.name == "drums"
