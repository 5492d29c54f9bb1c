"""The pictures of `bandscribe evaluate`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandscribe.cli.report import complain
from bandscribe.files import inside

if TYPE_CHECKING:
    from bandscribe.datasets.track import Track
    from bandscribe.evaluation.drum_systems import DrumSystem
    from bandscribe.evaluation.drums import ScoringOptions
    from bandscribe.evaluation.networks import Tracker
    from bandscribe.evaluation.tables import Metrics


def plot_drums(
    output: Path, track: Track[Any], system: DrumSystem, settings: ScoringOptions
) -> Path:
    """Draw a track in the fewest classes, as figure 7 of Deep Unsupervised Drum Transcription.

    Each activation is scaled to its own maximum, so that soft drums are visible too.
    """
    from bandscribe import display, drums
    from bandscribe.evaluation.drums import match_notes
    from bandscribe.vocabulary import reduce

    count = min(settings.class_counts)
    unscored = (*settings.unscored, *sorted(track.unscored))
    predicted = system.predict(track, (count,), unscored)
    if predicted.activations is None:
        raise ValueError(f"{track.id}: nothing to draw but notes; name a model")
    notes, annotated = predicted.notes[count], reduce(track.load(), count)
    curves, _ = drums.reduce_classes(predicted.activations, count)
    highest = curves.values.max(axis=0, initial=1e-6)
    curves = replace(curves, values=curves.values / highest)
    matched = match_notes(annotated, notes, settings.tolerance)
    reference = display.Reference(annotated, matched.found, matched.right)
    path = _path(output, track)
    display.plot(path, curves, notes, reference=reference, title=path.stem)
    return path


def plot_solos(output: Path, track: Track[Any], system: Tracker) -> Path:
    """Draw the levels predicted in a mixture of stems beside those in each of its solos."""
    from bandscribe.display import envelopes
    from bandscribe.evaluation.activity import compare_solos

    path = _path(output, track)
    columns = [envelopes.EnvelopeColumn(*column) for column in compare_solos(track, system)]
    envelopes.plot(path, columns, title=track.id)
    return path


def plot_matrices(output: Path, metrics: Metrics) -> None:
    """Draw both matrices, where there are any; one line on stderr where matplotlib is missing."""
    import numpy as np

    from bandscribe.display import matrices

    path = output / "matrices.png"
    path.unlink(missing_ok=True)  # of an earlier result
    if metrics["noise"] is None:
        return
    drawn = {
        f"{name}: {metrics[mean]:.1f} dB {where}": np.array(metrics[name], dtype=np.float64)
        for name, mean, where in (
            ("noise", "noise_diagonal_db", "on the diagonal"),
            ("leakage", "leakage_db", "on average"),
        )
        if metrics[mean] is not None
    }
    try:
        matrices.plot(path, drawn, metrics["classes"])
    except ModuleNotFoundError as error:
        complain(f"{path}: not drawn: {error}")


def _path(output: Path, track: Track[Any]) -> Path:
    path = inside(output / "plots", Path(track.id).with_suffix(".png"))
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
