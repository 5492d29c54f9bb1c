"""F1 of a DrummerNet over its training, on a corpus that is only watched, as the paper's figure 4.

    bandscribe train drummernet --recipe docs/models/drummernet/recipe.json --trail true -o RUN
    python benchmarks/checkpoints.py RUN CORPUS ROOT [--audio drum_only] -o DIR

The weights are those that RUN kept in RUN/trail, one file for each validation. Writes
DIR/training.csv and DIR/training.png: mean F1 of kick, snare and hi-hat (±50 ms) of the averaged
weights, for both ways to pick peaks with δ = 0.2, beside what RUN/history.csv tells of rendered
performances. Nothing is decided by it.
"""

import argparse
import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from bandscribe import audio, drums
from bandscribe.datasets.corpora import CORPORA
from bandscribe.display.figures import BLUE, INK, ORANGE, begin, save
from bandscribe.metrics import onsets
from bandscribe.runtime import ModelCard
from bandscribe.training.drummernet.network import Transcriber
from bandscribe.training.drummernet.recipe import Recipe, build
from bandscribe.training.drummernet.validation import PICKINGS, THRESHOLD
from bandscribe.training.recipes import read
from bandscribe.training.ship import describe
from bandscribe.vocabulary import DRUMS_3, reduce


@dataclass(frozen=True)
class Heard:
    """A checkpoint as something that hears drums."""

    card: ModelCard
    network: Transcriber
    threads: int = 1

    @torch.no_grad()
    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Amplitudes of a chunk."""
        return self.network(torch.from_numpy(features)[None])[0].numpy()


def main() -> None:
    """Judge every checkpoint on every track."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("corpus")
    parser.add_argument("root", type=Path)
    parser.add_argument("--audio")
    parser.add_argument("-o", type=Path, required=True)
    given = parser.parse_args()
    described = describe(given.run, "drummernet").card
    tracks = CORPORA[given.corpus].tracks(given.root, given.audio)
    references = [reduce(track.load(), 3) for track in tracks]
    plain = {"3": dict.fromkeys(DRUMS_3, THRESHOLD)}
    rows = []
    with (given.run / "history.csv").open(encoding="utf-8") as file:
        history = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    minutes = {int(row["step"]): row["minutes"] for row in history}
    if not (trail := sorted((given.run / "trail").glob("*.pt"), key=lambda path: int(path.stem))):
        raise SystemExit(f"{given.run}: no trail of weights; train with --trail true")
    for path in trail:
        saved = torch.load(path, map_location="cpu")
        analysis = build(read(given.run, Recipe))
        analysis.load_state_dict(
            {name: saved[f"analysis.{name}"] for name in analysis.state_dict()}
        )
        model = Heard(described, Transcriber(analysis).eval())
        heard = [
            drums.infer(audio.read(track.audio, sample_rate=16000, mono=True), model)
            for track in tracks
        ]
        row = {"step": int(path.stem), "hours": minutes[int(path.stem)] / 60}
        for name, peaks in PICKINGS.items():
            picking = replace(described, peaks=dict(peaks), thresholds=plain)
            estimates = [
                drums.notes(what, picking, classes=3, duration=reference.duration)
                for what, reference in zip(heard, references, strict=True)
            ]
            found = onsets.score(references, estimates, DRUMS_3)
            row |= {f"{name}_{label}": float(found.per_class[label].f1) for label in DRUMS_3}
            row[f"{name}_mean"] = float(np.mean([row[f"{name}_{label}"] for label in DRUMS_3]))
        rows.append(row)
        print(" ".join(f"{name} {value:.3f}" for name, value in row.items()), flush=True)
    given.o.mkdir(parents=True, exist_ok=True)
    with (given.o / "training.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({k: round(v, 4) for k, v in row.items()} for row in rows)
    figure = begin(8, 4, "DrummerNet over its training: mean F1 of kick, snare and hi-hat")
    axis = figure.subplots()
    steps = [row["step"] for row in history]
    for name, colour in (("level", BLUE), ("paper", ORANGE)):
        rendered = [row[f"{name}_mean_f1"] for row in history]
        axis.plot(steps, rendered, color=colour, label=f"rendered, peaks: {name}")
        axis.plot(
            [row["step"] for row in rows], [row[f"{name}_mean"] for row in rows], "o--",
            color=colour, label=f"{given.corpus}, peaks: {name}",
        )  # fmt: skip
    axis.axhline(0.664, color=INK, linewidth=0.8, linestyle=":")
    axis.text(steps[0], 0.668, "the paper on MDB, 0.664", fontsize=8, color=INK)
    axis.set_xlabel("step", color=INK)
    axis.set_ylabel("F1", color=INK)
    axis.set_ylim(0.3, 1)
    axis.legend(frameon=False, ncols=2, loc="upper left")
    save(given.o / "training.png", figure)


if __name__ == "__main__":
    main()
