"""The still picture of a memory study: gradient by distance, before and after training, and the recall table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from lstm_lab.interpret.memory import Memory
from lstm_lab.interpret.memory_measurement import FAINT
from lstm_lab.interpret.recall_task import SUCCESS
from lstm_lab.plots import style
from lstm_lab.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    PURPLE,
    SMALL,
    VERMILION,
    YELLOW,
    canvas,
    short,
)
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["memory_figure"]

_COLOURS = (VERMILION, ORANGE, YELLOW, BLUE, GREEN, PURPLE, BLACK)
_FLOOR = 1e-6


@pictures.register(Memory)
def memory_figure(memory: Memory, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw a comparison of memories.

    Parameters
    ----------
    memory
        The study; it may still be incomplete.
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


def _flow(panel: Axes, memory: Memory, state: str) -> None:
    """Draw each network's gradient, relative to its largest, against the distance."""
    networks = list(dict.fromkeys(memory.flow["network"]))
    for number, network in enumerate(networks):
        rows = memory.flow[(memory.flow["network"] == network) & (memory.flow["state"] == state)]
        relative = rows["relative"].to_numpy(dtype=np.float64)
        values = np.where(relative < _FLOOR, np.nan, relative)
        heavy = 2.6 if network == "this network" else 1.6
        colour = BLACK if network == "this network" else _COLOURS[number % len(_COLOURS)]
        panel.plot(rows["distance"], values, color=colour, linewidth=heavy, label=network)
    panel.set_yscale("log")
    panel.set_ylim(_FLOOR, 2)
    panel.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    panel.yaxis.set_minor_formatter(NullFormatter())
    panel.axhline(FAINT, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    panel.annotate(
        f"{100 * FAINT:g} % of the largest",
        (0.99, FAINT),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
        fontsize=SMALL,
    )
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(LIGHT)
    panel.grid(axis="y", color=LIGHT, linewidth=0.6, alpha=0.7)
    panel.tick_params(labelsize=SMALL, color=LIGHT, labelcolor=GREY)
    panel.set_xlabel("steps into the past", fontsize=SMALL, color=GREY)
    if state == "initial":
        panel.set_ylabel("gradient, relative to its largest", fontsize=SMALL, color=BLACK)
        style.titles(panel, "Before training", f"{memory.units} units on {memory.data}")
    else:
        style.titles(panel, "After training", f"at most {memory.updates} updates")


def _table(panel: Axes, memory: Memory) -> None:
    """Draw the share of variance recalled, networks by distance; successful recalls are bold."""
    table = memory.table
    values = table.to_numpy(dtype=np.float64)
    wins = memory.recalled.reindex(index=table.index, columns=table.columns).to_numpy()
    panel.imshow(np.clip(values, 0, 1), aspect="auto", cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(values.shape):
        value = float(values[row, column])
        # Rounded down: what is just below the limit must not be said to have reached it.
        text = "" if np.isnan(value) else f"{np.floor(100 * max(value, 0)):.0f}%"
        if memory.seeds > 1 and text:
            text = f"{text}, {wins[row, column]:.0f} of {memory.seeds}"
        recalled = value >= SUCCESS
        colour = "white" if value > 0.6 else BLACK
        weight = "bold" if recalled else "normal"
        panel.text(column, row, text, ha="center", va="center", fontsize=SMALL, color=colour, fontweight=weight)
    panel.set_xticks(np.arange(len(table.columns)), [f"{steps} steps" for steps in table.columns])
    panel.set_yticks(np.arange(len(table.index)), [short(name, 30) for name in table.index])
    panel.tick_params(labelsize=SMALL, length=0, labelcolor=GREY)
    panel.spines[:].set_visible(False)
    explained = f"share of its variance explained; bold: at least {SUCCESS:.0%}"
    if memory.seeds > 1:
        explained = f"mean {explained}; seeds that reached it, of {memory.seeds}"
    style.titles(panel, "Recall of a value seen once", explained)
