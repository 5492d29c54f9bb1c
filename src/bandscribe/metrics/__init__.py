"""How good an estimate is, given a reference.

One file per kind of result (`onsets, velocity, beats, tags, frames, hits`) counts or sums per
track, and names its figures; `bootstrap` gives any of them its interval, and the difference between
two systems.
"""
