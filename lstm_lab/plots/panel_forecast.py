"""Small multiples of forecasts of many series: history, origin, median and band of at most twelve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.data.encoding.panel_ids import evenly, numbers_of
from lstm_lab.errors import ForecastError
from lstm_lab.forecasting.panel_forecast import PanelForecast
from lstm_lab.forecasting.panel_reveal import PanelReveal
from lstm_lab.formatting import span
from lstm_lab.plots import style
from lstm_lab.plots.fan import draw_actual, draw_band, edges_in_words
from lstm_lab.plots.style import BLACK, BLUE, GREY, SMALL, axes_in, canvas, plain, positions, short
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lstm_lab.forecasting.forecast import Forecast

__all__ = ["MULTIPLES", "panel_forecast_figure", "panel_reveal_figure"]

MULTIPLES = 12
"""Series that are drawn, at most."""


@pictures.register(PanelForecast)
def panel_forecast_figure(
    forecasts: PanelForecast,
    *,
    ids: Sequence[Hashable] | None = None,
    actual: pd.Series[float] | pd.DataFrame | None = None,
    recent: int | None = None,
    most: int = MULTIPLES,
    width: float = 9.0,
    height: float | None = None,
) -> Figure:
    """Draw the forecasts of some series side by side, each on a scale of its own.

    Parameters
    ----------
    forecasts
        The forecasts.
    ids
        Series to draw, at most 12; 12 spread evenly over the ids by default.
    actual
        Values after the origins, by (id, time), as `PanelForecast.score` takes them.
    recent
        Rows of history to show; twice the horizon, and at least 30, by default.
    most
        Series to draw at most where no `ids` are given.
    width, height
        In inches; 6 high by default, less where there are fewer rows of pictures.

    Raises
    ------
    DataError
        There is no such id.
    ForecastError
        More ids than fit.
    """
    values = None if actual is None else forecasts.aligned(actual)
    numbers = _numbers(forecasts, ids, most)
    words = _words(forecasts, numbers, values, given=ids is not None)
    return _multiples(forecasts, numbers, values, words, (recent, width, height))


@pictures.register(PanelReveal)
def panel_reveal_figure(
    reveal: PanelReveal,
    *,
    ids: Sequence[Hashable] | None = None,
    recent: int | None = None,
    most: int = MULTIPLES,
    width: float = 9.0,
    height: float | None = None,
) -> Figure:
    """Draw what happened across the forecasts of some series, counted over all; as `panel_forecast_figure` else."""
    numbers = _numbers(reveal.forecasts, ids, most)
    words = [*_words(reveal.forecasts, numbers, reveal.actual, given=ids is not None), reveal.words]
    figure = _multiples(reveal.forecasts, numbers, reveal.actual, words, (recent, width, height))
    for panel, number in zip(figure.axes, numbers, strict=False):
        if np.isnan(reveal.actual[number]).all():
            panel.set_title("not known", fontsize=SMALL, loc="right", color=GREY)
    return figure


def _multiples(
    forecasts: PanelForecast,
    numbers: Sequence[int],
    values: np.ndarray | None,
    words: list[str],
    size: tuple[int | None, float, float | None],
) -> Figure:
    """Draw some series side by side, below a title and words: so many rows of history, width and height."""
    recent, width, height = size
    across = _across(len(numbers))
    down = -(-len(numbers) // across)
    figure = canvas(width, max(1.2 + 1.6 * down, 3.6) if height is None else height)
    grid = figure.add_gridspec(1 + down, across, height_ratios=[0.01, *[1.0] * down])
    rows = max(2 * forecasts.horizon, 30) if recent is None else recent
    known = [number for number in numbers if values is not None and not np.isnan(values[number]).all()]
    labelled = known[0] if known else numbers[0]
    for place, number in enumerate(numbers):
        name = forecasts.ids[number]
        panel = axes_in(figure, grid[1 + place // across, place % across])
        panel.set_title(plain(short(name, 24)), fontsize=SMALL, loc="left", color=BLACK)
        _draw(panel, forecasts[name], rows, None if values is None else values[number], labelled=number == labelled)
    head = figure.add_subplot(grid[0, :])
    head.set_axis_off()
    title = f"{short(forecasts.target)}: {span(forecasts.times.sort_values())}"
    style.titles(head, title, "\n".join(words))
    style.legend(figure)
    return figure


def _numbers(forecasts: PanelForecast, ids: Sequence[Hashable] | None, most: int) -> Sequence[int]:
    """Return the series that are drawn: those that are named, else some spread evenly."""
    return evenly(len(forecasts), most) if ids is None else _chosen(forecasts, ids)


def _chosen(forecasts: PanelForecast, ids: Sequence[Hashable]) -> list[int]:
    wanted = [ids] if isinstance(ids, str) else list(ids)
    if not 1 <= len(wanted) <= MULTIPLES:
        raise ForecastError(f"ids should name 1 to {MULTIPLES} series to draw, got {len(wanted)}; name fewer at a time")
    return [int(number) for number in numbers_of(wanted, forecasts.ids)]


def _across(count: int) -> int:
    """Choose the columns of so many pictures."""
    if count <= 3:
        return count
    if count == 4:
        return 2
    return 3 if count <= 9 else 4


def _words(forecasts: PanelForecast, numbers: Sequence[int], values: np.ndarray | None, *, given: bool) -> list[str]:
    """Describe which series are shown, how many are not, and what their bands are."""
    count, shown = len(forecasts), len(numbers)
    if shown == count:
        which = "the only series" if count == 1 else f"all {count} series"
    else:
        which = f"{shown} of {count:,} series, {'as chosen' if given else 'spread evenly over the ids'}"
        which += f"; {count - shown:,} more are not shown: plot(ids=[...]) draws others"
    lines = [which, forecasts.band_name()]
    if values is not None and forecasts.has_band:
        low, high = (forecasts.quantile(level)[numbers] for level in forecasts.levels)
        known = ~np.isnan(values[numbers])
        hits = known & (low <= values[numbers]) & (values[numbers] <= high)
        lines.append(f"{hits.sum()} of {known.sum()} actual values of these series inside the band")
    return lines


def _draw(panel: Axes, forecast: Forecast, rows: int, values: np.ndarray | None, *, labelled: bool) -> None:
    """Draw one series; its parts have labels for the legend on the first panel only."""
    history = forecast.history.iloc[max(0, len(forecast.history) - rows) :]
    index = history.index.append(forecast.index) if len(history) else forecast.index
    times = positions(index)
    past, ahead = times[: len(history)], times[len(history) :]
    low, high = forecast.levels
    lower, q25, median, q75, upper = forecast.quantile([low, 0.25, 0.5, 0.75, high])
    if forecast.has_band:
        draw_band(panel, ahead, (lower, upper), 0.2, edges_in_words(low, high) if labelled else "")
        if forecast.interval > 50:
            draw_band(panel, ahead, (q25, q75), 0.3, "25th–75th" if labelled else "")
    marks: dict[str, Any] = {"marker": "o", "markersize": 3} if forecast.horizon == 1 else {}
    panel.plot(ahead, median, color=BLUE, linewidth=1.6, label="median" if labelled else "", **marks)
    if len(history):
        observed = history.to_numpy(np.float64)
        panel.plot(past, observed, color=BLACK, linewidth=0.9, label="observed" if labelled else "")
        origin = past[-1] + (ahead[0] - past[-1]) / 2
        panel.axvline(origin, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), label="origin" if labelled else "")
    if values is not None and not np.isnan(values).all():
        draw_actual(panel, ahead, forecast, values)
        if not labelled:
            for line in panel.lines[-2:]:
                line.set_label("")
    panel.locator_params(axis="y", nbins=3)
    panel.margins(x=0.02)
    style.time_axis(panel, index, few=2, many=3)
    panel.set_xlabel("")
