"""Miniature copies of the drum corpora: real layouts and file names, invented notes, noise."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import mido
import numpy as np
import soundfile

RATE = 8000
SECONDS = 0.6
#: Kick, snare and closed hi-hat, then toms and cymbals, as far as a corpus tells them apart.
TIMES = (0.05, 0.10, 0.15, 0.20, 0.25, 0.30)


def sound(path: Path, seconds: float = SECONDS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = 0.1 * np.random.default_rng(0).standard_normal(round(RATE * seconds))
    soundfile.write(path, samples, RATE)


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def rows(path: Path, labels: Sequence[object], between: str = "\t") -> None:
    lines = [f"{time:.6f}{between}{label}\n" for time, label in zip(TIMES, labels, strict=False)]
    text(path, "".join(lines))


def midi(path: Path, notes: Sequence[int], channel: int = 9) -> None:
    """Notes at `TIMES`, velocity 127, 1 ms per tick; the last of them is quieter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=480_000)])
    now = 0
    for time, note in zip(TIMES, notes, strict=False):
        tick = round(1000 * time)
        velocity = 64 if note == notes[-1] else 127
        kind = {"channel": channel, "note": note}
        track.append(mido.Message("note_on", velocity=velocity, time=tick - now, **kind))
        track.append(mido.Message("note_off", time=1, **kind))
        now = tick + 1
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(path)


