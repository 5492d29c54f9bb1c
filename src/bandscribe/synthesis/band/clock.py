"""The time of a song: where its beats lie, how its off-beats swing, how loosely it is played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandscribe.synthesis.band.parts import Event
from bandscribe.synthesis.drummer.styles import Meter, Rng, chance
from bandscribe.synthesis.fluidsynth import Note
from bandscribe.types import Beats


@dataclass(frozen=True)
class Clock:
    """Where beats lie in seconds, `times` (beat,), and how a beat is divided."""

    times: NDArray[np.float64]
    swing: float  # where the middle of a swung unit falls
    unit: float  # beats that swing: 1 for eighths, 0.5 for sixteenths

    @classmethod
    def draw(cls, rng: Rng, bpm: float, beats: int, meter: Meter, swing: float) -> Clock:
        """A tempo that drifts by up to two percent, or not at all."""
        drift = np.cumsum(rng.normal(0, 1, beats)) * rng.choice([0.0, 0.001, 0.003])
        lengths = 60 / bpm * np.clip(1 + drift, 0.96, 1.04)
        times = np.concatenate([[0.0], np.cumsum(lengths)]) + rng.uniform(0.02, 1.0)
        swung = meter.eighth > 0.4 and swing > 0.5 and chance(rng, 0.7)
        place = rng.uniform(0.5 + (swing - 0.5) / 2, swing) if swung else 0.5
        return cls(times, float(place), float(rng.choice([1.0, 0.5]) if swing < 0.65 else 1.0))

    def seconds(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places in beats as seconds, (n,) to (n,)."""
        whole, part = np.divmod(at + 1e-9, self.unit)
        part = np.interp(part / self.unit, [0.0, 0.5, 1.0], [0.0, self.swing, 1.0])
        straight = (whole + part) * self.unit
        return np.interp(straight, np.arange(len(self.times)), self.times)

    def time(self, rng: Rng, line: Sequence[Event]) -> tuple[Note, ...]:
        """Events in beats as notes in seconds, played by a human."""
        if not line:
            return ()
        sloppy, lag = rng.uniform(0.0, 0.008), rng.uniform(-0.006, 0.008)
        at = np.array([e.at for e in line])
        places, same = np.unique(at.round(6), return_inverse=True)
        # Notes of one stroke are late together.
        late = lag + np.clip(rng.normal(0, sloppy, len(places)), -0.02, 0.02)[same.reshape(-1)]
        starts = self.seconds(at) + late + np.array([e.late for e in line])
        ends = starts + np.array([e.length for e in line]) * np.median(np.diff(self.times))
        velocities = np.array([30 + 92 * e.loud for e in line]) + rng.normal(0, 4, len(line))
        return tuple(
            Note(max(0.0, float(start)), max(float(end), float(start) + 0.03), event.pitch,
                 int(np.clip(velocity, 1, 127)))
            for start, end, velocity, event in zip(starts, ends, velocities, line, strict=True)
        )  # fmt: skip

    def beats(self, meter: Meter) -> Beats:
        """The grid: all beats, the one after the end included."""
        return Beats(self.times, np.arange(len(self.times)) % meter.beats + 1)
