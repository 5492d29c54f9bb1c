from dataclasses import replace

import numpy as np
import pytest
import soundfile

from bandscribe.synthesis import effects

SAMPLE_RATE = 44100
NOTHING = effects.Treatment(
    seed=0, reverb_db=None, reverb_seconds=0.3, reverb_cutoff=5000.0, pre_delay=0.01,
    gate_seconds=0.0,
    equaliser_db=(0.0,) * 7, highpass=0.0, lowpass=0.0, compressor_db=0.0, compressor_ratio=4.0,
    release_db=100.0, drive=0.0, limit_db=0.0, bandwidth=0.0, noise_db=None, noise_slope=0.0,
    peak_db=0.0, codec=None, codec_quality=0.5,
)  # fmt: skip


def tone(frequency: float, seconds: float = 0.5) -> np.ndarray:
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.sin(2 * np.pi * frequency * t).astype(np.float32)


def level_db(samples: np.ndarray) -> float:
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    return float(10 * np.log10(np.mean(middle**2)))


def test_nothing_on_changes_nothing_but_the_level() -> None:
    np.testing.assert_allclose(effects.apply(0.3 * tone(440), SAMPLE_RATE, NOTHING), tone(440),
                               atol=1e-3)  # fmt: skip
    quiet = effects.apply(tone(440), SAMPLE_RATE, replace(NOTHING, peak_db=-20.0))
    assert np.abs(quiet).max() == pytest.approx(0.1, rel=1e-3)


def test_the_equaliser_does_what_its_points_say() -> None:
    # +6 dB at 30 Hz to -6 dB at 18 kHz, straight over the logarithm of frequency.
    what = replace(NOTHING, equaliser_db=tuple(np.linspace(6, -6, 7)))
    both = effects.apply(tone(300) + tone(3000), SAMPLE_RATE, what)
    spectrum = np.abs(np.fft.rfft(both * np.hanning(len(both))))
    bins = [round(f * len(both) / SAMPLE_RATE) for f in (300, 3000)]
    gained = 20 * np.log10(spectrum[bins[0]] / spectrum[bins[1]])
    assert gained == pytest.approx(12 * np.log(10) / np.log(18000 / 30), abs=0.1)


def test_band_limits_halve_the_power_at_their_frequency() -> None:
    for what in (replace(NOTHING, lowpass=5000.0), replace(NOTHING, highpass=5000.0)):
        out = effects._filter(tone(5000), SAMPLE_RATE, what, np.random.default_rng(0))
        assert level_db(out) - level_db(tone(5000)) == pytest.approx(-3.01, abs=0.1)


@pytest.mark.parametrize("seed", range(12))
def test_no_treatment_moves_an_onset(seed: int) -> None:
    samples = np.zeros(SAMPLE_RATE, dtype=np.float32)
    samples[20000:20400] = np.random.default_rng(0).standard_normal(400)
    what = replace(effects.sample_effects(np.random.default_rng(seed)), noise_db=None)
    out = effects.apply(samples, SAMPLE_RATE, what)
    assert out.shape == samples.shape
    loud = np.flatnonzero(np.abs(out) > 0.2 * np.abs(out).max())[0]
    assert abs(int(loud) - 20000) < 100


def test_the_room_has_its_level_and_decay() -> None:
    what = replace(NOTHING, reverb_db=-10.0, reverb_seconds=0.5)
    response = effects._room(SAMPLE_RATE, what, np.random.default_rng(0))
    assert 10 * np.log10(np.sum(response**2)) == pytest.approx(-10, abs=0.01)
    # The energy that is left falls by 60 dB in reverb_seconds: look between 0.1 and 0.3 s.
    left = np.cumsum(response[::-1] ** 2)[::-1]
    start, end = round(0.11 * SAMPLE_RATE), round(0.31 * SAMPLE_RATE)
    assert 10 * np.log10(left[end] / left[start]) == pytest.approx(-60 * 0.2 / 0.5, abs=2.5)


def test_the_compressor_by_hand() -> None:
    # -6.02 dB under full scale, threshold -20 dB, ratio 4: 13.98 dB over come out as 3.495.
    steady = np.full(4410, 0.5, dtype=np.float32)
    what = replace(NOTHING, compressor_db=20.0, compressor_ratio=4.0)
    gain = effects._compressor_gain(steady, SAMPLE_RATE, what)
    np.testing.assert_allclose(20 * np.log10(gain), -13.979 * 0.75, atol=0.01)


