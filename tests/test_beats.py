import numpy as np
import pytest
from mir_eval.beat import f_measure, trim_beats

from bandscribe import beats
from bandscribe.beats import track
from bandscribe.types import Activations, Beats

SECONDS = 30


def tap(bpm, seconds=SECONDS, per_bar=4, drift=0.0, start=0.33):
    """A beat grid whose tempo grows by `drift` until its end."""
    times = [start]
    while times[-1] < seconds - 1:
        times.append(times[-1] + 60 / (bpm * (1 + drift * times[-1] / seconds)))
    return Beats(np.array(times), np.arange(len(times)) % per_bar + 1)


def draw(frames, rate, *marks):
    """Peaks as a network is taught them: 1 on the frame, 0.5 beside it; a bell in between."""
    curve = np.zeros(frames)
    for times, height in marks:
        for position, top in zip(times * rate, np.broadcast_to(height, len(times)), strict=True):
            near = np.arange(max(int(position) - 2, 0), min(int(position) + 4, frames))
            curve[near] = np.maximum(curve[near], top * 0.5 ** (near - position) ** 2)
    return curve


def activate(grid, *, seconds=SECONDS, rate=100, height=1.0, heard=True, others=()):
    """The activations of a grid: only beats `heard` are there, and other peaks of the beat."""
    heard = np.broadcast_to(heard, grid.times.shape)
    first = grid.positions == 1
    frames = round(seconds * rate)
    height = np.broadcast_to(height, grid.times.shape)
    beat = draw(frames, rate, (grid.times[heard], height[heard]), *others)
    downbeat = draw(frames, rate, (grid.times[heard & first], height[heard & first]))
    return wrap(np.stack([beat, downbeat], axis=1), rate)


def wrap(values, rate=100, start=0.0):
    return Activations(np.asarray(values, np.float32), rate, start, ("beat", "downbeat"))


def assert_found(grid, found, least=0.99):
    assert f_measure(trim_beats(grid.times), trim_beats(found.times)) >= least
    bars = [trim_beats(b.times[b.positions == 1]) for b in (grid, found)]
    assert f_measure(*bars) >= least


@pytest.mark.parametrize("per_bar", [3, 4])
@pytest.mark.parametrize("bpm", [56, 70, 97.3, 120, 151, 187.7, 213])
def test_constant_tempo_is_found_to_a_few_milliseconds(bpm, per_bar):
    grid = tap(bpm, per_bar=per_bar)
    found = track(activate(grid))
    np.testing.assert_allclose(found.times, grid.times, atol=2e-3)
    np.testing.assert_array_equal(found.positions, grid.positions)


@pytest.mark.parametrize("per_bar", [5, 7])
def test_rarer_metres_are_found(per_bar):
    grid = tap(140, per_bar=per_bar)
    np.testing.assert_array_equal(track(activate(grid)).positions, grid.positions)


@pytest.mark.parametrize("rate", [50, 86.1328125, 200])
def test_any_frame_rate(rate):
    grid = tap(133)
    found = track(activate(grid, rate=rate))
    np.testing.assert_allclose(found.times, grid.times, atol=0.2 / rate)
    np.testing.assert_array_equal(found.positions, grid.positions)


def test_times_begin_at_the_start_of_the_activations():
    values = activate(tap(100)).values
    here, there = track(wrap(values)), track(wrap(values, start=7.5))
    np.testing.assert_allclose(there.times, here.times + 7.5)


def test_no_beat_is_before_the_recording():
    # A network hears silence in front of it too.
    values = activate(tap(100)).values
    np.testing.assert_allclose(track(wrap(values, start=-0.34)).times[:2], [0.0, 0.59], atol=2e-3)
    late = track(wrap(values, start=-0.4))
    np.testing.assert_allclose(late.times[:2], [0.53, 1.13], atol=2e-3)
    assert late.positions[0] == 2


