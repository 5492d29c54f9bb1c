"""Music in which it is known who plays, and how loud at every moment.

Here: the thirteen instrument classes and what they are played on (`classes`), a `piece` that the
players agree on, `ways` of playing and the `phrases` that each player makes of them, the sound of
one player (`players`), `mixtures` of one to five of them with their stems, and a `corpus` of such
mixtures on disk. Not here: songs with a form (`band`), drum parts (`drummer`), the rooms and codecs
that every kind of audio shares (`effects`).
"""
