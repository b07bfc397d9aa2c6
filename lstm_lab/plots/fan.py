"""The fan chart of a forecast: recent history, the origin, some paths and the named band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.forecasting.forecast import ENOUGH, Forecast
from lstm_lab.forecasting.reveal import Reveal
from lstm_lab.formatting import ordinal, span
from lstm_lab.plots import style
from lstm_lab.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    YELLOW,
    axes,
    canvas,
    positions,
    short,
    time_axis,
    titles,
)
from lstm_lab.results import pictures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

__all__ = ["draw_actual", "draw_band", "edges_in_words", "fan_figure"]

SHOWN = 20
"""Sample paths drawn beside the band."""


@pictures.register(Forecast)
def fan_figure(
    forecast: Forecast,
    *,
    actual: pd.Series[float] | pd.DataFrame | ArrayLike | None = None,
    recent: int | None = None,
    width: float = 8.0,
    height: float = 4.2,
) -> Figure:
    """Draw the fan chart of a forecast.

    Parameters
    ----------
    forecast
        The forecast.
    actual
        Values after the origin, as `Forecast.score` takes them: drawn over the fan, hits and misses as two shapes.
    recent
        Rows of history to show; twice the horizon, and at least 30, by default.
    width, height
        In inches.
    """
    figure = canvas(width, height)
    panel = axes(figure, ylabel=short(forecast.target))
    rows = max(2 * forecast.horizon, 30) if recent is None else recent
    history = forecast.history.iloc[max(0, len(forecast.history) - rows) :]
    index = history.index.append(forecast.index) if len(history) else forecast.index
    times = positions(index)
    past, ahead = times[: len(history)], times[len(history) :]
    subtitle = forecast.band_name() if forecast.has_band else f"fewer than {ENOUGH} paths, so no band is drawn"
    if "median" in forecast.details:  # not the network's own
        subtitle += f"\nmedian: {forecast.details['median']}"
    _history(panel, past, history)
    _paths(panel, ahead, forecast)
    if actual is not None:
        subtitle += "\n" + draw_actual(panel, ahead, forecast, forecast.align(actual))
    if history.notna().any():
        _origin(panel, past[-1], ahead[0], history.dropna().to_numpy(np.float64)[-max(3, rows // 6) :])
    time_axis(panel, index)
    panel.margins(x=0.02)
    titles(panel, f"{short(forecast.target)}: {span(forecast.index)}", subtitle)
    style.legend(figure)
    return figure


@pictures.register(Reveal)
def reveal_figure(reveal: Reveal, *, recent: int | None = None, width: float = 8.0, height: float = 4.2) -> Figure:
    """Draw a forecast with all that happened; options are those of `fan_figure`."""
    figure = fan_figure(reveal.forecast, actual=reveal.actual, recent=recent, width=width, height=height)
    if not reveal.beside:
        return figure
    (panel,) = figure.axes
    for (name, other), colour in zip(reveal.others.items(), (ORANGE, YELLOW, PURPLE), strict=False):
        frame, ahead = other.frame, positions(other.forecast.index)
        panel.fill_between(ahead, frame["lower"], frame["upper"], color=colour, alpha=0.13, linewidth=0)
        label = style.plain(f"{short(name, 24)}: {other.counted()}")
        panel.plot(ahead, frame["median"], color=colour, linestyle="--", linewidth=1.8, label=label)
    for old in list(figure.legends):
        old.remove()
    style.legend(figure, columns=2)
    return figure


def _history(panel: Axes, past: np.ndarray, history: pd.Series[float]) -> None:
    """Draw the observed values; the last one is a dot, for the line is not joined to the forecast."""
    if not len(history):
        return
    panel.plot(past, history.to_numpy(np.float64), color=BLACK, linewidth=1.3, label="observed")
    panel.plot(past[-1:], history.to_numpy(np.float64)[-1:], "o", color=BLACK, markersize=3.5)


def _origin(panel: Axes, last_seen: Any, first_ahead: Any, recent: np.ndarray) -> None:
    """Mark the origin, half a step after the last value; its label goes where the series is not."""
    origin = last_seen + (first_ahead - last_seen) / 2
    panel.axvline(origin, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
    low, high = panel.get_ylim()
    above = bool(recent.max() < low + 0.8 * (high - low))
    panel.annotate(
        "origin",
        (origin, float(above)),
        (-4, -2 if above else 2),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        fontsize=style.SMALL,
        color=GREY,
        ha="right",
        va="top" if above else "bottom",
    )


def _paths(panel: Axes, ahead: np.ndarray, forecast: Forecast) -> None:
    """Draw the bands (where there are paths enough for their edges), some paths and the median."""
    marks: dict[str, Any] = {"marker": "o", "markersize": 4} if forecast.horizon == 1 else {}
    low, high = forecast.levels
    lower, q25, median, q75, upper = forecast.quantile([low, 0.25, 0.5, 0.75, high])
    enough = forecast.has_band
    if enough:
        draw_band(panel, ahead, (lower, upper), 0.2, edges_in_words(low, high))
        if forecast.interval > 50:
            draw_band(panel, ahead, (q25, q75), 0.3, "25th–75th")
    count = min(SHOWN, len(forecast.paths))
    chosen = forecast.paths[np.linspace(0, len(forecast.paths) - 1, count).astype(int)]
    alpha = 0.25 if enough else 0.7
    count_text = f"{count} of {len(forecast.paths):,} paths" if count < len(forecast.paths) else f"all {count} paths"
    label = count_text if count > 1 else "the only path"
    lines = panel.plot(ahead, chosen.T, color=BLUE, alpha=alpha, linewidth=0.7, **marks)
    lines[0].set_label(label)
    panel.plot(ahead, median, color=BLUE, linewidth=2, label="median", **marks)


def draw_band(panel: Axes, ahead: np.ndarray, edges: tuple[np.ndarray, np.ndarray], alpha: float, label: str) -> None:
    """Fill between two edges; a single step gets a bar instead, for an area needs two steps."""
    if len(ahead) == 1:
        panel.vlines(ahead, *edges, color=BLUE, alpha=alpha + 0.15, linewidth=10, label=label)
    else:
        panel.fill_between(ahead, *edges, color=BLUE, alpha=alpha, linewidth=0, label=label)


def edges_in_words(low: float, high: float) -> str:
    """Name the edges of a band: 5th–95th percentile."""
    return f"{ordinal(100 * low)}–{ordinal(100 * high)} percentile"


def draw_actual(panel: Axes, ahead: np.ndarray, forecast: Forecast, values: np.ndarray) -> str:
    """Draw the actual values and return the line that counts those inside the band."""
    low, high = forecast.levels
    lower, upper = forecast.quantile([low, high])
    observed = ~np.isnan(values)
    hit = observed & (lower <= values) & (values <= upper)
    miss = observed & ~hit
    panel.plot(ahead, values, ":", color=BLACK, linewidth=1.4, zorder=4)
    for selected, marker, size, colour, label in (
        (hit, "o", 4.5, GREEN, "inside"),
        (miss, "X", 6.5, VERMILION, "outside"),
    ):
        if selected.any():
            looks: dict[str, Any] = {"color": colour, "markersize": size, "markeredgecolor": "white", "zorder": 5}
            panel.plot(ahead[selected], values[selected], marker, label=label, **looks)
    return f"{int(hit.sum())} of {int(observed.sum())} actual values inside the band"
