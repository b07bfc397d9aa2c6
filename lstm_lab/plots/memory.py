"""How far networks feel and recall the past: gradient by distance, before and after training, and the recall table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from lstm_lab.interpret.memory import Memory
from lstm_lab.interpret.recall_task import SUCCESS
from lstm_lab.plots import plot, style
from lstm_lab.plots.style import BLACK, BLUE, GREEN, GREY, LIGHT, ORANGE, PURPLE, SKY, SMALL, VERMILION, canvas, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["memory_figure"]

_COLOURS = (VERMILION, ORANGE, SKY, BLUE, GREEN, PURPLE, BLACK)
_FLOOR = 1e-6


@plot.register(Memory)
def memory_figure(memory: Memory, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw a comparison of memories.

    Parameters
    ----------
    memory
        What was measured, however much of it.
    width, height
        In inches.
    """
    tall = 3.8 if memory.recall.empty else 6.4
    figure = canvas(width, tall if height is None else height)
    rows = 1 if memory.recall.empty else 2
    grid = figure.add_gridspec(rows, 2, height_ratios=[1.0] if rows == 1 else [1.5, 1.0])
    first = figure.add_subplot(grid[0, 0])
    second = figure.add_subplot(grid[0, 1], sharex=first, sharey=first)
    _flow(first, memory, "initial")
    _flow(second, memory, "trained")
    second.tick_params(labelleft=False)
    networks = list(dict.fromkeys(memory.flow["network"]))
    handles = {str(line.get_label()): line for side in (first, second) for line in side.get_lines()}
    handles = {network: handles[network] for network in networks}
    columns = min(len(networks), 3)
    lines, labels = list(handles.values()), list(handles)
    figure.legend(lines, labels, loc="outside upper center", ncols=columns, frameon=False, fontsize=SMALL)
    if rows == 2:
        _table(figure.add_subplot(grid[1, :]), memory)
    return figure


def _flow(made: Axes, memory: Memory, state: str) -> None:
    """Draw the gradient against the distance, relative to its largest."""
    networks = list(dict.fromkeys(memory.flow["network"]))
    for place, network in enumerate(networks):
        rows = memory.flow[(memory.flow["network"] == network) & (memory.flow["state"] == state)]
        relative = rows["relative"].to_numpy(dtype=np.float64)
        values = np.where(relative < _FLOOR, np.nan, relative)
        heavy = 2.6 if network == "this network" else 1.6
        colour = BLACK if network == "this network" else _COLOURS[place % len(_COLOURS)]
        made.plot(rows["distance"], values, color=colour, linewidth=heavy, label=network)
    made.set_yscale("log")
    made.set_ylim(_FLOOR, 2)
    made.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    made.yaxis.set_minor_formatter(NullFormatter())
    made.axhline(0.01, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    made.annotate("1 % of the largest", (0.01, 0.01), xycoords=("axes fraction", "data"), va="bottom", fontsize=SMALL)
    made.spines[["top", "right"]].set_visible(False)
    made.spines[["left", "bottom"]].set_color(LIGHT)
    made.grid(axis="y", color=LIGHT, linewidth=0.6, alpha=0.7)
    made.tick_params(labelsize=SMALL, color=LIGHT, labelcolor=GREY)
    made.set_xlabel("steps into the past", fontsize=SMALL, color=GREY)
    if state == "initial":
        made.set_ylabel("gradient, relative to its largest", fontsize=SMALL, color=BLACK)
        style.titles(made, "Before training", f"{memory.units} units on {memory.data}")
    else:
        style.titles(made, "After training", f"at most {memory.updates} updates")


def _table(made: Axes, memory: Memory) -> None:
    """Show the share of variance recalled, networks by distance; what counts as recalled is boxed and bold."""
    table = memory.table
    values = table.to_numpy(dtype=np.float64)
    made.imshow(np.clip(values, 0, 1), aspect="auto", cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(values.shape):
        value = float(values[row, column])
        # Rounded down: what is just below the limit must not be said to have reached it.
        text = "" if np.isnan(value) else f"{np.floor(100 * max(value, 0)):.0f}%"
        recalled = value >= SUCCESS
        colour = "white" if value > 0.6 else BLACK
        weight = "bold" if recalled else "normal"
        made.text(column, row, text, ha="center", va="center", fontsize=SMALL, color=colour, fontweight=weight)
    made.set_xticks(np.arange(len(table.columns)), [f"{steps} steps" for steps in table.columns])
    made.set_yticks(np.arange(len(table.index)), [short(name, 30) for name in table.index])
    made.tick_params(labelsize=SMALL, length=0, labelcolor=GREY)
    made.spines[:].set_visible(False)
    style.titles(made, "Recall of a value seen once", f"share of its variance explained; bold: at least {SUCCESS:.0%}")
