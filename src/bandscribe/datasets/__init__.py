"""Corpora of others, where they lie: each file turns one corpus's folders into `Track`s.

Here: paths, annotation formats, splits and licences of existing corpora; nothing is written but
the mixes that ENST-Drums comes without. Not here: sound of our own (`synthesis`), class maps
(`vocabulary`), scores (`metrics`). Audio and annotations are read on demand.
"""
