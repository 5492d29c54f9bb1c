"""Which file is a track's estimate."""

from pathlib import Path

import pytest

from bandscribe.datasets.track import Track
from bandscribe.evaluation.drum_systems import DrumEstimates, counts_of
from bandscribe.evaluation.estimates import NameIndex


def track(name: str, audio: str) -> Track:
    return Track(name, "test", name, Path(audio), lambda: None)  # type: ignore[arg-type]


SONG = track("MusicDelta_Rock", "/corpus/audio/drum_only/MusicDelta_Rock_Drum.wav")
TAKE = track("drummer2/session1/4", "/corpus/drummer2/session1/4_funk_80_beat_4-4.wav")


@pytest.mark.parametrize(
    ("track", "files", "found"),
    [
        (SONG, ["MusicDelta_Rock.mid", "MusicDelta_Rockabilly.mid"], "MusicDelta_Rock.mid"),
        (SONG, ["deep/MusicDelta_Rock_Drum.txt"], "deep/MusicDelta_Rock_Drum.txt"),
        (SONG, ["MusicDelta_Rock.mid", "MusicDelta_Rock.csv"], "MusicDelta_Rock.csv"),
        (SONG, ["a/MusicDelta_Rock.csv", "drum_only/MusicDelta_Rock_Drum.mid"],
         "drum_only/MusicDelta_Rock_Drum.mid"),
        (TAKE, ["drummer1/session1/4.csv", "drummer2/session1/4.csv"], "drummer2/session1/4.csv"),
        (TAKE, ["session1/4_funk_80_beat_4-4.MID"], "session1/4_funk_80_beat_4-4.MID"),
    ],
)  # fmt: skip
def test_found_by_name(tmp_path, track, files, found) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / f"{files[0]}.beats").touch()
    assert DrumEstimates.load(tmp_path).files.find(track) == found


def test_none_or_too_many() -> None:
    with pytest.raises(ValueError, match="MusicDelta_Rock: no estimate of this name"):
        NameIndex.build({("else",): 0}).find(SONG)
    files = {("drummer1", "4"): 0, ("drummer3", "4"): 1}
    with pytest.raises(ValueError, match=r"several estimates, drummer1/4, drummer3/4; keep one"):
        NameIndex.build(files).find(TAKE)


@pytest.mark.parametrize(
    ("labels", "counts"),
    [
        ("KD SD CHH", (10, 5, 3)),
        ("", (10, 5, 3)),
        ("KD SD HH", (3,)),
        ("KD SD HH TT", (5, 3)),
        ("KD CHH CY", (5, 3)),
    ],
)
def test_class_counts_follow_from_the_labels(labels, counts) -> None:
    assert counts_of(labels.split()) == counts