@pytest.mark.parametrize("bpm", [80, 120, 170])
def test_noise(bpm):
    rng = np.random.default_rng(1)
    grid = tap(bpm)
    # Noise after the last beat would make the grid go on.
    end = grid.times[-1] + 0.1
    clean = activate(grid, seconds=end, height=rng.uniform(0.6, 1, len(grid.times)))
    noise = rng.uniform(0, 0.35, clean.values.shape)
    assert_found(grid, track(wrap(np.maximum(clean.values, noise))))


@pytest.mark.parametrize("height", [0.15, 0.4])
def test_faint_activations_count_relative_to_their_own_level(height):
    grid = tap(125)
    assert_found(grid, track(activate(grid, height=height)))


@pytest.mark.parametrize("bpm", [75, 130, 190])
@pytest.mark.parametrize("drift", [0.05, -0.05])
def test_tempo_drifts(bpm, drift):
    grid = tap(bpm, drift=drift)
    found = track(activate(grid))
    assert_found(grid, found)
    np.testing.assert_allclose(found.times, grid.times, atol=5e-3)


@pytest.mark.parametrize(("before", "after"), [(90, 130), (130, 90), (100, 106), (120, 175)])
def test_tempo_jumps(before, after):
    first = tap(before, 16).times
    second = tap(after, 16, start=first[-1] + 60 / after).times
    times = np.concatenate([first, np.arange(second[0], SECONDS - 1, 60 / after)])
    grid = Beats(times, np.arange(len(times)) % 4 + 1)
    assert_found(grid, track(activate(grid)), least=0.98)


@pytest.mark.parametrize("bpm", [66, 110, 160, 205])
def test_missing_beats_are_filled_in_on_the_grid(bpm):
    grid = tap(bpm)
    heard = np.random.default_rng(3).random(len(grid.times)) >= 0.3
    heard[[0, -1]] = True  # nothing is filled in outside what is heard
    found = track(activate(grid, heard=heard))
    assert_found(grid, found)
    np.testing.assert_allclose(found.times, grid.times, atol=5e-3)


@pytest.mark.parametrize("swing", [1 / 2, 2 / 3])
@pytest.mark.parametrize(
    ("bpm", "height"), [(62, 0.2), (80, 0.3), (95, 0.4), (140, 0.4), (200, 0.4)]
)
def test_eighth_notes_between_beats_are_no_beats(bpm, height, swing):
    # The slower the tempo, the less evidence makes its double more likely.
    grid = tap(bpm)
    between = grid.times[:-1] + swing * np.diff(grid.times)
    found = track(activate(grid, others=[(between, height)]))
    assert_found(grid, found)
    assert len(found.times) == len(grid.times)


@pytest.mark.parametrize("bpm", [108, 116, 130])
def test_every_other_beat_missed_is_not_half_the_tempo(bpm):
    """Where what is between the strong beats is a little above the neutral activation."""
    grid = tap(bpm)
    weak = np.where(np.arange(len(grid.times)) % 2, 0.36, 1.0)
    found = track(activate(grid, height=weak))
    assert f_measure(trim_beats(grid.times), trim_beats(found.times)) >= 0.99


def test_human_timing_is_followed():
    rng = np.random.default_rng(5)
    even = tap(112, drift=0.05)
    grid = Beats(even.times + rng.normal(0, 0.008, len(even.times)), even.positions)
    found = track(activate(grid))
    assert_found(grid, found)
    assert np.median(abs(found.times - grid.times)) < 2e-3


def test_a_bar_of_another_metre():
    positions = np.array([*[1, 2, 3, 4] * 8, 1, 2, 3, *[1, 2, 3, 4] * 8])
    grid = Beats(0.4 + 0.4 * np.arange(len(positions)), positions)
    np.testing.assert_array_equal(track(activate(grid)).positions, positions)


def test_bars_of_four_where_no_downbeat_is_heard():
    values = activate(tap(120)).values * [1, 0]
    positions = track(wrap(values)).positions
    np.testing.assert_array_equal(np.diff(positions) % 4, 1)
    assert positions.max() == 4


