"""The articulation of a sound, by its name."""

import pytest

from bandscribe.synthesis.kits import naming


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ('Kick (Tama Superstar 22")', "kd"),
        ("BassDrum", "kd"),
        ("c3 - bass drum 1", "kd"),
        ("bd_boom", "kd"),
        ("Snare Rimshot", "sd"),
        ("Snare Roll", None),
        ("Stick", "ss"),
        ("Rim Click", "ss"),
        ("Pearl Side Stick", "ss"),
        ("Hi Hat Closed", "chh"),
        ("Hat Semi-Open", "ohh"),
        ("Sabian Hat Swish", "ohh"),
        ("Sabian Hat Choke", None),
        ("Side OHH", "ohh"),
        ("Hat 1 Pd", "phh"),
        ("Hat Low", None),
        ("Tom Hi", "ht"),
        ("tomhi2", "ht"),
        ("Tom 2", "mt"),
        ("Tom", "mt"),
        ("Floor Tom", "lt"),
        ("crash16inch", "cr"),
        ("ride-crash20inch", None),
        ("ride-cup", "rb"),
        ("Paiste Bell", "rb"),
        ("Cowbell", "cb"),
        ("Cymbal", None),
        ("Zildjian Splash", "sp"),
        ("China", "ch"),
        ("Hand Clap", "clap"),
        ("Tambourine Pedal", "tmb"),
        ("Djembe1 Bass", "other"),
        ("Dununba1 Bell Mute", "other"),
        ("15", None),
        ("Sample: beats_08-37.flac", None),
        ("", None),
    ],
)
def test_articulation_of_a_name(name, expected):
    assert naming.articulation(name) == expected
