"""Laws that the shipped drum model keeps, on the recording among the examples."""

from pathlib import Path

import mido
import numpy as np
import pytest

from bandscribe import audio, drums
from bandscribe.metrics import onsets
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import DRUMS_5

EXAMPLES = Path(__file__).parent.parent / "examples"
GROOVE = audio.read(EXAMPLES / "groove.flac", mono=True)
MODEL = drums.load("drums")


def transcribe(sound: Audio) -> Transcription:
    heard = drums.infer(sound, MODEL)
    return drums.notes(heard, MODEL.card, classes=5, duration=sound.duration)


@pytest.fixture(scope="module")
def plain() -> Transcription:
    return transcribe(GROOVE)


@pytest.mark.parametrize("gain_db", [-40, -20, 6, 20, 20 * np.log10(32768)])
def test_no_gain_changes_the_notes(gain_db: float, plain: Transcription) -> None:
    louder = Audio(GROOVE.samples * np.float32(10 ** (gain_db / 20)), GROOVE.sample_rate)
    assert len(plain.onsets) > 20
    assert onsets.score([plain], [transcribe(louder)], DRUMS_5).micro.f1 >= 0.99


def test_a_stroke_in_the_first_sample_is_found() -> None:
    midi = mido.MidiFile(EXAMPLES / "groove.mid")
    clock = np.cumsum([message.time for message in midi])
    struck = [
        float(time)
        for time, message in zip(clock, midi, strict=True)
        if message.type == "note_on" and message.velocity > 40
    ]
    starts = struck[:: len(struck) // 10][:10]
    found = 0
    for start in starts:
        first = round(start * GROOVE.sample_rate)
        cut = GROOVE.samples[:, first : first + 2 * GROOVE.sample_rate]
        times = transcribe(Audio(cut, GROOVE.sample_rate)).onsets
        found += len(times) > 0 and times[0] <= 0.03
    assert found == len(starts) == 10
