"""The still picture of the recipe's table: the effect of each part, seed by seed, on one axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter

from lstm_lab.evaluation.improvements import SCORES, Improvements
from lstm_lab.plots import style
from lstm_lab.plots.style import BLUE, GREY, LIGHT, VERMILION, axes, canvas, titles
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["improvements_figure"]

_LINEAR = 2.0
"""Percent up to which the axis of effects is linear, and beyond which it is logarithmic."""


@pictures.register(Improvements)
def improvements_figure(result: Improvements, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw how each fix changes its score, a mark a seed and a bar at the mean; hollow where it may be chance.

    Parameters
    ----------
    result
        The table of the recipe.
    width, height
        In inches; the height grows with the parts.
    """
    rows, effects = result.records(), 100 * result.effects["effect"]
    figure = canvas(width, 1.8 + 0.42 * len(rows) if height is None else height)
    panel = axes(figure)
    panel.grid(axis="x", color=LIGHT, linewidth=0.6, alpha=0.7)
    panel.grid(visible=False, axis="y")
    panel.axvline(0, color=GREY, linewidth=1)
    for number, row in enumerate(rows):
        colour = GREY if row["effect"] == 0 else BLUE if row["effect"] < 0 else VERMILION
        own = effects.xs(number, level="part").to_numpy(np.float64)
        face = colour if row["clear"] else "white"
        panel.plot(own, np.full(len(own), number), "o", color=colour, markerfacecolor=face, markersize=5)
        panel.plot([own.mean()] * 2, [number - 0.3, number + 0.3], color=colour, linewidth=1.5)
    labels = [f"{row['problem']}\n{row['without']} → {row['fix']} ({SCORES[row['score']]})" for row in rows]
    panel.set_yticks(range(len(rows)), [style.plain(label) for label in labels], fontsize=style.SMALL)
    panel.set_ylim(len(rows) - 0.4, -0.6)
    values = effects.to_numpy(np.float64)
    axis = "change of the score by the fix: to the left is better"
    if np.abs(values).max() > 10 * _LINEAR:
        axis += f"\nlogarithmic beyond ±{_LINEAR:g} %"
        panel.set_xscale("symlog", linthresh=_LINEAR)
        panel.set_xticks([tick for tick in (-50, -10, -2, 0, 2, 10, 50) if _within(tick, values)])
        panel.minorticks_off()
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g} %".replace("-", "−") if value else "0"))
    panel.set_xlabel(axis, fontsize=style.SMALL, color=GREY)
    for filled, colour, label in ((True, BLUE, "better, clear"), (True, VERMILION, "worse, clear"), (False, GREY, "")):
        face = colour if filled else "white"
        words = label or "hollow: may be chance"
        panel.plot([], [], "o", color=colour, markerfacecolor=face, markersize=5, label=words)
    style.legend(figure, columns=3)
    titles(panel, result.summary_table().title, f"a mark a seed; {result.study.details['judged at']}")
    return figure


def _within(tick: float, effects: np.ndarray) -> bool:
    return bool(min(0.0, 1.6 * effects.min()) <= tick <= max(0.0, 1.6 * effects.max()))
