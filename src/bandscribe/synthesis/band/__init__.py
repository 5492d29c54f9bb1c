"""Music without drums, to hide drums in.

Songs: `songs` composes them, out of `genres`, `parts` and `rhythms`; `arrangement` and
`midi_songs` take other people's. Sound: `ensemble` plays a song on `fluidsynth`, `sampler`,
`amplifier` and `voice`, which sings by `speech` and `vocoder`. `recordings` writes songs
and the drum parts that belong to them to disk, and cuts passages from them.
"""
