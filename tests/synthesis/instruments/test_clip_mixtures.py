"""Clips laid over each other and played in turn, as both corpora read them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe.datasets import clips as labelled
from bandscribe.datasets import stems
from bandscribe.synthesis.instruments.stems import write_mixtures
from bandscribe.synthesis.sound import loudness

SECONDS = {"cel": 1.0, "flu": 0.3, "vio": 0.7}


@pytest.fixture
def clips(tmp_path: Path) -> dict[str, list[Path]]:
    """Two tones of each class."""
    found = {}
    for c, (name, seconds) in enumerate(SECONDS.items()):
        t = np.arange(round(seconds * 44100)) / 44100
        found[name] = [tmp_path / f"{name}{i}.wav" for i in range(2)]
        for i, path in enumerate(found[name]):
            tone = 0.3 / (i + 1) * np.sin(2 * np.pi * 300 * (c + 1) * t)
            soundfile.write(path, tone, 44100, subtype="FLOAT")
    return found


def read(folder: Path) -> dict[str, np.ndarray]:
    return {path.stem: soundfile.read(path)[0] for path in folder.glob("*.wav")}


def test_mixtures(clips, tmp_path: Path) -> None:
    out = tmp_path / "out"
    folders = list(write_mixtures(clips, out, count=12, seed=3, players=(2, 3)))
    sizes = set()
    for folder in folders:
        parts = read(folder)
        mixture = parts.pop("mixture")
        sizes.add(len(parts))
        assert len(mixture) == round(max(SECONDS[name] for name in parts) * 44100)
        # The parts add up, but for the rounding to 16 bits of each.
        np.testing.assert_allclose(sum(parts.values()), mixture, atol=3 / 32768)
        levels = [20 * np.log10(loudness(part)) for part in parts.values()]
        assert max(levels) - min(levels) < 6.1
        assert np.abs(mixture).max() == pytest.approx(0.9, abs=1e-3)
        # A short clip is heard until the end.
        tail = slice(-round(0.1 * 44100), None)
        assert all(np.abs(part[tail]).max() > 0.01 for part in parts.values())
    assert sizes == {2, 3}
    annotated = {track.audio.parent: track.load() for track in labelled.CORPUS.tracks(out)}
    assert annotated == {folder: frozenset(set(read(folder)) - {"mixture"}) for folder in folders}
    pieces = stems.CORPUS.tracks(out)
    assert [track.audio.parent for track in pieces] == folders
    assert {path.stem for path in pieces[0].annotations} == annotated[folders[0]]


def test_in_turn(clips, tmp_path: Path) -> None:
    [folder] = write_mixtures(
        clips, tmp_path / "out", count=1, seed=0, split="validation", players=(3, 3), in_turn=True
    )
    parts = read(folder)
    mixture = parts.pop("mixture")
    assert len(mixture) == 3 * 5 * 44100
    sounds = np.stack([np.abs(part).reshape(3, -1).max(axis=1) > 0 for part in parts.values()])
    assert (sounds.sum(axis=0) == 1).all() and (sounds.sum(axis=1) == 1).all()
    levels = [loudness(part) for part in parts.values()]
    assert max(levels) == pytest.approx(min(levels), rel=0.01)


def test_the_same_seed_the_same_mixtures(clips, tmp_path: Path) -> None:
    def write(name: str, seed: int, count: int = 3) -> list[dict[str, np.ndarray]]:
        pieces = write_mixtures(clips, tmp_path / name, count=count, seed=seed, players=(2, 3))
        return [read(folder) for folder in pieces]

    first, other = write("a", 1), write("b", 2)
    write("c", 1, count=1)
    again = write("c", 1)
    for one, two in zip(first, again, strict=True):
        assert one.keys() == two.keys()
        assert all((one[name] == two[name]).all() for name in one)
    pairs = [(one["mixture"], two["mixture"]) for one, two in zip(first, other, strict=True)]
    assert not all(np.array_equal(*pair) for pair in pairs)
    # The four players of the default are more than there are classes.
    with pytest.raises(ValueError, match="players: expected 1 to 3"):
        next(write_mixtures(clips, tmp_path / "d", count=1, seed=1, players=(2, 4)))
    with pytest.raises(ValueError, match="split: expected one of train"):
        next(write_mixtures(clips, tmp_path / "d", count=1, seed=1, split="fold1"))
