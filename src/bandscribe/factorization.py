"""Drums by factorization: which strokes of known drums, how loud and when, explain a spectrogram.

Every class has a template: the spectrum (NMF), or the spectra over some frames (convolutive NMF),
of its strokes. A magnitude spectrogram V (frame, bin) is explained by activations H:

    V[n] ≈ Λ[n] = Σ_τ H[n - τ] W[τ]        H (frame, class), W (lag, class, bin), all >= 0

The templates are fixed, and H is found by multiplicative updates that never increase the
generalised Kullback-Leibler divergence Σ (V log (V / Λ) - V + Λ):

    H[n] ← H[n] · Σ_τ W[τ] (V / Λ)[n + τ] / Σ_τ W[τ] 1        over the frames n + τ that exist

- NMF: one lag. Lee and Seung 2001, "Algorithms for non-negative matrix factorization", theorem 2;
  fixed drum templates after Paulus and Virtanen 2005, "Drum transcription with non-negative
  spectrogram factorisation".
- NMFD, convolutive NMF: several lags. Smaragdis 2004, "Non-negative matrix factor deconvolution",
  section 3; for drums Lindsay-Smith, McDonald and Sandler 2012, "Drumkit transcription via
  convolutive NMF". Smaragdis takes the mean over the lags of an update for each; the sum above
  (Schmidt and Mørup 2006, "Nonnegative matrix factor 2-D deconvolution") is certain to descend.
- Semi-adaptive: the templates, too, follow the recording, little at first and more and more:
  W ← (1 - a) · W_fixed + a · (W after its update), a = (i / iterations) ** β in iteration i.
  Dittmar and Gärtner 2014, "Real-time transcription and separation of drum recordings based on NMF
  decomposition".

Deep Unsupervised Drum Transcription (2019), section 4.3, compares DrummerNet with systems of all
three kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.files import whole
from bandscribe.peaks import max_around
from bandscribe.readers import read_npz, refused
from bandscribe.runtime import ModelCard, cores, front_end

Array = NDArray[np.float32]

#: The models that are shipped.
MODELS = ("nmf", "nmfd")
SUFFIX = ".npz"
#: Seconds before and after a frame within which the loudest stroke is the measure of the others.
REACH = 4.0
#: Less than this is silence: 60 dB below a loud stroke at full scale.
FLOOR = 1.0
#: The most updates that a card may specify.
MOST_ITERATIONS = 1000

# Where V or Λ is zero there is nothing to divide.
_TINY = np.float32(1e-10)


@dataclass(frozen=True, eq=False)
class Factorization:
    """Templates (lag, class, bin) ready to be called like a network, and their card.

    The card's recipe names `iterations`, and the β of semi-adaptive templates as `adaptation`, or
    None where they are fixed. Templates that adapt do so to each chunk.
    """

    card: ModelCard
    templates: Array
    threads: int

    def __call__(self, features: Array, /) -> Array:
        """Amplitudes (frame, class) in [0, 1] of features (frame, bin), normalized."""
        activations = activate(
            to_magnitudes(features, LogSpectrogram(**self.card.features)),
            self.templates,
            iterations=self.card.recipe["iterations"],
            adaptation=self.card.recipe["adaptation"],
        )
        return normalize_by_local_max(activations, round(REACH * self.card.frame_rate))


def to_magnitudes(features: Array, front_end: LogSpectrogram) -> Array:
    """Bands (frame, bin) before the front end's logarithm."""
    return np.asarray((10**features - 1) / np.float32(front_end.compression), dtype=np.float32)


def activate(
    spectrogram: Array, templates: Array, *, iterations: int, adaptation: float | None = None
) -> Array:
    """H (frame, class) that explains V (frame, bin) by W (lag, class, bin).

    `adaptation` is the β of semi-adaptive templates; None keeps them as they are.
    """
    lags, classes, bins = templates.shape
    fixed = templates.reshape(lags * classes, bins)
    flat = fixed
    # How large they are, the first update forgets.
    activations = np.ones((len(spectrogram), classes), dtype=np.float32)
    weights = _weigh(flat, len(spectrogram), lags)
    for i in range(1, iterations + 1):
        delayed = _delay(activations, lags)
        ratio = _divide(spectrogram, delayed @ flat)
        # Activations that are still all alike would make the templates alike.
        if adaptation is not None and i > 1:
            free = flat * _divide(delayed.T @ ratio, delayed.sum(axis=0)[:, np.newaxis])
            share = np.float32((i / iterations) ** adaptation)
            flat = (1 - share) * fixed + share * free
            weights = _weigh(flat, len(spectrogram), lags)
            ratio = _divide(spectrogram, delayed @ flat)
        activations *= _divide(_gather(ratio @ flat.T, lags), weights)
    return activations


