"""Adaptation without labels: a drum network learns from its own transcriptions of recordings.

Self-training, as Xie et al. 2020, Self-training with noisy student, do with images: the network
transcribes the recordings, and learns to predict the same where their spectrum is changed. This is
not DrummerNet, which is trained without any label. `recipe` and `train` are as for other tasks.
"""
