"""Sampled drum kits: a reader for each layout in which they are published.

`naming` finds articulations by the names of sounds, `pieces` has a kit in memory, `percussion`
synthesises more. A drum set of several kits is drawn and played by `synthesis.render`.
"""

from bandscribe.synthesis.kits.layouts import find, load
from bandscribe.synthesis.kits.pieces import Kit

__all__ = ["Kit", "find", "load"]
