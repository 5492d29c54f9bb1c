"""The recipe of drum templates."""

from __future__ import annotations

from dataclasses import dataclass

from bandscribe.training.settings import setting


@dataclass(frozen=True)
class Recipe:
    """Every setting of a run. The defaults are those of `nmfd`; `nmf` has `lags` 1."""

    name: str = setting("nmfd", "the model's name")
    kits: tuple[str, ...] = setting((), "drum kits to average: files or folders")
    validation_kits: tuple[str, ...] = setting(
        (), "drum kits to choose thresholds on, none of them above"
    )
    groove: str | None = setting(None, "zip or folder of the Groove MIDI data set")
    groove_share: float = setting(0.5, "share of excerpts that play a Groove performance")
    percussion_share: float = setting(0.25, "share of excerpts with other percussion")
    credits: str | None = setting(
        None, "CSV file with name,licence,origin of each source, for the card"
    )
    lags: int = setting(10, "frames of a template, 10 ms each; 1 is NMF, more are NMFD")
    iterations: int = setting(20, "updates of the activations")
    adaptation: float | None = setting(
        None, "exponent of semi-adaptive templates: the less, the sooner they adapt; none: fixed"
    )
    validation_minutes: float = setting(10.0, "minutes of rendered audio to choose thresholds on")
    validation_seed: int = setting(0, "seed of the validation audio")
    excerpt_seconds: float = setting(20.0, "length of an excerpt of it")
    chunk_seconds: float = setting(60.0, "length of a chunk at inference")
    overlap_seconds: float = setting(10.0, "overlap of neighbouring chunks at inference")

    def __post_init__(self) -> None:
        if self.lags < 1 or self.iterations < 1:
            raise ValueError(
                f"lags, iterations: expected 1 or more, got {self.lags}, {self.iterations}"
            )
        if both := sorted(set(self.kits) & set(self.validation_kits)):
            raise ValueError(f"validation_kits: {', '.join(both)} are also among kits")
