"""Strokes, and the files of kits and SoundFonts, small ones."""

import struct
from pathlib import Path

import numpy as np
import soundfile

RATE = 44100


def stroke(*, silence=0.05, length=0.4, level=0.5, frequency=200.0, decay=0.05, rate=RATE):
    """A decaying cosine after some silence: the onset is its first, largest sample."""
    t = np.arange(round(length * rate)) / rate
    sound = level * np.cos(2 * np.pi * frequency * t) * np.exp(-t / decay)
    return np.concatenate([np.zeros(round(silence * rate)), sound]).astype(np.float32)


def write(path: Path, samples, rate=RATE):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype="FLOAT" if path.suffix == ".wav" else None)


HYDROGEN = """<?xml version="1.0" encoding="UTF-8"?>
<drumkit_info xmlns="http://www.hydrogen-music.org/drumkit">
 <name>Tiny</name> <author>Nobody</author> <license>CC0</license>
 <instrumentList>
  <instrument><name>Kick</name><volume>0.5</volume><gain>2</gain>
   <layer><filename>loud.wav</filename><min>0.5</min><max>1</max><gain>1</gain></layer>
   <layer><filename>soft.wav</filename><min>0</min><max>0.5</max><gain>0.5</gain></layer>
   <layer><filename>loud.wav</filename><min>0</min><max>0.5</max><gain>0.1</gain></layer>
  </instrument>
  <instrument><name>Closed HH</name><filename>soft.wav</filename></instrument>
  <instrument><name>Snare</name>
   <instrumentComponent><component_id>0</component_id>
    <layer><filename>loud.wav</filename><min>0</min><max>1</max><pitch>12</pitch></layer>
   </instrumentComponent>
  </instrument>
  <instrument><name>Pedal HH</name><filename>hat-semi-open.wav</filename></instrument>
  <instrument><name>Cowbell</name><filename>missing.wav</filename></instrument>
  <instrument><name>17</name><filename>loud.wav</filename></instrument>
  <instrument><name>Crash</name></instrument>
 </instrumentList>
</drumkit_info>"""


def row(name, articulation, piece, rank, **more):
    return {"file": name, "class": articulation, "piece": piece, "rank": rank, **more}


def chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def preset(name: str, program: int, bank: int) -> bytes:
    return struct.pack("<20sHH14x", name.encode(), program, bank)


def riff(*records: bytes, form: bytes = b"sfbk") -> bytes:
    body = chunk(b"LIST", b"INFO" + chunk(b"INAM", b"odd"))
    body += chunk(b"LIST", b"sdta" + chunk(b"smpl", b"phdr" * 8))
    body += chunk(b"LIST", b"pdta" + chunk(b"phdr", b"".join(records)) + chunk(b"pbag", b"1234"))
    return chunk(b"RIFF", form + body)
