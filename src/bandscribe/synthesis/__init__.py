"""Labelled audio of our own: kits, patterns, performances, rendering, effects, mixtures.

Here: everything that makes sound and knows what it made. Not here: corpora on disk (`datasets`),
batches for training (`training.batches`). A performance is a `Transcription` whose labels are
articulations; a rendered excerpt is an `Audio` with a `Transcription` in the ten drum classes.
All chance comes from a `numpy.random.Generator` that is handed in.
"""
