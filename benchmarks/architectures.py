"""What several drum networks cost, and how good they are.

    python benchmarks/architectures.py RUN_OR_ONNX ... [--mdb ROOT] [--seconds 180]

A RUN is a folder that `bandscribe train drums` wrote; an ONNX file is a model that `bandscribe
export` wrote. Prints a row for each: parameters, minutes of training, micro F1 in ten and five
classes on the run's rendered validation audio, micro F1 in five classes on MDB Drums (drums alone,
and the remix or full mix where the corpus has it), and audio seconds per second of front end and
network on one core.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx

from bandscribe import drums, runtime
from bandscribe.cli import main as bandscribe
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.types import Audio

MIXES = ("drum_only", "remix", "full_mix")


def export(source: Path, folder: Path) -> Path:
    """The ONNX file of a run; an ONNX file is one already."""
    if source.is_file():
        return source
    path = folder / f"{source.name}.onnx"
    if bandscribe(["export", str(source), "-o", str(path)]):
        raise SystemExit(f"{source}: cannot be exported")
    return path


def count_parameters(path: Path) -> int:
    """Numbers in the initializers of the graph."""
    graph = onnx.load(path).graph
    return sum(int(np.prod(tensor.dims)) for tensor in graph.initializer)


def measure_speed(model: runtime.Model, seconds: float) -> float:
    """Audio seconds per second, of noise on one core."""
    front_end = LogSpectrogram(**model.card.features)
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((1, round(seconds * front_end.sample_rate)), dtype=np.float32)
    begin = time.perf_counter()
    drums.infer(Audio(0.1 * noise, front_end.sample_rate), model)
    return seconds / (time.perf_counter() - begin)


def score(path: Path, root: Path, mix: str, folder: Path) -> float | None:
    """Micro F1 in five classes, or None where the corpus has no such audio."""
    out = folder / f"{path.stem}_{mix}"
    command = ["evaluate", "drums", "mdb", str(root), "--audio", mix, "--model", str(path)]
    if bandscribe([*command, "-o", str(out)]) == 2 or not (out / "metrics.json").is_file():
        return None
    figures = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    return float(figures["classes_5"]["micro"]["f1"])


def training(source: Path, card: runtime.ModelCard) -> tuple[float, int]:
    """Minutes and steps of training, as far as they are known."""
    history = source / "history.csv"
    if not history.is_file():
        return float("nan"), int(card.metrics.get("steps", 0))
    last = history.read_text(encoding="utf-8").split()[-1].split(",")
    return float(last[1]), int(float(last[0]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument("--mdb", type=Path)
    parser.add_argument("--seconds", type=float, default=180.0)
    arguments = parser.parse_args()
    names = ["parameters", "minutes", "steps", "micro 10", "micro 5"]
    names += [f"mdb {mix}" for mix in MIXES] if arguments.mdb else []
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for source in arguments.sources:
            path = export(source, Path(scratch))
            model = runtime.load(path, threads=1)
            card = model.card
            row = [f"{count_parameters(path):,}", *map("{:.0f}".format, training(source, card))]
            row += [f"{card.metrics[f'classes_{n}']['micro']['f1']:.3f}" for n in (10, 5)]
            if arguments.mdb:
                found = [score(path, arguments.mdb, mix, Path(scratch)) for mix in MIXES]
                row += ["-" if f1 is None else f"{f1:.3f}" for f1 in found]
            rows.append([source.stem, *row, f"{measure_speed(model, arguments.seconds):.0f}"])
    for row in [["network", *names, "x real time"], *rows]:
        print("  ".join(f"{cell:>12}" for cell in row))


if __name__ == "__main__":
    main()
