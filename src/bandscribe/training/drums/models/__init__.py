"""Networks for drum transcription.

They take features `(batch, frame, bin)` and give logits `(batch, frame, class)`, whose sigmoid is
the activation. A network keeps the number of frames, takes any length and any batch size, and
brings its input to scale by itself, so that features go in as the front end gives them. `MODELS`
lists the choices; every entry is called with `bins`, `classes` and options by name.

Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, chapter 3, and its later
state for hidden sizes of 576, ten layers of attention, and the vision transformer.
"""

from __future__ import annotations

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

__all__ = ["CNN", "CRNN", "MODELS", "RNN", "Transformer", "VisionTransformer"]
