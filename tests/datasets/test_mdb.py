from pathlib import Path

import mido
import pytest

from bandscribe.datasets import mdb

CLASSES = "0.011610 \t TT \n0.508163 \t OT \n0.520000 \t SD \n0.800000 \t KD \n0.800000 \t CY \n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two songs; only the first has a mix. Nothing reads the audio, so that it can be empty."""
    for path, text in {
        "MDB Drums/audio/drum_only/MusicDelta_Rock_Drum.wav": "",
        "MDB Drums/audio/drum_only/MusicDelta_Jazz_Drum.wav": "",
        "MDB Drums/audio/full_mix/MusicDelta_Rock_MIX.wav": "",
        "MDB Drums/annotations/class/MusicDelta_Rock_class.txt": CLASSES,
        "MDB Drums/annotations/class/MusicDelta_Jazz_class.txt": "\n",
        "MDB Drums/annotations/beats/MusicDelta_Rock_MIX.beats": "0.010\t1\n0.520\t2\n",
        "remix/MusicDelta_Jazz_remix.flac": "",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_tracks_of_each_kind_of_audio(root: Path) -> None:
    assert [t.id for t in mdb.CORPUS.tracks(root)] == ["MusicDelta_Jazz", "MusicDelta_Rock"]
    assert [t.id for t in mdb.CORPUS.tracks(root, "full_mix")] == ["MusicDelta_Rock"]
    assert [t.id for t in mdb.CORPUS.tracks(root, "remix")] == ["MusicDelta_Jazz"]


def test_a_track_says_what_it_is(root: Path) -> None:
    track = mdb.CORPUS.tracks(root)[1]
    assert (track.split, track.group) == ("test", track.id)
    assert track.audio == root / "MDB Drums/audio/drum_only/MusicDelta_Rock_Drum.wav"


def test_annotation_without_other(root: Path) -> None:
    notes = mdb.CORPUS.tracks(root)[1].load()
    assert notes.classes == ("KD", "SD", "TT", "HH", "CY")
    assert notes.onsets.tolist() == [0.01161, 0.52, 0.8, 0.8]
    assert notes.labels.tolist() == ["TT", "SD", "KD", "CY"]
    assert notes.velocities is None
    assert notes.beats is not None
    assert notes.beats.positions.tolist() == [1, 2]


def test_velocities_are_those_of_the_same_strokes(root: Path) -> None:
    """As other people transcribed them: a note each, some of them another class or elsewhere."""
    path = root / "velocity_midi/MusicDelta_Rock_Drum.mid"
    path.parent.mkdir()
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=500_000)])
    # Floor tom 8 ms early; side stick where the snare is; a kick, and another 40 ms later.
    now = 0
    for ms, note, velocity in ((4, 41, 100), (520, 37, 90), (810, 36, 50), (840, 36, 70)):
        track.append(mido.Message("note_on", note=note, velocity=velocity, time=ms - now))
        now = ms
    mido.MidiFile(ticks_per_beat=500, tracks=[track]).save(path)
    notes = mdb.load(root, "MusicDelta_Rock")
    assert notes.labels.tolist() == ["TT", "SD", "KD", "CY"]
    assert notes.velocities is not None
    assert notes.velocities.tolist() == pytest.approx([100 / 127, 0, 50 / 127, 0])
    assert mdb.load(root, "MusicDelta_Jazz").velocities is None
    path.write_bytes(b"no MIDI")
    with pytest.raises(ValueError, match=r"MusicDelta_Rock_Drum\.mid: not a MIDI file"):
        mdb.load(root, "MusicDelta_Rock")


def test_a_track_without_notes_or_beats(root: Path) -> None:
    notes = mdb.CORPUS.tracks(root)[0].load()
    assert (len(notes.onsets), notes.beats, notes.duration) == (0, None, 0.0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0.1 XX\n", r"unknown classes \['XX'\]"),
        ("0.1 KD\nsoon KD\n", "line 2: 'soon' is no time"),
        ("0.1\n", "line 1: expected a time and a label"),
    ],
)
def test_bad_annotations_name_the_file(root: Path, text: str, reason: str) -> None:
    path = root / "MDB Drums/annotations/class/MusicDelta_Rock_class.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"MusicDelta_Rock_class.txt: {reason}"):
        mdb.load(root, "MusicDelta_Rock")


def test_another_folder_is_an_error_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected there MDB Drums/audio/drum_only/"):
        mdb.CORPUS.tracks(tmp_path)
    with pytest.raises(ValueError, match="variant: expected one of drum_only, full_mix, remix"):
        mdb.CORPUS.tracks(tmp_path, "stems")
