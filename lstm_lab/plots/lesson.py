"""The still picture of a lesson: its slides as cards, each question without its answer."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from matplotlib.patches import FancyBboxPatch

from lstm_lab.interpret.lesson import Lesson, slide_lines
from lstm_lab.plots.style import BLACK, BLUE, GREY, LIGHT, NORMAL, SMALL, canvas, plain
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["lesson_figure"]

_ACROSS = 2
_LINES = 7
_MOST = 12
"""Slides that are drawn, at most."""


@pictures.register(Lesson)
def lesson_figure(lesson: Lesson, *, width: float = 9.0) -> Figure:
    """Draw the slides as cards.

    Parameters
    ----------
    lesson
        The lesson.
    width
        In inches.
    """
    shown = lesson.slides[:_MOST]
    rows = -(-len(shown) // _ACROSS)
    figure = canvas(width, 0.2 + 1.75 * rows)
    grid = figure.add_gridspec(rows, _ACROSS)
    for at, slide in enumerate(shown):
        panel = figure.add_subplot(grid[at // _ACROSS, at % _ACROSS])
        lines = slide_lines(slide.blocks, lesson.views)
        _card(panel, f"{at + 1}  {slide.title}".strip(), lines, round(5.6 * width))
    return figure


def _card(panel: Axes, title: str, lines: list[str], letters: int) -> None:
    """Draw a card: a title, and as many lines as fit."""
    panel.set(xlim=(0, 1), ylim=(0, 1))
    panel.set_axis_off()
    frame = FancyBboxPatch((0.01, 0.01), 0.98, 0.98, boxstyle="round,pad=0,rounding_size=0.02")
    frame.set(facecolor="white", edgecolor=LIGHT, linewidth=1.2)
    panel.add_patch(frame)
    head = wrap(title, letters - 6)
    panel.text(0.04, 0.88, plain(head[0] if head else ""), fontsize=NORMAL, fontweight="bold", color=BLACK, va="center")
    written = [(part, line) for line in lines for part in wrap(line, letters)]
    for row, (part, line) in enumerate(written[:_LINES]):
        last = row == _LINES - 1 and len(written) > _LINES
        colour = BLUE if line.startswith("?") else GREY if line.startswith("[") else BLACK
        panel.text(0.04, 0.74 - 0.105 * row, plain(f"{part} …" if last else part), fontsize=SMALL, color=colour)
