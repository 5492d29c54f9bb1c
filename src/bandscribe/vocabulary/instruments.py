"""The instrument classes, and the corpora's own names to them.

Here None also stands for an ambiguous name. Readers of corpora refuse a name that is missing from
its map.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

#: The eleven of IRMAS, then basses (electric, synthetic, double bass) and drums.
INSTRUMENTS = (
    "cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi", "bas", "dru",
)  # fmt: skip

#: The labels of IRMAS are eleven of our classes (Bosch et al. 2012, section 4.1). `dru` and `nod`
#: in the file names of some clips mark whether drums play, and are no labels.
IRMAS: Mapping[str, str | None] = {
    name: name
    for name in ("cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi")
}

#: Sounds of the AudioSet ontology (Harmony Is All You Need 2023, table 3.2, where the id of
#: narration is misprinted: the ontology has /m/02qldy). The table is the whole map: the other
#: ids, more than five hundred, are None.
AUDIOSET: Mapping[str, str] = {
    "/m/02qldy": "voi",  # narration, monologue
    "/m/01h8n0": "voi",  # conversation
    "/m/02zsn": "voi",  # female speech
    "/m/05zppz": "voi",  # male speech
    "/t/dd00005": "voi",  # child singing
    "/t/dd00004": "voi",  # female singing
    "/t/dd00003": "voi",  # male singing
    "/m/0l14jd": "voi",  # choir
    "/m/07y_7": "vio",  # violin, fiddle
    "/m/07gql": "tru",  # trumpet
    "/m/06ncr": "sax",  # saxophone
    "/m/05r5c": "pia",  # piano
    "/m/013y1f": "org",  # organ
    "/m/02sgy": "gel",  # electric guitar
    "/m/042v_gx": "gac",  # acoustic guitar
    "/m/0l14j_": "flu",  # flute
    "/m/01wy6": "cla",  # clarinet
    "/m/01xqw": "cel",  # cello
}
#: Ids that do not count where another is there too (same table): a violin that is plucked
#: (pizzicato), a piano that is an electric piano.
AUDIOSET_WITHOUT: Mapping[str, str] = {"/m/07y_7": "/m/0d8_n", "/m/05r5c": "/m/01s0ps"}

#: OpenMIC-2018, class-map.json. Its guitar is acoustic or electric, and its cymbals may be an
#: orchestra's.
OPENMIC: Mapping[str, str | None] = {
    "accordion": None, "banjo": None, "bass": "bas", "cello": "cel", "clarinet": "cla",
    "cymbals": None, "drums": "dru", "flute": "flu", "guitar": None, "mallet_percussion": None,
    "mandolin": None, "organ": "org", "piano": "pia", "saxophone": "sax", "synthesizer": None,
    "trombone": None, "trumpet": "tru", "ukulele": None, "violin": "vio", "voice": "voi",
}  # fmt: skip

#: Medley-solos-DB, the eight instruments of its metadata (Lostanlen and Cella 2016).
MEDLEY_SOLOS: Mapping[str, str | None] = {
    "clarinet": "cla", "distorted electric guitar": "gel", "female singer": "voi",
    "flute": "flu", "piano": "pia", "tenor saxophone": "sax", "trumpet": "tru", "violin": "vio",
}  # fmt: skip

#: MedleyDB, taxonomy.yaml of version 1.0 (Bittner et al. 2014), and the woodwind section of 2.0.
#: Electric pianos, steel and slide guitars are left out as in AUDIOSET; mixed sections are
#: ambiguous; percussion counts as drums where it is a piece of a drum set.
MEDLEYDB: Mapping[str, str | None] = {
    # strings
    "erhu": None, "violin": "vio", "viola": None, "cello": "cel", "double bass": "bas",
    "violin section": "vio", "viola section": None, "cello section": "cel",
    "string section": None, "acoustic guitar": "gac", "banjo": None, "guzheng": None,
    "harp": None, "harpsichord": None, "liuqin": None, "mandolin": None, "oud": None,
    "slide guitar": None, "ukulele": None, "zhongruan": None, "sitar": None, "dulcimer": None,
    "yangqin": None, "piano": "pia", "tack piano": "pia",
    # winds
    "dizi": None, "flute": "flu", "flute section": "flu", "piccolo": None, "bamboo flute": None,
    "panpipes": None, "recorder": None, "alto saxophone": "sax", "baritone saxophone": "sax",
    "bass clarinet": "cla", "clarinet": "cla", "clarinet section": "cla",
    "tenor saxophone": "sax", "soprano saxophone": "sax", "oboe": None, "english horn": None,
    "bassoon": None, "bagpipe": None, "trumpet": "tru", "cornet": None, "trombone": None,
    "french horn": None, "euphonium": None, "tuba": None, "brass section": None,
    "french horn section": None, "trombone section": None, "horn section": None,
    "trumpet section": "tru", "woodwind section": None, "harmonica": None, "concertina": None,
    "accordion": None, "bandoneon": None, "harmonium": None, "pipe organ": "org",
    "melodica": None,
    # voices
    "male singer": "voi", "female singer": "voi", "male speaker": "voi",
    "female speaker": "voi", "male rapper": "voi", "female rapper": "voi", "beatboxing": None,
    "vocalists": "voi", "crowd": None,
    # percussion
    "triangle": None, "sleigh bells": None, "cowbell": None, "cabasa": None, "high hat": "dru",
    "gong": None, "guiro": None, "gu": None, "cymbal": "dru", "chimes": None, "castanet": None,
    "claps": None, "rattle": None, "shaker": None, "maracas": None, "xylophone": None,
    "vibraphone": None, "marimba": None, "glockenspiel": None, "whistle": None,
    "timpani": None, "toms": "dru", "snare drum": "dru", "kick drum": "dru", "bass drum": None,
    "bongo": None, "conga": None, "tambourine": None, "darbuka": None, "doumbek": None,
    "tabla": None, "auxiliary percussion": None, "drum set": "dru",
    # electric
    "clean electric guitar": "gel", "distorted electric guitar": "gel", "electric bass": "bas",
    "lap steel guitar": None, "drum machine": "dru", "electric piano": None,
    "electronic organ": "org", "synthesizer": None, "theremin": None,
    "fx/processed sound": None, "scratches": None, "sampler": None,
    # other
    "Main System": None, "Unlabeled": None,
}  # fmt: skip

#: MUSDB18, the four stems of each song (Rafii et al. 2017).
MUSDB: Mapping[str, str | None] = {"vocals": "voi", "drums": "dru", "bass": "bas", "other": None}


def classes_of(
    names: Iterable[str], mapping: Mapping[str, str | None], where: object = None
) -> frozenset[str]:
    """The classes that these names stand for.

    Raises ValueError, naming the file `where` they are, for a name that is missing from the map.
    """
    names = set(names)
    missing = sorted(names - set(mapping))
    if missing:
        place = f"{where}: " if where else ""
        known = ", ".join(mapping)
        raise ValueError(f"{place}unknown instruments {missing}; expected some of {known}")
    return frozenset(label for name in names if (label := mapping[name]) is not None)
