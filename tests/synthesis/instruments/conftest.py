import pytest
import small
import tiny_soundfont

from bandscribe.synthesis.instruments.players import PlayerSources


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> PlayerSources:
    """A SoundFont of one cosine and a drum kit of decaying ones."""
    font = tiny_soundfont.write(tmp_path_factory.mktemp("font") / "tiny.sf2")
    return PlayerSources((font,), kits=(small.kit("kd", "sd", "chh", "ohh", "cr", "rd"),))
