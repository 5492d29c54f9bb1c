"""Front ends of the networks, in NumPy alone, and the filterbanks and spectra they are built of.

Here: functions and small frozen records from samples to `(frame, bin)` arrays. Not here: files
(`audio`), anything learned (`runtime`), torch (its twins register these arrays as buffers).

`spectrogram` has the STFT that all share and the drum networks' front end, `mel` that of single
hits; `constant_q` the transform with bins of equal pitch; `filterbanks` the matrices; `frames`
framing and decibels; `descriptors` and `chroma` turn magnitudes into features; `clip` knows them
all by name; `kaldi` is the front end of AST.
"""
