from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe.synthesis.instruments import stems
from bandscribe.synthesis.instruments.players import PlayerSources
from bandscribe.synthesis.instruments.stems import write_stems
from bandscribe.vocabulary import INSTRUMENTS


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stems, "SECONDS", 3.0)


def test_a_piece_has_a_mixture_and_the_sound_of_each_player(
    sources: PlayerSources, tmp_path: Path
) -> None:
    written = list(write_stems(sources, tmp_path, hours=12 / 3600, seed=3, split="test"))
    assert [path.name for path, _ in written] == ["00000", "00001", "00002", "00003"]
    assert written[-1][1] == pytest.approx(12 / 3600)
    for folder, _ in written:
        assert folder.parent == tmp_path / "test"
        sounds = {path.stem: soundfile.read(path)[0] for path in folder.iterdir()}
        mixture = sounds.pop("mixture")
        assert set(sounds) <= {*INSTRUMENTS, "other"}
        assert 1 <= len(set(sounds) - {"other"}) <= 5
        assert {sound.shape for sound in sounds.values()} == {mixture.shape} == {(132300,)}
        # Together the players have about the power of the mixture, which effects coloured.
        ratio = np.mean(np.sum(list(sounds.values()), axis=0) ** 2) / np.mean(mixture**2)
        assert 0.3 < ratio < 3


def test_all_pieces_may_be_of_bands(sources: PlayerSources, tmp_path: Path) -> None:
    for folder, _ in write_stems(sources, tmp_path, hours=6 / 3600, seed=3, split="test", bands=1):
        stems_ = {path.stem for path in folder.iterdir()} - {"mixture"}
        assert len(stems_) >= 2
        assert stems_ & {"dru", "bas", "voi"}


def test_a_stopped_call_goes_on(sources: PlayerSources, tmp_path: Path) -> None:
    def write(folder: str, hours: float) -> None:
        for _ in write_stems(sources, tmp_path / folder, hours=hours, seed=4):
            pass

    write("stopped", 3 / 3600)
    half = tmp_path / "stopped" / "train" / "00001.partial"
    half.mkdir()  # what a call that was killed leaves
    (half / "vio.wav").touch()
    write("stopped", 6 / 3600)
    write("whole", 6 / 3600)
    stopped, whole = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in sorted((tmp_path / name).rglob("*.wav"))
        }
        for name in ("stopped", "whole")
    )
    assert [path.parts[1:] for path in stopped] == [path.parts[1:] for path in whole]
    assert list(stopped.values()) == list(whole.values())


def test_another_split_is_refused(sources: PlayerSources, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="split: expected one of train, validation, test"):
        next(write_stems(sources, tmp_path, hours=1, seed=0, split="dev"))
