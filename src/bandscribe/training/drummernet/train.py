"""Training a DrummerNet on unlabelled drum recordings, or rendered performances.

Source: Choi and Cho 2019, section 4.1: 16 kHz, mono, excerpts of 2 s from anywhere in a track. As
in the authors' code, the loudest sample of an excerpt becomes 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio, decode
from bandscribe.synthesis import source
from bandscribe.training.batches import Example, LabelledSource, attempt, draw_readable, stream
from bandscribe.training.drummernet import validation
from bandscribe.training.drummernet.loss import SAMPLE_RATE, SILENCE
from bandscribe.training.drummernet.network import DrummerNet
from bandscribe.training.drummernet.recipe import Recipe, make_loss, start
from bandscribe.training.drummernet.validation import ValidationWaveforms
from bandscribe.training.fit import FitResult, fit
from bandscribe.training.mapped import leave_out

#: How often an excerpt is drawn again that is silent.
TRIES = 20


@dataclass(frozen=True)
class Recordings:
    """Sound files, and how many seconds each is long."""

    paths: tuple[Path, ...]
    seconds: NDArray[np.float64]

    @classmethod
    def find(cls, folders: Sequence[str]) -> Recordings:
        """Every sound file in these folders and the folders in them.

        One that cannot be opened has a line on standard error, and is left out. Raises ValueError
        for a folder without any.
        """
        seconds: dict[Path, float] = {}
        for folder in folders:
            found = [
                path
                for path in sorted(Path(folder).rglob("*"))
                if path.suffix.lower() in audio.EXTENSIONS and path.is_file()
            ]
            if not found:
                raise ValueError(f"audio: no sound files in {folder}")
            opened = {path: attempt(decode.length, path) for path in found}
            problems = [each for each in opened.values() if isinstance(each, str)]
            if len(problems) == len(opened):
                raise ValueError(problems[0])
            leave_out(problems)
            seconds |= {path: each for path, each in opened.items() if not isinstance(each, str)}
        return cls(tuple(seconds), np.array(list(seconds.values())))

    def draw(self, rng: np.random.Generator, seconds: float) -> NDArray[np.float32]:
        """An excerpt (sample,) of a file, long ones more often; silence follows where it ends.

        Raises ValueError or OSError as `draw_readable`.
        """
        return draw_readable(partial(self._draw, rng, seconds))

    def _draw(self, rng: np.random.Generator, seconds: float) -> NDArray[np.float32]:
        file = int(rng.choice(len(self.paths), p=self.seconds / self.seconds.sum()))
        start = float(rng.uniform(0, max(0.0, self.seconds[file] - seconds)))
        sound = audio.read(
            self.paths[file], sample_rate=SAMPLE_RATE, mono=True, start=start, duration=seconds
        )
        samples: NDArray[np.float32] = sound.samples[0]
        return samples


@dataclass(frozen=True)
class WaveformExamples:
    """Makes examples of `recordings` and, a share `rendered`, of `source` without its notes."""

    recordings: Recordings | None
    source: LabelledSource | None
    rendered: float
    seconds: float

    def __call__(self, rng: np.random.Generator) -> Example:
        """Samples (n,) with a peak of 1, as features and as targets."""
        for _ in range(TRIES):
            samples = self._draw(rng)
            peak = float(np.abs(samples).max(initial=0.0))
            if peak >= SILENCE:
                break
        length = round(self.seconds * SAMPLE_RATE)
        fixed = np.pad(samples[:length], (0, max(0, length - len(samples))))
        fixed = np.asarray(fixed / max(peak, SILENCE), dtype=np.float32)
        return fixed, fixed

    def _draw(self, rng: np.random.Generator) -> NDArray[np.float32]:
        if self.source is not None and (self.recordings is None or rng.random() < self.rendered):
            sound, _ = self.source.draw(rng, self.seconds)
            resampled: NDArray[np.float32] = audio.resample(sound, SAMPLE_RATE).samples[0]
            return resampled
        if self.recordings is None:
            raise ValueError("audio, sound_kits: expected folders or kits to train on")
        return self.recordings.draw(rng, self.seconds)


def train(recipe: Recipe, run: Path) -> FitResult:
    """Train the network of a recipe into the folder `run`, or resume that run.

    Raises ValueError when the recipe names no kits, or nothing to train on, or `run` holds a run
    with another recipe.
    """
    if not (recipe.audio or recipe.sound_kits):
        raise ValueError("audio, sound_kits: expected folders or kits to train on")
    draw = WaveformExamples(
        Recordings.find(recipe.audio) if recipe.audio else None,
        load_source(recipe, recipe.sound_kits, "train") if recipe.sound_kits else None,
        recipe.rendered_share,
        recipe.excerpt_seconds,
    )
    if recipe.validation_kits:
        held_out = validation.render(
            load_source(recipe, recipe.validation_kits, "validation"),
            seed=recipe.validation_seed,
            minutes=recipe.validation_minutes,
            seconds=recipe.chunk_seconds,
        )
    else:
        held_out = validation.gather(
            replace(draw, seconds=recipe.chunk_seconds),
            seed=recipe.validation_seed,
            minutes=recipe.validation_minutes,
        )
    return train_on(recipe, run, partial(start, recipe), draw, held_out)


def train_on(
    recipe: Recipe,
    run: Path,
    build: Callable[[], DrummerNet],
    draw: Callable[[np.random.Generator], Example],
    held_out: ValidationWaveforms,
) -> FitResult:
    """Train a network on what is drawn; keep the weights with the lowest loss on `held_out`.

    Writes what `fit` writes, and metrics.json: thresholds, and where notes are known the scores of
    those weights in ten, five and three classes, by the recipe's peak picking.
    """
    loss = make_loss(recipe)
    return fit(
        recipe,
        run,
        task="drummernet",
        build=build,
        loss=loss,
        batches=stream(draw, recipe),
        validate=partial(validation.validate, validation=held_out, loss=loss),
        report=partial(validation.report, validation=held_out, picking=recipe.picking),
        criterion="-validation_loss",
    )


def load_source(recipe: Recipe, kits: tuple[str, ...], split: str) -> source.SyntheticSource:
    """Drums alone, played on these kits."""
    return source.SyntheticSource.load(
        kits,
        groove=recipe.groove,
        split=split,
        groove_share=recipe.groove_share,
        percussion_share=recipe.percussion_share,
        drumless_share=0.0,
    )
