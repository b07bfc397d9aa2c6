"""The still picture of a text whose characters are coloured by a unit of the network that read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from lstm_lab.interpret.probe import Letters
from lstm_lab.plots.style import BLACK, GREY, SMALL, canvas, titles
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["letters_figure"]


@pictures.register(Letters)
def letters_figure(letters: Letters, *, columns: int = 64, width: float = 9.0) -> Figure:
    """Draw the text in lines of equal cells, coloured from blue, negative, to red, positive.

    Parameters
    ----------
    letters
        The text and its values.
    columns
        Characters in a line.
    width
        In inches.
    """
    lines = -(-len(letters.text) // columns)
    figure = canvas(width, 1.1 + 0.3 * lines)
    panel = figure.add_subplot()
    limit = float(np.nanmax(np.abs(letters.values))) or 1.0
    colours = ScalarMappable(Normalize(-limit, limit), cmap="RdBu_r")
    shades = colours.to_rgba(letters.values, alpha=0.75)
    for at, character in enumerate(letters.text):
        row, column = divmod(at, columns)
        panel.add_patch(Rectangle((column, row), 1, 1, facecolor=shades[at], linewidth=0))
        shown = {" ": "", "\n": "↵", "$": r"\$"}.get(character, character)
        size = 11 * width / 9 * 64 / columns
        dark = abs(letters.values[at]) > 0.75 * limit
        colour = "white" if dark else BLACK
        panel.text(
            column + 0.5, row + 0.5, shown, ha="center", va="center", fontsize=size, color=colour, family="monospace"
        )
    panel.set(xlim=(0, columns), ylim=(lines, 0))
    panel.set_axis_off()
    bar = figure.colorbar(colours, cax=panel.inset_axes((1.01, 0, 0.012, 1)), ticks=[-limit, 0, limit])
    bar.ax.set_yticklabels([f"−{limit:.2g}", "0", f"{limit:.2g}"], fontsize=SMALL, color=GREY)
    bar.ax.spines[:].set_visible(False)
    titles(panel, letters.heading, "red: positive; blue: negative; read line by line")
    return figure
