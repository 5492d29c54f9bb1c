"""A network of envelopes as a system that is evaluated: what it says, and from when on it plays."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from bandscribe.datasets.corpora import CORPORA
from bandscribe.studies.neuroment import scale_levels
from bandscribe.studies.neuroment_system import (
    EnvelopeSystem,
    learn_thresholds,
    validation_recordings,
)
from bandscribe.training import task
from bandscribe.training.activity import envelopes
from bandscribe.training.activity.models import Neuroment
from bandscribe.training.activity.pieces import Mixture
from bandscribe.training.activity.recipe import Recipe
from bandscribe.training.activity.train import train
from bandscribe.training.activity.windows import LogSpectrum
from bandscribe.types import Activations

RATE = 44100
SMALL = '{"channels": [2, 2, 2], "dropout": 0}'


class Told(Neuroment):
    """Says 0.1 of the clarinet wherever there is sound, and of the flute throughout."""

    def __init__(self) -> None:
        super().__init__(128, 2, channels=(1, 1, 1))

    def forward(self, features: Tensor) -> Tensor:
        sounds = (features > -15).any(dim=2)
        clarinet = torch.where(sounds, 0.1, 1e-6)
        return torch.stack([clarinet, torch.full_like(clarinet, 0.1)], dim=2).logit()


def tone(frequency: float, seconds: float = 2.0) -> np.ndarray:
    """Sounds in its second half; its root mean square there is 0.2."""
    times = np.arange(round(seconds * RATE)) / RATE
    wave = 0.2 * np.sqrt(2) * np.sin(2 * np.pi * frequency * times)
    return np.asarray(wave * (times >= seconds / 2), dtype=np.float32)


@pytest.fixture(scope="module")
def stems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("stems")
    for place in ("train/00000", "validation/00000", "test/00000"):
        (root / place).mkdir(parents=True)
        for name, sound in (("cla", tone(210, 4)), ("mixture", tone(210, 4))):
            soundfile.write(root / place / f"{name}.wav", sound, RATE, subtype="PCM_16")
    return root


def small(stems: Path, **fields: str) -> Recipe:
    given = {
        "model": "neuroment", "material": "stems", "stems": str(stems), "options": SMALL,
        "validation_stems": str(stems), "classes": "cla,flu", "mixes": "4", "steps": "1",
        "threads": "1",
    }  # fmt: skip
    return task.resolve("activity", None, {**given, **fields})


@pytest.fixture(scope="module")
def run(stems: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train(small(stems), folder)
    return folder


def test_levels_are_as_sure_as_they_are_loud() -> None:
    levels = np.array([[-60, -45, -30, 0]], dtype=np.float32).T
    said = scale_levels(Activations(levels, 43.0, 0.5, ("cla",), "level_db"))
    assert said.values[:, 0] == pytest.approx([0, 0.25, 0.5, 1])
    assert (said.kind, said.frame_rate, said.start) == ("probability", 43.0, 0.5)


def test_thresholds_by_hand(stems: Path) -> None:
    """The clarinet's 0.1 is 6 dB below the mixture's 0.2: as sure as 0.9, but for the last bit.

    So all thresholds below are as good, 0.05 to 0.85, and the middle one is the ninth. The flute is
    said to play where it does not: by each of them in all frames, which is too many; by the two
    above in none.
    """
    recording = Mixture(tone(210), {"cla": tone(210)})
    learned = learn_thresholds(Told(), small(stems), [recording])
    assert learned == {"cla": 0.45, "flu": 0.95}


def test_doubtful_frames_do_not_count(stems: Path) -> None:
    """A flute 30 dB below the clarinet is neither heard nor unheard: nothing tells against 0.5."""
    parts = {"cla": tone(210), "flu": tone(2000) * np.float32(10 ** (-30 / 20))}
    silent = tone(210) == 0
    recording = Mixture(parts["cla"], parts)
    model = Told()
    learned = learn_thresholds(model, small(stems), [recording])
    # It sounds in one half alone, so that the flute is still said to play in the other.
    assert silent.mean() == pytest.approx(0.5, abs=0.01)
    assert learned["flu"] == 0.95
    halves = Mixture(
        parts["cla"][len(silent) // 2 :], {k: v[len(silent) // 2 :] for k, v in parts.items()}
    )
    # Of what is asked nowhere, every threshold is as good.
    assert learn_thresholds(model, small(stems), [halves])["flu"] == 0.5


def test_a_run_is_a_system(run: Path, stems: Path) -> None:
    """It says what `envelopes.infer_recording` says, in levels."""
    follower = EnvelopeSystem.load(run)
    assert follower.classes == ("cla", "flu")
    [track] = [each for each in CORPORA["stems"].tracks(stems) if each.split == "test"]
    heard = follower.track(track)
    assert heard.duration == pytest.approx(4.0)
    model, recipe = envelopes.load_run(run)
    samples, _ = soundfile.read(stems / "test/00000/mixture.wav", dtype="float32")
    listen = LogSpectrum(recipe.spectrum)
    said = envelopes.infer_recording(model, listen, samples)
    wanted = np.clip(20 * np.log10(said / 0.2), -60, 0)
    # The loudest frame has the root mean square of the tone, up to where in its period it ends.
    assert heard.level.values == pytest.approx(wanted, abs=0.1)
    assert heard.probability.values == pytest.approx(1 + heard.level.values / 60, abs=1e-6)
    assert follower.missing(track) == track.missing


def test_thresholds_are_kept_with_their_weights(run: Path, tmp_path: Path) -> None:
    EnvelopeSystem.load(run)
    known = json.loads((run / "thresholds.json").read_text())
    copy = shutil.copytree(run, tmp_path / "copy")
    known["thresholds"] = {"cla": 0.125, "flu": 0.25}
    (copy / "thresholds.json").write_text(json.dumps(known))
    assert EnvelopeSystem.load(copy).thresholds == (0.125, 0.25)
    (copy / "thresholds.json").write_text(json.dumps({**known, "weights": "others"}))
    again = EnvelopeSystem.load(copy)
    assert again.thresholds == EnvelopeSystem.load(run).thresholds
    assert json.loads((copy / "thresholds.json").read_text())["weights"] == again.digest


def test_what_a_run_was_validated_on(stems: Path) -> None:
    [recording] = validation_recordings(small(stems))
    assert set(recording.parts) == {"cla"}
    assert len(recording.mixture) == 4 * RATE


def test_what_is_no_run_of_envelopes(tmp_path: Path, run: Path) -> None:
    with pytest.raises(ValueError, match=r"no recipe\.json in it"):
        EnvelopeSystem.load(tmp_path)
    copy = shutil.copytree(run, tmp_path / "copy")
    (copy / "best.pt").unlink()
    with pytest.raises(ValueError, match=r"no best\.pt in it"):
        EnvelopeSystem.load(copy)
    recipe = json.loads((copy / "recipe.json").read_text())
    (copy / "recipe.json").write_text(json.dumps({**recipe, "model": "tracker", "options": {}}))
    with pytest.raises(ValueError, match="a run of 'tracker'; name its ONNX file"):
        EnvelopeSystem.load(copy)
