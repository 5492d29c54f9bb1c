"""Pictures: `plot` for activations and notes of a recording; a module for each other subject.

Here: drawing of what is handed in. matplotlib is imported when something is drawn, and nowhere
else in the light install.
"""

from bandscribe.display.activations import Reference, plot

__all__ = ["Reference", "plot"]
