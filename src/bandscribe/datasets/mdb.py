"""MDB Drums: drum annotations of 23 songs of MedleyDB.

Citation: Southall, Wu, Lerch and Hockman 2017, "MDB Drums: an annotated subset of MedleyDB for
automatic drum transcription", ISMIR late-breaking session.
Licence: CC BY-NC-SA 4.0.

Layout, below `MDB Drums/`:

    audio/drum_only/MusicDelta_NAME_Drum.wav      the drums alone
    audio/full_mix/MusicDelta_NAME_MIX.wav        the song
    annotations/class/MusicDelta_NAME_class.txt   onset in seconds, class
    annotations/beats/MusicDelta_NAME_MIX.beats   beat in seconds, position in the bar

and, where it was made, `remix/MusicDelta_NAME_remix.flac` beside `MDB Drums/`: the sum of the
song's stems, for songs whose mix is not at hand.

The corpus files side stick and tambourine under `OT`, other, which is not scored. Whoever scores
an estimate leaves the classes in `UNSCORED` out of it: what they would find is annotated nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from bandscribe.datasets.track import Track
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import DRUMS_5, MDB_CLASS_TO_5, relabel

LICENCE = "CC BY-NC-SA 4.0"
UNSCORED = ("SS",)
#: The audio a track can be heard in: folder, and end of the file's name.
AUDIO: Mapping[str, tuple[str, str]] = {
    "drum_only": ("MDB Drums/audio/drum_only", "_Drum.wav"),
    "full_mix": ("MDB Drums/audio/full_mix", "_MIX.wav"),
    "remix": ("remix", "_remix.flac"),
}


def tracks(root: str | Path, audio: str = "drum_only") -> list[Track]:
    """The tracks below `root`, the folder that holds `MDB Drums`, that have this kind of audio.

    `audio` is a key of `AUDIO`. The corpus has no official split: all of it is `test`.

    Raises ValueError when the kind is unknown or no audio of it is found.
    """
    if audio not in AUDIO:
        raise ValueError(f"audio: expected one of {', '.join(AUDIO)}, got {audio!r}")
    folder, end = AUDIO[audio]
    found = sorted((Path(root) / folder).glob(f"*{end}"))
    if not found:
        raise ValueError(
            f"{Path(root) / folder}: no *{end}; give the folder that holds 'MDB Drums', "
            "or another kind of audio"
        )
    names = [path.name.removesuffix(end) for path in found]
    return [
        Track(name, "test", name, path, partial(load, root, name), LICENCE)
        for name, path in zip(names, found, strict=True)
    ]


def load(root: str | Path, name: str) -> Transcription:
    """The annotation of the track `name`, in five classes, with its beats where they are known.

    The files do not say how long the recording is: the duration is the last event's time.

    Raises ValueError when a line is not as it should be, OSError when a file cannot be read.
    """
    annotations = Path(root) / "MDB Drums" / "annotations"
    path = annotations / "class" / f"{name}_class.txt"
    rows = _rows(path)
    unknown = sorted({label for _, label in rows} - set(MDB_CLASS_TO_5))
    if unknown:
        raise ValueError(f"{path}: unknown classes {unknown}; expected {', '.join(MDB_CLASS_TO_5)}")
    rows.sort(key=lambda row: row[0])
    onsets = np.array([onset for onset, _ in rows], dtype=np.float64)
    labels = np.array([label for _, label in rows], dtype=np.str_)
    beats = _beats(annotations / "beats" / f"{name}_MIX.beats")
    duration = max([0.0, *onsets[-1:], *(beats.times[-1:] if beats else ())])
    everything = Transcription(onsets, labels, None, float(duration), tuple(MDB_CLASS_TO_5), beats)
    return relabel(everything, MDB_CLASS_TO_5, DRUMS_5)


def _beats(path: Path) -> Beats | None:
    if not path.is_file():
        return None
    rows = _rows(path)
    times = np.array([time for time, _ in rows], dtype=np.float64)
    return Beats(times, np.array([int(position) for _, position in rows], dtype=np.int64))


def _rows(path: Path) -> list[tuple[float, str]]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        match line.split():
            case [time, label]:
                try:
                    rows.append((float(time), label))
                except ValueError:
                    raise ValueError(f"{path}: line {number}: {time!r} is no time") from None
            case _:
                raise ValueError(f"{path}: line {number}: expected a time and a label")
    return rows
