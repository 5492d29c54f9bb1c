"""DrummerNet compared with supervised networks on test corpora: figure 5 of Choi and Cho 2019.

The supervised networks are those of Wu et al. 2018, A review of automatic drum transcription, as
far as their names describe them: recurrent layers of tanh, ReLU, LSTM or GRU units, in both
directions (`B`) or in one, with targets that are some frames late (`ts`). They learn from labelled
corpora and are tested on others ("eval-cross"). Where we differ: sizes are ours, two layers of 50
units and three frames (30 ms); LSTM units have no peepholes; the front end, the loss and the rules
of training are those of `bandscribe train drums`.

Models beside them, such as a DrummerNet of any run that was exported, nmf and nmfd, are not trained
but evaluated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bandscribe import drums
from bandscribe.studies.drum_corpora import StudyCorpus
from bandscribe.studies.drum_tests import score, score_run
from bandscribe.studies.runs import Fields, RowOutcome, Study, StudyRow, check, resolve_member
from bandscribe.studies.tables import column
from bandscribe.training.drums.recipe import Recipe
from bandscribe.training.drums.train import train
from bandscribe.training.export import read_metrics

#: The name of the study, among the questions of `studies.drummernet`.
NAME = "supervised"
BASE: Fields = {"classes": "3", "model": "rnn", "velocity_weight": "0", "beat_weight": "0"}
_SIZE = {"layers": 2, "hidden": 50}
_LATE = {"bidirectional": False, "lookahead": 3}


def _row(label: str, **options: Any) -> StudyRow:
    return StudyRow(label, ({"options": json.dumps({**_SIZE, **options})},))


ROWS: Sequence[StudyRow] = (
    _row("RNN", unit="tanh", bidirectional=False),
    _row("tanhB", unit="tanh"),
    _row("ReLUts", unit="relu", **_LATE),
    _row("lstmB", unit="lstm"),
    _row("GRUts", unit="gru", **_LATE),
)
#: Section 4.3: the mean F1 on IDMT-SMT-Drums, the only figure in the text.
PAPER: Mapping[str, float] = {"DrummerNet, the paper, on IDMT-SMT": 0.869}


def plan(given: Fields, tests: Sequence[StudyCorpus], models: Sequence[str]) -> Study[Recipe]:
    """The study; `given` are fields of `bandscribe train drums`, among them the corpora.

    `models` are names of shipped models, or files. Raises ValueError for a field or a model that is
    none, and without corpora to train or to test on.
    """
    check(given, ROWS)
    if not tests:
        raise ValueError("--test-corpora: expected corpora to test on")
    if "corpora" not in given:
        raise ValueError("--corpora: expected labelled corpora for the supervised networks")
    beside = {model: drums.load(model) for model in models}

    def evaluate(row: StudyRow, runs: tuple[Path, ...]) -> dict[str, Any]:
        return {**read_metrics(runs[0])["best"], **score_run(runs[0], tests)}

    def baselines(outcomes: Sequence[RowOutcome]) -> list[RowOutcome]:
        return [
            *(
                RowOutcome(Path(name).stem, (score(model, {"": model.card}, tests),), baseline=True)
                for name, model in beside.items()
            ),
            *(RowOutcome(name, ({"f1": f1},), baseline=True) for name, f1 in PAPER.items()),
        ]

    names = {"kd": "KD", "sd": "SD", "hh": "HH", **{test.label: test.label for test in tests}}
    return Study(
        NAME,
        "DrummerNet beside supervised networks: F1 on test corpora",
        [
            column("f1", "mean F1", drawn=True),
            *(column(name, title, drawn=True) for name, title in names.items()),
        ],
        {row: [resolve_member("drums", BASE, given, row.members[0])] for row in ROWS},
        train,
        evaluate,
        tested=lambda row: [test.text for test in tests],
        baselines=baselines,
        described={"fields": {**BASE, **given}, "test": [test.text for test in tests]},
    )
