"""Single drum hits: audio → which drum is struck, and how hard; or that it is none.

From a window that begins just before a hit, a network predicts a probability per class, several of
which may sound together, and how hard the stroke was. Of a longer sound the clearest hits are found
and their predictions are averaged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio, runtime
from bandscribe.calibration import Calibration, in_order
from bandscribe.features.mel import MelBands
from bandscribe.types import Audio, Tags
from bandscribe.vocabulary import DRUMS_10

#: The shipped model.
MODEL = "hits"
#: Its classes: the drums, then clap, cowbell, tambourine and other percussion.
CLASSES = (*DRUMS_10, "CLAP", "CB", "TMB", "OTHER")
#: The output beside the classes.
VELOCITY = "velocity"
#: How much of a file is analysed, in seconds, and how many hits in it.
LONGEST, MOST_HITS = 30.0, 8
#: Shorter than this many seconds, a sound is no hit.
SHORTEST = 0.01
#: Frames that a window begins before a hit; of a model that learned from clips as they are, none.
LEAD_FRAMES = 2

#: Of a hit: how far below the loudest moment sound is silence (dB), how clear it is beside the
#: clearest, and how far from the next clearer one (seconds).
_FLOOR_DB, _CLEAR, _APART = -50.0, 0.3, 0.1


def name_outputs(classes: tuple[str, ...]) -> tuple[str, ...]:
    """The outputs of a network that `classify` runs: presence of each class, velocity."""
    return (*classes, VELOCITY)


@dataclass(frozen=True, eq=False)
class Hit:
    """The classification of a hit.

    `tags` are calibrated, independent probabilities per class; several classes may sound together.
    `presence` is the probability of any class: below `threshold`, `label` is None, otherwise the
    most probable class. `thresholds` (class,) decide about hits of several drums. `velocity` is 0
    to 1, estimated from the timbre and not from the level; None for models of mutually exclusive
    classes. `onset` of the clearest hit in seconds.
    """

    tags: Tags
    thresholds: NDArray[np.float64]
    threshold: float
    velocity: float | None
    onset: float

    @property
    def presence(self) -> float:
        """The probability that any class is present, the classes being independent."""
        return float(1 - np.prod(1 - self.tags.scores.astype(np.float64)))

    @property
    def label(self) -> str | None:
        """The most probable class; None where no drum is detected."""
        if not self.presence >= self.threshold:
            return None
        return self.tags.classes[int(self.tags.scores.argmax())]

    @property
    def probability(self) -> float:
        """The probability of the most probable class."""
        return float(self.tags.scores.max())

    @property
    def labels(self) -> tuple[str, ...]:
        """All classes that are struck together, `label` among them; none where it is None."""
        if self.label is None:
            return ()
        above = self.tags.scores >= self.thresholds
        return tuple(
            name
            for name, struck in zip(self.tags.classes, above, strict=True)
            if struck or name == self.label
        )


def classify(
    source: Audio | str | Path,
    *,
    model: runtime.Model | str | Path = MODEL,
    stream: int | None = None,
) -> Hit:
    """Classify the drum hit in `source`: a file, or audio of any rate, length and channel count.

    The first 30 seconds are analysed. If they contain several hits, the predictions for the eight
    clearest are averaged, weighted by loudness. Sounds shorter than 10 ms are no hits. `model` is a
    loaded model, the name of a shipped one, or the path of an ONNX file; `stream` as in
    `audio.read`.

    Raises ValueError for an invalid argument or file content, OSError when the file cannot be read.
    """
    loaded = runtime.resolve(model, runtime.load)
    check(loaded.card)
    mel = front_end(loaded.card)
    return decide(_power(source, loaded.card, mel, stream), loaded, mel)


def classify_all(
    paths: Sequence[str | Path], model: runtime.Model, *, stream: int | None = None
) -> Iterator[Hit | ValueError | OSError]:
    """As `classify` of each file, in their order, several at the same time.

    `stream` as in `audio.read`.

    For a file that cannot be read the error is returned. Raises ValueError where
    the model does not classify hits.
    """
    check(model.card)
    mel = front_end(model.card)

    def classify_one(path: str | Path) -> Hit | ValueError | OSError:
        try:
            return decide(_power(path, model.card, mel, stream), model, mel)
        except (ValueError, OSError) as error:
            return error

    with ThreadPoolExecutor(model.threads) as pool:
        yield from pool.map(classify_one, paths)


def decide(power: NDArray[np.float32], model: runtime.Model, mel: MelBands) -> Hit:
    """As `classify`, of power (frame, bin) that begins `silence` frames before the sound."""
    card = model.card
    frames = mel.count(card.chunk_seconds)
    count = len(card.classes)
    lead = _lead(card)
    starts = find_hits(power, mel.frame_rate)[:MOST_HITS] - lead
    outputs = np.zeros(len(card.outputs))
    total = 0.0
    for start in starts.tolist():
        weight = float(np.sqrt(power[max(0, start) : start + frames].sum(dtype=np.float64)))
        outputs += weight * model(mel.window(power, start, frames))
        total += weight
    if total:
        outputs /= total
    fitted = card.calibration["label"]
    calibrate = Calibration(
        *(in_order(fitted[part], card.classes) for part in ("slope", "intercept"))
    )
    scores = calibrate(outputs[:count]) if total else np.zeros(count)
    return Hit(
        Tags(scores.astype(np.float32), card.classes),
        in_order(card.thresholds["label"], card.classes),
        card.thresholds["heard"]["any"],
        float(outputs[count]) if len(outputs) > count else None,
        max(0, int(starts[0]) + lead - silence(card)) / mel.frame_rate if len(starts) else 0.0,
    )


def find_hits(power: NDArray[np.float32], frame_rate: float) -> NDArray[np.int64]:
    """The frames of `power` (frame, bin) of sound onsets, the clearest first.

    How clear one is, is the mean rise of the bands in dB over two frames, what lies 50 dB below the
    loudest moment being silence. A frame counts that is the clearest within 0.1 s, and has at least
    0.3 of the clearest one's rise. Of silence there are none.
    """
    top = float(power.max(initial=0.0))
    if not top:
        return np.zeros(0, dtype=np.int64)
    levels = 10 * np.log10(np.maximum(power / np.float32(top), 10 ** (_FLOOR_DB / 10)))
    before = np.pad(levels, ((2, 0), (0, 0)), constant_values=_FLOOR_DB)[: len(levels)]
    rise = np.maximum(levels - before, 0).mean(axis=1)
    order = np.argsort(-rise, kind="stable")
    chosen: list[int] = []
    for frame in order[rise[order] >= _CLEAR * rise[order[0]]].tolist():
        if all(abs(frame - other) >= _APART * frame_rate for other in chosen):
            chosen.append(frame)
    return np.array(chosen, dtype=np.int64)


def front_end(card: runtime.ModelCard) -> MelBands:
    """The network's front end. Raises ValueError when the card describes another one."""
    return runtime.front_end(card, MelBands)