def test_the_compressor_releases_on_a_straight_line() -> None:
    samples = np.zeros(SAMPLE_RATE, dtype=np.float32)
    samples[:64] = 1.0
    what = replace(NOTHING, compressor_db=40.0, compressor_ratio=2.0, release_db=100.0)
    gain_db = 20 * np.log10(effects._compressor_gain(samples, SAMPLE_RATE, what))
    # 40 dB over the threshold at first, half of it taken away; 100 dB per second later less.
    assert gain_db[32] == pytest.approx(-20, abs=0.1)
    assert gain_db[round(0.2 * SAMPLE_RATE)] == pytest.approx(-10, abs=0.1)
    assert gain_db[round(0.5 * SAMPLE_RATE)] == 0


@pytest.mark.parametrize("slope", [0.0, 1.0, 2.0])
def test_noise_has_its_level_and_slope(slope: float) -> None:
    noise = effects._noise(SAMPLE_RATE * 4, -40.0, slope, np.random.default_rng(0))
    assert 10 * np.log10(np.mean(noise**2)) == pytest.approx(-40, abs=0.01)
    power = np.abs(np.fft.rfft(noise)) ** 2
    hertz = np.fft.rfftfreq(len(noise), 1 / SAMPLE_RATE)
    octaves = [power[(hertz > low) & (hertz < 2 * low)].mean() for low in (500, 1000, 2000, 4000)]
    np.testing.assert_allclose(np.diff(10 * np.log10(octaves)), -3.01 * slope, atol=0.6)


@pytest.mark.parametrize("codec", ["OGG", "MP3"])
def test_codecs_keep_length_and_place(codec: str) -> None:
    samples = np.zeros(SAMPLE_RATE, dtype=np.float32)
    samples[20000:22000] = 0.5 * np.random.default_rng(0).standard_normal(2000)
    out = effects.apply(samples, SAMPLE_RATE, replace(NOTHING, codec=codec))
    assert out.shape == samples.shape
    lag = np.correlate(out, samples[20000:22000], "valid").argmax() - 20000
    assert abs(int(lag)) <= 1


def test_codecs_write_long_sound_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """libsndfile crashes where 60 s are written as Vorbis at once."""
    sizes = []
    write = soundfile.SoundFile.write

    def counted(sound: soundfile.SoundFile, data: np.ndarray) -> None:
        sizes.append(len(data))
        write(sound, data)

    monkeypatch.setattr(soundfile.SoundFile, "write", counted)
    samples = tone(200, seconds=4.0)
    out = effects.apply(samples, SAMPLE_RATE, replace(NOTHING, codec="OGG"))
    assert sum(sizes) == len(samples)
    assert max(sizes) <= 65536
    np.testing.assert_allclose(out[9000:-9000], samples[9000:-9000], atol=0.02)


def test_a_stored_treatment_can_be_replayed() -> None:
    what = effects.sample_effects(np.random.default_rng(5))
    assert what == effects.sample_effects(np.random.default_rng(5))
    first, again = (effects.apply(tone(200), SAMPLE_RATE, what) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_a_limiter_lowers_the_crest_factor_and_nothing_passes_it() -> None:
    rng = np.random.default_rng(0)
    strokes = 0.1 * rng.standard_normal(SAMPLE_RATE).astype(np.float32)
    strokes[::8000] = 1.0
    crest = {}
    for gain in (0.0, 14.0):
        out = effects.apply(strokes, SAMPLE_RATE, replace(NOTHING, limit_db=gain))
        assert np.abs(out).max() <= 1.0
        crest[gain] = -level_db(out) + 20 * np.log10(np.abs(out).max())
    assert crest[14.0] < crest[0.0] - 5


def test_nothing_is_left_above_the_bandwidth() -> None:
    what = replace(NOTHING, bandwidth=4000.0)
    both = effects._filter(tone(1000) + tone(6000), SAMPLE_RATE, what, np.random.default_rng(0))
    spectrum = np.abs(np.fft.rfft(both * np.hanning(len(both))))
    low, high = (spectrum[round(f * len(both) / SAMPLE_RATE)] for f in (1000, 6000))
    assert 20 * np.log10(high / low) < -60
