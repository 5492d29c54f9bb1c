"""The comparisons of chapter 5 of Harmony Is All You Need, and its outlook, as literal tables.

Ferković and Smoljan 2023. A row is a label and the fields of a recipe in which it differs from the
other rows; `base` is what all have, where the command line does not. Where the paper trains a
ResNet-50 on published weights, so do the tables: `--model features` and the like name a cheaper
network for all rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from bandscribe.studies import runs
from bandscribe.studies.runs import Fields

#: Names of two corpora.
NUMBERS = ("first", "second")


@dataclass(frozen=True, eq=False)
class RecognitionRow(runs.StudyRow):
    """A row of a table.

    `decided` is how windows become a decision: the aggregation, with `_learned` after it for
    learned thresholds. Of corpora that are numbered in the order given, the row is trained on
    number `trained` and tested on number `tested`; None takes all.
    """

    decided: str = "s2"
    trained: int | None = None
    tested: int | None = None


@dataclass(frozen=True)
class RowComparison:
    """A question, its section, what all runs share, and the rows."""

    question: str
    base: Fields
    rows: tuple[RecognitionRow, ...]


def _row(label: str, **fields: str) -> RecognitionRow:
    return RecognitionRow(label, (fields,))


def _network(label: str, model: str, parameters: float) -> RecognitionRow:
    """A row with the number of parameters from table 4.1."""
    return RecognitionRow(label, ({"model": model},), about={"parameters": parameters})


_RESNET = {"model": "resnet50"}
_MFCC = {"model": "mfcc"}
_STATIC, _DYNAMIC = {"sampling": "static"}, {"sampling": "true_dynamic"}
_PERSISTENT = {"sampling": "base_persistent"}
_NETWORKS = (
    _network("audio, 1-D CNN", "audio", 180e3),
    _network("MFCC, 2-D CNN", "mfcc", 879e3),
    _network("features, 1-D CNN", "features", 114e3),
)

#: The networks of chapter 4, whose `cost` is measured.
COSTS = (*_NETWORKS, _network("ResNet-50", "resnet50", 23.5e6), _network("AST, 1 s", "ast", 86.2e6))

#: The comparisons of `bandscribe study recognition`, except `cost`.
COMPARISONS: dict[str, RowComparison] = {
    "windows": RowComparison(
        "How long a window? (section 5.2)",
        _RESNET,
        tuple(_row(f"{seconds} s", window_seconds=str(seconds)) for seconds in (1, 2, 3, 4, 5)),
    ),
    "networks": RowComparison(
        "Which network without pretraining, and which baseline? (section 5.3)",
        {},
        (
            *_NETWORKS,
            _row("linear on MFCC means", model="linear"),
            _row("SVM on MFCC means", model="svm"),
            _row("boosted trees on MFCC means", model="trees"),
        ),
    ),
    "sampling": RowComparison(
        "Are mixtures better examples? (section 5.4)",
        _RESNET,
        (
            _row("static", **_STATIC),
            _row("true dynamic", **_DYNAMIC),
            _row("base-persistent", sampling="base_persistent"),
        ),
    ),
    "mixtures": RowComparison(
        "How many in a mixture, and how long? (section 5.4, figure 5.3)",
        _RESNET,
        tuple(
            _row(
                f"{how}-{most}, {seconds} s",
                sampling=kind,
                maximum=str(most),
                window_seconds=str(seconds),
            )
            for how, kind in (("TDS", "true_dynamic"), ("BSPDS", "base_persistent"))
            for most, seconds in ((4, 1), (5, 1), (5, 3))
        ),
    ),
    "finalists": RowComparison(
        "Which of the three finalists? (section 5.8, figure 5.8)",
        {},
        (
            _row("ResNet-50, static, 1 s", model="resnet50", window_seconds="1"),
            _row(
                "ResNet-50, base-persistent, 3 s",
                model="resnet50",
                window_seconds="3",
                sampling="base_persistent",
            ),
            _row("AST, static, 1 s", model="ast", window_seconds="1"),
        ),
    ),
    "transformer": RowComparison(
        "A transformer or a ResNet? (section 5.6, figure 5.5: of AudioSet, tested on IRMAS)",
        {},
        (_row("ResNet-50", model="resnet50"), _row("AST", model="ast")),
    ),
    "corpora": RowComparison(
        "How far does one corpus carry to the other? (section 5.5)",
        _RESNET,
        tuple(
            RecognitionRow(f"trained on {NUMBERS[a]}, tested on {NUMBERS[b]}", trained=a, tested=b)
            for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))
        ),
    ),
    "regularisation": RowComparison(
        "What does each kind of regularisation bring? (section 3.4 and chapter 4)",
        _MFCC,
        (
            _row("L2, dropout, augmentation"),
            _row("without L2", weight_decay="0"),
            _row("without dropout", options='{"dropout": 0}'),
            _row("without augmentation", augment="false"),
            _row("none of them", weight_decay="0", options='{"dropout": 0}', augment="false"),
        ),
    ),
    "ast": RowComparison(
        "A transformer on one second or on ten, and its L2? (section 5.6)",
        {"model": "ast"},
        (
            _row("1 s"),
            _row("10 s", window_seconds="10"),
            _row("1 s, weaker L2", weight_decay="1e-5", head_weight_decay="1e-5"),
        ),
    ),
    "coefficients": RowComparison(
        "How many cepstral coefficients? (section 4.2)",
        _MFCC,
        (
            _row("40", features="mfcc_40"),
            _row("13, resized to 40", features="mfcc_13", options='{"resized_bins": 40}'),
        ),
    ),
    "stack": RowComparison(
        "Forty features: channels of their own, or an image? (section 4.3)",
        {"features": "stack"},
        (
            _row("1-D CNN, a channel each", model="features"),
            _row("2-D CNN, an image", model="mfcc"),
        ),
    ),
    "schedules": RowComparison(
        "Which learning-rate schedule? (chapter 4)",
        _MFCC,
        (_row("polynomial decay", schedule="polynomial"), _row("plateau", schedule="plateau")),
    ),
    "ensemble": RowComparison(
        "Networks trained with and without mixtures, together? (section 5.8)",
        _RESNET,
        tuple(
            RecognitionRow(f"{label}, {how}", members, decided=decided)
            for label, members in (
                ("static", (_STATIC,)),
                ("true dynamic", (_DYNAMIC,)),
                ("base-persistent", (_PERSISTENT,)),
                ("static and true dynamic", (_STATIC, _DYNAMIC)),
                ("static and base-persistent", (_STATIC, _PERSISTENT)),
            )
            for how, decided in (
                # Means over windows seldom reach 0.5.
                ("S1, learned thresholds", "s1_learned"),
                ("S2", "s2"),
                ("S2, learned thresholds", "s2_learned"),
            )
        ),
    ),
}
