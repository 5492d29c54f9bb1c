"""Drum kits of the Hydrogen drum machine: a folder with `drumkit.xml` and its samples.

Read are the layouts of all versions: one `<filename>` per instrument, `<layer>`s with velocity
ranges, and `<instrumentComponent>`s that hold the layers (the first that has any is taken, the
others are further microphones of unknown alignment).
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from bandscribe.readers import read_xml, refused
from bandscribe.synthesis.kits import naming
from bandscribe.synthesis.kits.pieces import Kit, KitPiece, RecordedHit, cut, group, read, stack

#: Limits of gains, and of shifts in semitones; Hydrogen's own controls go to 5 and to 24.
_GAIN, _PITCH = (0.0, 100.0), (-48.0, 48.0)


@dataclass(frozen=True)
class Layer:
    """One sample of an instrument: up to which velocity, how loud, and moved by how much."""

    filename: str
    velocity: float
    gain: float
    semitones: float


@dataclass(frozen=True)
class Instrument:
    """One named sound and its layers."""

    name: str
    layers: tuple[Layer, ...]


def load(folder: Path, sample_rate: int) -> Kit:
    """The kit of a folder, without instruments that have no sample or an unknown name.

    Gains of layers and instruments are applied. Raises ValueError for a damaged `drumkit.xml`.
    """
    path = folder / "drumkit.xml"
    root = read_xml(path)
    with refused(f"{path}: not a Hydrogen drumkit"):
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]  # without namespace
        labelled = label(instruments(root))
    name = (root.findtext("name") or folder.name).strip()
    author = (root.findtext("author") or "").strip()
    licence = (root.findtext("license") or root.findtext("licence") or "").strip()
    pieces = [
        piece
        for instrument, articulation in labelled
        if (piece := _load_piece(folder, instrument, articulation, sample_rate))
    ]
    origin = f"Hydrogen drumkit {name}" + (f" by {author}" if author else "")
    return Kit(name, licence, origin, sample_rate, group(pieces))


def instruments(root: ElementTree.Element) -> Iterator[Instrument]:
    """The instruments of a `drumkit.xml` (tags without namespace) that have a sample."""
    for element in root.iter("instrument"):
        volume = _number(element, "volume", 1.0, *_GAIN) * _number(element, "gain", 1.0, *_GAIN)
        single = element.findtext("filename")
        if single:
            layers = [Layer(single, 1.0, volume, 0.0)]
        else:
            holders = [element, *element.iter("instrumentComponent")]
            found = next((h.findall("layer") for h in holders if h.find("layer") is not None), [])
            layers = [
                Layer(
                    filename,
                    float(np.clip(_number(layer, "max", 1.0, -1e9, 1e9), 0.01, 1.0)),
                    volume * _number(layer, "gain", 1.0, *_GAIN),
                    _number(layer, "pitch", 0.0, *_PITCH),
                )
                for layer in found
                if (filename := layer.findtext("filename"))
            ]
        if layers:
            yield Instrument((element.findtext("name") or "").strip(), tuple(layers))


def label(found: Iterable[Instrument]) -> list[tuple[Instrument, str]]:
    """Instruments with their articulations, without repeated ones and those of unknown names.

    Two names are corrected: a pedal hat made of half-open samples is an open hat, and "Stick" is
    the side stick, unless the kit has another one: then it is two sticks clicked.
    """
    labelled: dict[tuple[Layer, ...], tuple[Instrument, str]] = {}
    for instrument in found:
        articulation = naming.articulation(instrument.name)
        if articulation in ("chh", "phh") and all(
            "open" in layer.filename.lower() for layer in instrument.layers
        ):
            articulation = "ohh"
        if articulation is not None:
            labelled.setdefault(instrument.layers, (instrument, articulation))
    pairs = list(labelled.values())
    named = [i for i, articulation in pairs if articulation == "ss" and i.name.lower() != "stick"]
    return [pair for pair in pairs if not named or pair[0].name.lower() != "stick"]


def _load_piece(
    folder: Path, instrument: Instrument, articulation: str, sample_rate: int
) -> KitPiece | None:
    layers: dict[float, list[RecordedHit]] = defaultdict(list)
    for layer in instrument.layers:
        try:
            samples = read(folder / layer.filename, sample_rate, semitones=layer.semitones)
        except ValueError as error:
            warnings.warn(f"{error}; left out of the kit", stacklevel=2)
            continue
        hit = cut(np.float32(layer.gain) * samples[np.newaxis], sample_rate, articulation)
        if hit:
            layers[round(layer.velocity, 3)].append(hit)
    return stack(instrument.name, articulation, layers.items())


def _number(
    element: ElementTree.Element, tag: str, default: float, low: float, high: float
) -> float:
    text = element.findtext(tag)
    value = float(text) if text else default
    if not low <= value <= high:
        raise ValueError(f"{tag}: expected {low:g} to {high:g}, got {value:g}")
    return value
