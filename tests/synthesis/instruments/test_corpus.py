from pathlib import Path

import pytest
import soundfile

from bandscribe.cli.synthesize_instruments import find_solos
from bandscribe.datasets.corpus import inspect
from bandscribe.datasets.irmas import CORPUS
from bandscribe.synthesis.instruments import corpus
from bandscribe.synthesis.instruments.corpus import write_corpus
from bandscribe.synthesis.instruments.players import PlayerSources


def test_the_reader_of_irmas_reads_it(sources: PlayerSources, tmp_path: Path) -> None:
    train = list(write_corpus(sources, tmp_path, hours=9 / 3600, seed=1, split="train"))
    assert [round(done * 3600) for _, done in train] == [3, 6, 9]
    test = list(write_corpus(sources, tmp_path, hours=6 / 3600, seed=1, split="test"))
    found = inspect(CORPUS, tmp_path, thorough=True)
    assert not found.problems
    assert len(found.tracks) == len(train) + len(test)
    for track, target, seconds in zip(found.tracks, found.targets, found.seconds, strict=True):
        info = soundfile.info(track.audio)
        assert (info.channels, info.samplerate, info.subtype) == (2, 44100, "PCM_16")
        if track.split == "train":
            assert seconds == pytest.approx(3.0)
            assert target == {track.audio.parent.name}
        else:
            assert 5 <= seconds <= 20
            assert 1 <= len(target) <= 5
            assert target <= set(corpus.CLIPS)


def test_a_stopped_corpus_goes_on_as_if_it_had_not_been(
    sources: PlayerSources, tmp_path: Path
) -> None:
    def write(folder: str, hours: float) -> list[Path]:
        return [path for path, _ in write_corpus(sources, tmp_path / folder, hours=hours, seed=4)]

    write("stopped", 3 / 3600)
    [first, second] = write("stopped", 6 / 3600)
    whole = write("whole", 6 / 3600)
    assert [path.read_bytes() for path in (first, second)] == [p.read_bytes() for p in whole]
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".wav"]


def test_solos_are_the_training_clips_of_one_class(tmp_path: Path) -> None:
    rows = ["file,label,split", "a.wav,cello,training", "b.wav,cello;flute,training"]
    rows += ["c.wav,flute,validation", "d.wav,banjo,training", "e.wav,clarinet,training"]
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    for name in "abcde":
        (tmp_path / f"{name}.wav").touch()
    assert find_solos(tmp_path) == {"cel": [tmp_path / "a.wav"], "cla": [tmp_path / "e.wav"]}
    (tmp_path / "labels.csv").write_text("\n".join(rows[:1] + rows[2:4]) + "\n")
    with pytest.raises(ValueError, match="no clip of its train split"):
        find_solos(tmp_path)


def test_another_split_is_refused(sources: PlayerSources, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="split: expected one of train, test"):
        next(write_corpus(sources, tmp_path, hours=1, seed=0, split="validation"))