def table(path: Path, found: Sequence[Mapping[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(found[0]))
        writer.writeheader()
        writer.writerows(found)


def _performance(name: str, drummer: str, split: str, end: str) -> dict[str, object]:
    return {
        "drummer": drummer,
        "session": f"{drummer}/session1",
        "id": f"{drummer}/session1/1",
        "style": "funk",
        "bpm": "80",
        "beat_type": "beat",
        "time_signature": "4-4",
        "midi_filename": f"{drummer}/session1/{name}{end}",
        "audio_filename": f"{drummer}/session1/{name}.wav",
        "duration": "0.6",
        "split": split,
    }


def gmd(root: Path) -> None:
    found = [
        _performance("1_funk_80_beat_4-4", "drummer1", "train", ".mid"),
        _performance("2_rock_90_fill_4-4", "drummer1", "validation", ".mid"),
        _performance("1_funk_80_beat_4-4", "drummer2", "test", ".mid"),
        _performance("9_jazz_80_beat_4-4", "drummer2", "test", ".mid"),
    ]
    found[3]["audio_filename"] = ""  # recorded as MIDI alone
    table(root / "groove/info.csv", found)
    for row in found:
        midi(root / "groove" / str(row["midi_filename"]), (36, 40, 22, 58, 55, 26))
        if row["audio_filename"]:
            sound(root / "groove" / str(row["audio_filename"]))


def egmd(root: Path) -> None:
    found = [
        {**_performance(f"1_funk_80_beat_4-4_{kit}", "drummer1", split, ".midi"), "kit_name": name}
        for kit, split, name in ((1, "train", "Acoustic Kit"), (2, "train", "909 Simple"))
    ]
    table(root / "e-gmd-v1.0.0/e-gmd-v1.0.0.csv", found)
    for row in found:
        midi(root / "e-gmd-v1.0.0" / str(row["midi_filename"]), (36, 40, 22, 58, 55, 26))
        sound(root / "e-gmd-v1.0.0" / str(row["audio_filename"]))


ENST_PIECES = (
    ("drummer_1", "107_minus-one_salsa_sticks"),
    ("drummer_2", "146_MIDI-minus-one_rock'n'roll-188_sticks"),
    ("drummer_3", "126_minus-one_salsa_sticks"),
    ("drummer_3", "162_MIDI-minus-one_fusion-125_sticks"),
    ("drummer_1", "001_hits_snare-drum_sticks_x6"),
)


def enst(root: Path) -> None:
    home = root / "ENST-drums-public"
    for drummer, name in ENST_PIECES:
        kinds = ("wet_mix", "dry_mix", "mix", "accompaniment")
        for kind in kinds if "minus-one" in name else kinds[:2]:
            sound(home / drummer / "audio" / kind / f"{name}.wav")
        labels = ("bd", "sd-", "chh", "lmt", "cr2", "cb")
        rows(home / drummer / "annotation" / f"{name}.txt", labels, " ")


def mdb(root: Path) -> None:
    home = root / "MDB Drums"
    for name in ("MusicDelta_Punk", "MusicDelta_Beatles", "MusicDelta_Rock"):
        sound(home / f"audio/drum_only/{name}_Drum.wav")
        sound(home / f"audio/full_mix/{name}_MIX.wav")
        sound(root / f"remix/{name}_remix.flac")
        classes = ("KD", "SD", "HH", "TT", "CY", "OT")
        rows(home / f"annotations/class/{name}_class.txt", classes, " \t ")
        subclasses = ("KD", "SDG", "CHH", "MHT", "SPC", "TMB")
        rows(home / f"annotations/subclass/{name}_subclass.txt", subclasses, " \t ")
        text(home / f"annotations/beats/{name}_MIX.beats", "0.05\t1\n0.25\t2\n")


def enst_mdb(root: Path) -> None:
    enst(root)
    mdb(root)


XML = """<?xml version="1.0" encoding="utf-8"?>
<instrumentRecording>
  <globalParameter><audioFileName>{name}#MIX.wav</audioFileName></globalParameter>
  <transcription>
{events}  </transcription>
</instrumentRecording>
"""
EVENT = "    <event><onsetSec>{time}</onsetSec><instrument>{label}</instrument></event>\n"
SVL = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE sonic-visualiser>
<sv>
  <data>
    <model id="1" name="" sampleRate="8000" type="sparse" dimensions="1" dataset="0" />
    <dataset id="0" dimensions="1">
      <point frame="{frame}" label="New Point" />
    </dataset>
  </data>
</sv>
"""


def idmt(root: Path) -> None:
    home = root / "IDMT-SMT-DRUMS-V2"
    labels = ("KD", "SD", "HH")
    for name in ("RealDrum01_00", "WaveDrum02_01", "TechnoDrum01_00"):
        sound(home / f"audio/{name}#MIX.wav")
        for label in labels:
            sound(home / f"audio/{name}#{label}.wav")
            sound(home / f"audio/{name}#{label}#train.wav")
        if name == "TechnoDrum01_00":  # drawn alone
            for time, label in zip(TIMES, labels, strict=False):
                svl = SVL.format(frame=round(8000 * time))
                text(home / f"annotation_svl/{name}#{label}.svl", svl)
        else:
            events = "".join(
                EVENT.format(time=time, label=label)
                for time, label in zip(TIMES, labels, strict=False)
            )
            text(home / f"annotation_xml/{name}#MIX.xml", XML.format(name=name, events=events))


def rbma(root: Path) -> None:
    for number, end in ((1, ".mp3"), (2, ".wav")):
        name = f"RBMA-13-Track-{number:02}"
        sound(root / f"RBMA13/audio/{name}{end}")
        rows(root / f"RBMA13/annotations/drums/{name}.txt", (0, 1, 2))
        rows(root / f"RBMA13/annotations/drums_full/{name}.drums", (0, 1, "2.0", 11, 18, 20))
        text(root / f"RBMA13/annotations/beats/{name}.txt", "0.05\t1\n0.25\t2\n")


def tmidt(root: Path) -> None:
    for name in ("1_A_Band_-_One", "2_A_Band_-_Two", "3_Another_-_One"):
        for end in ("", "_accomp"):
            sound(root / f"midi/mp3/{name}{end}.mp3")
            rows(root / f"midi/annotations/drums_l/{name}{end}.txt", (0, 1, 7, "5.0", 13, 10))
            text(root / f"midi/annotations/beats/{name}{end}.txt", "0.05\t1\n0.25\t2\n")


METADATA = """UUID: 1a2b3c
audio_dir: stems
lmd_midi_dir: lmd_matched/A/B/C
midi_dir: MIDI
normalization_factor: -13.0
normalized: true
overall_gain: 0.18
stems:
  S00:
    audio_rendered: true
    inst_class: Bass
    integrated_loudness: -12.8
    is_drum: false
    midi_program_name: Electric Bass (finger)
    midi_saved: true
    plugin_name: scarbee_jay_bass_slap_both.nkm
    program_num: 33
    save_name: Electric Bass
  S01:
    audio_rendered: true
    inst_class: Drums
    integrated_loudness: -12.8
    is_drum: true
    midi_program_name: Drums
    midi_saved: true
    plugin_name: 'pop_kit.nkm'
    program_num: 128
  S02:
    audio_rendered: false
    inst_class: Sound Effects
    is_drum: false
    midi_program_name: Gunshot
    midi_saved: false
    plugin_name: None
    program_num: 127
target_peak: -1.0
"""


def slakh(root: Path) -> None:
    home = root / "slakh2100_flac_redux"
    for name in ("train/Track00001", "validation/Track01501", "test/Track01876"):
        text(home / name / "metadata.yaml", METADATA)
        sound(home / name / "mix.flac")
        for stem in ("S00", "S01"):
            sound(home / name / f"stems/{stem}.flac")
        midi(home / name / "MIDI/S00.mid", (40, 43), channel=0)
        midi(home / name / "MIDI/S01.mid", (35, 40, 44, 47, 57, 54))


def adtof(root: Path) -> None:
    for folder in ("ADTOF-RGW", "ADTOF-YT"):
        for name in ("Some Band - First Song", "Some Band - Other Song", "Another - Song"):
            sound(root / folder / f"audio/audio/{name}.ogg")
            labels = (35, 38, 42, 47, 49)
            rows(root / folder / f"annotations/aligned_drum/{name}.txt", labels)
            beats = "0.05\t1\n0.25\t2\n"
            text(root / folder / f"annotations/aligned_beats/{name}.txt", beats)


def sadtp(root: Path) -> None:
    for name in ("A Song", "B Song"):
        sound(root / "SADTP" / name / "mix.wav")
        midi(root / "SADTP" / name / "annotation.mid", (36, 40, 22, 58, 55, 54), channel=0)


def folder(root: Path) -> None:
    sound(root / "one.wav")
    text(root / "one.csv", "onset,class,velocity\n0.050000,KD,1.0\n0.100000,SD,0.5\n")
    sound(root / "more/two.ogg")
    text(root / "more/two.txt", "# time note\n0.05,36\n0.10 38\n0.15;54\n")
    sound(root / "more/three.flac")
    midi(root / "more/three.mid", (36, 38))
    sound(root / "more/four.wav")
    data = '{"time": 0.05, "value": "KD"}, {"time": 0.1, "value": "SD"}'
    text(
        root / "more/four.jams",
        f'{{"annotations": [{{"namespace": "tag_open", "data": [{data}]}}]}}',
    )


def clips(root: Path) -> None:
    text(root / "labels.csv", "file,label\na.wav,Violin_or_fiddle\nb/b.ogg,pia; Female Singer\n")
    sound(root / "a.wav")
    sound(root / "b/b.ogg")


def hits(root: Path) -> None:
    text(root / "labels.csv", "file,label\na.wav,kick_drum\nb.wav,OHH\nc.wav,cowbell\n")
    for name in "abc":
        sound(root / f"{name}.wav")


MINIATURES: Mapping[str, Callable[[Path], None]] = {
    "egmd": egmd, "gmd": gmd, "enst": enst, "mdb": mdb, "mdb_subclass": mdb,
    "enst_mdb": enst_mdb, "idmt": idmt, "rbma": rbma, "rbma_full": rbma, "slakh": slakh,
    "tmidt": tmidt,
    "adtof": adtof, "sadtp": sadtp, "folder": folder, "folder_5": folder, "folder_3": folder,
    "clips": clips, "hits": hits,
}  # fmt: skip
