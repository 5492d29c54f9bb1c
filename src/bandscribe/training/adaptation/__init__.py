"""Adaptation without labels: a trained drum network learns from what it hears in new recordings.

It writes down the new recordings itself, and learns to write the same where they sound otherwise:
self-training, as Xie et al. 2020, Self-training with noisy student, do with images. This is not
DrummerNet, whose weights see no label at any time. `weights` takes a shipped network apart,
`recordings` are what it wrote down, `recipe`, `train` and `ship` are as for other tasks.
"""
