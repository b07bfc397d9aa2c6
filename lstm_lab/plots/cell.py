"""The still picture of a recurrent cell: the drawing with a unit's numbers, its equations, and where in the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from lstm_lab.interpret.cell_step import CellStep, decimal, signals_of
from lstm_lab.plots import style
from lstm_lab.plots.gates import COLOURS
from lstm_lab.plots.style import BLACK, GREY, LIGHT, SKY, SMALL, canvas
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lstm_lab.interpret.cell_drawing import Box, Drawing, Line, Operation, Text

__all__ = ["cell_figure"]

_LONGEST = 120
"""Steps of the window that the picture shows, at most."""
_BELT = 11.0
"""Width of the belt at its fullest, in points."""


@pictures.register(CellStep)
def cell_figure(cell: CellStep, *, width: float = 7.0, height: float | None = None) -> Figure:
    """Draw a cell at its step.

    Parameters
    ----------
    cell
        The unit and the step.
    width, height
        In inches.
    """
    drawing = cell.drawing
    tall = width * drawing.height / drawing.width
    figure = canvas(width, tall + 2.6 if height is None else height)
    grid = figure.add_gridspec(3, 1, height_ratios=[tall, 0.3 + 0.34 * len(drawing.equations), 1.3])
    plane = figure.add_subplot(grid[0])
    plane.set(xlim=(-4, drawing.width + 4), ylim=(drawing.height + 4, 20), aspect="equal")
    plane.set_axis_off()
    _draw(plane, cell, drawing)
    _words(figure.add_subplot(grid[1]), cell)
    _course(figure.add_subplot(grid[2]), cell)
    changes = "".join(f"; {hold}" for hold in getattr(cell.trace, "holds", ()))
    style.titles(plane, cell.heading, f"{cell.of.kind.upper()}, {cell.of.units} units; x is {cell.reads}{changes}")
    return figure


def _draw(plane: Axes, cell: CellStep, drawing: Drawing) -> None:
    values = cell.numbers
    left, top, right, bottom = drawing.body
    body = FancyBboxPatch((left, top), right - left, bottom - top, boxstyle="round,pad=0,rounding_size=16")
    body.set(facecolor="#f6f6f4", edgecolor=LIGHT)
    plane.add_patch(body)
    largest = float(np.nanmax(np.abs(cell.of.state[:, cell.unit]))) or 1.0
    for line in drawing.lines:
        _line(plane, line, values, largest)
    for box in drawing.boxes:
        _box(plane, box, values, cell.of.activation)
    for operation in drawing.operations:
        _operation(plane, operation)
    for text in drawing.texts:
        _text(plane, text, values)


def _line(plane: Axes, line: Line, values: Mapping[str, float], largest: float) -> None:
    """Draw a line, the belt as thick as its value is large."""
    xs, ys = zip(*line.path, strict=True)
    colour = COLOURS.get(line.signal, GREY)
    if line.belt:
        size = min(abs(np.nan_to_num(values[line.value])) / largest, 1.0)
        plane.plot(xs, ys, color=colour, linewidth=_BELT, alpha=0.15, solid_capstyle="butt")
        plane.plot(xs, ys, color=colour, linewidth=1.5 + (_BELT - 1.5) * size, alpha=0.75, solid_capstyle="butt")
        return
    plane.plot(xs, ys, color=colour, linewidth=1.6, alpha=0.8)
    plane.annotate("", line.path[-1], line.path[-2], arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1})


def _box(plane: Axes, box: Box, values: Mapping[str, float], activation: str) -> None:
    """Draw a box, filled from its bottom as far as the gate is open, or from its middle by the value's sign."""
    value = float(np.nan_to_num(values[box.value]))
    colour = COLOURS.get(box.value, COLOURS["cell"])
    left, bottom = box.x - box.width / 2, box.y + box.height / 2
    plane.add_patch(Rectangle((left, bottom - box.height), box.width, box.height, facecolor="white", zorder=3))
    start = box.y if box.signed else bottom
    rise = np.clip(value, -1, 1) * box.height / (2 if box.signed else 1)
    plane.add_patch(Rectangle((left, start), box.width, -rise, facecolor=colour, alpha=0.28, linewidth=0, zorder=3))
    frame = Rectangle((left, bottom - box.height), box.width, box.height, facecolor="none", zorder=4)
    frame.set(edgecolor=colour, linewidth=1.6)
    plane.add_patch(frame)
    name = box.name.replace("{a}", activation)
    plane.text(box.x, box.y - 15, style.plain(name), ha="center", va="center", fontsize=SMALL, color=BLACK, zorder=5)
    number = decimal(values[box.value])
    plane.text(
        box.x,
        box.y + 13,
        number,
        ha="center",
        va="center",
        fontsize=15 if len(number) <= 5 else 12.5,
        fontweight="bold",
        color=BLACK,
        zorder=5,
    )


