"""The fan of a forecast: recent history, the origin, the paths and their band under the name it has earned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.forecasting.words import ordinal, span
from lstm_lab.plots import plot, style
from lstm_lab.plots.style import BLACK, BLUE, GREY, ORANGE, VERMILION, axes, canvas, positions, short, time_axis, titles

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

__all__ = ["fan_figure"]

ENOUGH = 50
"""Paths below which no filled band is drawn: its edges would be single paths."""
SHOWN = 20
"""Sample paths drawn beside the band."""


@plot.register(Forecast)
def fan_figure(
    forecast: Forecast,
    *,
    actual: pd.Series[float] | pd.DataFrame | ArrayLike | None = None,
    recent: int | None = None,
    width: float = 8.0,
    height: float = 4.2,
) -> Figure:
    """Draw a forecast.

    Parameters
    ----------
    forecast
        What to draw.
    actual
        What really happened, as `Forecast.score` takes it: drawn over the fan, hits and misses told apart by shape.
    recent
        Rows of history to show; twice the horizon, and at least 30, by default.
    width, height
        In inches.
    """
    figure = canvas(width, height)
    made = axes(figure, ylabel=short(forecast.target))
    rows = max(2 * forecast.horizon, 30) if recent is None else recent
    history = forecast.history.iloc[max(0, len(forecast.history) - rows) :]
    index = history.index.append(forecast.index) if len(history) else forecast.index
    place = positions(index)
    past, ahead = place[: len(history)], place[len(history) :]
    subtitle = forecast.band_name()
    _history(made, past, history, ahead)
    _paths(made, ahead, forecast)
    if actual is not None:
        subtitle += "\n" + _actual(made, ahead, forecast, forecast.align(actual))
    time_axis(made, index)
    made.margins(x=0.02)
    titles(made, f"{short(forecast.target)}: {span(forecast.index)}", subtitle)
    style.legend(figure)
    return figure


def _history(made: Axes, past: np.ndarray, history: pd.Series[float], ahead: np.ndarray) -> None:
    """Draw what was observed, and the origin: half a step after it, so that the gap shows what nobody knew."""
    if not len(history):
        return
    made.plot(past, history.to_numpy(np.float64), color=BLACK, linewidth=1.3, label="observed")
    made.plot(past[-1:], history.to_numpy(np.float64)[-1:], "o", color=BLACK, markersize=3.5)
    origin = past[-1] + (ahead[0] - past[-1]) / 2
    made.axvline(origin, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
    made.annotate(
        "origin",
        (origin, 1),
        (-4, -2),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        fontsize=style.SMALL,
        color=GREY,
        ha="right",
        va="top",
    )


def _paths(made: Axes, ahead: np.ndarray, forecast: Forecast) -> None:
    """Draw bands where there are paths enough for their edges, some paths, and the median."""
    marks: dict[str, Any] = {"marker": "o", "markersize": 4} if forecast.horizon == 1 else {}
    low, high = forecast.levels
    lower, q25, median, q75, upper = forecast.quantile([low, 0.25, 0.5, 0.75, high])
    enough = len(forecast.paths) >= ENOUGH
    if enough:
        outer, inner = _edges(low, high), "25th–75th"
        if forecast.horizon == 1:
            made.vlines(ahead, lower, upper, color=BLUE, alpha=0.35, linewidth=10, label=outer)
            made.vlines(ahead, q25, q75, color=BLUE, alpha=0.6, linewidth=10, label=inner)
        else:
            made.fill_between(ahead, lower, upper, color=BLUE, alpha=0.18, linewidth=0, label=outer)
            made.fill_between(ahead, q25, q75, color=BLUE, alpha=0.28, linewidth=0, label=inner)
    count = min(SHOWN, len(forecast.paths))
    chosen = forecast.paths[np.linspace(0, len(forecast.paths) - 1, count).astype(int)]
    alpha = 0.25 if enough else 0.7
    label = f"{count} of {len(forecast.paths):,} paths" if count < len(forecast.paths) else f"all {count} paths"
    lines = made.plot(ahead, chosen.T, color=BLUE, alpha=alpha, linewidth=0.7, **marks)
    lines[0].set_label(label)
    made.plot(ahead, median, color=BLUE, linewidth=2, label="median", **marks)


def _edges(low: float, high: float) -> str:
    return f"{ordinal(100 * low)}–{ordinal(100 * high)} percentile"


def _actual(made: Axes, ahead: np.ndarray, forecast: Forecast, values: np.ndarray) -> str:
    """Draw what happened and say how much of it the band held."""
    low, high = forecast.levels
    lower, upper = forecast.quantile([low, high])
    observed = ~np.isnan(values)
    hit = observed & (lower <= values) & (values <= upper)
    miss = observed & ~hit
    made.plot(ahead, values, color=ORANGE, linewidth=1.4, zorder=4)
    for which, marker, size, colour, label in ((hit, "o", 4.5, ORANGE, "held"), (miss, "X", 6.5, VERMILION, "missed")):
        if which.any():
            looks: dict[str, Any] = {"color": colour, "markersize": size, "markeredgecolor": "white", "zorder": 5}
            made.plot(ahead[which], values[which], marker, label=label, **looks)
    return f"{int(hit.sum())} of {int(observed.sum())} actual values inside"
