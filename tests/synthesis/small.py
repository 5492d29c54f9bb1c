"""A drum kit of decaying tones and noises, small enough to know by heart."""

import numpy as np

from bandscribe.synthesis.kits.pieces import Kit, KitPiece, RecordedHit, loudness_db

SAMPLE_RATE = 44100


def hit(amplitude: float = 0.5, seconds: float = 0.2, frequency: float = 200.0) -> RecordedHit:
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = amplitude * np.cos(2 * np.pi * frequency * t) * np.exp(-t / (seconds / 4))
    microphones = sound.astype(np.float32)[None]
    return RecordedHit(microphones, SAMPLE_RATE, loudness_db(microphones, SAMPLE_RATE))


def piece(articulation: str, *hits: RecordedHit) -> KitPiece:
    bounds = tuple((i + 1) / len(hits) for i in range(len(hits)))
    return KitPiece(articulation, articulation, tuple((h,) for h in hits), bounds)


def kit(*articulations: str) -> Kit:
    pieces = {
        name: (piece(name, hit(0.2, frequency=100.0 * (i + 1)), hit(frequency=100.0 * (i + 1))),)
        for i, name in enumerate(articulations)
    }
    return Kit("small", "CC0-1.0", "the tests", SAMPLE_RATE, pieces)
