"""What the networks see, in NumPy alone: filterbanks, spectra and the front ends built of them.

Here: functions and small frozen records from samples to `(frame, bin)` arrays. Not here: files
(`audio`), anything learned (`runtime`), torch (its twins register these arrays as buffers).
"""
