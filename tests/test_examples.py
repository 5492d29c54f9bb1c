"""The example that separates instruments does, on sounds that are easy to tell apart."""

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tiny_recognizer import SAMPLE_RATE, play, tracker_card, write_recognizer

EXAMPLE = Path(__file__).parents[1] / "examples/separate.py"


@pytest.fixture
def separate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Path], None]:
    """The example's command line, with a tiny tracker."""
    model = write_recognizer(tmp_path / "tiny.onnx", tracker_card())

    def run(source: Path, folder: Path) -> None:
        arguments = map(str, [source, "-o", folder, "--model", model])
        monkeypatch.setattr("sys.argv", ["separate.py", *arguments])
        runpy.run_path(str(EXAMPLE), run_name="__main__")

    return run


def test_separates_two_instruments(tmp_path: Path, separate: Callable[[Path, Path], None]) -> None:
    parts = {"vio": play({"vio": (0, 3.5)}, 5.0), "pia": play({"pia": (1.5, 5)}, 5.0)}
    # The piano stands on the right.
    mixture = np.stack([parts["vio"] + 0.2 * parts["pia"], parts["vio"] + parts["pia"]], axis=1)
    soundfile.write(tmp_path / "duet.wav", mixture, SAMPLE_RATE, subtype="FLOAT")
    separate(tmp_path / "duet.wav", tmp_path / "new/out")

    assert sorted(path.name for path in (tmp_path / "new/out").iterdir()) == ["pia.wav", "vio.wav"]
    found = {name: soundfile.read(tmp_path / f"new/out/{name}.wav")[0] for name in parts}
    for name, right in parts.items():
        error = found[name][:, 1] - right
        assert 10 * np.log10((right**2).sum() / (error**2).sum()) > 20  # the mixture: about 0
    # Nothing is lost or made up where somebody plays (and the first frames hear little).
    together = found["vio"] + found["pia"]
    inside = slice(SAMPLE_RATE // 2, -SAMPLE_RATE // 2)
    np.testing.assert_allclose(together[inside], mixture[inside], atol=1e-3)


def test_nobody_to_separate(tmp_path: Path, separate: Callable[[Path, Path], None]) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    with pytest.raises(SystemExit, match="no instrument detected"):
        separate(tmp_path / "x.wav", tmp_path)
