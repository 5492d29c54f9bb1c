"""Training drum transcription: networks, targets and loss, and the recipe that joins them."""