@pytest.mark.parametrize("frames", [0, 1, 2, 7, 50, 3000])
@pytest.mark.parametrize("level", [0.0, 0.05])
def test_no_beats_in_silence(frames, level):
    found = track(wrap(np.full((frames, 2), level)))
    assert found.times.shape == found.positions.shape == (0,)


@pytest.mark.parametrize("frames", [1, 2, 7, 28, 50])
def test_very_short_inputs(frames):
    values = np.zeros((frames, 2))
    values[frames // 2] = 1
    found = track(wrap(values))
    np.testing.assert_allclose(found.times, [frames // 2 / 100])
    assert np.isfinite(track(wrap(np.ones((frames, 2)))).times).all()


def test_silence_around_the_music_and_a_long_rest_hold_no_beats():
    first = tap(100, 15, start=6)
    second = tap(140, 50, per_bar=3, start=32)
    grid = Beats(
        np.concatenate([first.times, second.times]),
        np.concatenate([first.positions, second.positions]),
    )
    found = track(activate(grid, seconds=60))
    np.testing.assert_allclose(found.times, grid.times, atol=2e-3)


def test_a_short_rest_is_counted_through():
    grid = tap(120)
    heard = (grid.times < 12) | (grid.times > 18)
    np.testing.assert_allclose(track(activate(grid, heard=heard)).times, grid.times, atol=5e-3)


@pytest.mark.parametrize("chunk", [1, 100, 333, 2999])
def test_chunks_change_nothing(chunk, monkeypatch):
    rng = np.random.default_rng(7)
    noisy = np.maximum(activate(tap(117, drift=0.1)).values, rng.uniform(0, 0.5, (3000, 2)))
    whole = track(wrap(noisy[:900] if chunk == 1 else noisy))
    monkeypatch.setattr(beats, "CHUNK", chunk)
    chunked = track(wrap(noisy[:900] if chunk == 1 else noisy))
    np.testing.assert_array_equal(chunked.times, whole.times)
    np.testing.assert_array_equal(chunked.positions, whole.positions)


def test_the_path_is_the_best_of_all():
    # Against the recursion as it is written in the module's head, without any shortcut.
    rng = np.random.default_rng(11)
    rate = 20.0
    score = rng.normal(0, 4, 120)
    lags = np.arange(5, 22)
    octaves = np.log2(lags * beats.PREFERRED / (60 * rate))
    prior = -0.5 * (octaves / beats.PREFERRED_OCTAVES) ** 2
    cost = beats.TEMPO_LAMBDA * abs(np.log(lags[:, None] / lags))
    n, reach = len(score), 22
    padded = np.concatenate([score, np.zeros(reach)])
    best = np.zeros((reach + 1 + len(padded), len(lags)))
    for t in range(len(padded)):
        for i, k in enumerate(lags):
            row = t + reach + 1
            before = best[[row - k, row - k - 1]].max(axis=0) - cost[i]
            best[row, i] = padded[t] + prior[i] + before.max()
    # The price of the path found, at the best tempi that have its intervals.
    path = beats._follow(score, rate)
    value = np.zeros(len(lags))
    for t, step in zip(path, [None, *np.diff(path).tolist()], strict=True):
        # The first interval begins before the recording.
        fits = lags + 1 > t if step is None else (lags == step) | (lags + 1 == step)
        value = np.where(fits, score[t] + prior + (value - cost).max(axis=1), -np.inf)
    # So the last one ends after it.
    closed = np.where(path[-1] + lags + 1 >= n, prior + (value - cost).max(axis=1), -np.inf)
    assert closed.max() == pytest.approx(best[-reach:].max())


def test_wrong_activations_are_refused():
    values = np.zeros((10, 2), np.float32)
    with pytest.raises(ValueError, match=r"classes: expected \('beat', 'downbeat'\)"):
        track(Activations(values, 100, 0.0, ("KD", "SD")))
    with pytest.raises(ValueError, match="kind: expected 'probability'"):
        track(Activations(values, 100, 0.0, ("beat", "downbeat"), "level_db"))
