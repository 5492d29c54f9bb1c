"""A check by ear of a result: the recording on the left, what was found in it on the right.

A drum part is played on the kit of `bandscribe.drumkit` (`render`), tracked instruments are steady
tones (`tones`), as loud as the recording over its louder moments. An hour needs no more memory than
a song: blocks are rendered as they are written, and the levels are measured in a first pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio, drumkit
from bandscribe.types import Activations, Audio, Transcription

Samples = NDArray[np.float32]
#: A function from the first sample to that after the last to samples (n,).
Sound = Callable[[int, int], Samples]

#: A soft stroke is this many dB below a full one; velocities are a straight line between.
_RANGE_DB = 30.0
_USUAL_VELOCITY = 0.8
_HATS = ("CHH", "OHH", "HH")
_CHOKE = 0.01  # seconds in which an open hat is closed
#: Levels are means over blocks of so many seconds, of those within the range below the loudest.
_BLOCK, _GATE_DB = 0.4, 20.0
_PEAK = 0.98
_STEP = 10 * drumkit.SAMPLE_RATE
#: Hz of the tone of each instrument, which always go together; drums are noise.
_PITCHES = {
    "bas": 82.4, "cel": 130.8, "gel": 146.8, "gac": 164.8, "org": 196.0, "sax": 220.0,
    "pia": 261.6, "voi": 293.7, "tru": 329.6, "cla": 392.0, "vio": 440.0, "flu": 523.3,
}  # fmt: skip
_OTHER_PITCH = 587.3


def write(
    path: str | Path,
    recording: str | Path,
    rendered: Sound,
    *,
    start: float = 0.0,
    end: float | None = None,
    stream: int | None = None,
) -> None:
    """Write a stereo file of the recording and of `rendered`, by the suffix of `path`.

    From `start` to `end` seconds of the recording; sample 0 of `rendered` is at `start`. Both sides
    have the same level, and none is clipped. Raises as `audio.read` and `audio.write`.
    """
    duration = None if end is None else end - start

    def blocks() -> Iterator[Samples]:
        for block in audio.stream(
            recording, sample_rate=drumkit.SAMPLE_RATE, stream=stream, start=start,
            duration=duration,
        ):  # fmt: skip
            yield block.samples[0]

    left, right, length = _Level(), _Level(), 0
    for samples in blocks():
        left.add(samples)
        length += len(samples)
    for begin in range(0, length, _STEP):
        right.add(rendered(begin, min(begin + _STEP, length)))
    gain = left.rms / right.rms if right.rms else 1.0
    scale = min(1.0, _PEAK / max(left.peak, right.peak * gain, 1e-9))

    def both() -> Iterator[Audio]:
        at = 0
        for samples in blocks():
            other = rendered(at, at + len(samples))
            at += len(samples)
            yield Audio(np.stack([scale * samples, scale * gain * other]), drumkit.SAMPLE_RATE)

    audio.write(path, both())


def tones(level: Activations, plays: NDArray[np.bool_], *, start: float = 0.0) -> Sound:
    """A steady tone for each class, at its `level`, in the frames in which it `plays`.

    Both are (frame, class). Sample 0 is at `start` seconds.
    """
    gains = np.where(plays, 10 ** (level.values / 20), 0)
    noise = np.random.default_rng(1).uniform(-1, 1, drumkit.SAMPLE_RATE)

    def cut(first: int, last: int) -> Samples:
        samples = np.arange(first, last)
        t = start + samples / drumkit.SAMPLE_RATE
        frames = (t - level.start) * level.frame_rate
        mixed = np.zeros(last - first)
        for name, curve in zip(level.classes, gains.T, strict=True):
            gain = np.interp(frames, np.arange(len(curve)), curve)
            if not gain.any():
                continue
            phase = 2 * np.pi * _PITCHES.get(name, _OTHER_PITCH) * t
            tone = noise[samples % len(noise)] if name == "dru" else np.sin(phase)
            mixed += gain * tone
        return mixed.astype(np.float32)

    return cut


def render(part: Transcription, *, clicks: bool = False, start: float = 0.0) -> Sound:
    """The part as sound, with `clicks` a metronome on its beats too.

    Sample 0 is at `start` seconds. A stroke begins within half a sample of its onset.
    """
    events = sorted(_events(part, clicks), key=lambda event: event[0])
    rate = drumkit.SAMPLE_RATE
    begins = np.array([round((time - start) * rate) for time, _, _ in events], dtype=np.int64)
    longest = max((len(samples) for _, _, samples in events), default=0)

    def cut(first: int, last: int) -> Samples:
        mixed = np.zeros(last - first, np.float32)
        low, high = np.searchsorted(begins, [first - longest, last])
        for i in range(int(low), int(high)):
            begin, (_, gain, samples) = int(begins[i]), events[i]
            a, b = max(begin, first), min(begin + len(samples), last)
            if a < b:
                mixed[a - first : b - first] += gain * samples[a - begin : b - begin]
        return mixed

    return cut


def _events(part: Transcription, clicks: bool) -> Iterator[tuple[float, np.float32, Samples]]:
    """The seconds, the gain and the sound of each stroke and click."""
    labels = part.labels.tolist()
    velocities = part.velocities
    if velocities is None:
        velocities = np.full(len(labels), _USUAL_VELOCITY)
    hats = part.onsets[np.isin(part.labels, _HATS)]
    for time, drum, velocity in zip(part.onsets.tolist(), labels, velocities.tolist(), strict=True):
        samples = drumkit.sound(drum)
        if drum == "OHH" and time < hats[-1]:
            samples = _choke(samples, float(hats[np.searchsorted(hats, time, side="right")]) - time)
        yield time, np.float32(10 ** (_RANGE_DB * (velocity - 1) / 20)), samples
    if clicks and part.beats is not None:
        for time, position in zip(part.beats.times, part.beats.positions, strict=True):
            yield float(time), np.float32(1), drumkit.click(bool(position == 1))


def _choke(samples: Samples, seconds: float) -> Samples:
    """An open hat until the next stroke of the hat, so many seconds later."""
    rate = drumkit.SAMPLE_RATE
    t = np.arange(len(samples)) / rate
    faded: Samples = samples * np.clip(1 - (t - seconds) / _CHOKE, 0, 1).astype(np.float32)
    return faded[: round((seconds + _CHOKE) * rate)]


class _Level:
    """The level of sound that comes in pieces: root mean square of its louder blocks, and peak."""

    def __init__(self) -> None:
        self.peak = 0.0
        self._powers: list[float] = []

    def add(self, samples: Samples) -> None:
        """Another piece; its last block may be short."""
        size = round(_BLOCK * drumkit.SAMPLE_RATE)
        self.peak = max(self.peak, float(np.abs(samples).max(initial=0)))
        for begin in range(0, len(samples), size):
            self._powers.append(float(np.mean(np.square(samples[begin : begin + size]))))

    @property
    def rms(self) -> float:
        """Root mean square of the blocks within the gate."""
        powers = np.array(self._powers or [0.0])
        return float(np.sqrt(powers[powers >= powers.max() * 10 ** (-_GATE_DB / 10)].mean()))
