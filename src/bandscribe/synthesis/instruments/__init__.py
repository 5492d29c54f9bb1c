"""Music in which it is known who plays, and how loud at every moment.

Here: the thirteen instrument classes and what they are played on (`classes`), a `piece` that the
players agree on, `textures` (tunes, chords, bass lines) and the `phrases` that each player makes of
them, the sound of one player (`players`), `mixtures` of one to five of them with their stems, and
on disk: a `corpus` of such mixtures, and `stems` of them or of real clips. Not here: songs
with a form (`band`), drum parts (`drummer`), what every kind of audio shares (`effects`, `sound`).
"""
