"""Backing music without drums.

Songs: `songs` composes them from `genres`, `parts` and `rhythms`; `arrangement` and `midi_songs`
rearrange MIDI files. Sound: `ensemble` plays a song on `fluidsynth`, `sampler`, `amplifier` and
`voice`, which sings by `speech` and `vocoder`. `recordings` writes songs and their drum parts to
disk, and cuts passages from them.
"""
