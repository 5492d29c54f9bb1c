"""Drum presets of SoundFonts."""

from itertools import pairwise

import numpy as np
import pytest
import tiny_soundfont
from tiny_kits import RATE, preset, riff, stroke

from bandscribe.synthesis import fluidsynth, kits
from bandscribe.synthesis.fluidsynth import Note
from bandscribe.synthesis.kits import pieces, soundfont
from bandscribe.vocabulary import ARTICULATIONS


def test_presets(font):
    assert soundfont.presets(font) == {0: "Standard", 8: "Room"}


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", riff(form=b"WAVE"), riff(), riff(preset("EOP", 0, 0))[:-60]]
)
def test_damaged(font, data):
    font.write_bytes(data)
    with pytest.raises(ValueError, match=r"font\.sf2"):
        soundfont.presets(font)


def test_articulation():
    assert soundfont.articulation(38, 0) == "sd"
    assert soundfont.articulation(60, 0) == "other"
    assert soundfont.articulation(71, 0) is None
    assert soundfont.articulation(39, 40) == "sd"
    assert soundfont.articulation(40, 40) is None
    assert soundfont.articulation(52, 24) is None
    assert {soundfont.articulation(note, 0) for note in soundfont.NOTES} == set(ARTICULATIONS)


def test_plan_leaves_room():
    plan = list(soundfont.plan(0))
    assert {(s.pitch, s.velocity) for s in plan} == {
        (note, velocity) for note in soundfont.NOTES for velocity in soundfont.VELOCITIES
    }
    for stroke_, following in pairwise(plan):
        assert following.start > stroke_.end + 0.3


def test_cut_strokes():
    plan = [
        Note(0.1, 0.6, 38, 64),
        Note(1.0, 1.5, 38, 127),
        Note(2.0, 2.5, 36, 127),
    ]
    samples = np.zeros(3 * RATE, dtype=np.float32)
    for planned, level in zip(plan[:2], (0.1, 0.8), strict=True):
        sound = stroke(silence=0.02, level=level)
        start = round(planned.start * RATE)
        samples[start : start + len(sound)] += sound
    hits = soundfont.cut_strokes(samples, RATE, plan, 0)
    assert list(hits) == [38]  # what stays silent is no piece
    assert [velocity for velocity, _ in hits[38]] == [64, 127]
    soft, loud = (hit for _, hit in hits[38])
    assert loud.loudness_db - soft.loudness_db == pytest.approx(18.06, abs=0.05)
    # The soft one is the loud one at another level.
    assert soundfont.distinct(hits[38]) == [(127, loud)]
    other = pieces.cut(stroke(frequency=500)[None], RATE, "sd")
    assert other is not None
    assert soundfont.distinct([(64, other), (127, loud)]) == [(64, other), (127, loud)]


def test_play(tmp_path):
    """A SoundFont of one looped cosine, as a drum kit: each stroke sounds from its start on."""
    plan = [
        Note(0.1, 0.3, 38, 64),
        Note(1.0, 1.3, 49, 127),
    ]
    font = tiny_soundfont.write(tmp_path / "tiny.sf2", bank=128)
    samples = soundfont.play(font, 8, plan, RATE)
    for planned, quiet in zip(plan, (0, 0.9), strict=True):
        start, end = (round(RATE * t) for t in (planned.start, planned.end))
        assert np.abs(samples[round(RATE * quiet) : start]).max() < 1e-4
        assert np.abs(samples[start + 200 : end]).max() > 0.01
    hits = soundfont.cut_strokes(samples, RATE, plan, 8)
    assert {note: len(layers) for note, layers in hits.items()} == {38: 1, 49: 1}
    assert hits[49][0][1].loudness_db > hits[38][0][1].loudness_db + 6
    with pytest.raises(ValueError, match=r"tiny\.sf2: no program 200 in it"):
        soundfont.play(font, 200, plan, RATE)


def test_failures_name_the_cure(font, monkeypatch):
    with pytest.raises(ValueError, match=r"no drum kit 48.*\[0, 8\]"):
        kits.load(f"{font}#48")
    with pytest.raises(ValueError, match="PROGRAM"):
        kits.load(f"{font}#x")
    fluidsynth.load_library.cache_clear()
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    with pytest.raises(ValueError, match="install"):
        kits.load(f"{font}#8")
