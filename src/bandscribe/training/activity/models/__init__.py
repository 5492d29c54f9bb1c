"""Networks for instrument activity.

They take features `(batch, frame, bin)` and give logits `(batch, frame, output)`. `MODELS` lists
the choices; every entry is called with `bins`, `outputs` and options by name.

The tracker says what each class is, then how loud, of any number of frames. The networks of
`ENVELOPES` say the amplitude of each class, of windows of as many frames as their `frames`; of
these frames they say all, or the middle one, as their `said` tells.
"""

from __future__ import annotations

from torch import nn

from bandscribe.training.activity.models.neuroment import EncoderDecoder, Neuroment
from bandscribe.training.activity.models.tracker import Tracker

ENVELOPES: dict[str, type[Neuroment] | type[EncoderDecoder]] = {
    "neuroment": Neuroment,
    "encoder_decoder": EncoderDecoder,
}
MODELS: dict[str, type[nn.Module]] = {"tracker": Tracker, **ENVELOPES}

__all__ = ["ENVELOPES", "MODELS", "EncoderDecoder", "Neuroment", "Tracker"]
