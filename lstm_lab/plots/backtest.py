"""The still picture of a backtest: some of its forecasts over what happened, and errors, coverage and reliability."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from matplotlib.ticker import MaxNLocator

from lstm_lab.evaluation.backtest import Backtest
from lstm_lab.evaluation.reliability import reliability
from lstm_lab.evaluation.scoring import score
from lstm_lab.formatting import percent
from lstm_lab.plots import style
from lstm_lab.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION
from lstm_lab.results import pictures

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["backtest_figure"]

_BASELINE_COLOURS: Final = (VERMILION, GREEN, ORANGE, PURPLE, SKY)
"""Colours of the baselines; the network's is blue everywhere."""
_DASHED: Final = (0, (5, 1.5))
"""Line style of the baselines, so that the network's line differs by more than its colour."""
_MARKS: Final = ("s", "^", "v", "D", "P")
_SHOWN: Final = 6
"""Forecasts drawn over the series, at most, none of which overlaps another."""


@pictures.register(Backtest)
def backtest_figure(result: Backtest, *, width: float = 9.0, height: float = 6.4) -> Figure:
    """Draw forecasts from some origins above; error and coverage by step, and reliability of all models, below.

    Parameters
    ----------
    result
        The backtest.
    width, height
        In inches.
    """
    figure = style.canvas(width, height)
    grid = figure.add_gridspec(2, 3, height_ratios=[1.25, 1])
    _forecasts(_axes(figure, grid[0, :], result.target), result)
    unit = style.short(result.target, 16)
    labels = {"mae": f"mean absolute error ({unit})", "coverage": "measured coverage of the band"}
    for position, (column, label) in enumerate(labels.items()):
        panel = _axes(figure, grid[1, position], "")
        lowest = _lines(panel, result, column)
        style.titles(panel, "", label)
        panel.set_xlabel("steps ahead", fontsize=style.SMALL, color=GREY)
        panel.set_xlim(0.5, result.horizon + 0.5)
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        if column == "coverage":
            _percentages(panel, result.evaluated.interval / 100, lowest)
        else:
            panel.set_ylim(bottom=0)
    _reliability(_axes(figure, grid[1, 2], ""), result)
    for name, colour, mark in _models(result):
        label_text = style.plain(style.short(name, 20))
        dashes = _DASHED if name != result.network else "-"
        figure.axes[1].plot([], [], color=colour, marker=mark, markersize=4, linestyle=dashes, label=label_text)
    style.legend(figure)
    return figure


def _lines(panel: Axes, result: Backtest, column: str) -> float:
    """Draw one line per model, a score by step, the network's on top; return the lowest value."""
    lowest = 1.0
    for name, colour, mark in reversed(_models(result)):
        values = result.forecasts[name].by_step()[column]
        every = max(1, len(values) // 8)
        look: dict[str, Any] = (
            {"linewidth": 1.8} if name == result.network else {"linewidth": 1.2, "linestyle": _DASHED}
        )
        panel.plot(values.index, values, color=colour, marker=mark, markevery=every, markersize=4, **look)
        lowest = min(lowest, float(values.min()))
    return lowest


def _reliability(panel: Axes, result: Backtest) -> None:
    """Draw the measured coverage of central intervals against their nominal one, and what chance leaves open."""
    panel.plot([0, 100], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    own = reliability(result.forecasts[result.network])
    panel.fill_between(own.index, own["coverage_low"], own["coverage_high"], color=BLUE, alpha=0.2, linewidth=0)
    for name, colour, _ in reversed(_models(result)):
        look: dict[str, Any] = (
            {"linewidth": 1.8} if name == result.network else {"linewidth": 1.2, "linestyle": _DASHED}
        )
        shares = reliability(result.forecasts[name])["coverage"]
        panel.plot(shares.index, shares, color=colour, **look)
    style.titles(panel, "", "reliability: measured coverage")
    panel.set_xlabel("nominal coverage", fontsize=style.SMALL, color=GREY)
    panel.set_xlim(0, 100)
    panel.set_ylim(0, 1)
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:.0f} %")
    panel.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")


def _axes(figure: Figure, cell: Any, ylabel: str) -> Axes:
    panel = style.axes(figure, ylabel=ylabel)
    panel.set_subplotspec(cell)
    return panel


def _models(result: Backtest) -> list[tuple[str, str, str]]:
    """Return name, colour and mark of every model, the network first."""
    others = [name for name in result.forecasts if name != result.network]
    looks = [
        (name, _BASELINE_COLOURS[k % len(_BASELINE_COLOURS)], _MARKS[k % len(_MARKS)]) for k, name in enumerate(others)
    ]
    return [(result.network, BLUE, "o"), *looks]


def _forecasts(panel: Axes, result: Backtest) -> None:
    """Draw the observed series over the test rows, and the network's forecasts from some origins."""
    evaluated = result.evaluated
    first, last = int(evaluated.rows[0]), int(evaluated.rows[-1]) + evaluated.horizon
    series = evaluated.series.iloc[max(0, first - evaluated.horizon) : last]
    times = style.positions(evaluated.series.index)
    panel.plot(times[max(0, first - evaluated.horizon) : last], series, color=BLACK, linewidth=1.0, label="observed")
    lower, median, upper = result.forecasts[result.network].band
    for number in _separate_origins(evaluated.rows, evaluated.horizon):
        ahead = times[evaluated.rows[number] : evaluated.rows[number] + evaluated.horizon]
        panel.fill_between(ahead, lower[number], upper[number], color=BLUE, alpha=0.25, linewidth=0)
        panel.plot(ahead, median[number], color=BLUE, linewidth=1.4)
    coverage = score(result.forecasts[result.network])
    low, high = percent(coverage["coverage_low"]), percent(coverage["coverage_high"])
    subtitle = f"{result.band_name(result.network)} band of {result.network} held {percent(coverage['coverage'])}"
    subtitle += f" ({low} to {high}) over {len(evaluated.rows)} origins"
    verdict = "\n".join(wrap(result.verdict, round(12 * panel.figure.bbox.width / panel.figure.dpi)))
    style.titles(panel, f"Backtest of {result.target}", f"{subtitle}\n{verdict}")
    style.time_axis(panel, evaluated.series.index)


def _separate_origins(rows: np.ndarray, horizon: int) -> list[int]:
    """Select a few origins whose forecasts do not overlap, the newest among them."""
    chosen: list[int] = []
    distance = max(horizon, (int(rows[-1]) - int(rows[0]) + horizon) // _SHOWN)
    for number in range(len(rows) - 1, -1, -1):
        if not chosen or rows[chosen[-1]] - rows[number] >= distance:
            chosen.append(number)
    return chosen[::-1]


def _percentages(panel: Axes, nominal: float, lowest: float) -> None:
    """Mark the nominal coverage and label the axis in percent."""
    panel.axhline(nominal, color=GREY, linewidth=1, linestyle=(0, (4, 3)), label="nominal coverage")
    panel.set_ylim(max(0.0, min(0.5, lowest - 0.05)), 1.02)
    panel.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
