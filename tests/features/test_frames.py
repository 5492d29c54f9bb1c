import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from bandscribe.features.frames import cut, cut_centred, decibels

RAMP = np.arange(1, 6, dtype=np.float32)


def test_frames_by_hand() -> None:
    assert cut(RAMP, 2, 2).tolist() == [[1, 2], [3, 4]]
    assert cut(RAMP, 6, 1).shape == (0, 6)
    assert cut_centred(RAMP, 4, 3).tolist() == [[0, 0, 1, 2], [2, 3, 4, 5]]
    assert cut_centred(RAMP, 4, 3, beyond="edge").tolist() == [[1, 1, 1, 2], [2, 3, 4, 5]]
    assert cut_centred(RAMP[:0], 4, 3).tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize("frames", [cut, cut_centred])
def test_stereo_is_refused(frames: object) -> None:
    with pytest.raises(ValueError, match=r"samples: expected one channel"):
        frames(np.zeros((2, 9), dtype=np.float32), 4, 2)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("floor", "depth", "reference"), [(1e-10, 80.0, 1.0), (1e-5, None, 0.2), (1e-10, 30.0, 0.0)]
)
def test_decibels_are_librosas(floor: float, depth: float | None, reference: float) -> None:
    power: NDArray[np.float32] = np.float32(10.0) ** np.linspace(-12, 2, 60, dtype=np.float32)
    theirs = librosa.power_to_db(power, amin=floor, top_db=depth, ref=reference)
    np.testing.assert_allclose(
        decibels(power, floor=floor, depth=depth, reference=reference), theirs, atol=1e-4
    )
    assert decibels(power).dtype == np.float32
