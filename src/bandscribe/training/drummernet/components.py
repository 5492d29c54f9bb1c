"""What the synthesizer plays with: eleven drum components, and one waveform of each per kit.

Source: Choi and Cho 2019, Deep unsupervised drum transcription, table 2 and section 3.2 (12 kits,
one velocity, 98 of 127). As in the authors' code, waveforms last a second.

The paper leaves their levels open. In the authors' code all have the same energy. Then a hi-hat
of usual loudness is an amplitude of a few hundredths, of which two sparsemaxes, whose shares add up
to 1, make a smear and not a peak. Here they are as loud as in a usual mix, so that an amplitude
of 1 is a full stroke of any drum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import soxr
from numpy.typing import NDArray

from bandscribe.synthesis.kits import Kit
from bandscribe.synthesis.kits.pieces import LOUDNESS_SPAN, KitPiece, RecordedHit
from bandscribe.synthesis.render import BALANCE_DB
from bandscribe.training.drummernet.loss import SAMPLE_RATE
from bandscribe.vocabulary import DRUMMERNET_11, DRUMS_10, MDB_SUBCLASS_TO_10

COMPONENTS = DRUMMERNET_11
#: How each component is struck.
ARTICULATIONS: Mapping[str, str] = {
    "KD": "kd", "SD": "sd", "CHH": "chh", "PHH": "phh", "OHH": "ohh", "HIT": "ht", "MHT": "mt",
    "HFT": "lt", "RDC": "rd", "CRC": "cr", "TMB": "tmb",
}  # fmt: skip
#: The class that each component counts as; the tambourine counts as none.
TO_10: Mapping[str, str | None] = {name: MDB_SUBCLASS_TO_10[name] for name in COMPONENTS}
SECONDS = 1.0
VELOCITY = 98 / 127
#: Root of the energy of the first 0.3 s of a kick drum, whose peak is then about full scale.
NORM = 10.0


def draw_waveforms(
    kits: Sequence[Kit], rng: np.random.Generator, *, variants: int = 1
) -> NDArray[np.float32]:
    """Each kit `variants` times: (kit · variants, component, sample) at 16 kHz.

    Of the pieces of a component, one is drawn each time, and one of its strokes at that velocity.
    What a kit lacks is borrowed from another kit that has it. Kits with none of the components are
    no drum kits, and only lend.

    Raises ValueError when no kit has a component.
    """
    owners: dict[str, list[Kit]] = {
        name: [kit for kit in kits if kit.pieces.get(articulation)]
        for name, articulation in ARTICULATIONS.items()
    }
    if missing := [name for name, found in owners.items() if not found]:
        raise ValueError(f"kits: none has {', '.join(missing)}; add one that has")
    players = [kit for kit in kits if kit.pieces.get("kd") and kit.pieces.get("sd")]
    waveforms = []
    for kit in players:
        for _ in range(variants):
            row = []
            for name, articulation in ARTICULATIONS.items():
                found = owners[name]
                owner = kit if kit in found else found[int(rng.integers(len(found)))]
                hit = _draw_hit(owner.pieces[articulation], rng)
                row.append(_waveform(hit, BALANCE_DB[articulation]))
            waveforms.append(np.stack(row))
    return np.stack(waveforms)


def to_classes() -> NDArray[np.float32]:
    """(component, class): 1 where a component counts as one of the ten classes."""
    return np.array(
        [[TO_10[component] == name for name in DRUMS_10] for component in COMPONENTS],
        dtype=np.float32,
    )


def _draw_hit(pieces: Sequence[KitPiece], rng: np.random.Generator) -> RecordedHit:
    piece = pieces[int(rng.integers(len(pieces)))]
    layer = min(int(np.searchsorted(piece.velocities, VELOCITY)), len(piece.layers) - 1)
    hits = piece.layers[layer]
    return hits[int(rng.integers(len(hits)))]


def _waveform(hit: RecordedHit, level_db: float) -> NDArray[np.float32]:
    """A stroke as one second at 16 kHz, (sample,): the mean of its microphones at this level."""
    mono = hit.microphones.mean(axis=0, dtype=np.float32)
    if hit.sample_rate != SAMPLE_RATE:
        mono = soxr.resample(mono, hit.sample_rate, SAMPLE_RATE)
    length = round(SECONDS * SAMPLE_RATE)
    fade = np.ones(length, dtype=np.float32)
    fade[-length // 50 :] = np.linspace(1, 0, length // 50)  # a cymbal that is cut would click
    fixed = np.pad(mono[:length], (0, max(0, length - len(mono)))) * fade
    beginning = np.linalg.norm(fixed[: round(LOUDNESS_SPAN * SAMPLE_RATE)])
    return np.asarray(fixed * (NORM * 10 ** (level_db / 20) / beginning), dtype=np.float32)
