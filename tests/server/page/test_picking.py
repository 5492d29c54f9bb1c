"""The page picks notes from activations as Python does."""

import numpy as np
import pytest

from bandscribe import drums, peaks
from bandscribe.server import tasks


@pytest.mark.parametrize("sensitivity", [0.5, 0.4, 0.9, 1.0])
def test_the_page_picks_the_notes_that_python_picks(shown, recording, sensitivity) -> None:
    assert recording.activations is not None and recording.waveform is not None
    card, duration = tasks.load("drums").card, recording.waveform.duration
    part = drums.notes(recording.activations, card, sensitivity=sensitivity, duration=duration)
    found = shown.run(
        """(sensitivity) => {
          const part = bandscribe.part();
          for (const name of part.classes) part.setSensitivity(name, sensitivity);
          return part.all().map(({ name, note }) => [note.onset, name, note.velocity]);
        }""",
        sensitivity,
    )
    assert part.velocities is not None
    rows = zip(part.onsets.tolist(), part.labels.tolist(), part.velocities.tolist(), strict=True)
    assert sorted(map(tuple, found)) == sorted(rows)  # to the last bit
    assert len(found) > 20


def test_it_picks_alike_from_any_activations(shown) -> None:
    """Plateaus, ends, waits: hundreds of short curves of few distinct values."""
    rng = np.random.default_rng(7)
    curves = rng.integers(0, 5, (500, 13)).astype(np.float32) / np.float32(4)
    windows = [dict(zip(("max_frames", "mean_frames", "wait_frames"), row, strict=True))
               for row in rng.integers(0, 5, (500, 3)).tolist()]  # fmt: skip
    thresholds = rng.choice([0.05, 0.1, 0.25, 0.3], 500).tolist()
    found = shown.run(
        """async ([curves, thresholds, windows]) => {
          const { pickFrames, refine } = await import("/static/pick.js");
          return curves.map((curve, n) => {
            const values = new Float32Array(curve);
            return pickFrames(values, thresholds[n], windows[n]).map((f) => [f, refine(values, f)]);
          });
        }""",
        [curves.tolist(), thresholds, windows],
    )
    for curve, threshold, window, pairs in zip(curves, thresholds, windows, found, strict=True):
        values = curve[:, None]
        picked = peaks.pick(values, thresholds=[threshold], **window)
        expected = zip(picked.frames.tolist(), peaks.refine(values, picked), strict=True)
        assert [tuple(pair) for pair in pairs] == list(expected)
