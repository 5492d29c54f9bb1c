"""Generate drum performances: articulations with velocities and beats, without sound.

`groove` reads played ones, `patterns` and `styles` invent them, `performance` makes many of one,
`together` fits them to the beats of others.
"""
