"""Still picture of a benchmark: a row a model by the first two metrics, the network's seeds marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.evaluation.benchmark import OWN, Benchmark
from lstm_lab.plots import style
from lstm_lab.plots.style import BLUE, GREY, LIGHT, ORANGE, VERMILION
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["benchmark_figure"]


@pictures.register(Benchmark)
def benchmark_figure(result: Benchmark, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw the rows of the table by its first two metrics, best first.

    Parameters
    ----------
    result
        The benchmark.
    width, height
        In inches; the height grows with the rows.
    """
    table = result.summary
    metrics = [name for name in result.data.protocol.metrics if table[name].notna().sum() > 1][:2]
    ranked = table[table[metrics[0]].notna()]
    figure = style.canvas(width, 1.9 + 0.3 * len(ranked) if height is None else height)
    grid = figure.add_gridspec(2, len(metrics), height_ratios=[1e-3, 1])
    head = figure.add_subplot(grid[0, :])
    head.set_axis_off()
    style.titles(head, f"Benchmark {result.data.name}", f"{result.data.protocol.title}\n{result.verdict}")
    for column, metric in enumerate(metrics):
        panel = style.axes(figure)
        panel.set_subplotspec(grid[1, column])
        panel.grid(axis="x", color=LIGHT, linewidth=0.6, alpha=0.7)
        panel.grid(visible=False, axis="y")
        labels = [style.plain(style.short(name, 32)) for name in ranked.index]
        panel.set_yticks(range(len(ranked)), labels if column == 0 else [""] * len(ranked))
        panel.set_ylim(len(ranked) - 0.4, -0.6)
        panel.set_xlabel(f"{metric} (lower is better)", fontsize=style.SMALL, color=GREY)
        values = ranked[metric].to_numpy(np.float64)
        for row, (model, source) in enumerate(zip(ranked.index, ranked["source"], strict=True)):
            own = model == OWN
            colour = BLUE if own else GREY if source != "here" else ORANGE
            panel.plot(values[row], row, "D" if own else "o", color=colour, markersize=7 if own else 5)
            if own:
                seeds = result.scores[metric].to_numpy(np.float64)
                panel.plot(seeds, np.full(len(seeds), row), "|", color=VERMILION, markersize=12)
        style.scale_for(panel, values[~np.isnan(values)])
    first = figure.axes[1]
    for label, mark, colour in (
        ("this network, mean of its seeds", "D", BLUE),
        ("a seed", "|", VERMILION),
        ("published", "o", GREY),
        ("computed here", "o", ORANGE),
    ):
        first.plot([], [], mark, color=colour, markersize=6, label=label)
    style.legend(figure)
    return figure
