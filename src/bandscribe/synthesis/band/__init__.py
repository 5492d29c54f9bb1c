"""Music without drums, to hide drums in.

Songs: `songs` composes them, out of `genres`, `parts` and `rhythms`; `arrangement` takes other
people's. Sound: `ensemble` plays a song on `synthesizer`, `sampler`, `amplifier` and `voice`, which
sings by `speech` and `vocoder`. `recordings` writes songs to disk and cuts passages from them.
"""
