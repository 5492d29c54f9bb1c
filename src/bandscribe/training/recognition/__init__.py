"""Training instrument recognition: networks, mixtures of examples, augmentation, normalisation."""
