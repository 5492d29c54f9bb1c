import numpy as np
import pytest

from bandscribe.synthesis.kits.pieces import Kit, KitPiece, RecordedHit
from bandscribe.training.drummernet.network import (
    ARTICULATIONS,
    COMPONENTS,
    NORM,
    TO_10,
    draw_waveforms,
    to_classes,
)
from bandscribe.vocabulary import DRUMS_10


def piece(articulation: str, frequency: float, *, layers: int = 1) -> KitPiece:
    """Layer i is a tone of `frequency` · (i + 1)."""
    t = np.arange(22050) / 44100
    hits = [
        RecordedHit(
            (0.1 * np.sin(2 * np.pi * frequency * (i + 1) * t) * np.exp(-9 * t))[None].astype(
                np.float32
            ),
            44100,
            -20.0,
        )
        for i in range(layers)
    ]  # fmt: skip
    velocities = tuple((i + 1) / layers for i in range(layers))
    return KitPiece("p", articulation, tuple((hit,) for hit in hits), velocities)


def kit(name: str, frequencies: dict[str, float], **options: int) -> Kit:
    pieces = {each: (piece(each, f, **options),) for each, f in frequencies.items()}
    return Kit(name, "", "", 44100, pieces)


def pitch(waveform: np.ndarray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(waveform))))  # bins of 1 Hz


EVERY = {each: 200.0 + 100 * i for i, each in enumerate(ARTICULATIONS.values())}


def test_eleven_components_of_ten_classes() -> None:
    assert len(COMPONENTS) == 11 and list(ARTICULATIONS) == list(COMPONENTS)
    assert TO_10["TMB"] is None
    matrix = to_classes()
    assert matrix.shape == (11, 10)
    assert matrix[:, DRUMS_10.index("CHH")].tolist() == [
        float(name in ("CHH", "PHH")) for name in COMPONENTS
    ]
    assert matrix.sum() == 10  # the tambourine is none of them


def test_waveforms_last_a_second_and_are_as_loud_as_in_a_mix() -> None:
    waveforms = draw_waveforms([kit("a", EVERY)], np.random.default_rng(0))
    assert waveforms.shape == (1, 11, 16000)
    levels = 20 * np.log10(np.linalg.norm(waveforms[0, :, :4800], axis=1) / NORM)
    wanted = {"KD": 0, "SD": 0, "CHH": -13, "OHH": -9, "RDC": -11, "CRC": -5}
    for name, level in wanted.items():
        assert levels[COMPONENTS.index(name)] == pytest.approx(level, abs=1e-3)
    for row, frequency in zip(waveforms[0], EVERY.values(), strict=True):
        assert abs(pitch(row) - frequency) <= 2


def test_what_a_kit_lacks_is_borrowed() -> None:
    small = kit("b", {"kd": 50.0, "sd": 150.0})
    lender = kit("c", {"tmb": 6000.0})
    first, second = draw_waveforms([kit("a", EVERY), small, lender], np.random.default_rng(0))
    assert pitch(first[0]) > 190 and abs(pitch(second[0]) - 50) <= 2
    assert abs(pitch(second[2]) - EVERY["chh"]) <= 2
    assert abs(pitch(second[-1]) - 6000) <= 2 or abs(pitch(second[-1]) - EVERY["tmb"]) <= 2


def test_the_layer_of_velocity_98() -> None:
    """Of four layers up to 0.25, 0.5, 0.75 and 1, the last holds 98 / 127."""
    layered = kit("a", EVERY, layers=4)
    waveforms = draw_waveforms([layered], np.random.default_rng(0))
    assert abs(pitch(waveforms[0, 0]) - 4 * EVERY["kd"]) <= 2


def test_a_component_that_no_kit_has() -> None:
    lacking = {each: f for each, f in EVERY.items() if each != "rd"}
    with pytest.raises(ValueError, match="kits: none has RDC"):
        draw_waveforms([kit("a", lacking)], np.random.default_rng(0))
