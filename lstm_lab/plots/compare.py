"""Still pictures of a comparison and of an ablation: every seed is a mark, so that chance can be seen."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final

import numpy as np

from lstm_lab.plots import plot, style
from lstm_lab.plots.style import BLUE, GREY, LIGHT, ORANGE, VERMILION
from lstm_lab.studies.ablate import Ablation
from lstm_lab.studies.compare import Comparison
from lstm_lab.studies.kinds import BASE, NETWORKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ablation_figure", "comparison_figure"]

_COLUMNS: Final = (("mae", "mean absolute error"), ("coverage", "coverage of the band"), ("width", "width of the band"))


@plot.register(Comparison)
def comparison_figure(result: Comparison, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw error, coverage and width of every kind, a mark a seed; networks in blue, baselines in orange.

    Parameters
    ----------
    result
        The comparison.
    width, height
        In inches; the height grows with the kinds.
    """
    kinds = [str(kind) for kind in result.summary.index]
    colours = [BLUE if kind in NETWORKS else ORANGE for kind in kinds]
    title = f"Comparison for {result.past.series.name}"
    return _dots(result.scores, kinds, colours, (title, result.verdict), result.past.interval, (width, height))


@plot.register(Ablation)
def ablation_figure(result: Ablation, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw error, coverage and width of every variant, a mark a seed, beside the lines of the base.

    Parameters
    ----------
    result
        The ablation.
    width, height
        In inches; the height grows with the variants.
    """
    colours = [BLUE if name == BASE else VERMILION for name in result.variants]
    span = f"one thing changed at a time; {len(result.past.rows)} origins, {result.past.horizon} steps each"
    title = f"Ablation for {result.past.series.name}"
    figure = _dots(result.scores, result.variants, colours, (title, span), result.past.interval, (width, height))
    for made, (column, _) in zip(figure.axes, _COLUMNS, strict=True):
        base = result.scores.xs(BASE, level=0)[column].to_numpy(np.float64).mean()
        made.axvline(base, color=BLUE, linewidth=1, alpha=0.5)
    return figure


def _dots(  # noqa: PLR0917 - what to draw, then how
    scores: pd.DataFrame,
    names: Sequence[str],
    colours: Sequence[str],
    said: tuple[str, str],
    interval: float,
    size: tuple[float, float | None],
) -> Figure:
    """Draw a row of marks for each name and column: one for each seed, and a bar at their mean."""
    width, height = size
    figure = style.canvas(width, 1.7 + 0.34 * len(names) if height is None else height)
    grid = figure.add_gridspec(1, len(_COLUMNS))
    for place, (column, label) in enumerate(_COLUMNS):
        made = style.axes(figure)
        made.set_subplotspec(grid[0, place])
        made.grid(axis="x", color=LIGHT, linewidth=0.6, alpha=0.7)
        made.grid(visible=False, axis="y")
        for row, (name, colour) in enumerate(zip(names, colours, strict=True)):
            values = np.atleast_1d(scores.xs(name, level=0)[column].to_numpy(np.float64))
            made.plot(values, np.full(len(values), row), "o", color=colour, markersize=5, alpha=0.7)
            made.plot([values.mean()] * 2, [row - 0.3, row + 0.3], color=colour, linewidth=2)
        shown = [style.plain(style.short(name, 24)) for name in names] if place == 0 else [""] * len(names)
        made.set_yticks(range(len(names)), shown)
        made.set_ylim(len(names) - 0.4, -0.6)
        made.set_xlabel(label, fontsize=style.SMALL, color=GREY)
        if column == "coverage":
            _nominal(made, interval / 100)
    figure.suptitle(style.plain(said[0]), x=0.01, ha="left", fontsize=style.LARGE, fontweight="bold")
    figure.supxlabel(style.plain("\n".join(wrap(said[1], round(14 * width)))), fontsize=style.SMALL, color=GREY)
    return figure


def _nominal(made: Axes, share: float) -> None:
    made.axvline(share, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    low, _ = made.get_xlim()
    made.set_xlim(min(low, share - 0.1), 1.01)
    made.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
