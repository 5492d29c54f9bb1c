"""Which parts of DrummerNet matter: the ablations of Choi and Cho 2019, section 4.5, and ours.

All rows begin with the same weights, train on the same excerpts and are evaluated alike: F1 of
kick, snare and hi-hat (±50 ms) on the recipe's validation kits, for both ways to pick peaks, and on
whole corpora, where some are named (figure 8). Of rows that keep a trail of weights, their F1 over
the training is drawn (figure 4).
Training time is what steps of one batch cost a processor core, whatever else it has to do. The
paper's figures are means over three corpora of real drums, after training that is some thousand
times as long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from bandscribe.studies import drum_tests, drummernet_trail
from bandscribe.studies.drum_corpora import StudyCorpus
from bandscribe.studies.runs import Fields, Study, StudyRow, check, choose, time_step
from bandscribe.studies.tables import ScoreColumn, column
from bandscribe.training import export, recipes
from bandscribe.training.drummernet.loss import SAMPLE_RATE
from bandscribe.training.drummernet.network import COMPONENTS, SECONDS
from bandscribe.training.drummernet.recipe import Recipe, build, join, make_loss
from bandscribe.training.drummernet.train import train

_GRU = {"memory": "gru"}
#: The names are those of figure 8, except the last two. Recurrent layers belong to all but CONV,
#: whatever the recipe of the others has.
ROWS: Mapping[str, StudyRow] = {
    "DFL": StudyRow("DFL", (_GRU,)),
    "SOFT": StudyRow("SOFT", ({**_GRU, "sparsity": "softmax"},)),
    "MEL": StudyRow("MEL", ({**_GRU, "spectrum": "mel"},)),
    "STFT": StudyRow("STFT", ({**_GRU, "spectrum": "stft"},)),
    "NOE": StudyRow("NOE", ({**_GRU, "enhanced": "false"},)),
    "CONV": StudyRow("CONV", ({"memory": "conv"},)),
    "shaped": StudyRow("shaped", ({**_GRU, "shaped": "true"},)),
    "cyclic": StudyRow("cyclic", ({**_GRU, "cycle": "0.1"},)),
}
#: The rows of each question, which are compared with the first.
QUESTIONS: Mapping[str, Sequence[str]] = {
    "sparsity": ("DFL", "SOFT"),
    "spectrum": ("DFL", "MEL", "STFT"),
    "enhancement": ("DFL", "NOE"),
    "memory": ("DFL", "CONV"),
    "synthesizer": ("DFL", "shaped"),
    "cycle": ("DFL", "cyclic"),
    "all": tuple(ROWS),
}
COLUMNS = (
    column("weights", "weights"),
    column("cpu_minutes", "minutes of a core", drawn=True),
    column("validation_loss", "loss"),
    column("paper_mean_f1", "F1, paper", drawn=True),
    column("level_mean_f1", "F1, level", drawn=True),
    column("level_kd_f1", "KD", drawn=True),
    column("level_sd_f1", "SD", drawn=True),
    column("level_hh_f1", "HH", drawn=True),
)


def plan(
    name: str, given: Fields, path: Path | None = None, tests: Sequence[StudyCorpus] = ()
) -> Study[Recipe]:
    """The study of a question, or of rows `A,B`; `given` are fields of all recipes, over a file's.

    Rows are also evaluated on the corpora `tests`. Raises ValueError for a name or a field that is
    none.
    """
    rows = [ROWS[each] for each in choose(name, QUESTIONS, ROWS)]
    check(given, rows)
    base = recipes.from_file(path, Recipe) if path else Recipe()
    shared = recipes.override(base, given)
    return Study(
        name, "DrummerNet: what matters", [*COLUMNS, *test_columns(tests)],
        {row: [recipes.override(shared, row.members[0])] for row in rows}, train,
        partial(evaluate, tests=tests),
        tested=lambda row: [test.text for test in tests] or "",
        finish=partial(drummernet_trail.finish, tests=tests),
        described={"fields": given, "test": [test.text for test in tests]},
    )  # fmt: skip


def test_columns(tests: Sequence[StudyCorpus]) -> list[ScoreColumn]:
    """F1 on test corpora with the peak picking of the paper, and their means with ours."""
    if not tests:
        return []
    names = {"kd": "KD", "sd": "SD", "hh": "HH", **{test.label: test.label for test in tests}}
    return [
        column("paper.f1", "test, paper", drawn=True),
        column("level.f1", "test, level", drawn=True),
        *(column(f"paper.{name}", f"test {title}", drawn=True) for name, title in names.items()),
    ]


def evaluate(
    row: StudyRow, runs: tuple[Path, ...], tests: Sequence[StudyCorpus] = ()
) -> dict[str, Any]:
    """The scores of the best weights of a run in validation and on test corpora.

    And the size of the network, and what its training costs.
    """
    recipe = recipes.read(runs[0], Recipe)
    return {
        "weights": sum(weight.numel() for weight in build(recipe).parameters()),
        "cpu_minutes": measure_step(recipe) * recipe.steps / 60,
        **export.read_metrics(runs[0])["best"],
        **(drum_tests.score_run(runs[0], tests) if tests else {}),
    }


def measure_step(recipe: Recipe) -> float:
    """Processor seconds of a training step."""
    waveforms = torch.zeros(1, len(COMPONENTS), round(SECONDS * SAMPLE_RATE))
    model = join(recipe, waveforms)
    noise = torch.rand(recipe.batch, round(recipe.excerpt_seconds * SAMPLE_RATE)) - 0.5
    optimiser = torch.optim.AdamW(model.parameters(), fused=True)
    return time_step(model, optimiser, make_loss(recipe), noise, noise)
