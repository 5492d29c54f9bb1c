"""Miniature copies of the instrument corpora: real layouts and names, invented labels, noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import soundfile
from miniature import SECONDS, sound, text


def irmas(root: Path) -> None:
    for name in (
        "cel/[cel][nod][cla]0001__1",
        "cel/[cel][nod][cla]0001__2",
        "gel/008__[gel][dru][pop_roc]0958__1",
        "pia/[pia][cla]1283__3",
    ):
        sound(root / f"IRMAS-TrainingData/{name}.wav")
    for part, name, labels in (
        (1, "02 - An Invented Song-1", "gel\t\nvoi\t\n"),
        (1, "02 - An Invented Song-8", "gel\n"),
        (3, "(03) another-1", "pia\n sax \n"),
    ):
        folder = root / f"IRMAS-TestingData-Part{part}/Part{part}"
        text(folder / f"{name}.txt", labels)
        sound(folder / f"{name}.wav")


def audioset(root: Path) -> None:
    """Clips of ten seconds, unlike all the others."""
    text(
        root / "balanced_train_segments.csv",
        "# Segments csv created Sun Mar  5 10:54:31 2017\n"
        "# num_ytids=3, num_segs=3, num_unique_labels=4, num_positive_labels=5\n"
        "# YTID, start_seconds, end_seconds, positive_labels\n"
        '-0aaaaaaaaa, 30.000, 40.000, "/m/02qldy,/m/05r5c"\n'
        'Ybbbbbbbbb_, 0.000, 10.000, "/m/01xqw,/m/07y_7,/m/0d8_n"\n'
        'ddddddddddd, 50.000, 60.000, "/m/012xff"\n',
    )
    sound(root / "audio/-0aaaaaaaaa.wav", 10)
    sound(root / "audio/YYbbbbbbbbb__0.flac", 10)


def openmic(root: Path) -> None:
    base = root / "openmic-2018"
    text(base / "partitions/split01_train.csv", "000046_3840\n000135_483840\n")
    text(base / "partitions/split01_test.csv", "000141_153600\n")
    text(
        base / "openmic-2018-aggregated-labels.csv",
        "sample_key,instrument,relevance,num_responses\n"
        "000046_3840,clarinet,0.17105,3\n"
        "000046_3840,flute,0.5,3\n"
        "000135_483840,drums,1.0,3\n"
        "000135_483840,guitar,1.0,3\n"
        "000141_153600,voice,0.9,3\n",
    )
    text(
        base / "openmic-2018-metadata.csv",
        "track_id,artist_id,license_title,sample_key,start_time\n"
        "46,7,Attribution 4.0,000046_3840,0.08\n"
        "135,9,Attribution 4.0,000135_483840,10.97\n",
    )
    for key in ("000046_3840", "000135_483840", "000141_153600"):
        sound(base / f"audio/000/{key}.ogg")


def medley_solos(root: Path) -> None:
    lines = ["subset,instrument,instrument_id,song_id,uuid4"]
    for subset, instrument, number, song in (
        ("test", "clarinet", 0, 0),
        ("training", "distorted electric guitar", 1, 17),
        ("validation", "female singer", 2, 70),
    ):
        uuid = f"0000000{number}-c9d4-5a4b-f5d0-7dc2b8b7f2a1"
        lines.append(f"{subset},{instrument},{number},{song},{uuid}")
        sound(root / f"audio/Medley-solos-DB_{subset}-{number}_{uuid}.wav")
    text(root / "annotation/Medley-solos-DB_metadata.csv", "\n".join(lines) + "\n")


METADATA = """\
album: ''
artist: An Artist
excerpt: 'no'
has_bleed: 'no'
mix_filename: AnArtist_ASong_MIX.wav
stem_dir: AnArtist_ASong_STEMS
stems:
  S01:
    component: ''
    filename: AnArtist_ASong_STEM_01.wav
    instrument: drum set
    raw:
      R01:
        filename: AnArtist_ASong_RAW_01_01.wav
        instrument: cowbell
  S02:
    component: bass
    filename: AnArtist_ASong_STEM_02.wav
    instrument: synthesizer
    raw:
      R01:
        filename: AnArtist_ASong_RAW_02_01.wav
        instrument: synthesizer
  S03:
    component: melody
    filename: AnArtist_ASong_STEM_03.wav
    instrument:
    - male singer
    - piano
    raw: {}
  S04:
    component: ''
    filename: AnArtist_ASong_STEM_04.wav
    instrument: female singer
    raw: {}
