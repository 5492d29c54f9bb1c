"""Pictures of what `bandscribe evaluate drums` and `compare` find; factorization as a model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe.display import activations
from bandscribe.evaluation.comparison import stack_rates
from tiny import SAMPLE_RATE

pytest.importorskip("matplotlib")

MDB = ["evaluate", "drums", "mdb"]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What is drawn of tracks, as it is handed in."""
    calls: list[dict[str, object]] = []
    draw = activations.plot

    def record(path, curves, notes, **options):  # type: ignore[no-untyped-def]
        calls.append({"path": path, "curves": curves, "notes": notes, **options})
        draw(path, curves, notes, **options)

    monkeypatch.setattr("bandscribe.display.plot", record)
    return calls


def test_a_track_is_drawn_with_what_is_picked_and_annotated(
    bandscribe, corpus, tiny_model, drawn
) -> None:
    result = bandscribe(*MDB, corpus, "--model", tiny_model, "-o", "out", "--plot", "MusicDelta_X")
    assert (result.code, result.err) == (0, "")
    assert "out/plots/MusicDelta_X.png: activations, picked and annotated notes" in result.out
    assert Path("out/plots/MusicDelta_X.png").stat().st_size > 5000
    [call] = drawn
    curves, reference = call["curves"], call["reference"]
    assert curves.classes == ("KD", "SD", "HH")
    assert np.allclose(curves.values.max(axis=0), 1)  # each beside its own loudest
    # The first snare is annotated as a tom, so that it is a false alarm here.
    assert reference.found.tolist() == [True] * 6
    wrong = call["notes"].onsets[~reference.right]
    assert wrong == pytest.approx([0.75], abs=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--plot", "MusicDelta_Y", "-o", "out"], "no track is called 'MusicDelta_Y'"),
        (["--plot", "MusicDelta_X"], "name the folder of the report with -o"),
        (
            ["--plot", "MusicDelta_X", "-o", "out", "--estimates", "notes"],
            "draws the activations of a model, and not --estimates",
        ),
    ],
)
def test_what_cannot_be_drawn(bandscribe, corpus, tiny_model, options, message) -> None:
    Path("notes").mkdir()
    Path("notes/MusicDelta_X.txt").write_text("0.25 KD\n")
    result = bandscribe(*MDB, corpus, "--model", tiny_model, *options)
    assert result.code == 2
    assert message in result.err
    assert not Path("out").exists()


def test_results_are_gathered_and_drawn(bandscribe, corpus, tiny_model) -> None:
    assert bandscribe(*MDB, corpus, "--model", tiny_model, "-o", "net").code == 0
    for name, rows in (("kick", "0.25 KD\n"), ("all", "0.25 KD\n0.5 HH\n0.75 SD\n2.0 CY\n")):
        Path(name).mkdir()
        Path(name, "MusicDelta_X.txt").write_text(rows)
        assert bandscribe(*MDB, corpus, "--estimates", name, "-o", f"of_{name}").code == 0
    result = bandscribe("compare", "net", "of_kick", "of_all", "--plot", "bars.png")
    assert (result.code, result.err) == (0, "")
    assert "net and of_kick: 1 track in both" in result.out
    assert "net and of_all: 1 track in both" in result.out
    assert result.out.endswith("bars.png: precision, recall and F1 by class\n")
    assert Path("bars.png").stat().st_size > 5000
    # `kick` names no class but KD, which is among three.
    found = stack_rates([Path("net"), Path("of_kick"), Path("of_all")])[-1]
    assert found.classes == ("KD", "SD", "HH", "mean")
    # Of two kicks, one snare and three hi-hats: one kick alone.
    assert found.rates[1, 0] == pytest.approx([1, 1 / 2, 2 / 3])
    assert np.isnan(found.rates[1, 1, 0])
    three = json.loads(Path("net/metrics.json").read_text())["classes_3"]
    assert found.rates[0, 3] == pytest.approx(
        [three["macro"][n] for n in ("precision", "recall", "f1")]
    )
    assert found.intervals[0, 3] == pytest.approx(three["macro"]["ci95"])
    assert bandscribe("compare", "net", "of_kick", "of_all", "-o", "x.json").code == 2


def test_other_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no finished result"):
        stack_rates([tmp_path])
    (tmp_path / "tracks.csv").touch()
    (tmp_path / "metrics.json").write_text('{"task": "recognition"}')
    with pytest.raises(ValueError, match="expected a result on drums, got one on recognition"):
        stack_rates([tmp_path])
    for name, views in (("a", "classes_10"), ("b", "classes_3")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tracks.csv").touch()
        (tmp_path / name / "metrics.json").write_text(f'{{"task": "drums", "{views}": {{}}}}')
    with pytest.raises(ValueError, match="no number of classes in common"):
        stack_rates([tmp_path / "a", tmp_path / "b"])


@pytest.mark.parametrize("model", ["nmf", "nmfd"])
def test_templates_transcribe_and_are_evaluated(bandscribe, corpus, model: str) -> None:
    rng = np.random.default_rng(0)
    sound = rng.normal(size=SAMPLE_RATE) * np.exp(-np.arange(SAMPLE_RATE) / 2000)
    soundfile.write("noise.wav", np.pad(0.3 * sound, (SAMPLE_RATE, 0)), SAMPLE_RATE)
    result = bandscribe("transcribe", "noise.wav", "--model", model, "--format", "csv,npz,png")
    assert (result.code, result.err) == (0, "")
    rows = [line.split(",") for line in Path("noise.csv").read_text().splitlines()[1:]]
    assert rows
    assert all(abs(float(onset) - 1) < 0.05 for onset, *_ in rows)
    with np.load("noise.npz") as content:
        assert content["values"].shape[1] == 10
    result = bandscribe(*MDB, corpus, "--model", model, "-o", "out")
    assert (result.code, result.err) == (0, "")
    found = json.loads(Path("out/metrics.json").read_text())
    assert found["model"] == model
    assert found["beats"] is None