def _operation(plane: Axes, operation: Operation) -> None:
    circle = Circle((operation.x, operation.y), 15 if len(operation.sign) > 1 else 13, zorder=5)
    circle.set(facecolor="white", edgecolor=BLACK, linewidth=1.4)
    plane.add_patch(circle)
    size = 10 if len(operation.sign) > 1 else 14
    plane.text(operation.x, operation.y, operation.sign, ha="center", va="center_baseline", fontsize=size, zorder=6)


def _text(plane: Axes, text: Text, values: Mapping[str, float]) -> None:
    """Write a symbol and its number, below it or to its right."""
    side = {"start": "left", "middle": "center", "end": "right"}[text.anchor]
    plane.text(text.x, text.y, text.symbol, ha=side, va="center", fontsize=10, color=GREY)
    across = 8 * len(text.symbol) + 8 if text.gap == 0 else 0
    number = decimal(values[text.value])
    plane.text(
        text.x + across, text.y + text.gap, number, ha=side, va="center", fontsize=13, fontweight="bold", color=BLACK
    )


def _words(panel: Axes, cell: CellStep) -> None:
    """Write the equations with their numbers, and what they mean."""
    panel.set_axis_off()
    lines = [*cell.equations, cell.sentence]
    for row, line in enumerate(lines):
        large = row < len(lines) - 1
        height = 1 - (row + 0.5) / len(lines)
        size = 14 if large else SMALL + 1
        panel.text(0.5, height, style.plain(line), ha="center", va="center", fontsize=size, transform=panel.transAxes)


def _course(panel: Axes, cell: CellStep) -> None:
    """Draw state, kept and written over the window, of a long one around the step, and where the step is."""
    rows = signals_of(cell.of, cell.unit)
    first = min(max(cell.step - _LONGEST // 2, 0), max(cell.of.steps - _LONGEST, 0))
    steps = np.arange(first, min(first + _LONGEST, cell.of.steps))
    original = getattr(cell.trace, "unchanged", None)
    for name, colour, width in (("kept", SKY, 0.9), ("written", COLOURS["input"], 0.45)):
        if name in rows:
            panel.bar(steps, np.nan_to_num(rows[name][steps]), width=width, color=colour, alpha=0.5, label=name)
    for name in ("cell", "hidden"):
        if name in rows:
            panel.plot(steps, rows[name][steps], color=COLOURS[name], linewidth=1.5, label=f"{name} state")
        if name in rows and original is not None:
            before = signals_of(original.layers[cell.layer], cell.unit)[name][steps]
            label = f"{name} state, as it was"
            panel.plot(steps, before, color=COLOURS[name], linewidth=1, linestyle="--", label=label)
    panel.axvline(cell.step, color=GREY, linewidth=1)
    state = "cell" if "cell" in rows else "hidden"
    panel.plot(cell.step, rows[state][cell.step], "o", color=COLOURS[state], markersize=6)
    panel.axhline(0, color=LIGHT, linewidth=0.8, zorder=0)
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(LIGHT)
    panel.tick_params(labelsize=SMALL, color=LIGHT, labelcolor=GREY)
    panel.set_xlabel("step of the window", fontsize=SMALL, color=GREY)
    panel.legend(frameon=False, fontsize=SMALL, ncols=4, loc="lower left", bbox_to_anchor=(0, 1))
