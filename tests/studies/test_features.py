"""The study of features: what is measured, what the dimensions mean, planted differences found."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from scipy import stats

from bandscribe.datasets.track import Track
from bandscribe.features.clip import FEATURES, ClipAnalysis
from bandscribe.studies import features, features_report
from bandscribe.studies.features import Clips, Dimension

CLASSES = ("cel", "cla", "voi")


def planted(n: int = 12) -> Clips:
    """Noise; a true difference; no variation; one that is due to unequal variances alone."""
    rng = np.random.default_rng(1)
    values = rng.standard_normal((3 * n, 4))
    values[:, 1] += np.repeat([0, 2, 4], n)
    values[:, 2] = 0.1 + 1e-9 * values[:, 2]
    # The least class is the widest: pooled variances are then far too small.
    values[:, 3] *= np.repeat([0.01, 0.01, 1], n)
    kept = [*range(2 * n), *range(2 * n, 2 * n + 3)]
    values[2 * n : 2 * n + 3, 3] = [0.0, 0.9, 1.2]
    labels = np.repeat(CLASSES, n)[kept]
    dimensions = tuple(Dimension("chroma", i, "CDEF"[i]) for i in range(4))
    groups = tuple(str(i // 2) for i in kept)
    return Clips(values[kept], tuple(labels.tolist()), groups, dimensions)


def test_planted_differences_are_found() -> None:
    clips = planted()
    found = features.compare(clips, CLASSES)
    assert (found.counts, found.dropped, found.recordings) == ((12, 12, 3), (), 14)
    assert found.significant.tolist() == [False, True, False, True]
    assert found.robust.tolist() == [False, True, False, False]
    assert found.unequal.tolist() == [False, False, False, True]
    assert np.isnan(found.anova.omega2).tolist() == [False, False, True, False]
    parts = [clips.values[np.array(clips.labels) == name, 1] for name in CLASSES]
    assert found.anova.p[1] == pytest.approx(stats.f_oneway(*parts).pvalue)
    # Three tests were made, for one dimension does not vary.
    assert found.p_holm[1] == pytest.approx(3 * found.anova.p[1])
    assert np.all(np.diff(found.standing[:, 1]) > 1)


def test_the_result_does_not_depend_on_the_order_or_the_unit() -> None:
    clips = planted()
    order = np.random.default_rng(2).permutation(len(clips.labels))
    other = Clips(
        clips.values[order] * [1e-6, 50, 1, 3] + [0, 7, 0, 0],
        tuple(clips.labels[i] for i in order),
        tuple(clips.groups[i] for i in order),
        clips.dimensions,
    )
    for ours, theirs in zip(
        features_report.columns(features.compare(clips, CLASSES)).items(),
        features_report.columns(features.compare(other, CLASSES)).items(),
        strict=True,
    ):
        assert ours[0] == theirs[0]
        if ours[0] in ("feature", "meaning"):
            assert ours[1] == theirs[1]
        else:
            first, second = (np.array(column, dtype=float) for column in (ours[1], theirs[1]))
            np.testing.assert_allclose(first, second, rtol=1e-9)


def test_a_class_of_one_clip_is_dropped_and_one_class_is_no_comparison() -> None:
    clips = planted()
    alone = Clips(clips.values[:25], clips.labels[:25], clips.groups[:25], clips.dimensions)
    found = features.compare(alone, CLASSES)
    assert (found.classes, found.dropped) == (("cel", "cla"), ("voi",))
    with pytest.raises(ValueError, match="two classes of two clips or more, got cel 12"):
        features.compare(alone, ("cel", "voi"))


def test_clips_of_a_recording_are_merged_by_class() -> None:
    merged = features.merge(
        Clips(
            np.array([[1.0], [3.0], [5.0], [8.0]]),
            ("cel", "cel", "voi", "cel"),
            ("a", "a", "a", "b"),
            (Dimension("rms", 0, ""),),
        )
    )
    assert merged.values.tolist() == [[2], [5], [8]]
    assert (merged.labels, merged.groups) == (("cel", "voi", "cel"), ("a", "a", "b"))


def test_measures_what_the_dimensions_say() -> None:
    samples = np.random.default_rng(3).standard_normal(5000).astype(np.float32)
    names = tuple(FEATURES)
    values = features.measure(ClipAnalysis(samples), names)
    dimensions = list(features.name_dimensions(names))
    assert len(values) == len(dimensions)
    told = {name: [d.meaning for d in dimensions if d.feature == name] for name in names}
    assert told["rms"] == [""]
    assert told["polynomial_2"] == ["f^2", "f^1", "f^0"]
    assert told["contrast"][:2] + told["contrast"][-1:] == [
        "0-200 Hz", "200-400 Hz", "6400-22050 Hz",
    ]  # fmt: skip
    assert told["log_spectrogram"][100] == f"{librosa.fft_frequencies(sr=44100)[100]:.0f} Hz"
    centres = [float(text.split()[0]) for text in told["mel_128"]]
    expected = librosa.mel_frequencies(130, fmin=0, fmax=22050)[1:-1]
    assert np.abs(np.array(centres) - expected).max() < 44100 / 2048
    rms = [i for i, d in enumerate(dimensions) if d.feature == "rms"]
    frames = librosa.feature.rms(y=samples, frame_length=2048, hop_length=512)
    assert values[rms] == pytest.approx([frames.mean()], rel=1e-5)


def track(path: Path, *labels: str, split: str = "train") -> Track[frozenset[str]]:
    return Track(path.stem, split, path.stem, path, lambda: frozenset(labels))


def test_measures_clips_of_one_label_and_names_what_it_cannot_read(tmp_path: Path) -> None:
    good, broken = tmp_path / "good.wav", tmp_path / "broken.wav"
    soundfile.write(good, np.ones(22050) / 2, 22050)
    broken.write_text("no sound")
    seen: list[tuple[int, str]] = []
    measured = features.measure_all(
        [track(good, "cel"), track(broken, "cel"), track(good, "cel", "voi"), track(good)],
        ["rms"],
        progress=lambda done, name: seen.append((done, name)),
    )
    assert measured.clips.labels == ("cel",)
    assert measured.several == 2
    assert [str(broken) in problem for problem in measured.problems] == [True]
    assert seen[-1] == (4, "good")
    assert measured.clips.values[0, 0] == pytest.approx(0.5, rel=0.02)
    with pytest.raises(ValueError, match=r"no clip of one label.*broken\.wav"):
        features.measure_all([track(broken, "cel")], ["rms"])
    with pytest.raises(ValueError, match="features: expected some of"):
        features.measure_all([], ["brightness"])


def test_no_clip_is_longer_than_memory_allows(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "song.wav", np.zeros(122_000, dtype=np.float32), 1000)
    with pytest.raises(ValueError, match="longer than 120 s; cut it into clips"):
        features.load(tmp_path / "song.wav")


def test_writes_a_row_per_dimension_and_a_sum_per_feature(tmp_path: Path) -> None:
    found = features.compare(planted(), CLASSES)
    features_report.write(tmp_path, found, {"corpus": "mine"}, title="a $1 corpus_x")
    rows = list(csv.DictReader((tmp_path / "features.csv").read_text().splitlines()))
    assert [row["meaning"] for row in rows] == list("CDEF")
    assert [row["significant"] for row in rows] == list("0101")
    assert rows[2]["p"] == rows[2]["omega2"] == ""
    told = json.loads((tmp_path / "features.json").read_text())
    chroma = told["features"]["chroma"]
    assert told["corpus"] == "mine"
    assert told["clips"] == {"cel": 12, "cla": 12, "voi": 3}
    assert (chroma["dimensions"], chroma["significant"], chroma["robust"]) == (4, 2, 1)
    assert (tmp_path / "features.png").stat().st_size > 10_000
    lines = features_report.tabulate(found)
    assert lines[1].split()[:6] == ["chroma", "4", "2", "2", "1", "1"]
    assert lines[-1] == "It supposes independent clips too; these 27 are of 14 recordings."


@pytest.mark.parametrize(
    ("p", "text"),
    [(1.0, "1.000"), (0.05, "0.050"), (0.002, "2e-3"), (9.6e-17, "1e-16"), (0.0, "<1e-307")],
)
def test_small_p_values_are_shown_by_their_power(p: float, text: str) -> None:
    assert features_report._write_p(p) == text
