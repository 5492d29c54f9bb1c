"""What is fuzzed: sound files of many kinds, and the files that a command reads besides.

A case is a folder that a command is run in, of which one file is damaged. `SOUNDS` are the files
that are made here, `KINDS` say what is run on each kind of file.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import mido
import numpy as np
import soundfile
from mutations import damage

from bandscribe import audio
from bandscribe.formats import csv, jams, midi, npz
from bandscribe.formats import json as notes_json
from bandscribe.types import Activations, Beats, Transcription
from bandscribe.vocabulary import DRUMS_10, INSTRUMENTS
from tiny import tiny_card, write_model
from tiny_corpus import write_corpus
from tiny_hits import hits_card, strike, write_classifier
from tiny_recognizer import tracker_card, write_recognizer
from tiny_sounds import clicks, encode

#: Of libsndfile: suffix, format, subtype.
_ENCODINGS = (
    ("wav", "WAV", "PCM_16"), ("wav", "WAV", "PCM_24"), ("wav", "WAV", "FLOAT"),
    ("wav", "WAV", "PCM_U8"), ("wav", "WAV", "ULAW"), ("wav", "WAV", "IMA_ADPCM"),
    ("wav", "WAV", "MS_ADPCM"), ("wav", "WAV", "GSM610"), ("wav", "WAVEX", "PCM_16"),
    ("wav", "RF64", "PCM_16"), ("w64", "W64", "PCM_16"), ("aiff", "AIFF", "PCM_16"),
    ("aiff", "AIFF", "FLOAT"), ("au", "AU", "PCM_16"), ("caf", "CAF", "ALAC_16"),
    ("flac", "FLAC", "PCM_16"), ("flac", "FLAC", "PCM_24"), ("ogg", "OGG", "VORBIS"),
    ("opus", "OGG", "OPUS"), ("mp3", "MP3", "MPEG_LAYER_III"),
)  # fmt: skip
#: Of ffmpeg, where its bindings are there: suffix, codec.
_CONTAINERS = (("m4a", "aac"), ("mka", "aac"), ("mp4", "aac"), ("avi", "mp3"), ("wma", "wmav2"))

#: Fills a folder with what is whole; the file to damage, and the command to run there.
Build = Callable[[Path, "Seeds", random.Random], tuple[Path, Sequence[str]]]


class Seeds:
    """Whole files of every kind, made once in a folder, and the models that read them."""

    def __init__(self, folder: Path) -> None:
        """Make them."""
        self.folder = folder
        folder.mkdir(parents=True)
        self.drums = str(write_model(folder / "drums.onnx", tiny_card()))
        self.hits = str(write_classifier(folder / "hits.onnx", hits_card()))
        self.tracker = str(write_recognizer(folder / "tracker.onnx", tracker_card()))
        self.sounds = [*_sounds(folder)]
        self.notes = [*_notes(folder)]
        self.activity = [*_activity(folder)]


def _sounds(folder: Path) -> list[Path]:
    paths = []
    for number, (suffix, kind, subtype) in enumerate(_ENCODINGS):
        path = folder / f"sound{number}.{suffix}"
        rate = 48000 if subtype == "OPUS" else 44100
        sound = clicks(1.2, rate, channels=1 + number % 2 * (subtype != "GSM610"))
        soundfile.write(path, sound.samples.T, rate, subtype, format=kind)
        paths.append(path)
    for suffix, codec in _CONTAINERS:
        try:
            paths.append(encode(folder / f"sound.{suffix}", clicks(1.2), codec))
        except (ImportError, ValueError, OSError):
            continue
    return paths


def _notes(folder: Path) -> list[Path]:
    onsets = np.arange(0.25, 2, 0.25)
    labels = np.array(["KD", "CHH", "SD", "CHH", "KD", "OHH", "SD"])
    beats = Beats(np.arange(0, 2, 0.5), np.array([1, 2, 3, 4]))
    played = Transcription(onsets, labels, np.linspace(0.2, 1, 7), 2.0, DRUMS_10, beats)
    midi.write(folder / "notes.mid", played)
    csv.write(folder / "notes.csv", played)
    jams.write(folder / "notes.jams", played, file="x.wav")
    notes_json.write(folder / "notes.json", played, file="x.wav")
    (folder / "notes.txt").write_text("0.25 KD\n0.5 42\n# a word\n0.75;SD\n")
    return [folder / f"notes.{suffix}" for suffix in ("mid", "csv", "jams", "json", "txt")]


def _activity(folder: Path) -> list[Path]:
    probability = Activations(np.full((20, 13), 0.25, np.float32), 10.0, 0.0, INSTRUMENTS)
    level = Activations(np.full((20, 13), -30, np.float32), 10.0, 0.0, INSTRUMENTS, "level_db")
    csv.write_activity(folder / "activity.csv", probability, level)
    npz.write_activity(folder / "activity.npz", probability, level, np.full(13, 0.5), 2.0)
    return [folder / "activity.csv", folder / "activity.npz"]


def _sound(folder: Path, seeds: Seeds, rng: random.Random) -> tuple[Path, Sequence[str]]:
    source = rng.choice(seeds.sounds)
    path = folder / f"in/{source.name}"
    shutil.copy(source, path)
    (path.parent / "labels.csv").write_text(f"file,label\n{path.name},KD\n")
    commands = (
        ("transcribe", path.parent, "--model", seeds.drums, "--format", "midi,csv,json,jams,npz"),
        ("transcribe", path, "--model", rng.choice(("nmf", seeds.drums)), "-o",
         folder / "out/a.mid"),
        ("recognize", path, "--model", seeds.tracker, "--format", "json"),
        ("track", path, "--model", seeds.tracker, "--format", rng.choice(("csv", "jams", "npz"))),
        ("classify", path, "--model", seeds.hits, "--sort-into", folder / "out/sorted"),
        ("explore", path.parent, "--model", seeds.hits, "-o", folder / "out/page.html"),
        ("supercut", path.parent, "--class", "KD", "--seconds", "1", "-o", folder / "out/cut.wav"),
    )  # fmt: skip
    return path, [str(part) for part in rng.choice(commands)]


def _corpus_of(folder: Path) -> Path:
    """One song in the layout of a plain folder of drums."""
    root = folder / "in"
    soundfile.write(root / "song.wav", clicks(1.0).samples.T, 44100)
    return root


def _estimate(folder: Path, seeds: Seeds, rng: random.Random) -> tuple[Path, Sequence[str]]:
    """Notes as an estimate, or as the annotation."""
    root = _corpus_of(folder)
    source = rng.choice(seeds.notes)
    path = (
        folder / f"estimates/song{source.suffix}"
        if rng.random() < 0.5
        else root / (f"song{source.suffix}")
    )
    path.parent.mkdir(exist_ok=True)
    (folder / "estimates").mkdir(exist_ok=True)
    shutil.copy(seeds.folder / "notes.csv", root / "song.csv")
    shutil.copy(seeds.folder / "notes.csv", folder / "estimates/song.csv")
    for place in (root, folder / "estimates"):
        if path.parent == place:
            (place / "song.csv").unlink()
    shutil.copy(source, path)
    if rng.random() < 0.3:
        path = path.with_suffix(".beats.csv")
        path.write_text("time,position\n0.25,1\n0.75,2\n1.25,3\n")
    evaluate = ("evaluate", "drums", "folder", root, "--estimates", folder / "estimates", "-o",
                folder / "out/result")  # fmt: skip
    return path, [str(part) for part in evaluate]


def _table(folder: Path, seeds: Seeds, rng: random.Random) -> tuple[Path, Sequence[str]]:
    """What another system says of instruments."""
    root = folder / "in"
    soundfile.write(root / "song.wav", clicks(1.0).samples.T, 44100)
    if rng.random() < 0.5:
        (root / "labels.csv").write_text("file,label\nsong.wav,piano\n")
        entry = {"class": "pia", "probability": 0.75, "present": True}
        if rng.random() < 0.5:
            path = folder / "said.json"
            path.write_text(json.dumps([{"file": "song.wav", "instruments": [entry]}]))
        else:
            path = folder / "said.csv"
            path.write_text("file,class,probability,present\nsong.wav,pia,0.75,true\n")
        evaluate = ("evaluate", "recognition", "clips", root, "--estimates", path)
    else:
        piece = root / "test/00000"
        piece.mkdir(parents=True)
        for name in ("mixture", "pia", "vio"):
            soundfile.write(piece / f"{name}.wav", clicks(2.0).samples.T, 44100)
        source = rng.choice(seeds.activity)
        path = folder / f"estimates/mixture{source.suffix}"
        path.parent.mkdir()
        shutil.copy(source, path)
        evaluate = ("evaluate", "activity", "stems", root, "--estimates", path.parent)
    return path, [str(part) for part in (*evaluate, "-o", folder / "out/result")]


def _labels(folder: Path, seeds: Seeds, rng: random.Random) -> tuple[Path, Sequence[str]]:
    root = folder / "in"
    for name, label in (("a", "KD"), ("b", "SD"), ("c", "CHH")):
        soundfile.write(root / f"{name}.wav", strike(label), 16000)
    path = root / "labels.csv"
    path.write_text(
        "file,label,split,group,kit,velocity\na.wav,kd,train,1,Jazz,0.5\nb.wav,sd,test,2,Rock,1\n"
        "c.wav,closed hi hat,validation,3,Rock,0.25\n"
    )
    out = folder / "out"
    commands = (
        ("explore", root, "--model", "none", "-o", out / "page.html"),
        ("explore", root, "--model", seeds.hits, "-o", out / "page.html"),
        ("supercut", root, "--class", "kd", "--seconds", "1", "-o", out / "cut.wav"),
        (
            "evaluate",
            "hits",
            "hits",
            root,
            "--model",
            seeds.hits,
            "--split",
            "all",
            "-o",
            out / "r",
        ),
        ("corpus", "hits", root),
    )
    return path, [str(part) for part in rng.choice(commands)]


def _kit(folder: Path, seeds: Seeds, rng: random.Random) -> tuple[Path, Sequence[str]]:
    kit = folder / "in/kit"
    kit.mkdir()
    names = {"kd": "Kick", "sd": "Snare", "chh": "Closed HH"}
    rows, instruments = [], ""
    for name, (label, title) in zip(("KD", "SD", "CHH"), names.items(), strict=True):
        soundfile.write(kit / f"{label}.wav", strike(name), 16000)
        rows.append({"file": f"{label}.wav", "class": label, "piece": title, "rank": 1})
        instruments += (
            f"<instrument><name>{title}</name><volume>0.8</volume><layer><filename>{label}.wav"
            "</filename><min>0</min><max>1</max><gain>1</gain><pitch>0</pitch></layer></instrument>"
        )
    if rng.random() < 0.5:
        path = kit / "kit.json"
        path.write_text(json.dumps(rows))
    else:
        path = kit / "drumkit.xml"
        path.write_text(f"<drumkit_info><name>T</name>{instruments}</drumkit_info>")
    command = ("synthesize", "drums", "--kits", kit, "--hours", "0.0003", "-o", folder / "out/c")
    if path.name == "kit.json" and rng.random() < 0.5:
        command = ("evaluate", "hits", "hits", kit, "--model", seeds.hits)
    return path, [str(part) for part in command]


def _performances(folder: Path, seeds: Seeds, rng: random.Random) -> tuple[Path, Sequence[str]]:
    root = write_corpus(folder / "in")
    table = root / "e-gmd-v1.0.0.csv"
    path = rng.choice((table, table, *root.rglob("1_*.midi")))
    commands = (
        ("segment", root, "--classes", "2", "-o", folder / "out/clips"),
        ("evaluate", "drums", "egmd", root, "--split", "train", "--model", seeds.drums,
         "--jobs", "1", "-o", folder / "out/result"),
        ("corpus", "egmd", root),
    )  # fmt: skip
    return path, [str(part) for part in rng.choice(commands)]


def _groove(folder: Path, seeds: Seeds, rng: random.Random) -> tuple[Path, Sequence[str]]:
    """The data set as a folder, a file of it damaged, or as its zip."""
    _kit(folder, seeds, random.Random(0))
    root = folder / "in/groove"
    root.mkdir()
    track = mido.MidiTrack([mido.Message("note_on", channel=9, note=36, velocity=90, time=99)] * 9)
    mido.MidiFile(tracks=[track]).save(root / "a.mid")
    (root / "info.csv").write_text(
        "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,duration,split\n"
        "d1,s,d1/s/1,rock,120,beat,4-4,a.mid,2.0,train\n"
    )
    path = rng.choice((root / "a.mid", root / "info.csv", folder / "in/groove.zip"))
    place = root if path.parent == root else path
    if place == path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
            for name in ("info.csv", "a.mid"):
                # Always of the same time, which stands in it.
                member = zipfile.ZipInfo(f"groove/{name}")
                out.writestr(member, (root / name).read_bytes())
    kind = rng.choice(("drums", "performances"))
    command = ("synthesize", kind, "--kits", folder / "in/kit", "--groove", place, "--hours",
               "0.0003", "-o", folder / "out/c")  # fmt: skip
    return path, [str(part) for part in command]


def _model(folder: Path, seeds: Seeds, rng: random.Random) -> tuple[Path, Sequence[str]]:
    sound = folder / "in/a.wav"
    soundfile.write(sound, strike("KD"), 16000)
    source, command = rng.choice(
        (
            (seeds.drums, ("transcribe", sound, "-o", folder / "out/a.mid")),
            (seeds.hits, ("classify", sound)),
            (seeds.tracker, ("recognize", sound)),
            (seeds.tracker, ("track", sound, "-o", folder / "out/a.csv")),
        )
    )
    path = folder / "in/model.onnx"
    shutil.copy(source, path)
    return path, [str(part) for part in (*command, "--model", path)]


KINDS: dict[str, Build] = {
    "sound": _sound, "notes": _estimate, "tables": _table, "labels": _labels, "kits": _kit,
    "performances": _performances, "groove": _groove, "models": _model,
}  # fmt: skip


def build(kind: str, number: int, folder: Path, seeds: Seeds) -> list[str]:
    """Make the case of this number in an empty folder; returns the command."""
    rng = random.Random(f"{kind} {number}")
    for name in ("in", "out"):
        (folder / name).mkdir()
    path, command = KINDS[kind](folder, seeds, rng)
    path.write_bytes(damage(path.read_bytes(), path.name, rng))
    # So that nothing is told from a time.
    os.utime(path, (0, 0))
    return command


def check(folder: Path) -> list[str]:
    """What is wrong with the files that a command left: those that are not whole."""
    problems = []
    for path in sorted(folder.rglob("*")):
        where = path.relative_to(folder).as_posix()
        if path.name.startswith(".bandscribe"):
            problems.append(f"left: {where}")
        elif where.startswith(("out/", "evil")) and path.is_file():
            problems += [f"partial: {where}: {error}" for error in _broken(path)]
        elif not where.startswith(("in", "out", "estimates", "said", "a.mid", "x.")):
            problems.append(f"outside: {where}")
    return problems


def _broken(path: Path) -> list[str]:
    try:
        match path.suffix:
            case ".mid" | ".midi":
                mido.MidiFile(path)
            case ".json" | ".jams":
                json.loads(path.read_text(encoding="utf-8"))
            case ".csv":
                path.read_text(encoding="utf-8", errors="surrogateescape")
            case ".npz":
                with np.load(path) as arrays:
                    _ = [arrays[name] for name in arrays.files]
            case ".html":
                assert path.read_text(encoding="utf-8").endswith("</html>\n")
            case ".wav" | ".flac" if "sorted" not in path.parts:
                audio.read(path)
    except Exception as error:
        return [repr(error)]
    return []
