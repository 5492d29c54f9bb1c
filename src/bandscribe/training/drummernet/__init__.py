"""DrummerNet: drum transcription learned without a single label.

Source: Choi and Cho 2019, Deep unsupervised drum transcription. A transcriber estimates the
amplitudes of drum components (`analysis`), a synthesizer plays them on a drum kit (`network`), and
the difference between the two sounds is the `loss`. `recipe`, `train` and `validation` are as for
other tasks.
"""
