"""The instruments of a recording: audio → probabilities over time → which are heard, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio, chunks, runtime
from bandscribe.chunks import STRATEGIES, Strategy
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.types import Activations, Audio, Tags

#: Over how many seconds probabilities are averaged before it is said when an instrument plays.
SPAN_SECONDS = 1.0


def name_outputs(classes: tuple[str, ...]) -> tuple[str, ...]:
    """What the outputs of a network for activity are: presence of each class, then levels."""
    return (*classes, *(f"{name}_level" for name in classes))


class Span(NamedTuple):
    """When a class is heard: its share of the time, and from when to when in seconds."""

    share: float
    first: float | None
    last: float | None


@dataclass(frozen=True, eq=False)
class Recognition:
    """Which instruments are heard, and when.

    `tags` are the aggregated scores, `probability` what they were aggregated from. A class is
    `present` when its score is at least that of `thresholds` (class,). `duration` in seconds.
    """

    tags: Tags
    probability: Activations
    thresholds: NDArray[np.float64]
    duration: float

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which classes are heard, (class,)."""
        return np.asarray(self.tags.scores >= self.thresholds) & (self.tags.scores > 0)

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """When each class is heard, to the second.

        It is heard in a second whose mean probability would make it present if the whole recording
        were so; hence for some time where it is present, and perhaps where it is not.
        """
        values, rate = self.probability.values, self.probability.frame_rate
        length = max(1, round(SPAN_SECONDS * rate))
        # A rest of less than half a second belongs to the second before.
        starts = np.arange(0, max(1, len(values) - length // 2), length)
        edges = np.append(starts, len(values))
        lengths = np.diff(edges)
        means = np.add.reduceat(values, starts, axis=0, dtype=np.float64) / lengths[:, None]
        # S2 divides the means of the classes by the largest of them, S1 by nothing.
        top = float(self.tags.scores.max())
        scale = float(values.mean(axis=0, dtype=np.float64).max()) / top if top else 1.0
        heard = (means >= self.thresholds * scale) & (means > 0)
        spans = []
        for column in heard.T:
            seconds = np.flatnonzero(column)
            if not len(seconds):
                spans.append(Span(0.0, None, None))
                continue
            share = float(lengths[column].sum() / len(values))
            first = min(float(edges[seconds[0]] / rate), self.duration)
            last = min(float(edges[seconds[-1] + 1] / rate), self.duration)
            spans.append(Span(share, first, last))
        return tuple(spans)


def recognize(
    source: Audio | str | Path | Iterable[Audio],
    *,
    model: runtime.Model | str | Path,
    aggregate: Strategy = "s2",
    threshold: float | None = None,
) -> Recognition:
    """The instruments of `source`.

    `source` is audio of any rate and number of channels, a file of it, or consecutive mono blocks
    of it at the front end's rate. Files are read in blocks, so that long ones need little more
    memory than short ones. `model` is a model, a shipped one's name, or an ONNX file. `aggregate`
    as in `chunks.aggregate`, over frames; `threshold` in [0, 1] takes the place of the card's
    thresholds, one per class. In digital silence nothing is heard.

    Raises ValueError when an argument or the file's content does not fit, OSError when the file
    cannot be read.
    """
    loaded = model if isinstance(model, runtime.Model) else runtime.load(model)
    check(loaded.card, aggregate, threshold)
    rate = front_end(loaded.card).sample_rate
    if isinstance(source, Audio):
        if not np.all(np.isfinite(source.samples)):
            raise ValueError("source: expected finite samples, got NaN or infinity")
        source = [audio.resample(audio.downmix(source), rate)]
    elif isinstance(source, (str, Path)):
        source = audio.stream(source, sample_rate=rate)
    samples = 0

    def counted(blocks: Iterable[Audio]) -> Iterator[NDArray[np.float32]]:
        nonlocal samples
        for block in blocks:
            if block.sample_rate != rate or len(block.samples) != 1:
                raise ValueError(
                    f"source: expected mono blocks at {rate} Hz, got {len(block.samples)} "
                    f"channels at {block.sample_rate} Hz"
                )
            samples += block.samples.shape[1]
            yield block.samples[0]

    heard = _hear(counted(source), loaded)
    if not samples:
        raise ValueError("source: expected sound, got no samples")
    return decide(
        heard, loaded.card, aggregate=aggregate, threshold=threshold, duration=samples / rate
    )


def decide(
    heard: Activations,
    card: runtime.ModelCard,
    *,
    aggregate: Strategy = "s2",
    threshold: float | None = None,
    duration: float,
) -> Recognition:
    """What probabilities over time say about the whole.

    Raises ValueError as `check`, and when there are no frames.
    """
    check(card, aggregate, threshold)
    scores = np.minimum(chunks.aggregate(heard.values, aggregate), 1)
    known = card.thresholds[aggregate]
    given = [known[name] if threshold is None else threshold for name in heard.classes]
    return Recognition(Tags(scores, heard.classes), heard, np.array(given), duration)


def check(card: runtime.ModelCard, aggregate: str = "s2", threshold: float | None = None) -> None:
    """Raise ValueError where `recognize` would, before any audio is heard."""
    if aggregate not in STRATEGIES:
        raise ValueError(f"aggregate: expected one of {', '.join(STRATEGIES)}, got {aggregate!r}")
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(f"threshold: expected 0 to 1, got {threshold}")
    known = set(card.thresholds.get(aggregate, {}))
    if card.task != "recognition" or card.outputs != card.classes or known != set(card.classes):
        raise ValueError(
            f"card: {card.name!r} does not recognize instruments (by {aggregate}); choose a "
            "recognition model (see bandscribe models), or export it again"
        )
    front_end(card)


def front_end(card: runtime.ModelCard) -> LogSpectrogram:
    """What the network listens through.

    Raises ValueError when the card describes another one.
    """
    unknown = sorted(set(card.features) - {field.name for field in fields(LogSpectrogram)})
    if unknown or LogSpectrogram(**card.features).frame_rate != card.frame_rate:
        raise ValueError(
            f"card: features: expected those of a LogSpectrogram with {card.frame_rate:g} frames a "
            f"second, got {card.features}; export it again"
        )
    return LogSpectrogram(**card.features)


def _hear(blocks: Iterable[NDArray[np.float32]], model: runtime.Model) -> Activations:
    """Probabilities of each frame; a network that speaks of windows says the same of all theirs."""
    card = model.card
    pieces = chunks.stitch(
        front_end(card).stream(blocks),
        _network(model),
        card.chunk_frames,
        card.overlap_frames,
        threads=model.threads,
    )
    values = np.concatenate([np.empty((0, len(card.classes)), np.float32), *pieces])
    return Activations(values, card.frame_rate, 0.0, card.classes)


def _network(
    model: runtime.Model,
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """(frame, bin) of a chunk to (frame, class)."""
    length = model.card.chunk_frames
    shape = (len(model.card.classes),)

    def say(features: NDArray[np.float32]) -> NDArray[np.float32]:
        if not features.any():
            return np.zeros((len(features), *shape), dtype=np.float32)
        if not model.windowed:
            return model(features)
        # The last window of a recording is as long as the others: silence follows.
        padded = np.pad(features, ((0, length - len(features)), (0, 0)))
        return np.broadcast_to(model(padded), (len(features), *shape))

    return say
