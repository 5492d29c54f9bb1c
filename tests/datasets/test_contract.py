"""What every corpus keeps to, on miniature copies: whole, partial and damaged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import miniature
import miniature_instruments
import pytest

from bandscribe.datasets.corpora import CORPORA
from bandscribe.datasets.corpus import TASKS, Corpus, inspect
from bandscribe.types import Activations, Transcription
from bandscribe.vocabulary import DRUMS, reduce

MINIATURES = {**miniature.MINIATURES, **miniature_instruments.MINIATURES}
OWN = ("folder", "folder_5", "folder_3", "clips", "hits", "stems")
#: Where nothing but the sound itself tells that it should be there.
UNLISTED = {
    ("folder", ""), ("folder_5", ""), ("folder_3", ""), ("idmt", "single"), ("musdb", "stems"),
}  # fmt: skip
OFFICIAL_SPLITS_THAT_LEAK = ("egmd", "gmd", "enst_mdb", "musdb")
HEARD = [(name, variant) for name in MINIATURES for variant in CORPORA[name].variants]


@pytest.fixture
def copy(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    MINIATURES[request.param](tmp_path)
    return tmp_path


def each() -> pytest.MarkDecorator:
    """Every corpus and variant, over a miniature copy of its own."""
    return pytest.mark.parametrize(
        ("copy", "name", "variant"), [(n, n, v) for n, v in HEARD], indirect=["copy"]
    )


def test_every_corpus_is_swept() -> None:
    assert set(MINIATURES) == set(CORPORA)


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_describes_itself(name: str) -> None:
    corpus = CORPORA[name]
    assert corpus.name == name
    assert corpus.task in TASKS
    assert corpus.licence and corpus.tree and corpus.classes and corpus.variants
    assert len(set(corpus.variants)) == len(corpus.variants)
    if name not in OWN:
        assert corpus.citation and corpus.obtain
        assert corpus.complete or name == "audioset"  # no two copies are alike: clips vanish
    assert all(c.tracks > 0 and c.source for c in corpus.complete)
    assert {c.variant for c in corpus.complete} <= {"", *corpus.variants}
    assert set(corpus.melodic) <= set(corpus.variants)
    if corpus.task == "drums":
        assert corpus.counts
        assert corpus.classes == DRUMS[max(corpus.counts)]


@each()
def test_a_whole_copy(copy: Path, name: str, variant: str) -> None:
    corpus: Corpus[Any] = CORPORA[name]
    tracks = corpus.tracks(copy, variant)
    assert len(tracks) >= 2
    assert len({track.id for track in tracks}) == len(tracks)
    assert all(track.split and track.group for track in tracks)
    assert len(corpus.named(copy, variant)) == len(tracks)
    found = inspect(corpus, copy, variant, thorough=True)
    assert found.problems == []
    assert [track.id for track in found.tracks] == [track.id for track in tracks]
    length = 10.0 if name == "audioset" else 0.6
    assert all(seconds == pytest.approx(length, abs=0.1) for seconds in found.seconds)
    for target in found.targets:
        match target:
            case Transcription():
                assert target.classes == corpus.classes
                assert len(target.onsets)
                assert all(reduce(target, n).classes == DRUMS[n] for n in corpus.counts)
            case Activations():
                assert target.classes == corpus.classes
            case frozenset():
                assert target <= set(corpus.classes)
            case _:
                pytest.fail(f"{name}: a target of type {type(target)}")
    # Two tracks are no whole corpus, and that is said wherever a whole one is known.
    known = [c for c in corpus.complete if c.variant in ("", variant)]
    assert len(found.shortfalls) == len(known)


@each()
def test_splits_and_groups(copy: Path, name: str, variant: str) -> None:
    tracks = CORPORA[name].tracks(copy, variant)
    folds = name.startswith("rbma")
    names = {"fold1", "fold2", "fold3"} if folds else {"train", "validation", "test"}
    assert {track.split for track in tracks} <= names
    sides: dict[str, set[str]] = {}
    for track in tracks:
        sides.setdefault(track.group, set()).add(track.split)
    parted = {group for group, splits in sides.items() if len(splits) > 1}
    # Official splits that part performances and not players, or an artist's songs.
    assert not parted or name in OFFICIAL_SPLITS_THAT_LEAK


@each()
def test_a_partial_copy(copy: Path, name: str, variant: str) -> None:
    corpus: Corpus[Any] = CORPORA[name]
    first, *others = corpus.tracks(copy, variant)
    first.audio.unlink()
    assert [track.id for track in corpus.tracks(copy, variant)] == [t.id for t in others]
    found = inspect(corpus, copy, variant)
    assert [track.id for track in found.tracks] == [track.id for track in others]
    # Nothing tells what should be in a plain folder, which loops have single instruments, or
    # which songs have their stems in a file.
    unlisted = name.startswith("folder") or variant in ("single", "stems")
    assert found.problems == ([] if unlisted else [f"{first.audio}: missing"])


@each()
@pytest.mark.parametrize("content", [b"", b"RIFF no sound"])
def test_damaged_audio(copy: Path, name: str, variant: str, content: bytes) -> None:
    corpus: Corpus[Any] = CORPORA[name]
    first, *others = corpus.tracks(copy, variant)
    first.audio.write_bytes(content)
    found = inspect(corpus, copy, variant)
    assert [track.id for track in found.tracks] == [track.id for track in others]
    (problem,) = found.problems
    assert problem.startswith(f"{first.audio}: ")
    assert "\n" not in problem


@each()
@pytest.mark.parametrize("content", [b"\xff\xfe\x00 0.1", b"0.1 nothing,of that\n"])
def test_damaged_annotations(copy: Path, name: str, variant: str, content: bytes) -> None:
    corpus: Corpus[Any] = CORPORA[name]
    tracks = corpus.tracks(copy, variant)
    if not tracks[0].annotations:
        assert variant == "stems"  # its labels are the sound itself
        return
    path = tracks[0].annotations[-1]
    path.write_bytes(content)
    if all(path in track.annotations for track in tracks):  # a table of them all
        with pytest.raises(ValueError, match=re.escape(str(path))):
            corpus.tracks(copy, variant)
        return
    found = inspect(corpus, copy, variant)
    spared = [track.id for track in tracks if path not in track.annotations]
    assert [track.id for track in found.tracks] == spared
    assert found.problems
    assert all(problem.startswith(f"{path}") and "\n" not in problem for problem in found.problems)


@pytest.mark.parametrize("name", CORPORA)
def test_another_folder_is_an_error_that_says_what_was_expected(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(str(tmp_path))) as caught:
        CORPORA[name].tracks(tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="there is no such folder"):
        CORPORA[name].tracks(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="variant: expected one of"):
        CORPORA[name].tracks(tmp_path, "unheard")
