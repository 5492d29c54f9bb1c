"""Synthetic labelled audio: drummers, kits, bands, rooms.

Here: `drummer` performances, `kits`, their `render`ing, the `band` around them, `instruments`,
`effects`, and the `source` that draws from all of it. Not here: corpora on disk (`datasets`),
batches for training (`training.batches`). A performance is a `Transcription` whose labels are
articulations; a rendered excerpt is an `Audio` with a `Transcription` in the ten drum classes. All
random numbers come from a `numpy.random.Generator` argument.
"""
