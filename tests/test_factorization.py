"""Factorization against cases worked by hand, the laws it obeys, and as a drum model."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandscribe import drums, factorization
from bandscribe.factorization import activate, normalize_by_local_max
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.types import Audio
from bandscribe.vocabulary import DRUMS, DRUMS_3, DRUMS_10
from tiny import BANDS, SAMPLE_RATE, hits, tiny_card


def draw(seed: int, *, frames: int = 40, lags: int = 4, classes: int = 3, bins: int = 7):  # type: ignore[no-untyped-def]
    """A spectrogram that the templates do not quite explain, and the templates."""
    rng = np.random.default_rng(seed)
    templates = rng.uniform(0.01, 1, (lags, classes, bins)).astype(np.float32)
    return rng.uniform(0, 1, (frames, bins)).astype(np.float32), templates


def synthesize(activations: np.ndarray, templates: np.ndarray) -> np.ndarray:
    """Λ (frame, bin) of H (frame, class) and W (lag, class, bin)."""
    explained = np.zeros((len(activations), templates.shape[2]), dtype=np.float32)
    for lag, spectra in enumerate(templates[: len(activations)]):
        explained[lag:] += activations[: len(activations) - lag] @ spectra
    return explained


def measure_divergence(v: np.ndarray, explained: np.ndarray) -> float:
    """The generalised Kullback-Leibler divergence of V from Λ, both (frame, bin)."""
    v, model = v.astype(np.float64), explained.astype(np.float64)
    logarithm = np.log(np.maximum(v, 1e-10) / np.maximum(model, 1e-10))
    return float(np.sum(v * logarithm - v + model))


def test_one_update_by_hand() -> None:
    # One frame, two bins, one template: H = 1, Λ = (1, 3), so that
    # H ← 1 · (1 · 2/1 + 3 · 3/3) / (1 + 3) = 5/4, which explains the sum, 5, and stays.
    templates = np.array([[[1, 3]]], dtype=np.float32)
    spectrogram = np.array([[2, 3]], dtype=np.float32)
    for iterations in (1, 2, 5):
        found = activate(spectrogram, templates, iterations=iterations)
        assert found.item() == pytest.approx(1.25)


def test_known_activations_are_recovered() -> None:
    templates = np.array(
        [[[4, 1, 0, 0], [0, 1, 2, 1]], [[2, 1, 0, 0], [0, 0, 1, 1]], [[1, 0, 0, 0], [0, 0, 0, 1]]],
        dtype=np.float32,
    )
    struck = np.zeros((30, 2), dtype=np.float32)
    struck[[2, 11, 12, 20], 0] = [1.0, 0.5, 0.25, 3.0]
    struck[[5, 11, 27], 1] = [2.0, 1.0, 0.1]
    found = activate(synthesize(struck, templates), templates, iterations=500)
    assert np.allclose(found, struck, atol=0.005)


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 12))
def test_the_divergence_never_rises(seed: int, lags: int, frames: int) -> None:
    spectrogram, templates = draw(seed, lags=lags, frames=frames)
    path = [
        measure_divergence(
            spectrogram, synthesize(activate(spectrogram, templates, iterations=n), templates)
        )
        for n in range(12)
    ]
    assert all(after <= before * (1 + 1e-5) + 1e-5 for before, after in pairwise(path))
    assert path[-1] < path[0]


def test_one_lag_is_the_nmf_of_lee_and_seung() -> None:
    spectrogram, templates = draw(1, lags=1)
    w, v = templates[0].T.astype(np.float64), spectrogram.T.astype(np.float64)
    h = np.ones((3, 40))
    for _ in range(15):
        h *= (w.T @ (v / (w @ h))) / w.sum(axis=0)[:, None]
    assert np.allclose(activate(spectrogram, templates, iterations=15), h.T, rtol=1e-4)


def test_lags_without_sound_change_nothing() -> None:
    spectrogram, templates = draw(2, lags=1)
    longer = np.concatenate([templates, np.zeros_like(templates)])
    short, long = (activate(spectrogram, w, iterations=10) for w in (templates, longer))
    assert np.allclose(short, long, rtol=1e-4)


def test_louder_is_louder_and_later_is_later() -> None:
    spectrogram, templates = draw(3)
    found = activate(spectrogram, templates, iterations=8)
    assert np.allclose(activate(8 * spectrogram, templates, iterations=8), 8 * found, rtol=1e-3)
    silence = np.zeros((10, 7), dtype=np.float32)
    moved = activate(np.concatenate([silence, spectrogram]), templates, iterations=8)
    # A stroke before the first frame could explain it too; otherwise nothing changes.
    assert np.allclose(moved[20:], found[10:], atol=0.05)


def test_silence_has_no_strokes() -> None:
    _, templates = draw(4)
    for adaptation in (None, 1.0):
        found = activate(
            np.zeros((9, 7), np.float32), templates, iterations=3, adaptation=adaptation
        )
        assert not found.any()


def test_templates_adapt_to_drums_that_are_tuned_otherwise() -> None:
    played = np.array([[[6, 1, 0], [0, 1, 6]]], dtype=np.float32)
    expected = np.array([[[3, 3, 1], [1, 3, 3]]], dtype=np.float32)
    rng = np.random.default_rng(5)
    struck = np.zeros((60, 2), dtype=np.float32)
    struck[np.arange(60), rng.integers(2, size=60)] = rng.uniform(0.5, 1, 60)
    spectrogram = synthesize(struck, played)

    def leakage(iterations: int, adaptation: float | None) -> float:
        found = activate(spectrogram, expected, iterations=iterations, adaptation=adaptation)
        return float(found[struck == 0].sum() / found.sum())

    assert leakage(60, 1.0) < 0.5 * leakage(60, None)
    assert leakage(60, 1.0) < leakage(60, 8.0) < leakage(60, None)
    assert leakage(1, 1.0) == leakage(1, None)


def test_relate_measures_by_the_loudest_nearby() -> None:
    amplitudes = np.zeros((12, 2), dtype=np.float32)
    amplitudes[[1, 3, 10], [0, 1, 1]] = [400, 100, 25]
    found = normalize_by_local_max(amplitudes, 4)
    assert found[1, 0] == 1
    assert found[3, 1] == pytest.approx(0.5)  # a quarter of the 400 two frames before
    assert found[10, 1] == 1  # these are out of reach
    assert normalize_by_local_max(amplitudes / 1000, 4).max() == pytest.approx(
        np.sqrt(0.4)
    )  # nearly silence
    assert np.array_equal(normalize_by_local_max(8 * amplitudes, 4), found)


def write(path: Path, *, lags: int = 3, **changes: object) -> Path:
    """Templates of the tones of `tiny`: each class has the spectrum of its own."""
    front_end = LogSpectrogram()
    templates = []
    for name in DRUMS_10:
        features = front_end(hits({0.1: name}, 0.5))[10 : 10 + lags]
        magnitudes = (10**features - 1) / np.float32(front_end.compression)
        templates.append(magnitudes / magnitudes.sum())
    fields = {
        "outputs": DRUMS_10,
        "recipe": {"iterations": 30, "adaptation": None},
        "chunk_seconds": 12.0,
        "overlap_seconds": 9.0,
        **changes,
    }
    factorization.write(path, tiny_card(**fields), np.stack(templates, axis=1))
    return path


PLAYED = {0.5: "KD", 1.0: "CHH", 1.5: "SD", 2.0: "RD", 2.5: "KD", 3.0: "OHH", 3.5: "LT"}


def test_transcribes_what_its_templates_are_of(tmp_path: Path) -> None:
    # A tone in a wide, high band counts less than one in a narrow, low one.
    thresholds = {str(n): dict.fromkeys(names, 0.05) for n, names in DRUMS.items()}
    path = write(tmp_path / "tones.npz", thresholds=thresholds)
    for gain in (0.2, 1.0):
        heard = drums.transcribe(
            Audio(np.float32(gain) * hits(PLAYED, 4.0)[np.newaxis], SAMPLE_RATE), model=path
        )
        assert heard.labels.tolist() == list(PLAYED.values())
        assert np.allclose(heard.onsets, list(PLAYED), atol=0.03)
        assert heard.velocities is not None
        assert heard.beats is None


def test_chunks_change_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    played = {
        float(at): str(rng.choice(list(BANDS))) for at in np.arange(0.5, 29, 0.35) if at < 28.5
    }
    sound = Audio(hits(played, 29.0)[np.newaxis], SAMPLE_RATE)
    short = factorization.load(write(tmp_path / "a.npz"))
    long = factorization.load(write(tmp_path / "b.npz", chunk_seconds=100.0))
    assert np.allclose(
        drums.infer(sound, short).onsets.values, drums.infer(sound, long).onsets.values, atol=2e-3
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "tones.npz")
    loaded = factorization.load(path, threads=3)
    assert loaded.threads == 3
    assert loaded.templates.shape == (3, 10, LogSpectrogram().n_bins)
    assert loaded.card.to_json() == tiny_card(
        outputs=DRUMS_10, recipe={"iterations": 30, "adaptation": None},
        chunk_seconds=12.0, overlap_seconds=9.0,
    ).to_json()  # fmt: skip
    assert factorization.read_bytes(path) == path.read_bytes()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected one of .*nmfd.* or a file, got 'lost.npz'"):
        factorization.load("lost.npz")
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(b"PK\x03\x04 and no more")
    other = tmp_path / "other.npz"
    np.savez(other, values=np.zeros(3))
    narrow = tmp_path / "narrow.npz"
    factorization.write(narrow, tiny_card(outputs=DRUMS_10), np.ones((2, 10, 5), np.float32))
    for path, message in (
        (damaged, "damaged.npz: not a zip file"),
        (other, "card"),
        (narrow, r"\(lag, 10, 84\)"),
    ):
        with pytest.raises(ValueError, match=message):
            factorization.load(path)


@pytest.mark.parametrize("name", factorization.MODELS)
def test_the_shipped_ones(name: str) -> None:
    loaded = factorization.load(name)
    assert loaded.card.name == name
    assert (len(loaded.templates) == 1) == (name == "nmf")
    assert loaded.templates.sum(axis=(0, 2)) == pytest.approx(np.ones(10), rel=1e-3)
    assert loaded.card.recipe["adaptation"] is None
    drums.check(loaded.card, 3, 0.5)
    free = {"CC0-1.0", "public domain", "CC-BY-3.0", "CC-BY-4.0"}
    kits = {Path(address).name for address in loaded.card.recipe["kits"]}
    assert kits <= {row["name"] for row in loaded.card.sources if row["licence"] in free}
    # A click has the spectrum of no drum, yet something must be made of it.
    click = np.zeros((1, SAMPLE_RATE), dtype=np.float32)
    click[0, SAMPLE_RATE // 2] = 1
    found = drums.transcribe(Audio(click, SAMPLE_RATE), model=name, classes=3)
    assert set(found.labels.tolist()) <= set(DRUMS_3)
    assert all(abs(onset - 0.5) < 0.05 for onset in found.onsets)
