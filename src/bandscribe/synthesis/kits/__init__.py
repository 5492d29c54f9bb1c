"""Sampled drum kits: reading them from the layouts in which they are published.

Each layout has a module; `naming` says what the name of a sound means, `pieces` what a kit is in
memory. Drawing a drum set out of several kits, and striking it, is `synthesis.render`.
"""

from bandscribe.synthesis.kits.layouts import find, load
from bandscribe.synthesis.kits.pieces import Kit

__all__ = ["Kit", "find", "load"]
