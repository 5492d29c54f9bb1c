"""F1 of kick, snare and hi-hat of trained runs on whole corpora, as in Choi and Cho 2019.

A figure is that of all onsets of a corpus (±50 ms), one for each of the three; their mean over
corpora is figure 8 of the paper, over the items of a training figure 4, and beside supervised
networks on one corpus figure 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bandscribe import audio, drums
from bandscribe.metrics import onsets
from bandscribe.runtime import ACTIVATIONS, ModelCard
from bandscribe.studies.drum_corpora import StudyCorpus
from bandscribe.training import checkpoints, ship
from bandscribe.training.drummernet.network import Transcriber
from bandscribe.training.drummernet.recipe import fill
from bandscribe.training.drummernet.validation import PICKINGS, THRESHOLD
from bandscribe.training.mapped import leave_out
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS_3, reduce

#: The number of classes, and its key in the thresholds of a card.
_COUNT, _USE = 3, "3"


@dataclass(frozen=True)
class RunModel:
    """The network of a run as a `drums.DrumModel`; `logits` if it outputs them."""

    card: ModelCard
    network: nn.Module
    logits: bool
    threads: int = 1

    @classmethod
    def load(cls, run: Path, weights: Path | None = None) -> RunModel:
        """The network of a run with its best weights, or those of another validation.

        Raises ValueError as `ship.describe`, and for weights of another network.
        """
        made = ship.describe(run, credited=False)
        if weights is not None and isinstance(made.network, Transcriber):
            fill(made.network.analysis, str(weights))
        elif weights is not None:
            checkpoints.fill(made.network, weights)
        return cls(made.card, made.network.eval(), made.output != ACTIVATIONS)

    @torch.no_grad()
    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Activations (frame, output) of a chunk of features (frame, bin)."""
        outputs = self.network(torch.from_numpy(features)[None])[0]
        found: NDArray[np.float32] = (outputs.sigmoid() if self.logits else outputs).numpy()
        return found

    @property
    def cards(self) -> Mapping[str, ModelCard]:
        """Cards by the name of their peak picking: the two of the paper, or "" for the own one."""
        if not isinstance(self.network, Transcriber):
            return {"": self.card}
        plain = {_USE: dict.fromkeys(DRUMS_3, THRESHOLD)}
        return {
            f"{name}.": replace(self.card, peaks=dict(peaks), thresholds=plain)
            for name, peaks in PICKINGS.items()
        }


def score(
    model: drums.DrumModel, cards: Mapping[str, ModelCard], tests: Sequence[StudyCorpus]
) -> dict[str, float]:
    """F1 of a model on test corpora, picked by each of the `cards`, whose names come first.

    `LABEL.kd` is that of kicks in the corpus called LABEL, `LABEL` the mean of the three there;
    `kd`, `sd`, `hh` and `f1` are means over the corpora. Tracks that cannot be read are reported on
    standard error and left out; raises ValueError where a corpus has no other.
    """
    figures: dict[str, float] = {}
    names = [name.lower() for name in DRUMS_3]
    for test in tests:
        references, estimates = _transcribe(model, list(cards.values()), test)
        for start, estimated in zip(cards, estimates, strict=True):
            found = onsets.score(references, estimated, DRUMS_3).per_class
            own = [float(np.nan_to_num(found[label].f1)) for label in DRUMS_3]
            parts = (f"{start}{test.label}.{name}" for name in names)
            figures |= dict(zip(parts, own, strict=True))
            figures[f"{start}{test.label}"] = float(np.mean(own))
    for start in cards:
        for name in names:
            each = [figures[f"{start}{test.label}.{name}"] for test in tests]
            figures[f"{start}{name}"] = float(np.mean(each))
        figures[f"{start}f1"] = float(np.mean([figures[f"{start}{name}"] for name in names]))
    return figures


def score_run(run: Path, tests: Sequence[StudyCorpus]) -> dict[str, float]:
    """`score` of the best weights of a run."""
    model = RunModel.load(run)
    return score(model, model.cards, tests)


def score_trail(run: Path, tests: Sequence[StudyCorpus]) -> list[dict[str, Any]]:
    """`score` of the weights of every validation that a run kept, with `step`, in their order."""
    trail = sorted((run / "trail").glob("*.pt"), key=lambda path: int(path.stem))
    rows: list[dict[str, Any]] = []
    for weights in trail:
        model = RunModel.load(run, weights)
        rows.append({"step": int(weights.stem), **score(model, model.cards, tests)})
    return rows


def _transcribe(
    model: drums.DrumModel, cards: Sequence[ModelCard], test: StudyCorpus
) -> tuple[list[Transcription], list[list[Transcription]]]:
    """The notes of a corpus's tracks, and what the model estimates (card, track)."""
    rate = drums.front_end(model.card).sample_rate
    references: list[Transcription] = []
    estimates: list[list[Transcription]] = [[] for _ in cards]
    for track in test.test:
        try:
            reference = reduce(track.load(), _COUNT)
            blocks = drums.TimedBlocks(audio.stream(track.audio, sample_rate=rate))
            inferred = drums.infer(blocks, model)
        except (ValueError, OSError) as error:
            leave_out([str(error)])
            continue
        references.append(reference)
        for card, found in zip(cards, estimates, strict=True):
            found.append(drums.notes(inferred, card, classes=_COUNT, duration=blocks.duration))
    if not references:
        raise ValueError(f"{test.text}: no track can be evaluated")
    return references, estimates
