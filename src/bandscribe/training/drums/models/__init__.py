"""Networks for drum transcription.

They take features `(batch, frame, bin)` and give logits `(batch, frame, class)`, whose sigmoid is
the activation. A network keeps the number of frames, takes any length and any batch size, and
brings its input to scale by itself, so that features go in as the front end gives them. `MODELS`
lists the choices; every entry is called with `bins`, `classes` and options by name.
`SEARCH_SPACES` gives, for each, the values of the options that a search tries.

Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, chapter 3, and its later
state for hidden sizes of 576, ten layers of attention, and the vision transformer.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from bandscribe.training.drums.models.cnn import CNN
from bandscribe.training.drums.models.crnn import CRNN
from bandscribe.training.drums.models.rnn import RNN
from bandscribe.training.drums.models.transformer import Transformer
from bandscribe.training.drums.models.vit import VisionTransformer

MODELS: dict[str, type[nn.Module]] = {
    "crnn": CRNN,
    "rnn": RNN,
    "cnn": CNN,
    "transformer": Transformer,
    "vit": VisionTransformer,
}

#: Model to option to values; every combination is a network. A list is one value.
SEARCH_SPACES: dict[str, dict[str, tuple[Any, ...]]] = {
    "crnn": {
        "unit": ("gru", "lstm"),
        "layers": (2, 3, 4, 5),
        "hidden": (72, 144, 288),
    },
    "rnn": {
        "unit": ("gru", "lstm"),
        "layers": (2, 3, 4, 5, 6),
        "hidden": (72, 144, 288, 576),
    },
    "cnn": {
        "channels": ([32], [32, 64], [32, 64, 96]),
        "layers": (1, 2, 3, 4),
        "hidden": (72, 144, 288, 576),
    },
    "transformer": {
        "width": (72, 144, 288),
        "layers": (2, 4, 6, 8, 10),
        "heads": (2, 4, 6, 8),
    },
    "vit": {
        "patch": (7, 14, 21),
        "width": (72, 144, 288, 576),
        "layers": (2, 4, 6, 8, 10),
        "heads": (2, 4, 6, 8),
    },
}

__all__ = ["CNN", "CRNN", "MODELS", "RNN", "SEARCH_SPACES", "Transformer", "VisionTransformer"]
