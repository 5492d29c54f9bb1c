"""Plots: `plot` shows activations and notes of a recording; other subjects have a module each.

The data to plot are given; nothing is computed here. Only this package imports matplotlib, and only
when something is plotted.
"""

from bandscribe.display.activations import Reference, plot

__all__ = ["Reference", "plot"]
