"""The still picture of a report on many series: how long they are, and the target of some of them."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.diagnostics.panel_report import PanelFeatureReport
from lstm_lab.plots import style
from lstm_lab.plots.style import BLACK, BLUE, LIGHT, SMALL, canvas, plain, short
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["panel_features_figure"]

SERIES = 12
"""Series that are drawn, at most."""
ACROSS = 4
FINDINGS = 8
"""Findings that are written out."""


@pictures.register(PanelFeatureReport)
def panel_features_figure(report: PanelFeatureReport, *, width: float = 9.0, height: float | None = None) -> Figure:
    """Draw a report on many series.

    Parameters
    ----------
    report
        The report.
    width, height
        In inches.
    """
    series = report.targets(SERIES)
    down = -(-len(series) // ACROSS)
    lines = [line for finding in report.findings[:FINDINGS] for line in wrap(finding.text.replace("`", ""), 120)]
    above = 0.35 + 0.17 * len(lines)
    figure = canvas(width, above + 1.9 + 1.25 * down if height is None else height)
    grid = figure.add_gridspec(2 + down, ACROSS, height_ratios=[above, 1.3, *[1.0] * down])
    head = figure.add_subplot(grid[0, :])
    head.set_axis_off()
    style.titles(head, f"Inputs for {short(report.target)} by {short(report.called)}", report.lengths_in_words())
    head.text(0, 1, plain("\n".join(lines)), va="top", fontsize=SMALL, color=BLACK, transform=head.transAxes)
    _lengths(figure.add_subplot(grid[1, :]), report)
    training = dict(zip(report.ids.index, report.ids["training"], strict=True))
    for number, (name, values) in enumerate(series.items()):
        panel = figure.add_subplot(grid[2 + number // ACROSS, number % ACROSS])
        cut = int(training[name])
        times = style.positions(values.index)
        panel.plot(times, values.to_numpy(), color=BLACK, linewidth=0.7)
        if cut < len(times):
            panel.axvspan(times[cut], times[-1], color=LIGHT, alpha=0.45, linewidth=0)
        panel.set_title(plain(short(str(name), 24)), fontsize=SMALL, loc="left", color=BLACK)
        panel.tick_params(labelsize=SMALL)
        style.time_axis(panel, values.index, few=2, many=3)
    return figure


def _lengths(panel: Axes, report: PanelFeatureReport) -> None:
    """Draw the rows of each id, the longest first."""
    rows = np.sort(report.ids["rows"].to_numpy())[::-1]
    panel.fill_between(np.arange(len(rows) + 1), np.append(rows, rows[-1]), step="post", color=BLUE, alpha=0.6)
    panel.axhline(report.options.lookback, color=BLACK, linewidth=0.8, linestyle=":")
    panel.set_xlim(0, len(rows))
    panel.set_ylim(0, None)
    panel.set_ylabel("rows", fontsize=SMALL)
    panel.set_xlabel(
        f"ids by length, the longest first; dotted: the lookback, {report.options.lookback}", fontsize=SMALL
    )
    panel.tick_params(labelsize=SMALL)