title: A Song
version: 1.2
"""
CONFIDENCE = """\
time,S01,S02,S03,S04
0.0000,1.0000,0.2500,0.0000,0.7500
0.0464,0.5000,0.2500,0.5000,0.1000
0.0929,0.0000,0.7500,0.0000,0.2000
"""


def medleydb(root: Path) -> None:
    """Two songs with sound and one without, and two remixes of other songs."""
    for song in ("AnArtist_ASong", "AnArtist_NoSound", "Another_Song"):
        text(root / f"Metadata/{song}_METADATA.yaml", METADATA)
        folder = root / "Annotations/Instrument_Activations/ACTIVATION_CONF"
        text(folder / f"{song}_ACTIVATION_CONF.lab", CONFIDENCE)
    for song in ("AnArtist_ASong", "Another_Song"):
        sound(root / f"Audio/{song}/{song}_MIX.wav")
        sound(root / f"Audio/{song}/{song}_STEMS/{song}_STEM_01.wav")
    for song in ("AnArtist_Other", "AnArtist_Second"):
        told = '{"S01": "violin", "S02": "viola", "S03": "tuba"}'
        text(root / f"activations/{song}_stems.json", told)
        lines = "time,S01,S02\n0.0,1.0,1.0\n0.0464,0.0,1.0\n"
        text(root / f"activations/{song}_ACTIVATION_CONF.lab", lines)
        sound(root / f"remix/{song}_remix.flac")


#: The levels of MUSDB18's streams, in their order.
LEVELS = {"mixture": 0.5, "drums": 0.25, "bass": 0.05, "other": 0.3, "vocals": 0.0}
SONGS = {
    "train/Leaf - Summerghost": "validation",
    "train/Some Body - A Song": "train",
    "test/An Other - Song": "test",
}


def musdb(root: Path) -> None:
    """Each song as a folder of tones and, where PyAV is installed, as a file of stems."""
    for song in SONGS:
        waves = [level * _tone() for level in LEVELS.values()]
        for name, wave in zip(LEVELS, waves, strict=True):
            path = root / song / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, np.stack([wave, wave], axis=1), 44100, subtype="FLOAT")
        _write_stems(root / f"{song}.stem.mp4", waves)


#: Who plays in each of the pieces, and how loud.
PIECES = {
    "train/00000": {"vio": 0.3, "pia": 0.1},
    "validation/00000": {"dru": 0.3, "other": 0.2},
    "test/00000": {"voi": 0.3},
}


def stems(root: Path) -> None:
    """Tones, and a folder that was left when a call was stopped."""
    for piece, parts in PIECES.items():
        waves = {name: level * _tone() for name, level in parts.items()}
        for name, wave in {"mixture": sum(waves.values()), **waves}.items():
            path = root / piece / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, wave, 44100, subtype="FLOAT")
    (root / "test/00001.partial").mkdir()


def _tone() -> np.ndarray:
    return np.sin(2 * np.pi * 441 * np.arange(round(44100 * SECONDS)) / 44100).astype(np.float32)


def _write_stems(path: Path, waves: list[np.ndarray]) -> None:
    import av

    with av.open(str(path), "w", format="mp4") as container:
        streams = [container.add_stream("aac", rate=44100, layout="stereo") for _ in waves]
        for stream, wave in zip(streams, waves, strict=True):
            frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), "fltp", "stereo")
            frame.sample_rate = 44100
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))


MINIATURES: Mapping[str, Callable[[Path], None]] = {
    "irmas": irmas, "audioset": audioset, "openmic": openmic, "medley_solos": medley_solos,
    "medleydb": medleydb, "musdb": musdb, "stems": stems,
}  # fmt: skip
