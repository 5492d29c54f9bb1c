"""Labelled audio of our own: what a drummer plays, on which kit, with which band, in which room.

Here: everything that makes sound and knows what it made: `drummer` performances, `kits`, their
`render`ing, the `band` around them, `effects`, and the `source` that draws from all of it. Not
here: corpora on disk (`datasets`), batches for training (`training.batches`). A performance is a
`Transcription` whose labels are articulations; a rendered excerpt is an `Audio` with a
`Transcription` in the ten drum classes. All chance comes from a `numpy.random.Generator` that is
handed in.
"""
