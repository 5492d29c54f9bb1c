"""Pictures: `plot` for activations and notes of a recording; a module for each other subject.

Here: plots of given data. matplotlib is imported when something is plotted, and nowhere
else in the light install.
"""

from bandscribe.display.activations import Reference, plot

__all__ = ["Reference", "plot"]
