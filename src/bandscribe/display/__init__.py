"""Pictures: `draw` for activations with their onsets, `corpus.draw` for what a corpus holds.

Here: drawing of what is handed in. matplotlib is imported when something is drawn, and nowhere
else in the light install.
"""

from bandscribe.display.activations import Reference, draw

__all__ = ["Reference", "draw"]
