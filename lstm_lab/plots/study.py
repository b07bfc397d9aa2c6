"""The still picture of a study: a mark for each seed, so that their spread is seen, in a column for each score."""

from __future__ import annotations

from textwrap import fill, wrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from lstm_lab.evaluation.study_marks import CHANGE_TICKS, LINEAR_PERCENT, MarkedResult
from lstm_lab.formatting import number
from lstm_lab.plots import style
from lstm_lab.plots.style import BLACK, BLUE, GREY, LIGHT, ORANGE, SMALL, VERMILION
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lstm_lab.evaluation.study_marks import Column, StudyMarks

__all__ = ["study_figure"]

_COLOURS: Final = {"blue": BLUE, "orange": ORANGE, "red": VERMILION, "grey": GREY}
_SHAPES: Final = {"disc": "o", "square": "s", "diamond": "D"}
_DASHES: Final = (0, (4, 3))


@pictures.register(MarkedResult)  # type: ignore[type-abstract]  # subclasses are drawn
def study_figure(result: MarkedResult, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw every score of a study in a column of its own: a mark a seed, a bar at the mean, intervals and lines.

    Parameters
    ----------
    result
        A comparison, an ablation, a repeated measurement, or another result of seeds.
    width, height
        In inches; the height grows with the rows.
    """
    marks = result.marks
    rows = len(marks.names)
    single = len(marks.columns) == 1
    row_height = 0.42 if any("\n" in name for name in _labels(marks)) else 0.34
    figure = style.canvas(width, (1.6 if single else 2.6) + row_height * rows if height is None else height)
    head = "\n".join(fill(line, round(12 * width)) for line in marks.words)
    if single:
        panel = style.axes(figure)
        _column(panel, marks, marks.columns[0], named=True)
        style.titles(panel, marks.title, head)
    else:
        grid = figure.add_gridspec(2, len(marks.columns), height_ratios=[1e-3, 1])
        top = figure.add_subplot(grid[0, :])
        top.set_axis_off()
        # The title begins where the axes do, beside names of any length.
        style.titles(top, marks.title, head)
        for place, column in enumerate(marks.columns):
            panel = style.axes(figure)
            panel.set_subplotspec(grid[1, place])
            _column(panel, marks, column, named=place == 0)
    _legend(figure, marks)
    return figure


def _labels(marks: StudyMarks) -> list[str]:
    """Write the name of each row on two lines at most, for names often differ in their last word alone."""
    width = 34 if len(marks.columns) == 1 else 28
    return [
        style.plain(name if "\n" in name else "\n".join(wrap(name, width, max_lines=2, placeholder="…")))
        for name in marks.names
    ]


def _column(panel: Axes, marks: StudyMarks, column: Column, *, named: bool) -> None:
    """Draw one score of all rows."""
    rows = len(marks.names)
    single = len(marks.columns) == 1
    panel.grid(visible=False, axis="y")
    panel.grid(visible=True, axis="x", color=LIGHT, linewidth=0.6, alpha=0.7)
    panel.set_yticks(range(rows), _labels(marks) if named else [""] * rows)
    panel.set_ylim(rows - 0.4, -0.6)
    label = column.label if single else fill(column.label, 34)
    panel.set_xlabel(style.plain(label), fontsize=SMALL, color=GREY)
    for row, look in enumerate(marks.looks):
        values = column.values[row][~np.isnan(column.values[row])]
        colour = _COLOURS[look.colour]
        face = colour if look.filled else "white"
        shape = _SHAPES[look.shape]
        panel.plot(values, np.full(len(values), row), shape, color=colour, markerfacecolor=face, markersize=5)
        if len(values) > 1:
            panel.plot([values.mean()] * 2, [row - 0.3, row + 0.3], color=colour, linewidth=1.5)
        if single and len(values):
            _say_mean(panel, row, float(values.mean()), column)
    if column.line is not None and np.isfinite(column.line):
        looks: dict[str, Any] = {"linestyle": _DASHES} if column.dashed else {}
        panel.axvline(column.line, color=GREY, linewidth=1, zorder=0, **looks)
    if column.scale == "log":  # before the intervals, which keep its limits
        style.scale_for(panel, column.values[np.isfinite(column.values)])
    _intervals(panel, column)
    _scale(panel, column, single=single)


def _say_mean(panel: Axes, row: int, mean: float, column: Column) -> None:
    """Write the mean of a row beside the only column."""
    text = f"{mean:+.1f} %".replace("-", "−") if column.form == "change" else number(mean)
    where: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "annotation_clip": False}
    panel.annotate(text, (1.01, row), va="center", fontsize=SMALL, color=BLACK, **where)


def _intervals(panel: Axes, column: Column) -> None:
    """Draw the intervals; on a logarithmic scale they widen no axis, for one may reach below zero."""
    if column.intervals is None:
        return
    limits = panel.get_xlim()
    smallest = np.nanmin(column.values) if np.isfinite(column.values).any() else 1.0
    for row, (low, high) in enumerate(column.intervals):
        start = max(low, smallest / 10) if column.scale == "log" else low
        panel.plot([start, high], [row, row], color=GREY, linewidth=0.9, zorder=1)
    if column.scale == "log":
        panel.set_xlim(limits)


def _scale(panel: Axes, column: Column, *, single: bool) -> None:
    """Scale and label the axis of a column, where it is not logarithmic."""
    if column.scale == "log":
        return
    if column.form == "change":
        _changes(panel, column, single=single)
    elif column.form == "share":
        _shares(panel, column)
    else:
        panel.xaxis.set_major_locator(MaxNLocator(5))


def _shares(panel: Axes, column: Column) -> None:
    """Label an axis of shares in percent, with room for a mark at 100 % but no tick beyond it."""
    low, _ = panel.get_xlim()
    low = min(low, (1.0 if column.line is None else column.line) - 0.1)
    panel.set_xlim(low, 1.02)
    ticks = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, 1.0)
    panel.set_xticks([tick for tick in ticks if low <= tick <= 1.001])
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))


def _changes(panel: Axes, column: Column, *, single: bool) -> None:
    """Label an axis of changes in percent: linear around none, logarithmic where they are large.

    A panel beside others has room for fewer labels.
    """
    if column.scale == "symlog":
        values = column.values[np.isfinite(column.values)]
        panel.set_xscale("symlog", linthresh=LINEAR_PERCENT)
        ends = min(0.0, 1.6 * values.min()), max(0.0, 1.6 * values.max())
        ticks = [tick for tick in CHANGE_TICKS if ends[0] <= tick <= ends[1]]
        panel.set_xticks(ticks if single else [tick for tick in ticks if abs(tick) in {0, 10}])
        panel.minorticks_off()
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g} %".replace("-", "−") if value else "0"))


def _legend(figure: Figure, marks: StudyMarks) -> None:
    """Add the legend of marks and lines."""
    panel = figure.axes[-1]
    for look in dict.fromkeys(marks.looks):
        colour = _COLOURS[look.colour]
        face = colour if look.filled else "white"
        shape = _SHAPES[look.shape]
        panel.plot([], [], shape, color=colour, markerfacecolor=face, markersize=5, label=look.meaning)
    drawn: dict[str, dict[str, Any]] = {
        "mean": {"marker": "|", "linestyle": "", "markersize": 10, "markeredgewidth": 1.5},
        "line": {"linewidth": 1},
        "interval": {"linewidth": 0.9},
        "dashed": {"linewidth": 1, "linestyle": _DASHES},
    }
    for kind, meaning in marks.lines:
        panel.plot([], [], color=GREY, label=style.plain(fill(meaning, 44)), **drawn[kind])
    style.legend(figure, columns=min(3, len(set(marks.looks)) + len(marks.lines)))
