"""Labelled excerpts of drums and bands: a new performance, drum set and room for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.synthesis import effects, kits
from bandscribe.synthesis.band.recordings import Backing, Passage
from bandscribe.synthesis.drummer.groove import Performance, read_groove
from bandscribe.synthesis.drummer.patterns import draw_pattern
from bandscribe.synthesis.drummer.performance import excerpt, humanise, remap, stretch, thin_out
from bandscribe.synthesis.drummer.together import draw_percussion, follow, merge
from bandscribe.synthesis.render import draw_drum_set, kit_weights, render
from bandscribe.synthesis.sound import SAMPLE_RATE, Rng, Samples
from bandscribe.types import Audio, Beats, Transcription
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS_10, relabel

LEAD_IN = 0.8  # seconds played before an excerpt begins, so that its start rings as in a recording


@dataclass(frozen=True)
class SyntheticSource:
    """What excerpts are made of.

    `groove_share` is the share of played performances, the rest comes from the pattern generator;
    `band_share` that of excerpts with a band; of these `locked_share` play the drum part that the
    band was arranged with, where there is one, and `together_share` of the others are in time with
    the band, where its beats are known; over `extras_share` another recording is laid;
    `percussion_share` has percussion that is no drum class; `codec_share` that of lossy ones;
    `edge_share` begins or ends with a cut.
    """

    kits: Sequence[kits.Kit]
    grooves: Sequence[Performance] = ()
    band: Backing | None = None
    extras: Backing | None = None
    groove_share: float = 0.5
    band_share: float = 0.5
    extras_share: float = 0.3
    locked_share: float = 0.7
    together_share: float = 0.8
    percussion_share: float = 0.25
    codec_share: float = 0.0
    drumless_share: float = 0.1
    edge_share: float = 0.15

    @classmethod
    def load(
        cls,
        kit_addresses: Sequence[str],
        *,
        groove: str | None = None,
        split: str = "train",
        band: Sequence[str] = (),
        extras: Sequence[str] = (),
        **shares: float,
    ) -> SyntheticSource:
        """Read everything into memory: kits, Groove MIDI's `split`, folders of bands and extras."""
        return cls(
            tuple(kits.load(address) for address in kit_addresses),
            tuple(read_groove(groove, split)) if groove else (),
            Backing.load([Path(folder) for folder in band]) if band else None,
            Backing.load([Path(folder) for folder in extras]) if extras else None,
            **shares,
        )

    def draw(self, rng: Rng, seconds: float) -> tuple[Audio, Transcription]:
        """A mono excerpt at 44.1 kHz, and the notes in it: ten classes, velocities, beats.

        The beats are None where the drums and a band do not play in time with each other, or
        nothing else has a beat.
        """
        duration = seconds + LEAD_IN
        backing, song = self._accompany(rng, round(duration * SAMPLE_RATE))
        drums, notes = self._drums(rng, duration, song)
        drums = effects.apply(drums, SAMPLE_RATE, effects.sample_effects(rng))
        if rng.random() < self.drumless_share:
            drums = np.zeros_like(drums)
            notes = notes.select(slice(0))
        if backing is None and not len(notes.onsets):
            notes = replace(notes, beats=None)
        samples = self._finish(drums, backing, rng)[round(LEAD_IN * SAMPLE_RATE) :]
        notes = excerpt(notes, LEAD_IN, seconds)
        if rng.random() < self.edge_share:
            samples, notes = cut_edges(samples, notes, rng)
        return Audio(np.ascontiguousarray(samples)[None], SAMPLE_RATE), notes

    def _drums(
        self, rng: Rng, duration: float, song: Passage | None
    ) -> tuple[Samples, Transcription]:
        """The drums (n,) and their notes; with beats where they are in time with the song."""
        if song is not None and song.drums is not None and rng.random() < self.locked_share:
            beats = None if song.beats is None else song.beats.between(0, duration)
            if song.stem is not None and rng.random() < 0.5:
                notes = relabel(song.drums, ARTICULATION_TO_10, DRUMS_10)
                return song.stem, replace(notes, beats=beats)
            performance = humanise(song.drums, rng, steady=True)
            if rng.random() < 0.3:
                performance = remap(performance, rng)
            performance = replace(performance, beats=beats)
        else:
            grid = None if song is None or rng.random() >= self.together_share else song.beats
            grid = None if grid is not None and len(grid.times) < 2 else grid
            performance = self.perform(rng, duration, grid)
            if song is not None and grid is None:
                performance = replace(performance, beats=None)
        performance = thin_out(performance, rng)
        articulations = sorted(set(performance.labels.tolist()))
        drum_set = draw_drum_set(self.kits, articulations, rng, self._kit_weights)
        return render(performance, drum_set, rng)

    @cached_property
    def _kit_weights(self) -> NDArray[np.float64]:
        return kit_weights(self.kits)

    @cached_property
    def _takes(self) -> NDArray[np.float64]:
        """(take, 3): length up to two minutes, tempo, and beats in a bar.

        Takes are drawn by their length: most are fills of a few seconds.
        """
        rows = [
            (min(t.notes.duration, 120.0), t.bpm, t.notes.beats.positions.max(initial=1))
            for t in self.grooves
            if t.notes.beats is not None
        ]
        return np.array(rows, dtype=np.float64)

    def _accompany(self, rng: Rng, length: int) -> tuple[Samples | None, Passage | None]:
        """A band (length,), or None, and the passage of a song that it is."""
        if self.band is None or rng.random() >= self.band_share:
            return None, None
        song = self.band.draw(rng, length)
        backing = self._treat(song.samples, rng)
        if self.extras is not None and rng.random() < self.extras_share:
            extra = self._treat(self.extras.draw(rng, length).samples, rng)
            if rng.random() < 0.3:
                return extra, Passage(extra)
            backing = mix_at(backing, extra, rng.uniform(-8, 12))
        return backing, song

    def _treat(self, band: Samples, rng: Rng) -> Samples:
        return effects.apply(band, SAMPLE_RATE, replace(effects.sample_effects(rng), noise_db=None))

    def perform(self, rng: Rng, duration: float, grid: Beats | None = None) -> Transcription:
        """A humanised performance of the given length in articulations, on a beat grid if any."""
        groove = len(self.grooves) > 0 and rng.random() < self.groove_share
        if grid is not None:
            notes = self._follow(rng, duration, grid, groove=groove)
        elif groove:
            notes = self._play(rng, duration)
        else:
            notes = draw_pattern(rng, duration)
        notes = humanise(notes, rng, steady=grid is not None)
        if notes.beats is not None and rng.random() < self.percussion_share:
            notes = merge(notes, draw_percussion(rng, notes.beats, duration))
        return notes

    def _play(self, rng: Rng, duration: float) -> Transcription:
        """A stretch of a Groove take, at its tempo or another."""
        ends = np.cumsum(self._takes[:, 0])
        take = int(np.searchsorted(ends, rng.uniform(0, ends[-1])))
        played = stretch(self.grooves[take].notes, float(rng.uniform(0.8, 1.25)))
        start = float(rng.uniform(0, max(0.0, played.duration - duration)))
        if rng.random() < 0.3:
            played = remap(played, rng)
        cut = excerpt(played, start, min(duration, played.duration))
        return replace(cut, duration=duration)

    def _follow(self, rng: Rng, duration: float, grid: Beats, *, groove: bool) -> Transcription:
        """A Groove take of about the grid's tempo, or else a pattern, in time with the grid."""
        metre = int(grid.positions.max(initial=1))
        beat = float(np.median(np.diff(grid.times))) if len(grid.times) > 1 else 0.5
        if groove:
            lengths, tempi, metres = self._takes.T
            ratio = tempi * beat / 60
            long_enough = lengths > (len(grid.times) + metre) * 60 / tempi
            weights = lengths * (metres == metre) * (ratio > 0.7) * (ratio < 1.4) * long_enough
            if weights.any():
                take = int(np.searchsorted(np.cumsum(weights), rng.uniform(0, weights.sum())))
                played = self.grooves[take].notes
                if rng.random() < 0.3:
                    played = remap(played, rng)
                if (found := follow(played, grid, duration, rng)) is not None:
                    return found
        # The pattern's own tempo is at most 220 beats a minute, and it starts anywhere in a bar.
        pattern = draw_pattern(rng, (len(grid.times) + 2 * metre) * 60 / 50, beats=metre)
        return follow(pattern, grid, duration, rng) or draw_pattern(rng, duration)

    def _finish(
        self,
        drums: Samples,
        backing: Samples | None,
        rng: Rng,
    ) -> Samples:
        """Mix with the band, if any, and master the sum."""
        treatment = effects.sample_effects(rng, codec=self.codec_share, master=True)
        master = replace(treatment, reverb_db=None, noise_db=None)
        mix = drums if backing is None else mix_at(drums, backing, rng.uniform(-13, 12))
        return effects.apply(mix, SAMPLE_RATE, master)


