"""Endless labelled audio: every draw is a new performance on a new drum set in a new room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.synthesis import effects, kits
from bandscribe.synthesis.band import Backing
from bandscribe.synthesis.groove import Performance, read_groove
from bandscribe.synthesis.patterns import draw_pattern
from bandscribe.synthesis.performance import excerpt, humanise, remap, stretch
from bandscribe.synthesis.render import SAMPLE_RATE, draw_drum_set, kit_weights, render
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import DRUMS_10

LEAD_IN = 0.8  # seconds played before an excerpt begins, so that its start rings as in a recording


@dataclass(frozen=True)
class Source:
    """What excerpts are made of.

    `groove_share` is the share of played performances, the rest comes from the pattern generator;
    `band_share` that of excerpts with a band; `codec_share` that of lossy ones.
    """

    kits: Sequence[kits.Kit]
    grooves: Sequence[Performance] = ()
    band: Backing | None = None
    groove_share: float = 0.5
    band_share: float = 0.5
    codec_share: float = 0.0
    drumless_share: float = 0.03

    @classmethod
    def load(
        cls,
        kit_addresses: Sequence[str],
        *,
        groove: str | None = None,
        split: str = "train",
        band: Sequence[str] = (),
        groove_share: float = 0.5,
        band_share: float = 0.5,
        codec_share: float = 0.0,
    ) -> Source:
        """Read everything into memory: kits, Groove MIDI's `split`, a folder of a band."""
        return cls(
            tuple(kits.load(address) for address in kit_addresses),
            tuple(read_groove(groove, split)) if groove else (),
            Backing.load([Path(folder) for folder in band]) if band else None,
            groove_share=groove_share,
            band_share=band_share,
            codec_share=codec_share,
        )

    def draw(self, rng: np.random.Generator, seconds: float) -> tuple[Audio, Transcription]:
        """A mono excerpt at 44.1 kHz, and the notes in it: ten classes, velocities, beats."""
        performance = self.perform(rng, seconds + LEAD_IN)
        articulations = sorted(set(performance.labels.tolist()))
        drum_set = draw_drum_set(self.kits, articulations, rng, self._kit_weights)
        drums, notes = render(performance, drum_set, rng)
        drums = effects.apply(drums, SAMPLE_RATE, effects.draw(rng))
        samples = drums[round(LEAD_IN * SAMPLE_RATE) :]
        notes = excerpt(notes, LEAD_IN, seconds)
        if rng.random() < self.drumless_share:
            samples = np.zeros_like(samples)
            notes = _silent(notes)
        samples = self._finish(samples, rng)
        return Audio(np.ascontiguousarray(samples)[None], SAMPLE_RATE), notes

    @cached_property
    def _kit_weights(self) -> NDArray[np.float64]:
        return kit_weights(self.kits)

    @cached_property
    def _take_ends(self) -> NDArray[np.float64]:
        """Takes are drawn by their length, up to two minutes: most are fills of a few seconds."""
        return np.cumsum([min(take.notes.duration, 120.0) for take in self.grooves])

    def perform(self, rng: np.random.Generator, duration: float) -> Transcription:
        """A humanised performance of the given length in articulations."""
        if self.grooves and rng.random() < self.groove_share:
            take = np.searchsorted(self._take_ends, rng.uniform(0, self._take_ends[-1]))
            groove = self.grooves[take].notes
            played = stretch(groove, float(rng.uniform(0.8, 1.25)))
            start = float(rng.uniform(0, max(0.0, played.duration - duration)))
            if rng.random() < 0.3:
                played = remap(played, rng)
            cut = excerpt(played, start, min(duration, played.duration))
            return humanise(replace(cut, duration=duration), rng)
        return humanise(draw_pattern(rng, duration), rng)

    def _finish(self, drums: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """Mix with the band, if any, and master the sum."""
        treatment = effects.draw(rng, codec=self.codec_share)
        master = replace(treatment, reverb_db=None, noise_db=None)
        if self.band is None or rng.random() >= self.band_share:
            return effects.apply(drums, SAMPLE_RATE, master) if master.codec else drums
        backing = self.band.draw(rng, len(drums))
        backing = effects.apply(backing, SAMPLE_RATE, replace(effects.draw(rng), noise_db=None))
        return effects.apply(mix_at(drums, backing, rng.uniform(-10, 14)), SAMPLE_RATE, master)


def mix_at(
    drums: NDArray[np.float32], backing: NDArray[np.float32], ratio_db: float
) -> NDArray[np.float32]:
    """Sum (n,) with the drums `ratio_db` above the backing, by the power of their loud half."""

    def loudness(samples: NDArray[np.float32]) -> float:
        blocks = samples[: len(samples) // 2048 * 2048].reshape(-1, 2048)
        powers = np.sort(np.mean(blocks**2, axis=1))
        return float(np.sqrt(powers[len(powers) // 2 :].mean())) if len(powers) else 0.0

    level = loudness(backing)
    if not level:
        return drums
    gain = (loudness(drums) or level) / level * 10 ** (-ratio_db / 20)
    return drums + backing * np.float32(gain)


def _silent(notes: Transcription) -> Transcription:
    return Transcription(
        np.zeros(0), np.zeros(0, dtype="<U3"), np.zeros(0), notes.duration, DRUMS_10, notes.beats
    )
