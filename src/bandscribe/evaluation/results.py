"""A result folder: what was evaluated and how, and the files that say what came out.

metrics.json   what was evaluated, and all figures
tracks.csv     counts and figures of each track and class
beats.csv      figures of the beats of each track, where any are known
report.html    a page to look at and listen to
tracks/        a file per track: what a later call need not do again
audio/         with `copy_audio`: what the page plays
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bandscribe.datasets.corpus import Corpus
from bandscribe.datasets.track import Track
from bandscribe.evaluation import beats, figures, report
from bandscribe.evaluation.run import Outcome, Settings
from bandscribe.evaluation.systems import Network, System
from bandscribe.metrics.tasks import name_setup, name_task
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS, REDUCTIONS

STORE = "tracks"
EVERYTHING = "all"

Tracks = Sequence[Track[Any]]
Figures = dict[str, Any]


def choose(tracks: Tracks, split: str | None) -> tuple[Tracks, str]:
    """The tracks of one split, and its name; None takes `test` where there is one, else all.

    Raises ValueError for a split that no track is of.
    """
    known = sorted({track.split for track in tracks})
    name = split or ("test" if "test" in known else EVERYTHING)
    if name == EVERYTHING:
        return tracks, EVERYTHING
    if name not in known:
        raise ValueError(
            f"--split: expected one of {', '.join([*known, EVERYTHING])}, got {name!r}"
        )
    return [track for track in tracks if track.split == name], name


def describe_audio(corpus: Corpus[Any], root: Path, audio: str, split: str) -> Figures:
    """What was listened to, whatever the task; what listened is yet to be said."""
    return {
        "task": corpus.task,
        "corpus": corpus.name,
        "root": root.resolve().name,
        "audio": audio,
        "split": split,
        "model": None,
        "commit": None,
        "estimates": None,
        "setup": None,
    }


def describe(
    corpus: Corpus[Transcription],
    root: Path,
    audio: str,
    split: str,
    system: System,
    settings: Settings,
) -> Figures:
    """What is evaluated and how: what metrics.json says before the figures."""
    described: Figures = {
        **describe_audio(corpus, root, audio, split),
        "tolerance": settings.tolerance,
        "unscored": list(settings.unscored),
        "literature": {
            str(count): name_task(
                melodic=audio in corpus.melodic,
                untranscribed=corpus.percussion or _drops(corpus.classes, count),
            )
            for count in settings.counts
        },
    }
    if isinstance(system, Network):
        # Of somebody's own folder nobody knows whether the model has heard it.
        own = corpus.licence == "own"
        setup = None if own else name_setup(corpus.name, system.trained_on)
        return {**described, "model": system.model, "commit": system.commit, "setup": setup}
    return {**described, "estimates": str(system.folder)}


def _drops(classes: Sequence[str], count: int) -> bool:
    """Whether the corpus annotates drums that these classes do not cover."""
    return any(name not in DRUMS[count] and REDUCTIONS[count].get(name) is None for name in classes)


def name_system(figures: Mapping[str, Any]) -> str:
    """For example `model drums`, or `estimates of system_x`."""
    if figures["model"] is not None:
        return f"model {figures['model']}"
    return f"estimates of {Path(figures['estimates']).name}"


def summarise(described: Mapping[str, Any], outcome: Outcome, wanted: Sequence[int]) -> Figures:
    """All that metrics.json holds, in each number of classes that can be scored.

    Raises ValueError when there is none of `wanted`.
    """
    counts = figures.scored_counts(outcome.verdicts, wanted)
    if not counts:
        raise ValueError(
            f"the estimates' labels cannot be scored in {' or '.join(map(str, wanted))} classes; "
            "name the classes as bandscribe transcribe does"
        )
    return {
        **described,
        "tracks": len(outcome.verdicts),
        "failed": [{"track": track, "problem": problem} for track, problem in outcome.problems],
        "offset": figures.summarise_offsets(outcome.verdicts),
        "beats": beats.summarise(outcome.verdicts),
        **{f"classes_{count}": figures.summarise(outcome.verdicts, count) for count in counts},
    }


def tabulate(summary: Figures) -> Iterable[str]:
    """Lines for a terminal."""
    tolerance = f"±{summary['tolerance'] * 1000:g} ms"
    yield f"{_place(summary)}: {_extent(summary)}, {name_system(summary)}, {tolerance}"
    for count in scored(summary):
        yield ""
        yield from figures.tabulate(f"{count} classes", summary[f"classes_{count}"])
    if summary["beats"] is not None:
        yield ""
        yield from beats.tabulate(summary["beats"])
    if (offset := summary["offset"]) is not None:
        side = "early" if offset["median"] >= 0 else "late"
        yield f"\noffset: the median estimate is {abs(offset['median']) * 1000:.1f} ms {side}"


def _place(summary: Figures) -> str:
    """For example `mdb drum_only`."""
    return f"{summary['corpus']} {summary['audio']}".strip()


def _extent(summary: Figures) -> str:
    """For example `23 tracks (test)`."""
    number = "1 track" if summary["tracks"] == 1 else f"{summary['tracks']} tracks"
    return f"{number} ({summary['split']})"


def scored(summary: Figures) -> list[int]:
    """The numbers of classes that a summary holds."""
    return [count for count in DRUMS if f"classes_{count}" in summary]


def write(folder: Path, summary: Figures, outcome: Outcome, *, copy_audio: bool = False) -> None:
    """Write all of a result folder but its store, which is there.

    Raises OSError as `bandscribe.files.whole`.
    """
    figures.write_tracks(folder / "tracks.csv", outcome.verdicts, scored(summary))
    beats.write(folder / "beats.csv", outcome.verdicts)
    report.write(
        folder,
        summary,
        outcome.verdicts,
        scored(summary),
        folder / STORE,
        title=f"{name_system(summary)} on {_place(summary)}",
        about=f"{_extent(summary)} of {summary['root']} · ±{summary['tolerance'] * 1000:g} ms",
        copy_audio=copy_audio,
    )
    # Last: where it lies, the folder is complete.
    figures.write_metrics(folder / "metrics.json", summary)
