"""Published corpora: each file turns the folders of one corpus into `Track`s.

Here: paths, annotation formats, splits and licences; nothing is written but the mixes that
ENST-Drums lacks. Not here: rendered audio (`synthesis`), class maps (`vocabulary`), figures
(`metrics`). Audio and annotations are read on demand.
"""
