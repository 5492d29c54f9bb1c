"""Networks for instrument activity.

They take features `(batch, frame, bin)` and give logits `(batch, frame, output)`: what each class
is, then how loud. Any batch size and number of frames. `MODELS` lists the choices; every entry is
called with `bins`, `outputs` and options by name.
"""

from __future__ import annotations

from torch import nn

from bandscribe.training.activity.models.tracker import Tracker

MODELS: dict[str, type[nn.Module]] = {"tracker": Tracker}

__all__ = ["MODELS", "Tracker"]
