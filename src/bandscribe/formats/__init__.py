"""File formats of transcriptions: one module each, with `write(path, …)`.

Tables, npz and JAMS also hold the activity of instruments: `write_activity`, `write_segments`.

A format that is also an input has `read(path, …)`, which raises a ValueError of one line, naming
the file, for whatever it cannot read. Every file is written through `bandscribe.files.whole`, and
the same input gives the same bytes: no dates, no machine names.

Here belong files that other programs open. What a person looks at is in `bandscribe.display`;
sound is in `bandscribe.audio`; the files of a corpus are in `bandscribe.datasets`.
"""
