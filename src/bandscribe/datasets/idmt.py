"""IDMT-SMT-Drums: loops of kick, snare and hi-hat alone; versions 1 and 2.

Version 2 has 104 loops (`mix`), 64 of them also as single instruments (`single`), and three
training recordings for each loop: 608 files, 130 minutes in all. Version 1 has 95, 60 and so on,
560 files in the same layout. A loop is annotated in one XML file, or in one SVL file (Sonic
Visualiser) per instrument; XML is read where both are there.

There is no official split: all of it is `test`. Groups are kits, such as `RealDrum01`. mirdata
has no loader for it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from bandscribe.datasets.annotations import Row, home, notes
from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.readers import read_xml, refused
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS_3, IDMT_TO_3

INSTRUMENTS = tuple(IDMT_TO_3)


def index(root: Path, variant: str = "mix") -> list[Track[Transcription]]:
    """The loops, or their single instruments, that have audio or an annotation."""
    folder = home(root, "IDMT-SMT-DRUMS-V2", "IDMT-SMT-DRUMS")
    sounds = {path.stem for path in (folder / "audio").glob("*#*.wav")}
    if variant == "single":
        names = {name for name in sounds if name.rpartition("#")[2] in INSTRUMENTS}
    else:
        names = {name for name in sounds if name.endswith("#MIX")}
        names |= {path.stem for path in (folder / "annotation_xml").glob("*#MIX.xml")}
    return [_track(folder, name) for name in sorted(names)]


def _track(folder: Path, name: str) -> Track[Transcription]:
    loop, _, part = name.rpartition("#")
    instruments = INSTRUMENTS if part == "MIX" else (part,)
    xml = folder / "annotation_xml" / f"{loop}#MIX.xml"
    drawn = tuple(folder / "annotation_svl" / f"{loop}#{label}.svl" for label in instruments)
    files = drawn if not xml.is_file() and any(path.is_file() for path in drawn) else (xml,)
    audio, kit = folder / "audio" / f"{name}.wav", loop.partition("_")[0]
    return Track(name, "test", kit, audio, partial(load, files, instruments), files)


def load(files: tuple[Path, ...], instruments: tuple[str, ...]) -> Transcription:
    """The annotations of these instruments in XML or SVL files.

    Raises ValueError when a file is damaged or names another instrument, OSError when it cannot
    be read.
    """
    events: list[Row] = []
    for path in files:
        tree = read_xml(path)
        with refused(f"{path}: not an annotation"):
            events += _drawn(path, tree) if path.suffix == ".svl" else _written(tree)
    everything = notes(files[0], events, IDMT_TO_3, DRUMS_3)
    if instruments == INSTRUMENTS:
        return everything
    return notes(files[0], [row for row in events if row[1] in instruments], IDMT_TO_3, DRUMS_3)


def _written(tree: ElementTree.Element) -> list[Row]:
    """XML: events, each with `onsetSec` and `instrument`."""
    found = []
    for event in tree.iter("event"):
        onset, instrument = event.findtext("onsetSec"), event.findtext("instrument")
        if onset is None or instrument is None:
            raise ValueError("an event without onsetSec or instrument")
        found.append((float(onset), instrument.strip()))
    return found


def _drawn(path: Path, tree: ElementTree.Element) -> list[Row]:
    """SVL: points at samples of a model with a rate; the instrument is in the file's name."""
    model = tree.find(".//model")
    if model is None:
        raise ValueError("no model")
    rate = float(model.attrib["sampleRate"])
    label = path.stem.rpartition("#")[2]
    return [(float(point.attrib["frame"]) / rate, label) for point in tree.iter("point")]


_PAGE = "the data set's page, version 2 (608 files, 130 min in all; version 1 has 95 loops)"
CORPUS: Corpus[Transcription] = Corpus(
    name="idmt",
    task="drums",
    citation="Dittmar and Gärtner 2014, Real-time transcription and separation of drum recordings "
    "based on NMF decomposition, DAFx",
    licence="CC BY-NC-ND 4.0",
    obtain="https://zenodo.org/records/7544164 (IDMT-SMT-DRUMS-V2.zip)",
    tree="""\
IDMT-SMT-DRUMS-V2/audio/RealDrum01_00#MIX.wav              WaveDrum01_…, TechnoDrum01_… too
IDMT-SMT-DRUMS-V2/audio/WaveDrum01_01#KD.wav               single instruments, of some loops
IDMT-SMT-DRUMS-V2/audio/RealDrum01_00#KD#train.wav
IDMT-SMT-DRUMS-V2/annotation_xml/RealDrum01_00#MIX.xml
IDMT-SMT-DRUMS-V2/annotation_svl/RealDrum01_00#KD.svl      #SD, #HH
""",
    complete=(
        Complete(104, None, _PAGE, variant="mix"),
        Complete(192, None, _PAGE, variant="single"),
    ),
    index=index,
    classes=DRUMS_3,
    variants=("mix", "single"),
    counts=(3,),
)
