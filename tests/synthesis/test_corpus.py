import csv
from pathlib import Path

import numpy as np
import soundfile
from small import kit

from bandscribe.formats import csv as note_table
from bandscribe.formats import midi
from bandscribe.splits import SPLITS
from bandscribe.synthesis.corpus import COLUMNS, INDEX, write_corpus
from bandscribe.synthesis.source import SyntheticSource
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS_10, relabel

SOURCE = SyntheticSource((kit("kd", "sd", "chh", "rd"),))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_corpus_has_the_layout_of_e_gmd(tmp_path: Path) -> None:
    list(write_corpus(SOURCE, tmp_path, hours=4 / 3600, seed=1))
    with (tmp_path / INDEX).open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert tuple(row) == COLUMNS
    assert float(row["duration"]) == 4
    assert soundfile.info(tmp_path / row["audio_filename"]).duration == 4
    table = note_table.read(
        (tmp_path / row["audio_filename"]).with_suffix(".csv"), classes=DRUMS_10
    )
    played = relabel(midi.read(tmp_path / row["midi_filename"]), ARTICULATION_TO_10, DRUMS_10)
    assert len(table.onsets) == len(played.onsets) > 0
    np.testing.assert_allclose(played.onsets, table.onsets, atol=1e-3)


def test_a_seed_gives_back_its_bytes_and_a_stopped_call_goes_on(tmp_path: Path) -> None:
    for name in ("a", "b"):
        list(write_corpus(SOURCE, tmp_path / name, hours=3 / 3600, seed=5))
    whole = contents(tmp_path / "a")
    assert contents(tmp_path / "b") == whole
    for name in list(whole):
        if name.endswith((".flac", INDEX)):
            (tmp_path / "b" / name).unlink()
    list(write_corpus(SOURCE, tmp_path / "b", hours=3 / 3600, seed=5))
    assert contents(tmp_path / "b") == whole


def test_splits_of_one_seed_have_different_tracks(tmp_path: Path) -> None:
    rows = [
        next(write_corpus(SOURCE, tmp_path, hours=1 / 3600, seed=1, split=split))
        for split in SPLITS
    ]
    assert len({(tmp_path / row["audio_filename"]).read_bytes() for row in rows}) == 3


def test_splits_have_their_own_tracks_in_one_index(tmp_path: Path) -> None:
    for split, pieces in (("train", ("kd", "sd")), ("test", ("kd", "sd", "chh", "rd"))):
        source = SyntheticSource((kit(*pieces),))
        list(write_corpus(source, tmp_path, hours=1 / 3600, seed=1, split=split))
    first = contents(tmp_path)
    list(write_corpus(SOURCE, tmp_path, hours=1 / 3600, seed=1, split="train"))  # is all there
    with (tmp_path / INDEX).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["split"] for row in rows] == ["test", "train"]
    assert len({row["audio_filename"] for row in rows}) == 2
    assert {name: data for name, data in contents(tmp_path).items() if name != INDEX} == {
        name: data for name, data in first.items() if name != INDEX
    }