def check(card: runtime.ModelCard) -> None:
    """Raise ValueError where `classify` would, before any audio is processed."""
    if (
        card.task != "hits"
        or card.outputs not in (card.classes, name_outputs(card.classes))
        or set(card.thresholds.get("label", {})) != set(card.classes)
        or set(card.thresholds.get("heard", {})) != {"any"}
        or "label" not in card.calibration
    ):
        raise ValueError(
            f"card: {card.name!r} does not classify hits; choose a model that does "
            "(see bandscribe models), or export it again"
        )
    front_end(card)


def silence(card: runtime.ModelCard) -> int:
    """Frames of silence that a model needs before a sound.

    In their last ones the attack of a hit that begins with the first sample rises as any other.
    """
    return 2 * _lead(card)


def _lead(card: runtime.ModelCard) -> int:
    """Frames that a window begins before a hit."""
    return LEAD_FRAMES if len(card.outputs) > len(card.classes) else 0


def _power(
    source: Audio | str | Path, card: runtime.ModelCard, mel: MelBands, stream: int | None
) -> NDArray[np.float32]:
    samples = _read(source, mel.sample_rate, stream)
    return mel.power(np.pad(samples, (silence(card) * mel.hop_length, 0)))


def _read(source: Audio | str | Path, rate: int, stream: int | None = None) -> NDArray[np.float32]:
    """Mono samples (n,) of what is analysed; silent ones of what is too short."""
    audio.refuse_array(source)
    if isinstance(source, Audio):
        if not source.samples.shape[1]:
            raise ValueError("source: expected sound, got no samples")
        cut = Audio(source.samples[:, : round(LONGEST * source.sample_rate)], source.sample_rate)
        mono = audio.prepare(cut, rate)
    else:
        mono = audio.read(source, sample_rate=rate, mono=True, duration=LONGEST, stream=stream)
    samples: NDArray[np.float32] = mono.samples[0]
    return samples if mono.duration >= SHORTEST else np.zeros_like(samples)
