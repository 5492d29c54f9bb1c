"""What is special in each drum corpus: labels, splits, groups, files. The rest is the contract."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import miniature
import numpy as np
import pytest
import soundfile

from bandscribe.datasets import clips, enst, enst_mdb, folder, idmt, rbma, slakh
from bandscribe.datasets.annotations import lend_velocities, read_beats
from bandscribe.datasets.corpora import CORPORA
from bandscribe.datasets.corpus import inspect, measure
from bandscribe.types import Transcription

LABELS = {
    "gmd": "KD SD CHH LT CR OHH",
    "egmd": "KD SD CHH LT CR OHH",
    "enst": "KD SD CHH MT CR",
    "mdb": "KD SD HH TT CY",
    "mdb_subclass": "KD SD CHH MT CR",
    "enst_mdb": "KD SD HH TT CY CY",  # the cowbell is a cymbal there
    "idmt": "KD SD HH",
    "rbma": "KD SD HH",
    "rbma_full": "KD SD CHH MT CR",
    "slakh": "KD SD CHH MT CR",
    "tmidt": "KD SD CHH MT CR",
    "adtof": "KD SD HH TT CY",
    "sadtp": "KD SD CHH LT CR",
    "folder": "KD SD",
}


@pytest.mark.parametrize("name", LABELS)
def test_notes(name: str, tmp_path: Path) -> None:
    miniature.MINIATURES[name](tmp_path)
    for track in CORPORA[name].tracks(tmp_path):
        target = track.load()
        expected = LABELS[name].split()
        if name == "enst_mdb" and track.id.startswith("MusicDelta"):
            expected[-1] = "HH"  # and the tambourine a hi-hat
        assert target.labels.tolist() == expected
        np.testing.assert_allclose(target.onsets, miniature.TIMES[: len(expected)], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "splits"),
    [
        ("gmd", ["train", "validation", "test"]),
        ("egmd", ["train", "train"]),
        ("enst", ["test"] * 4),
        ("rbma", ["fold3", "fold1"]),
        ("slakh", ["train", "validation", "test"]),
        ("enst_mdb", ["train", "train", "validation", "test", "validation", "train", "test"]),
    ],
)
def test_splits(name: str, splits: list[str], tmp_path: Path) -> None:
    miniature.MINIATURES[name](tmp_path)
    assert [track.split for track in CORPORA[name].tracks(tmp_path)] == splits


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("gmd", {"drummer1", "drummer2"}),
        ("egmd", {"drummer1"}),
        ("enst", {"drummer_1", "drummer_2", "drummer_3"}),
        ("idmt", {"RealDrum01", "WaveDrum02", "TechnoDrum01"}),
        ("adtof", {"Some Band", "Another"}),
        ("tmidt", {"A_Band", "Another"}),
        ("mdb", {"MusicDelta_Punk", "MusicDelta_Beatles", "MusicDelta_Rock"}),
    ],
)
def test_groups(name: str, groups: set[str], tmp_path: Path) -> None:
    miniature.MINIATURES[name](tmp_path)
    assert {track.group for track in CORPORA[name].tracks(tmp_path)} == groups


@pytest.mark.parametrize("name", ["mdb", "rbma", "rbma_full", "tmidt", "adtof"])
def test_beats(name: str, tmp_path: Path) -> None:
    miniature.MINIATURES[name](tmp_path)
    beats = CORPORA[name].tracks(tmp_path)[0].load().beats
    assert beats.times.tolist() == [0.05, 0.25]
    assert beats.positions.tolist() == [1, 2]


@pytest.mark.parametrize("name", ["gmd", "egmd", "slakh", "sadtp"])
def test_velocities(name: str, tmp_path: Path) -> None:
    miniature.MINIATURES[name](tmp_path)
    velocities = CORPORA[name].tracks(tmp_path)[0].load().velocities
    assert velocities[0] == 1.0


@pytest.mark.parametrize(
    ("name", "path", "label"),
    [
        ("mdb", "MDB Drums/annotations/class/MusicDelta_Punk_class.txt", "XX"),
        ("mdb_subclass", "MDB Drums/annotations/subclass/MusicDelta_Punk_subclass.txt", "XX"),
        ("enst", "ENST-drums-public/drummer_1/annotation/107_minus-one_salsa_sticks.txt", "gong"),
        ("enst_mdb", "ENST-drums-public/drummer_1/annotation/107_minus-one_salsa_sticks.txt", "x"),
        ("rbma", "RBMA13/annotations/drums/RBMA-13-Track-01.txt", "3"),
        ("rbma_full", "RBMA13/annotations/drums_full/RBMA-13-Track-01.drums", "8"),
        ("tmidt", "midi/annotations/drums_l/1_A_Band_-_One.txt", "18"),
        ("adtof", "ADTOF-YT/annotations/aligned_drum/Another - Song.txt", "36"),
        ("folder", "more/two.txt", "XX"),
    ],
)
def test_an_unmapped_label_is_an_error(name: str, path: str, label: str, tmp_path: Path) -> None:
    miniature.MINIATURES[name](tmp_path)
    with (tmp_path / path).open("a") as handle:
        handle.write(f"0.4\t{label}\n" if name not in ("enst", "enst_mdb") else f"0.4 {label}\n")
    (problem,) = inspect(CORPORA[name], tmp_path).problems
    assert problem.startswith(f"{tmp_path / path}: ")
    assert label in problem


def test_a_table_that_is_damaged(tmp_path: Path) -> None:
    miniature.gmd(tmp_path)
    table = tmp_path / "groove/info.csv"
    whole = table.read_text()
    for text in (
        whole.replace("split", "part", 1),
        whole[: whole.rindex("9_jazz")],
        whole + '"never closed',
    ):
        table.write_text(text)
        with pytest.raises(ValueError, match=r"info\.csv: .*expected the columns drummer, split"):
            CORPORA["gmd"].tracks(tmp_path)


def test_the_folder_of_a_corpus_may_be_given_itself(tmp_path: Path) -> None:
    miniature.egmd(tmp_path)
    corpus = CORPORA["egmd"]
    whole = [track.id for track in corpus.tracks(tmp_path)]
    assert [track.id for track in corpus.tracks(tmp_path / "e-gmd-v1.0.0")] == whole


def test_enst_mix_is_the_sum(tmp_path: Path) -> None:
    miniature.enst(tmp_path)
    for path in tmp_path.rglob("mix/*.wav"):
        path.unlink()
    assert CORPORA["enst"].named(tmp_path, "mix")
    home = tmp_path / "ENST-drums-public/drummer_1/audio"
    name = "107_minus-one_salsa_sticks.wav"
    miniature.sound(home / "accompaniment" / name, seconds=0.3)
    seen: list[str] = []
    enst.mix(tmp_path, lambda _done, _total, name: seen.append(name))
    assert len(seen) == 4
    both, rate = soundfile.read(home / "mix" / name)
    wet, _ = soundfile.read(home / "wet_mix" / name)
    other, _ = soundfile.read(home / "accompaniment" / name)
    wet[: len(other)] += other
    assert rate == miniature.RATE
    np.testing.assert_allclose(both, wet, atol=1e-7)
    assert len(CORPORA["enst"].tracks(tmp_path, "mix")) == 4


def test_enst_all_has_hits_too(tmp_path: Path) -> None:
    miniature.enst(tmp_path)
    ids = [track.id for track in CORPORA["enst"].tracks(tmp_path, "all")]
    assert "drummer_1/001_hits_snare-drum_sticks_x6" in ids


def test_enst_mdb_split_is_that_of_the_thesis() -> None:
    assert len(enst_mdb.VALIDATION) == 14
    assert enst_mdb.split_of("drummer_3/162_MIDI-minus-one_fusion-125_sticks") == "test"
    assert enst_mdb.split_of("drummer_2/126_minus-one_salsa_sticks") == "train"


def test_idmt_single_instruments(tmp_path: Path) -> None:
    miniature.idmt(tmp_path)
    tracks = {track.id: track for track in CORPORA["idmt"].tracks(tmp_path, "single")}
    assert len(tracks) == 9
    for name in ("RealDrum01_00", "TechnoDrum01_00"):  # written in XML; drawn in SVL
        target = tracks[f"{name}#SD"].load()
        assert target.labels.tolist() == ["SD"]
        assert target.onsets.tolist() == [0.1]


def test_idmt_xml_with_another_instrument(tmp_path: Path) -> None:
    path = tmp_path / "a#MIX.xml"
    event = miniature.EVENT.format(time=0.1, label="TT")
    path.write_text(miniature.XML.format(name="a", events=event))
    with pytest.raises(ValueError, match=re.escape(f"{path}: unknown classes ['TT']")):
        idmt.load((path,), idmt.INSTRUMENTS)


def test_rbma_folds_have_nine_songs_each() -> None:
    songs = [song for fold in rbma.FOLDS.values() for song in fold]
    assert len(songs) == len(set(songs)) == 27
    assert set(songs) <= set(range(1, 31))


def test_slakh_stems(tmp_path: Path) -> None:
    miniature.slakh(tmp_path)
    song = tmp_path / "slakh2100_flac_redux/train/Track00001"
    bass, drums = slakh.stems(song)
    assert (bass.name, bass.instrument, bass.program, bass.is_drum) == ("S00", "Bass", 33, False)
    assert (drums.plugin_name, drums.is_drum) == ("pop_kit.nkm", True)
    assert CORPORA["slakh"].tracks(tmp_path, "drums")[0].audio == song / "stems/S01.flac"


def test_slakh_without_drums(tmp_path: Path) -> None:
    miniature.slakh(tmp_path)
    path = tmp_path / "slakh2100_flac_redux/train/Track00001/metadata.yaml"
    path.write_text(path.read_text().replace("is_drum: true", "is_drum: false"))
    (problem,) = inspect(CORPORA["slakh"], tmp_path).problems
    assert problem == f"{path}: no drum stem was rendered"


def test_a_folder_with_wider_classes(tmp_path: Path) -> None:
    miniature.sound(tmp_path / "a.wav")
    miniature.text(tmp_path / "a.txt", "0.1 KD\n0.2 CY\n0.3 OHH\n")
    (problem,) = inspect(folder.CORPUS, tmp_path).problems
    assert problem.startswith(f"{tmp_path / 'a.txt'}: ")
    assert "'CY'" in problem
    assert folder.FIVE.tracks(tmp_path)[0].load().labels.tolist() == ["KD", "CY", "HH"]
    assert folder.THREE.tracks(tmp_path)[0].load().labels.tolist() == ["KD", "HH"]


def test_sound_files_of_one_name_in_a_folder(tmp_path: Path) -> None:
    for name in ("a.wav", "a.flac", "b.wav"):
        miniature.sound(tmp_path / name)
    assert [track.id for track in folder.index(tmp_path)] == ["a.flac", "a.wav", "b"]


def test_clips(tmp_path: Path) -> None:
    miniature.clips(tmp_path)
    one, two = clips.CORPUS.tracks(tmp_path)
    assert (one.load(), two.load()) == ({"vio"}, {"pia", "voi"})
    miniature.text(
        tmp_path / "labels.csv", "file,instrument,split,group\na.wav,kazoo,training,us\n"
    )
    (track,) = clips.CORPUS.tracks(tmp_path)
    assert (track.split, track.group) == ("train", "us")
    with pytest.raises(ValueError, match=r"a.wav: unknown labels \['kazoo'\]"):
        track.load()


def test_tmidt_variants_are_the_same_songs(tmp_path: Path) -> None:
    miniature.tmidt(tmp_path)
    drums, mix = (CORPORA["tmidt"].tracks(tmp_path, variant) for variant in ("drums", "mix"))
    assert [t.id for t in mix] == [f"{t.id}_accomp" for t in drums]
    assert [t.group for t in mix] == [t.group for t in drums]


def test_hits(tmp_path: Path) -> None:
    miniature.hits(tmp_path)
    assert [track.load() for track in clips.HITS.tracks(tmp_path)] == [{"KD"}, {"OHH"}, set()]


def test_a_sound_that_ends_before_its_annotation(tmp_path: Path) -> None:
    miniature.sound(tmp_path / "a.wav")
    miniature.text(tmp_path / "a.txt", "0.1 KD\n9.0 KD\n")
    (problem,) = inspect(folder.CORPUS, tmp_path).problems
    assert problem == (
        f"{tmp_path / 'a.wav'}: the sound ends after 0.6 s, its annotation goes on until 9.0 s"
    )


def test_a_sound_that_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    miniature.sound(path)
    path.write_bytes(path.read_bytes()[:3000])
    for thorough in (False, True):
        with pytest.raises(ValueError, match=r"a\.wav: broke off after 0\.2 s"):
            measure(path, thorough=thorough)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".aiff"])
def test_the_header_tells_the_length(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    miniature.sound(path)
    assert measure(path) == pytest.approx(measure(path, thorough=True))
    assert measure(path) == pytest.approx(0.6, abs=0.1)  # an mp3 is padded


def test_shortfalls_compare_with_a_whole_copy(tmp_path: Path) -> None:
    miniature.mdb(tmp_path)
    assert inspect(CORPORA["mdb"], tmp_path).shortfalls == [
        "mdb drum_only: 3 usable tracks, of a complete 23 "
        "(Deep Unsupervised Drum Transcription 2019, section 4.1)"
    ]


def test_progress_is_told(tmp_path: Path) -> None:
    miniature.mdb(tmp_path)
    seen: list[Any] = []
    inspect(CORPORA["mdb"], tmp_path, progress=lambda *told: seen.append(told))
    names = ["Beatles", "Punk", "Rock"]
    assert seen == [(i, 3, f"MusicDelta_{name}") for i, name in enumerate(names)]


def test_beats_must_ascend(tmp_path: Path) -> None:
    path = tmp_path / "a.beats"
    path.write_text("1.0 1\n0.5 2\n")
    with pytest.raises(ValueError, match=r"a\.beats: no beats \(times: expected ascending beats"):
        read_beats(path)


def test_mdb_subclasses_keep_the_side_stick(tmp_path: Path) -> None:
    miniature.mdb(tmp_path)
    path = tmp_path / "MDB Drums/annotations/subclass/MusicDelta_Punk_subclass.txt"
    miniature.rows(path, ("SST",))
    tracks = {track.id: track for track in CORPORA["mdb_subclass"].tracks(tmp_path)}
    target: Transcription = tracks["MusicDelta_Punk"].load()
    assert target.labels.tolist() == ["SS"]


def test_a_rendered_corpus_has_beats(tmp_path: Path) -> None:
    miniature.egmd(tmp_path)
    first, second = CORPORA["egmd"].tracks(tmp_path)[:2]
    assert first.load().beats is None
    table = first.audio.with_suffix(".beats.csv")
    table.write_text("time,position\n0.146622,4\n0.738687,1\n")
    found = first.load()
    assert found.beats is not None and found.velocities is not None
    assert found.beats.times.tolist() == [0.146622, 0.738687]
    assert found.beats.positions.tolist() == [4, 1]
    second.audio.with_suffix(".beats.csv").write_text("time,position\n")  # nothing is known
    assert second.load().beats is None
    for text, reason in (
        ("time,position\nsoon,1\n", "could not convert"),
        ("a,b\n1,1\n", "expected the columns time, position"),
    ):
        table.write_text(text)
        with pytest.raises(ValueError, match=rf"\.beats\.csv: .*{reason}"):
            first.load()


def test_the_nearest_strokes_lend_their_velocities() -> None:
    """A flam of 30 ms annotated as two, played as one: the nearer is it. One note is too far."""
    notes = Transcription(np.array([1.0, 1.03, 2.0, 3.0]), np.array(["SD"] * 4), None, 4.0, ("SD",))
    heard = np.array([1.02, 2.051, 3.04]), np.array(["SD"] * 3), np.array([0.5, 0.6, 0.7])
    lent = lend_velocities(notes, Transcription(*heard, 4.0, ("SD",)))
    assert lent.velocities is not None
    assert lent.velocities.tolist() == [0, 0.5, 0, 0.7]
