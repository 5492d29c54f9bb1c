"""From sound without labels to a file that the runtime loads, in a few steps."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from bandscribe import chunks, drums
from bandscribe.cli import main
from bandscribe.runtime import ACTIVATIONS
from bandscribe.training import export, recipes
from bandscribe.training.drummernet.analysis import Analysis
from bandscribe.training.drummernet.network import (
    COMPONENTS,
    DrummerNet,
    Transcriber,
    synthesize,
    to_classes,
)
from bandscribe.training.drummernet.recipe import Recipe, build, fill, join, make_loss
from bandscribe.training.drummernet.train import Recordings, WaveformExamples, train_on
from bandscribe.training.drummernet.validation import (
    choose,
    gather,
    render,
    report,
    score,
    to_activations,
    validate,
)
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import DRUMS, DRUMS_10
from tiny import tiny_card

RATE = 16000


class Clicks:
    """Clicks every 0.25 s, said to be of a kick, a snare and a closed hi-hat in turn."""

    def draw(self, rng: np.random.Generator, seconds: float) -> tuple[Audio, Transcription]:
        onsets = np.arange(0.1, seconds - 0.05, 0.25)
        labels = np.array(("KD", "SD", "CHH"))[np.arange(len(onsets)) % 3]
        samples = np.zeros((1, round(seconds * RATE)), dtype=np.float32)
        samples[0, np.round(onsets * RATE).astype(int)] = rng.uniform(0.2, 0.9)
        return Audio(samples, RATE), Transcription(onsets, labels, None, seconds, DRUMS_10)


def waveforms(kits: int) -> torch.Tensor:
    """A decaying tone for each component, of another octave in each kit."""
    t = np.arange(1600) / RATE
    tones = [
        [np.sin(2 * np.pi * 100 * 2**kit * (i + 1) * t) * np.exp(-40 * t) for i in range(11)]
        for kit in range(kits)
    ]
    return torch.tensor(np.array(tones), dtype=torch.float32)


def recipe(credits: Path, **changes: object) -> Recipe:
    fields: dict[str, object] = {
        "kits": ("kits/tones",), "validation_kits": ("kits/clicks",), "audio": ("sound",),
        "credits": str(credits), "first": 2, "channels": 2, "steps": 2, "validate_every": 1,
        "batch": 2, "excerpt_seconds": 0.512, "chunk_seconds": 1.024, "overlap_seconds": 0.256,
        "validation_minutes": 0.05, "workers": 0, "threads": 1,
    }  # fmt: skip
    return Recipe(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    credits = folder / "credits.csv"
    rows = [f"{name},CC0-1.0,this test" for name in ("tones", "clicks", "sound")]
    credits.write_text("\n".join(["name,licence,origin", *rows]) + "\n")
    (folder / "sound").mkdir()
    soundfile.write(
        folder / "sound" / "a.wav", Clicks().draw(np.random.default_rng(0), 3.0)[0].samples[0], RATE
    )
    wanted = recipe(credits)
    draw = WaveformExamples(
        Recordings.find([str(folder / "sound")]), None, 0.0, wanted.excerpt_seconds
    )
    held_out = render(Clicks(), seed=0, minutes=0.05, seconds=1.024)
    result = train_on(
        wanted, folder / "run", lambda: DrummerNet(build(wanted), waveforms(2)), draw, held_out
    )
    assert result.finished and result.step == 2
    return folder / "run"


def test_a_run_keeps_the_weights_with_the_lowest_loss(run: Path) -> None:
    rows = (run / "history.csv").read_text().splitlines()
    header = rows[0].split(",")
    assert header[-8:] == [
        f"{picking}_{name}_f1"
        for picking in ("paper", "level")
        for name in ("kd", "sd", "hh", "mean")
    ]
    losses = [float(row.split(",")[header.index("validation_loss")]) for row in rows[1:]]
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["task"] == "drummernet"
    assert metrics["best"]["validation_loss"] == pytest.approx(min(losses), rel=1e-4)
    assert not any("kits" in name for name in torch.load(run / "best.pt"))


def test_a_run_becomes_a_model(run: Path, tmp_path: Path) -> None:
    assert main(["export", str(run), "-o", str(tmp_path / "d.onnx")]) == 0
    model = drums.load(tmp_path / "d.onnx")
    card = model.card
    assert (card.name, card.frame_rate, card.outputs) == ("drummernet", 1000, DRUMS_10)
    assert {key: tuple(group) for key, group in card.thresholds.items()} == {
        str(count): classes for count, classes in DRUMS.items()
    }
    paper = {"max_frames": 50, "mean_frames": 100, "wait_frames": 50}
    assert card.peaks == {**paper, "gather_frames": 20, "level_frames": 4000}
    assert [source["name"] for source in card.sources] == ["clicks", "sound", "tones"]

    sound, _ = Clicks().draw(np.random.default_rng(1), 3.0)
    heard = drums.infer(sound, model)
    assert heard.onsets.values.shape == (3000 + 2 * drums.PADDING, 10)
    assert heard.velocities is heard.onsets and heard.grid is None
    path = tmp_path / "clicks.wav"
    soundfile.write(path, sound.samples[0], RATE)
    written = tmp_path / "out"
    call = ["transcribe", str(path), "--model", str(tmp_path / "d.onnx"), "-o", str(written)]
    assert main([*call, "--format", "midi,npz,json"]) == 0
    assert np.load(written / "clicks.npz")["beats"].shape == (len(heard.onsets.values), 0)
    assert json.loads((written / "clicks.json").read_text())["beats"] == []


def test_chunks_of_any_level_say_the_same(run: Path) -> None:
    network = Transcriber(build(recipes.read(run, Recipe))).eval()
    frames = torch.rand(1, 128, 16, generator=torch.Generator().manual_seed(0)) - 0.5
    with torch.no_grad():
        torch.testing.assert_close(network(frames), network(0.01 * frames))
        silence = network(torch.zeros_like(frames))
        torch.testing.assert_close(network(1e-9 * frames), silence, rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_components_are_added_up_by_class() -> None:
    """An analysis that hears only pedal hi-hats and tambourines."""

    class Fixed(Analysis):
        def forward(self, samples: torch.Tensor) -> torch.Tensor:
            said = torch.zeros(len(samples), samples.shape[1] // 16, 11)
            said[..., COMPONENTS.index("PHH")] = 0.5
            said[..., COMPONENTS.index("CHH")] = 0.7
            said[..., COMPONENTS.index("TMB")] = 0.9
            return said

    found = Transcriber(Fixed(11, first=1, channels=1))(torch.zeros(1, 4, 16))
    assert found[0, 0].tolist() == [float(name == "CHH") for name in DRUMS_10]


@torch.no_grad()
def test_kits_are_drawn_in_training_and_taken_in_turn_otherwise() -> None:
    network = DrummerNet(Analysis(11, first=1, channels=1, memory="conv"), waveforms(2))
    amplitudes = torch.rand(3, 64, 11, generator=torch.Generator().manual_seed(0))
    kits = [synthesize(amplitudes, kit, 16) for kit in network.kits]
    network.train()
    torch.manual_seed(0)
    drawn = set()
    for _ in range(10):
        played = network.play(amplitudes)
        drawn.add(int(np.argmin([float((played - kit).abs().max()) for kit in kits])))
    assert drawn == {0, 1}
    played = network.eval().play(amplitudes)
    for item, kit in enumerate((0, 1, 0)):
        torch.testing.assert_close(played[item], kits[kit][item])


def test_a_perfect_transcription_scores_one() -> None:
    made = render(Clicks(), seed=0, minutes=0.05, seconds=1.024)
    assert np.abs(made.samples).max(axis=1).tolist() == [1.0] * 3
    said = torch.zeros(3, 1024, 11)
    for item in range(3):
        _, notes = Clicks().draw(np.random.default_rng([0, item]), 1.024)
        for onset, label in zip(notes.onsets, notes.labels, strict=True):
            said[item, round(onset * 1000), COMPONENTS.index(str(label))] = 0.6
    for picking in ("paper", "level"):
        report = score(to_activations(said), made.reference, 3, picking)
        assert [report.per_class[name].f1 for name in DRUMS[3]] == [1, 1, 1]


def test_soft_strokes_are_found_beside_the_level_alone() -> None:
    """Section 4.4: an amplitude of 0.15 is below δ; of a loudest of 0.5 it is a share of 0.3."""
    said = torch.zeros(1, 2048, 11)
    kick = COMPONENTS.index("KD")
    said[0, 300, kick], said[0, 700, kick], said[0, 1100, kick] = 0.15, 0.5, 0.15
    played = Transcription(np.array([0.3, 0.7, 1.1]), np.full(3, "KD"), None, 2.0, DRUMS_10)
    hearing = to_activations(said)
    found = {p: score(hearing, played, 3, p).per_class["KD"] for p in ("paper", "level")}
    assert (found["paper"].recall, found["level"].recall) == (pytest.approx(1 / 3), 1)


def test_thresholds_are_those_that_score_best() -> None:
    """Ghosts at 0.3 of the level are picked up to δ = 0.25; of what does as well, the middle."""
    said = torch.zeros(1, 2048, 11)
    kick = COMPONENTS.index("KD")
    said[0, [300, 1100], kick], said[0, [700, 1500], kick] = 0.5, 0.15
    played = Transcription(np.array([0.3, 1.1]), np.full(2, "KD"), None, 2.0, DRUMS_10)
    assert choose(to_activations(said), played, 3) == {"KD": 0.35, "SD": 0.2, "HH": 0.2}


def test_excerpts_have_a_peak_of_one_and_no_labels(tmp_path: Path) -> None:
    quiet = np.zeros(RATE, dtype=np.float32)
    quiet[8000:8100] = 0.01
    soundfile.write(tmp_path / "a.wav", quiet, RATE, subtype="FLOAT")
    draw = WaveformExamples(Recordings.find([str(tmp_path)]), Clicks(), 0.5, 0.512)
    for seed in range(8):
        heard, wanted = draw(np.random.default_rng(seed))
        assert heard.shape == (8192,) and heard is wanted
        assert np.abs(heard).max() == pytest.approx(1)


def test_a_recording_that_cannot_be_opened_costs_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "b.wav").write_bytes(b"RIFFjunk")
    with pytest.raises(ValueError, match=r"b\.wav: no sound that can be decoded"):
        Recordings.find([str(tmp_path)])
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE, np.float32), RATE)
    found = Recordings.find([str(tmp_path)])
    assert (found.paths, found.seconds.tolist()) == ((tmp_path / "a.wav",), [1.0])
    assert "b.wav: no sound that can be decoded" in capsys.readouterr().err


def test_a_recording_that_breaks_later_costs_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, level in (("a.wav", 0.1), ("b.wav", 0.2)):
        soundfile.write(tmp_path / name, np.full(RATE, level, np.float32), RATE)
    found = Recordings.find([str(tmp_path)])
    (tmp_path / "b.wav").write_bytes(b"RIFFjunk")
    for seed in range(8):
        excerpt = found.draw(np.random.default_rng(seed), 0.5)
        np.testing.assert_allclose(excerpt, 0.1, atol=1e-4)
    assert capsys.readouterr().err.count("b.wav: no sound that can be decoded") == 1


def test_what_a_recipe_refuses(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"chunk_seconds: expected a multiple of 0\.064 s"):
        recipe(tmp_path, chunk_seconds=1.0)
    with pytest.raises(ValueError, match="sound_kits: kits/tones are also among the kits"):
        recipe(tmp_path, sound_kits=("kits/tones",))
    with pytest.raises(ValueError, match="memory: expected one of gru, conv"):
        recipe(tmp_path, memory="lstm")
    with pytest.raises(ValueError, match="spectrum: expected one of"):
        recipe(tmp_path, spectrum="chroma")


def test_the_defaults_are_the_papers() -> None:
    """Sections 3.1 and 4.1, and 6,000,000 items."""
    default = Recipe()
    assert (default.first, default.channels, default.memory) == (128, 50, "gru")
    assert (default.sparsity, default.spectrum, default.enhanced) == ("sparsemax", "cqt", True)
    assert (default.excerpt_seconds, default.batch) == (2.0, 16)
    assert default.steps * default.batch == 6_000_000
    assert to_classes().shape == (11, 10)


@torch.no_grad()
def test_chunks_joined_are_the_whole() -> None:
    """The recurrent layers run both ways; half a second beyond a seam they have forgotten it."""
    torch.manual_seed(0)
    network = Transcriber(Analysis(11, first=4, channels=8)).eval()
    rng = np.random.default_rng(0)
    samples = 0.02 * rng.standard_normal(4096 * 16)
    samples[rng.permutation(4096)[:100] * 16] = 0.5  # so that every chunk has the same peak
    frames = samples.astype(np.float32).reshape(-1, 16)

    @torch.no_grad()  # that of a thread
    def say(part: np.ndarray) -> np.ndarray:
        return network(torch.from_numpy(part)[None])[0].numpy()

    whole = say(frames)
    joined = np.concatenate(list(chunks.stitch([frames], say, 2048, 1024)))
    apart = np.concatenate(list(chunks.stitch([frames], say, 2048, 0)))
    scale = float(whole.std())
    assert np.abs(joined - whole).max() < 0.02 * scale < np.abs(apart - whole).max()


def test_a_run_goes_on_from_weights_and_from_an_exported_model(run: Path, tmp_path: Path) -> None:
    wanted = recipe(tmp_path, memory="conv")
    torch.manual_seed(1)
    first = DrummerNet(build(wanted), waveforms(1))
    torch.save(first.state_dict(), tmp_path / "best.pt")
    second = build(wanted)
    fill(second, str(tmp_path / "best.pt"))
    assert all(map(torch.equal, second.state_dict().values(), first.analysis.state_dict().values()))
    path = tmp_path / "first.onnx"
    export.export(Transcriber(first.analysis), tiny_card(), path, bins=16, output=ACTIVATIONS)
    third = build(wanted)
    fill(third, str(path))
    assert all(map(torch.equal, third.state_dict().values(), first.analysis.state_dict().values()))
    with pytest.raises(ValueError, match="is of another network"):
        fill(build(recipe(tmp_path, memory="conv", channels=3)), str(tmp_path / "best.pt"))
    with pytest.raises(ValueError, match=r"memory\.\S+ differs"):
        fill(build(recipes.read(run, Recipe)), str(tmp_path / "best.pt"))


def test_without_labels_the_loss_alone_is_told(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.r_[0.5, np.zeros(RATE - 1)], RATE)
    held_out = gather(
        WaveformExamples(Recordings.find([str(tmp_path)]), None, 0, 1.024), seed=0, minutes=0.05
    )
    assert held_out.samples.shape == (3, 16384)
    model = DrummerNet(Analysis(11, first=1, channels=1, memory="conv"), waveforms(1)).eval()
    figures = validate(model, held_out, make_loss(recipe(tmp_path)))
    assert list(figures) == ["validation_loss"] and figures["validation_loss"] > 0
    assert list(report(model, held_out, "level")) == ["thresholds"]


def test_what_is_played_has_to_be_transcribed_as_it_was_played(tmp_path: Path) -> None:
    network = DrummerNet(
        Analysis(11, first=1, channels=1, memory="conv"), waveforms(2), cyclic=True
    )
    amplitudes = torch.zeros(2, 64, 11)
    amplitudes[:, 10, 0], amplitudes[:, 40, 3] = 0.5, 1.5
    played = torch.tensor([[0.0, 2.0, -4.0], [0.5, 0.0, 0.0]])  # peaks of 4 and 0.5
    levels = torch.tensor([4.0, 0.5])[:, None, None]
    # An analysis that finds all notes again, at the level of an excerpt; and one that finds none,
    # and one that finds the first alone, and another that is not there.
    network.analysis.forward = lambda samples: amplitudes / levels  # type: ignore[method-assign]
    assert network.differ(amplitudes, played) == 0
    network.analysis.forward = lambda samples: torch.zeros(2, 64, 11)  # type: ignore[method-assign]
    assert network.differ(amplitudes, played) == 1
    found = torch.zeros(2, 64, 11)
    found[:, 10, 0] = found[:, 11, 0] = 0.5
    network.analysis.forward = lambda samples: found / levels  # type: ignore[method-assign]
    assert network.differ(amplitudes, played).item() == pytest.approx((0.5 + 1.5) / 2.0)


def test_the_cyclic_loss_trains_the_transcriber(tmp_path: Path) -> None:
    made = recipe(tmp_path, cycle=0.25)
    torch.manual_seed(0)
    network = join(made, waveforms(2))
    samples = torch.randn(2, 8192)
    played, difference = network(samples)
    loss = make_loss(made)
    total = loss((played, difference), samples)
    assert total.item() == pytest.approx(loss(played, samples).item() + 0.25 * difference.item())
    difference.backward()
    assert all(weight.grad is not None for weight in network.analysis.parameters())
    assert isinstance(network.eval()(samples), torch.Tensor)
    with pytest.raises(ValueError, match="cycle: expected 0 or more, got -1"):
        recipe(tmp_path, cycle=-1.0)
