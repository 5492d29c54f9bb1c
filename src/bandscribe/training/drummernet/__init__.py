"""DrummerNet: drum transcription learned without a single label.

Source: Choi and Cho 2019, Deep unsupervised drum transcription. A transcriber writes down what it
hears (`analysis`, with `sparsemax`), a synthesizer plays that on a drum kit (`synthesis`,
`components`), and the difference between the two sounds (`loss`, `enhancement`) teaches it. What it
listens to are `sounds`, the two in line are the `network`; `recipe`, `train`, `validation` and
`ship` are as for other tasks.
"""
