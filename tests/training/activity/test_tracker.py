import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from bandscribe import instruments, runtime
from bandscribe.cli import main
from bandscribe.cli.models import describe
from bandscribe.training.activity import targets, validation
from bandscribe.training.activity.pieces import Pieces
from bandscribe.training.activity.recipe import Recipe
from bandscribe.training.activity.train import train
from bandscribe.vocabulary import INSTRUMENTS

RATE = 44100
VIO, BAS, FLU = (INSTRUMENTS.index(name) for name in ("vio", "bas", "flu"))


def tone(hertz: float, begin: float, end: float, seconds: float, gain: float = 0.3) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    sound = gain * np.sin(2 * np.pi * hertz * t) * ((t >= begin) & (t < end))
    return sound.astype(np.float32)


def write_piece(folder: Path, stems: dict[str, np.ndarray]) -> None:
    folder.mkdir(parents=True)
    for name, sound in stems.items():
        soundfile.write(folder / f"{name}.wav", sound, RATE)
    soundfile.write(folder / "mixture.wav", np.sum(list(stems.values()), axis=0), RATE)


@pytest.fixture(scope="module")
def stems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The violin plays 1760 Hz, the bass 110 Hz, one of them or both."""
    root = tmp_path_factory.mktemp("stems")
    for split, count in (("train", 6), ("validation", 4)):
        for i in range(count):
            parts = {"vio": tone(1760, 0, 3, 3.0), "bas": tone(110, 0, 3, 3.0)}
            kept = [["vio"], ["bas"], ["vio", "bas"]][i % 3]
            write_piece(root / split / f"{i:05d}", {name: parts[name] for name in kept})
    return root


def test_targets_by_hand() -> None:
    """A violin from 1 to 2 s, 20 dB below a bass that plays throughout; then 30 and 40 dB below."""
    bass = tone(110, 0, 6, 6.0)
    wanted = []
    for gain in (0.03, 0.3 / 10**1.5, 0.003):
        parts = {"bas": bass, "vio": tone(1760, 1, 2, 6.0, gain)}
        wanted.append(targets.make_targets(parts, INSTRUMENTS, sample_rate=RATE, hop_length=1024))
    heard, doubtful, hidden = wanted
    at = [round(second * RATE / 1024) for second in (0.5, 1.5, 4.0)]
    np.testing.assert_array_equal(heard[at, VIO], [0, 1, 0])
    np.testing.assert_array_equal(heard[at, BAS], [1, 1, 1])
    assert np.isnan(doubtful[at[1], VIO])
    np.testing.assert_array_equal(doubtful[[at[0], at[2]], VIO], [0, 0])
    assert not hidden[:, VIO].any()
    assert not heard[:, FLU].any()
    # Levels: 60 dB to 0 are 0 to 1; with the violin the bass is 0.04 dB below the two.
    levels = heard[at, len(INSTRUMENTS) :]
    np.testing.assert_allclose(levels[:, VIO], [0, 1 - 20.04 / 60, 0], atol=2e-3)
    np.testing.assert_allclose(levels[:, BAS], [1, 1 - 0.043 / 60, 1], atol=2e-3)


def test_between_quick_strokes_an_instrument_is_heard_and_in_silence_none_is() -> None:
    strokes = np.sum([tone(200, t, t + 0.05, 4.0) for t in (0.5, 0.625, 0.75)], axis=0)
    wanted = targets.make_targets({"dru": strokes}, ("dru",), sample_rate=RATE, hop_length=1024)
    at = [round(second * RATE / 1024) for second in (0.2, 0.6, 0.72, 3.0)]
    np.testing.assert_array_equal(wanted[at, 0], [0, 1, 1, 0])
    silent = targets.make_targets(
        {"dru": np.zeros(RATE, np.float32)}, ("dru",), sample_rate=RATE, hop_length=1024
    )
    assert not silent.any()


def test_the_loss_asks_for_no_level_of_who_is_not_heard() -> None:
    wanted = torch.tensor([[[1.0, 0.0, torch.nan, 0.5, 0.9, 0.9]]])
    logits = torch.tensor([[[0.0, 0.0, 9.0, 0.0, 5.0, -5.0]]], requires_grad=True)
    value = targets.loss(logits, wanted, level_weight=0.5)
    assert value.item() == pytest.approx(1.5 * np.log(2))
    value.backward()
    np.testing.assert_allclose(logits.grad[0, 0], [-0.25, 0.25, 0, 0, 0, 0], atol=1e-6)


@pytest.mark.parametrize(("wrong", "expected"), [(101, 0.2), (100, 0.15)])
def test_thresholds_keep_to_a_false_positive_rate(wrong: int, expected: float) -> None:
    """One in ten of the 1,000 frames without the class; F1 falls with the threshold."""
    counted = np.tile([[[500, 0, 500, 1000]]], (len(validation.THRESHOLDS), 1, 1))
    counted[0, 0] = 1000, 300, 0, 700
    counted[1, 0] = 950, 200, 50, 800
    counted[2, 0] = 900, wrong, 100, 1000 - wrong
    counted[3, 0] = 700, 0, 300, 1000
    assert validation.choose_thresholds(counted) == pytest.approx([expected])


def test_where_no_threshold_keeps_to_it_the_highest_is_chosen() -> None:
    counted = np.tile([[[900, 200, 100, 800]]], (len(validation.THRESHOLDS), 1, 1))
    assert validation.choose_thresholds(counted) == [validation.THRESHOLDS[-1]]


def test_excerpts_are_mixtures_of_some_players(stems: Path) -> None:
    pieces = Pieces.load([str(stems)], "train")
    recorded = float(np.sqrt(np.mean(tone(110, 0, 3, 3.0) ** 2)))
    counts, whole = [], 0
    for seed in range(24):
        drawn = pieces.draw(np.random.default_rng(seed), 1.0, RATE)
        again = pieces.draw(np.random.default_rng(seed), 1.0, RATE)
        np.testing.assert_array_equal(drawn.mixture, again.mixture)
        parts = drawn.parts
        assert drawn.mixture.shape == (RATE,)
        assert set(parts) <= {"vio", "bas"}
        counts.append(len(parts))
        levels = sorted(float(np.sqrt(np.mean(part**2))) for part in parts.values())
        if levels[-1] < 0.5:  # all play, at the level they were recorded with
            whole += 1
            assert levels == pytest.approx([recorded] * len(levels), rel=0.05)
        else:
            assert levels[-1] == pytest.approx(1, abs=0.02)  # the loudest player's
            assert levels[0] > 0.12  # at most 18 dB below
    assert set(counts) == {1, 2}
    assert 3 <= whole <= 14


def test_what_does_not_fit(stems: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no pieces in test; write some with synthesize stems"):
        Pieces.load([str(stems)], "test")
    pieces = Pieces.load([str(stems)], "train")
    with pytest.raises(ValueError, match=r"expected .* s at 44100 Hz, got 3.0 s at 44100 Hz"):
        pieces.draw(np.random.default_rng(0), 9.0, RATE)
    (tmp_path / "train" / "00000").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"00000: expected CLASS.wav of cel"):
        Pieces.load([str(tmp_path)], "train")


def test_a_piece_that_cannot_be_opened_costs_itself(
    stems: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = shutil.copytree(stems, tmp_path / "stems")
    whole = len(Pieces.load([str(root)], "train").pieces)
    broken = min((root / "train").glob("*/[!m]*.wav"))
    sound = broken.read_bytes()
    broken.write_bytes(b"RIFFjunk")
    assert len(Pieces.load([str(root)], "train").pieces) == whole - 1
    err = capsys.readouterr().err
    assert err.count("left out") == 1 and f"{broken}: no sound that can be decoded" in err
    # So does one that breaks off later.
    broken.write_bytes(sound)
    pieces = Pieces.load([str(root)], "train")
    broken.write_bytes(sound[: len(sound) // 8])
    for seed in range(20):
        pieces.draw(np.random.default_rng(seed), 2.0, RATE)
    err = capsys.readouterr().err
    assert f"{broken}: breaks off after" in err and err.count("passed over") == err.count("\n")
    broken.write_bytes(b"RIFFjunk")
    assert len(list(pieces.read(RATE))) == whole - 1
    assert capsys.readouterr().err.count(f"{broken}: ") == 1
    for path in (root / "train").glob("*/*.wav"):
        path.write_bytes(b"RIFFjunk")
    with pytest.raises(ValueError, match=r"wav: no sound that can be decoded"):
        pieces.draw(np.random.default_rng(0), 1.0, RATE)
    with pytest.raises(ValueError, match=r"wav: no sound that can be decoded"):
        list(pieces.read(RATE))
    with pytest.raises(ValueError, match=r"wav: no sound that can be decoded"):
        Pieces.load([str(root)], "train")


def test_from_pieces_to_a_file_that_recognizes_and_tracks(stems: Path, tmp_path: Path) -> None:
    credits = tmp_path / "credits.csv"
    credits.write_text("name,licence,origin\ntones,CC0-1.0,this test\n")
    small = {"channels": [8, 8], "pooling": [3, 3], "width": 16, "heads": 2, "layers": 1}
    recipe = Recipe(
        stems=(str(stems),),
        validation_stems=(str(stems),),
        steps=60,
        batch=4,
        warmup_steps=5,
        learning_rate=0.01,
        validate_every=30,
        average=0.9,
        excerpt_seconds=1.0,
        chunk_seconds=1.0,
        overlap_seconds=0.2,
        features={"n_fft": 2048, "bands_per_octave": 6},
        options={**small, "convolutions": 1, "dropout": 0.0, "convolution_dropout": 0.0},
        workers=0,
        threads=1,
        half=False,
    )
    assert train(recipe, tmp_path / "run").finished
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["task"] == "activity"
    assert metrics["best"]["map"] > 0.9
    assert set(metrics["frame"]["thresholds"]) == set(INSTRUMENTS)
    assert main(["export", str(tmp_path / "run")]) == 1  # no credits yet
    assert main(["export", str(tmp_path / "run"), "--credits", str(credits)]) == 0
    model = runtime.load(tmp_path / "run" / "instruments.onnx")
    assert [source["name"] for source in model.card.sources] == ["tones"]
    assert model.card.outputs == instruments.name_outputs(INSTRUMENTS)
    again = ["export", str(tmp_path / "run"), "-o", str(tmp_path / "kept.onnx"), "--thresholds"]
    assert main([*again, "hits"]) == 1  # of another task
    assert main([*again, "instruments"]) == 0
    kept, shipped = (runtime.load(each).card for each in (tmp_path / "kept.onnx", "instruments"))
    assert (kept.thresholds, kept.calibration) == (shipped.thresholds, shipped.calibration)
    origin = {"thresholds_of": {"name": shipped.name, "commit": shipped.commit}}
    assert (kept.sources, kept.metrics) == (model.card.sources, model.card.metrics | origin)
    figures = describe("activity", model.card.metrics)
    (note,) = describe("activity", kept.metrics)[len(figures) :]
    assert note == "by thresholds that the run learned; those in the file are of an earlier model"

    violin = stems / "validation" / "00000" / "mixture.wav"
    found = instruments.recognize(violin, model=model)
    assert found.tags.scores.argmax() == VIO
    activity = instruments.track(violin, model=model)
    assert activity.probability.values.mean(axis=0).argmax() == VIO
    assert activity.level.values[10:-10, VIO].min() > -6
    both = instruments.track(stems / "validation" / "00002" / "mixture.wav", model=model)
    assert set(both.probability.values.mean(axis=0).argsort()[-2:]) == {VIO, BAS}

    # What was judged is what is recognized: at the same chunks, by torch and by onnxruntime.
    held_out = validation.prepare(recipe)
    from bandscribe.training.activity.recipe import build

    network = build(recipe).eval()
    network.load_state_dict(torch.load(tmp_path / "run" / "best.pt"))
    predicted = validation.infer_pieces(network, held_out)[0]
    np.testing.assert_allclose(found.probability.values, predicted[:, :13], atol=1e-3)