def cut_edges(samples: Samples, notes: Transcription, rng: Rng) -> tuple[Samples, Transcription]:
    """A recording (n,) that begins or ends in the middle of the music, with silence beyond the cut.

    Half of the beginnings are up to 2 ms before a note, as in a loop.
    """
    seconds = len(samples) / SAMPLE_RATE
    samples = samples.copy()
    if rng.random() < 0.75:
        cut = float(rng.uniform(0, 0.15 * seconds))
        later = notes.onsets[notes.onsets > cut]
        if len(later) and rng.random() < 0.5:
            cut = float(later[0]) - float(rng.uniform(0, 0.002))
        samples[: max(0, round(cut * SAMPLE_RATE))] = 0
        keep = notes.onsets >= cut
    else:
        cut = float(rng.uniform(0.85 * seconds, seconds))
        samples[round(cut * SAMPLE_RATE) :] = 0
        keep = notes.onsets < cut
    return samples, notes.select(keep)


def mix_at(drums: Samples, backing: Samples, ratio_db: float) -> Samples:
    """Sum (n,) with the drums `ratio_db` above the backing, by the power of their loud half."""

    def loudness(samples: Samples) -> float:
        blocks = samples[: len(samples) // 2048 * 2048].reshape(-1, 2048)
        powers = np.sort(np.mean(blocks**2, axis=1))
        return float(np.sqrt(powers[len(powers) // 2 :].mean())) if len(powers) else 0.0

    level = loudness(backing)
    if not level:
        return drums
    gain = (loudness(drums) or level) / level * 10 ** (-ratio_db / 20)
    return drums + backing * np.float32(gain)
