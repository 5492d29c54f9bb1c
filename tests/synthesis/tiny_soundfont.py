"""A SoundFont of one looped cosine, A4 = 441 Hz, on all 128 programs."""

import struct
from pathlib import Path

import numpy as np
import pytest

from bandscribe.synthesis.fluidsynth import load_library

RATE = 44100
PERIOD = 100  # samples


def write(path: Path, *, bank: int = 0) -> Path:
    """Skips the test where nothing is installed that could play it."""
    try:
        load_library()
    except ValueError as missing:
        pytest.skip(str(missing))
    wave = (16000 * np.cos(2 * np.pi * np.arange(20 * PERIOD) / PERIOD)).astype("<i2")
    start, stop = 5 * PERIOD, 15 * PERIOD
    presets = [
        _name(f"P{i}") + struct.pack("<HHHIII", i, bank, i, 0, 0, 0) for i in range(128)
    ] + [_name("EOP") + struct.pack("<HHHIII", 0, 0, 128, 0, 0, 0)]  # fmt: skip
    pdta = {
        b"phdr": b"".join(presets),
        b"pbag": b"".join(struct.pack("<HH", i, 0) for i in range(129)),
        b"pmod": bytes(10),
        b"pgen": struct.pack("<HH", 41, 0) * 128 + bytes(4),  # instrument 0
        b"inst": _name("I") + struct.pack("<H", 0) + _name("EOI") + struct.pack("<H", 1),
        b"ibag": struct.pack("<HHHH", 0, 0, 2, 0),
        b"imod": bytes(10),
        b"igen": struct.pack("<HHHH", 54, 1, 53, 0) + bytes(4),  # looped, sample 0
        b"shdr": _name("S")
        + struct.pack("<IIIIIBbHH", 0, len(wave), start, stop, RATE, 69, 0, 0, 1)
        + _name("EOS")
        + bytes(26),
    }
    info = _chunk(b"ifil", struct.pack("<HH", 2, 1)) + _chunk(b"isng", b"EMU8000\0")
    body = _chunk(b"LIST", b"INFO" + info + _chunk(b"INAM", b"tiny\0\0"))
    body += _chunk(b"LIST", b"sdta" + _chunk(b"smpl", wave.tobytes() + bytes(92)))
    tables = b"".join(_chunk(name, data) for name, data in pdta.items())
    body += _chunk(b"LIST", b"pdta" + tables)
    path.write_bytes(_chunk(b"RIFF", b"sfbk" + body))
    return path


def _name(text: str) -> bytes:
    return text.encode().ljust(20, b"\0")


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
