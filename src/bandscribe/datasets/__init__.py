"""Corpora of others, where they lie: each file turns one corpus's folders into `Track`s.

Here: paths, annotation formats, splits and licences of existing corpora, and nothing that is
written. Not here: sound of our own (`synthesis`), class maps (`vocabulary`), scores (`metrics`).
Audio and annotations are read when they are asked for.
"""
