"""Kits of the Hydrogen drum machine."""

import numpy as np
import pytest
from tiny_kits import HYDROGEN, RATE, stroke, write

from bandscribe.synthesis import kits
from bandscribe.synthesis.kits import hydrogen


def test_load(hydrogen_kit):
    with pytest.warns(UserWarning, match=r"missing\.wav.*left out"):
        kit = kits.load(hydrogen_kit)
    assert (kit.name, kit.licence) == ("Tiny", "CC0")
    assert "Nobody" in kit.origin
    assert list(kit.pieces) == ["kd", "sd", "chh", "ohh"]
    (kick,) = kit.pieces["kd"]
    assert kick.velocities == (0.5, 1.0)
    assert [len(layer) for layer in kick.layers] == [2, 1]
    # volume 0.5 × gain 2 × layer gain; the soft sample is the mean of 0.5 and 0.3.
    peaks = [np.abs(hit.microphones).max() for layer in kick.layers for hit in layer]
    np.testing.assert_allclose(peaks, [0.2, 0.05, 0.5], rtol=1e-3)
    assert kit.nbytes == sum(
        hit.microphones.size * 4
        for found in kit.pieces.values()
        for piece in found
        for layer in piece.layers
        for hit in layer
    )


def test_pitch_raises_the_sound(hydrogen_kit):
    with pytest.warns(UserWarning, match="missing"):
        snare = kits.load(hydrogen_kit).pieces["sd"][0].layers[0][0]
    spectrum = np.abs(np.fft.rfft(snare.microphones[0], RATE))
    assert int(np.argmax(spectrum)) == pytest.approx(400, abs=4)


@pytest.mark.parametrize("tag", ["pitch", "gain", "volume", "max"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e10", "-300", "1e999", "loud"])
def test_numbers_that_are_none(hydrogen_kit, tag, value):
    path = hydrogen_kit / "drumkit.xml"
    layer = f"<layer><filename>loud.wav</filename><{tag}>{value}</{tag}></layer>"
    volume = f"<volume>{value}</volume>" if tag == "volume" else ""
    path.write_text(
        "<drumkit_info><instrumentList><instrument><name>Kick</name>"
        f"{volume}{layer}</instrument></instrumentList></drumkit_info>"
    )
    if (tag, value) == ("max", "-300"):
        assert kits.load(hydrogen_kit).pieces["kd"]
        return
    with pytest.raises(ValueError, match=r"drumkit\.xml: not a Hydrogen drumkit \("):
        kits.load(hydrogen_kit)


def test_a_sample_far_from_sound(hydrogen_kit):
    write(hydrogen_kit / "loud.wav", stroke(level=0.5) * 1e30)
    with pytest.warns(UserWarning, match=r"\.wav.*; left out of the kit") as caught:
        kit = kits.load(hydrogen_kit)
    assert "kd" in kit.pieces and "sd" not in kit.pieces  # a kick by its soft sample
    assert any("loud.wav: a sample at 0.050 s is 5e+29" in str(w.message) for w in caught)


def test_other_rates_are_resampled(hydrogen_kit):
    with pytest.warns(UserWarning, match="missing"):
        kit = kits.load(hydrogen_kit, sample_rate=22050)
    hat = kit.pieces["ohh"][0].layers[0][0]
    assert hat.sample_rate == kit.sample_rate == 22050
    spectrum = np.abs(np.fft.rfft(hat.microphones[0], 22050))
    assert int(np.argmax(spectrum)) == pytest.approx(200, abs=4)


def test_stick_beside_a_side_stick_is_left_out():
    def instrument(name):
        return hydrogen.Instrument(name, (hydrogen.Layer(f"{name}.wav", 1.0, 1.0, 0.0),))

    stick, click = instrument("Stick"), instrument("Rim Click")
    assert hydrogen.label([stick]) == [(stick, "ss")]
    assert hydrogen.label([stick, click]) == [(click, "ss")]


@pytest.mark.parametrize("text", ["<drumkit", HYDROGEN.replace("<max>1<", "<max>loud<")])
def test_damaged(hydrogen_kit, text):
    (hydrogen_kit / "drumkit.xml").write_text(text)
    with pytest.raises(ValueError, match=r"drumkit\.xml"):
        kits.load(hydrogen_kit)
