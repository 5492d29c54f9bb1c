"""DrummerNet: drum transcription learned without a single label.

Source: Choi and Cho 2019, Deep unsupervised drum transcription. A transcriber estimates the
amplitudes of drum components (`analysis`, with `sparsemax`), a synthesizer plays them on a drum kit
(`synthesis`, `components`), and the difference between the two sounds is the `loss` (with
`enhancement`). `sounds` are the training data, `network` joins the two; `recipe`, `train`,
`validation` and `ship` are as for other tasks.
"""