def normalize_by_local_max(activations: Array, reach: int) -> Array:
    """The root of what each activation is of the greatest within `reach` frames, in [0, 1].

    (frame, class) to the same. So nothing depends on how loud a recording is, and the root leaves
    soft strokes beside loud ones. Amplitudes below `FLOOR` count as silence.
    """
    measure = np.maximum(max_around(activations.max(axis=1), reach), FLOOR)
    return np.asarray(np.sqrt(activations / measure[:, np.newaxis]), dtype=np.float32)


def is_named(model: str | Path) -> bool:
    """Whether this is one of `MODELS`, or the path of a file as `write` makes it."""
    return model in MODELS or Path(model).suffix == SUFFIX


def load(model: str | Path, *, threads: int | None = None) -> Factorization:
    """A shipped model by its name, or any other by the path of its file.

    `threads` None takes every core that this process may use, four at most.

    Raises ValueError when there is none, or when the file holds no templates with a card.
    """
    content = read_npz(model, read_bytes(model))
    with refused(f"{model}: no templates with a card; make them with train factorization"):
        card = ModelCard.from_json(str(content["card"]))
        templates = np.ascontiguousarray(content["templates"], dtype=np.float32)
        expected = (len(card.classes), front_end(card, LogSpectrogram).n_bins)
    finite = np.all(np.isfinite(templates)) and np.all(templates >= 0)
    if templates.ndim != 3 or templates.shape[1:] != expected or not len(templates) or not finite:
        raise ValueError(
            f"{model}: templates: expected (lag, {expected[0]}, {expected[1]}) numbers from 0 on, "
            f"got {templates.shape}"
        )
    with refused(f"{model}: card: recipe"):
        steps, adaptation = card.recipe["iterations"], card.recipe["adaptation"]
        if type(steps) is not int or not 1 <= steps <= MOST_ITERATIONS:
            raise ValueError(f"iterations: expected 1 to {MOST_ITERATIONS}, got {steps}")
        if adaptation is not None and not 0 <= float(adaptation) <= 100:
            raise ValueError(f"adaptation: expected 0 to 100, got {adaptation}")
    return Factorization(card, templates, threads or min(cores(), 4))


def read_bytes(model: str | Path) -> bytes:
    """The file of a shipped model's name, or at a path. Raises ValueError when there is none."""
    if model in MODELS:
        return (files("bandscribe") / "models" / f"{model}{SUFFIX}").read_bytes()
    path = Path(model)
    if not path.is_file():
        raise ValueError(f"model: expected one of {MODELS} or a file, got {str(model)!r}")
    return path.read_bytes()


def write(path: Path, card: ModelCard, templates: Array) -> None:
    """Write what `load` reads. Raises OSError as `bandscribe.files.whole`."""
    with whole(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, card=np.array(card.to_json()), templates=templates)


def _delay(activations: Array, lags: int) -> Array:
    """(frame, class) to (frame, lag · class): what began τ frames ago."""
    frames, classes = activations.shape
    delayed = np.zeros((frames, lags, classes), dtype=np.float32)
    for lag in range(min(lags, frames)):
        delayed[lag:, lag] = activations[: frames - lag]
    return delayed.reshape(frames, lags * classes)


def _gather(values: Array, lags: int) -> Array:
    """(frame, lag · class) to (frame, class): the sum over τ of what lies τ frames ahead."""
    frames = len(values)
    by_lag = values.reshape(frames, lags, -1)
    gathered = by_lag[:, 0].copy()
    for lag in range(1, min(lags, frames)):
        gathered[: frames - lag] += by_lag[lag:, lag]
    return gathered


def _weigh(flat: Array, frames: int, lags: int) -> Array:
    """(frame, class): how much a stroke sounds in the frames that exist."""
    return _gather(np.broadcast_to(flat.sum(axis=1), (frames, len(flat))), lags)


def _divide(part: Array, by: Array) -> Array:
    return np.asarray(part / np.maximum(by, _TINY), dtype=np.float32)
