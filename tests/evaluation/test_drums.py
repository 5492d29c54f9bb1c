"""A whole corpus of drums: the same metrics in any number of processes, and after interruptions."""

import csv
import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest

from bandscribe.evaluation import beat_metrics, drum_metrics, drums
from bandscribe.evaluation.drums import DrumScores, ScoringOptions, evaluate
from bandscribe.evaluation.store import file_name, read_shown
from bandscribe.formats import notes
from bandscribe.metrics import onsets, velocity
from bandscribe.types import Beats
from bandscribe.vocabulary import DRUMS, reduce

SETTINGS = ScoringOptions((10, 5, 3), (), 0.05)


def plain(scores: list[DrumScores]) -> str:
    return json.dumps([track.to_json() for track in scores])


def test_figures_are_those_of_the_metrics(tracks, system) -> None:
    scores = evaluate(tracks, system, SETTINGS).scores
    played = [track.load() for track in tracks]
    estimated = [notes.read(system.path / f"{track.id}.csv") for track in tracks]
    for count, names in DRUMS.items():
        pairs = [[reduce(one, count) for one in side] for side in (played, estimated)]
        report = onsets.score(*pairs, names)
        np.testing.assert_array_equal(drum_metrics.stack(scores, count), report.counts)
        found = drum_metrics.summarize_classes(scores, count)
        assert found["micro"]["f1"] == report.micro.f1
        assert found["macro"]["f1"] == report.macro.f1
        assert found["track_mean"]["recall"] == report.track_mean.recall
        assert found["per_class"]["KD"]["precision"] == report.per_class["KD"].precision
        low, high = found["micro"]["ci95"]
        assert low < report.micro.f1 < high
        assert [row["tolerance"] for row in found["tolerances"]] == list(onsets.TOLERANCES)
        for row in found["tolerances"]:
            at = onsets.score(*pairs, names, row["tolerance"])
            assert row["micro"]["f1"] == pytest.approx(at.micro.f1, abs=1e-15)
            assert row["macro"]["recall"] == pytest.approx(at.macro.recall, abs=1e-15)
        assert row["micro"]["ci95"] == pytest.approx(found["micro"]["ci95"])  # both at 50 ms
        low, high = found["macro"]["recall_ci95"]
        assert low < report.macro.recall < high
        assert found["confusion"]["onsets"] == onsets.confuse(*pairs, names).sum(axis=0).tolist()
        agreement = velocity.figures(velocity.gather(*pairs, names), names)
        struck = found["velocity"]
        assert struck["tracks"] == 6
        assert struck["micro"]["pairs"] == agreement["micro.pairs"] == found["micro"]["tp"]
        assert struck["micro"]["mae"] == agreement["micro.mae"]
        assert struck["micro"]["mae_steps"] == 127 * agreement["micro.mae"]
        assert struck["per_class"]["KD"]["pearson"] == agreement["KD.pearson"]
        low, high = struck["micro"]["mae_ci95"]
        assert low < agreement["micro.mae"] < high
        low, high = struck["micro"]["pearson_ci95"]
        assert low < agreement["micro.pearson"] < high


def test_beats(with_beats, tmp_path) -> None:
    """Two of five tracks are estimated at half tempo: each beat is right, half are missed."""
    outcome = evaluate(*with_beats, SETTINGS, store=tmp_path / "store")
    found = beat_metrics.summarize(outcome.scores)
    assert (found["tracks"], found["tolerance"], found["skip"]) == (5, 0.07, 5.0)
    assert found["levels"] == {"right": 3, "offbeat": 0, "double": 0, "half": 2, "none": 0}
    assert found["beats"]["precision"] == 1
    assert found["beats"]["recall"] == pytest.approx((3 + 2 * 15 / 30) / 5)
    assert found["beats"]["f1"] == pytest.approx((3 + 2 * 2 / 3) / 5)
    low, high = found["beats"]["ci95"]
    assert low < found["beats"]["f1"] < high
    # 30 beats after the first five seconds; 15 taps, of which none is as far from the next.
    assert (found["continuity"]["cmlt"], found["continuity"]["amlt"]) == (3 / 5, 1)
    beat_metrics.write(tmp_path / "beats.csv", outcome.scores)
    with (tmp_path / "beats.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["level"] for row in rows] == ["right"] * 3 + ["half"] * 2
    assert float(rows[3]["beats.f1"]) == pytest.approx(2 / 3)
    assert evaluate(*with_beats, SETTINGS, store=tmp_path / "store").reused == 6
    assert beat_metrics.summarize([outcome.scores[5]]) is None
    beat_metrics.write(tmp_path / "beats.csv", outcome.scores[5:])
    assert not (tmp_path / "beats.csv").exists()


def test_scores_are_the_same_when_they_were_stored(with_beats, tmp_path) -> None:
    """Also where all beats are in the first five seconds, which leaves their figures undefined."""
    [first, second, *others], system = with_beats
    beats = Beats(np.arange(0.5, 4.5, 0.5), np.arange(8) % 4 + 1)
    notes_of_second = dataclasses.replace(second.load(), beats=beats)
    rows = zip(beats.times, beats.positions, strict=True)
    (system.path / "song1.beats.csv").write_text(
        "time,position\n" + "".join(f"{time},{position}\n" for time, position in rows)
    )
    tracks = [first, dataclasses.replace(second, load=lambda: notes_of_second), *others]
    fresh = evaluate(tracks, system, SETTINGS, store=tmp_path / "store")
    stored = evaluate(tracks, system, SETTINGS, store=tmp_path / "store")
    assert (fresh.reused, stored.reused) == (0, len(tracks))
    early = fresh.scores[1].beats
    assert early is not None and np.isnan(early.beats.f1) and np.isnan(early.continuity.cmlt)
    assert plain(stored.scores) == plain(fresh.scores)
    assert beat_metrics.summarize(stored.scores) == beat_metrics.summarize(fresh.scores)


def test_any_number_of_processes(tracks, system, tmp_path) -> None:
    seen: list[int] = []
    threads = os.environ.get("OMP_NUM_THREADS")
    one = evaluate(tracks, system, SETTINGS, store=tmp_path / "a", jobs=1)
    two = evaluate(
        tracks, system, SETTINGS, store=tmp_path / "b", jobs=2,
        progress=lambda done, track: seen.append(done),
    )  # fmt: skip
    assert plain(one.scores) == plain(two.scores)
    assert seen == list(range(len(tracks) + 1))
    assert os.environ.get("OMP_NUM_THREADS") == threads


def test_a_stopped_run_goes_on(tracks, system, tmp_path) -> None:
    whole = evaluate(tracks, system, SETTINGS, store=tmp_path / "whole")

    def stop(done: int, track: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(tracks, system, SETTINGS, store=tmp_path / "store", progress=stop)
    resumed = evaluate(tracks, system, SETTINGS, store=tmp_path / "store")
    assert (whole.reused, resumed.reused) == (0, 4)
    assert plain(resumed.scores) == plain(whole.scores)


def test_stale_results_are_not_used(tracks, system, tmp_path, monkeypatch) -> None:
    """Whatever a result depends on, when it changes the track is evaluated again."""
    store = tmp_path / "store"

    def reused(settings: ScoringOptions = SETTINGS) -> int:
        return evaluate(tracks, system, settings, store=store).reused

    assert (reused(), reused()) == (0, 6)
    assert reused(dataclasses.replace(SETTINGS, tolerance=0.02)) == 0
    assert reused(dataclasses.replace(SETTINGS, unscored=("SS",))) == 0
    assert (reused(), reused()) == (0, 6)
    for folder, name in ((system.path, "song2.csv"), (tmp_path / "corpus", "song4.csv")):
        path = folder / name
        path.write_text(path.read_text().replace("KD", "SD"))
        assert (reused(), reused()) == (5, 6)
    (system.path / "song3.beats.csv").write_text("time,position\n6.0,1\n")
    assert (reused(), reused()) == (5, 6)
    annotated = dataclasses.replace(tracks[0].load(), beats=Beats(np.ones(1), np.ones(1, int)))
    tracks[0] = dataclasses.replace(tracks[0], load=lambda: annotated)
    assert (reused(), reused()) == (5, 6)
    monkeypatch.setattr(drums, "FORMAT", drums.FORMAT + 1)
    assert (reused(), reused()) == (0, 6)
    [path] = store.glob("song1-*.json")
    path.write_text(path.read_text()[:100])
    assert (reused(), reused()) == (5, 6)


def test_a_network_and_its_sound(tiny_model, groove_wav, groove, tmp_path) -> None:
    from bandscribe.datasets.track import Track
    from bandscribe.evaluation.drum_systems import DrumNetwork
    from bandscribe.types import Transcription

    def load() -> Transcription:
        labels = np.array(list(groove.values()))
        return Transcription(np.array(list(groove)), labels, None, 2.5, DRUMS[10])

    track = Track("groove", "test", "groove", groove_wav, load)
    network = DrumNetwork.load(str(tiny_model), (10, 5, 3))
    [scored] = evaluate([track], network, SETTINGS, store=tmp_path).scores
    assert scored.onsets[10].counts.sum(axis=0).tolist() == [8, 0, 0]
    assert scored.duration == 2.5
    before = network.identity(track)
    stat = groove_wav.stat()
    os.utime(groove_wav, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000))
    assert network.identity(track) != before


def test_every_onset_is_shown_once(tracks, system, tmp_path) -> None:
    [scored] = evaluate(tracks[:1], system, SETTINGS, store=tmp_path).scores
    for count, scores in scored.onsets.items():
        shown = read_shown(tmp_path, "song0")[str(count)].values()
        for counts, found in zip(scores.counts, shown, strict=True):
            kinds = ("hits", "false_alarms", "misses")
            assert [len(found[kind]) for kind in kinds] == counts.tolist()
            assert all(abs(one - other) <= 0.0501 for one, other in found["hits"])


def test_a_problem_is_its_own(tracks, system) -> None:
    (system.path / "song1.csv").write_text("onset,class\n1.0,kettle\n")
    (system.path / "song3.csv").unlink()
    outcome = evaluate(tracks, system, SETTINGS)
    assert [track.track for track in outcome.scores] == ["song0", "song2", "song4", "song5"]
    [(first, kettle), (second, gone)] = outcome.failed
    assert (first, second) == ("song1", "song3")
    assert "song1.csv: line 2: expected one of KD" in kettle
    assert gone.endswith("song3.csv: no such file or directory")


def test_names_that_only_differ_in_signs() -> None:
    names = {file_name(name) for name in ("a/b", "a_b", "a b", "a/" * 200)}
    assert len(names) == 4
    assert all(len(name) < 100 and Path(name).name == name for name in names)


def test_a_system_of_five_classes(tracks, system) -> None:
    """One track in five classes, and the corpus cannot be scored in ten."""
    (system.path / "song0.csv").write_text("onset,class\n1.0,TT\n")
    scores = evaluate(tracks, system, SETTINGS).scores
    assert drum_metrics.scored_counts(scores, (10, 5, 3)) == (5, 3)
    assert drum_metrics.scored_counts(scores[1:], (10, 5, 3)) == (10, 5, 3)
