"""`PanelFanChart`: forecasts of many series, one fan chart with a picker of ids and thumbnails to choose from.

What is sent: quantiles and recent history of the sum and of as many series as `SENT_BYTES` hold, spread evenly over the
ids, as float32; of the chosen series also up to 1,000 paths. The other ids are sent when the page asks for them. An
output keeps as many series as fit beside its picture, their values rounded to 1/4096 of the series' range.
"""

from __future__ import annotations

import math
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from lstm_lab.data.encoding.panel_ids import evenly, numbers_of
from lstm_lab.errors import ForecastError
from lstm_lab.forecasting.panel_forecast import PanelForecast
from lstm_lab.results import views
from lstm_lab.widgets.axes import axis
from lstm_lab.widgets.fan import FanChart, drawn_levels, recent_rows

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from lstm_lab.forecasting.forecast import Forecast

__all__ = ["PanelFanChart"]

SENT_BYTES = 400_000
"""Most bytes of quantiles and histories that the page holds before it asks."""
LISTED_BYTES = 100_000
"""Most bytes of names that the picker lists; an id beyond them is typed."""
SAVED_PATHS = 20
"""Single paths of the chosen series that an output keeps."""
FINE = 4096
"""Parts of a series' range that an output tells apart."""


@views.register(PanelForecast)
class PanelFanChart(FanChart):
    """The live view of forecasts of many series.

    Parameters
    ----------
    forecasts
        The forecasts by id.
    **traits
        ``theme``, ``height``, ``label``.
    """

    _view = traitlets.Unicode("panel").tag(sync=True)
    density = 1.5
    small_picture = MappingProxyType({"most": 6, "height": 4.2})

    def __init__(self, forecasts: PanelForecast, **traits: Any) -> None:
        self._forecasts = forecasts
        self._total = _total(forecasts)
        super().__init__(None, **{"label": f"Forecasts of {forecasts.target}", **traits})
        self.result = forecasts

    def fill(self) -> None:
        """Put the quantiles of the sum and of many series on the wire, and all of the first."""
        forecasts, total = self._forecasts, self._total
        count = len(forecasts)
        room = max(1, SENT_BYTES // (4 * (5 * forecasts.horizon + recent_rows(forecasts.horizon))))
        arrays = _each(forecasts, evenly(count, room), total)
        size = sum(array.nbytes for array in arrays.values())
        if size > SENT_BYTES:  # the times of each series travel too
            room = max(1, min(room, count) * SENT_BYTES // size)
            arrays = _each(forecasts, evenly(count, room), total)
        sent = [_text(forecasts.ids[number]) for number in evenly(count, room)]
        listed = np.cumsum([len(name.encode()) + 1 for name in self._numbers]) <= LISTED_BYTES
        names = [name for name, fits in zip(self._numbers, listed, strict=True) if fits]
        head = [] if total is None else [self._sum]
        for name, array in arrays.items():
            self.wire.put(f"each_{name}", array)
        self.wire.put("each_names", _bytes([*head, *sent]))
        self.wire.put("names", _bytes([*head, *names]))
        self.wire.set(series=count, each_band=forecasts.band_name(), message="")
        if total is None:
            self._choose(sent[0], forecasts[forecasts.ids[0]])
        else:
            self.wire.set(total_band=total.band_name())
            self._choose(self._sum, total)

    def on_message(self, kind: str, content: dict[str, Any]) -> None:
        """Send all of a chosen series."""
        if kind != "choose":
            return
        self.error = ""
        name = str(content.get("name"))
        if self._total is not None and name == self._sum:
            self._choose(name, self._total)
            return
        number = self._numbers.get(name, -1)
        if number < 0:
            number = int(numbers_of([name], list(self._numbers))[0])
        self._choose(name, self._forecasts[self._forecasts.ids[number]])

    def saved_arrays(self, share: float) -> dict[str, np.ndarray]:
        """Return the chosen series with a few paths, and a share of the series that were sent, spread evenly."""
        arrays = self.wire.arrays()
        arrays["paths"] = arrays["paths"][:SAVED_PATHS]
        arrays["names"] = arrays["names"][:0]
        count = len(arrays["each_quantiles"])
        kept = evenly(count, math.ceil(share * count))
        for name, array in arrays.items():
            if name.startswith("each_") and name != "each_names":  # times that all share are one row
                arrays[name] = array[kept] if len(array) == count else array
        arrays["each_quantiles"], arrays["each_history"] = _rounded(arrays["each_quantiles"], arrays["each_history"])
        names = arrays["each_names"].tobytes().decode().split("\n")
        arrays["each_names"] = _bytes([names[row] for row in kept])
        return arrays

    def _choose(self, name: str, forecast: Forecast) -> None:
        """Show all of a series."""
        self.wire.set(chosen=name)
        self.show(forecast)
        self.result = self._forecasts

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """The numbers of the series by their ids as text."""
        return {_text(name): number for number, name in enumerate(self._forecasts.ids)}

    @property
    def _sum(self) -> str:
        return f"total of {len(self._forecasts):,} series"


def _total(forecasts: PanelForecast) -> Forecast | None:
    """Forecast the sum; None where there is one series, or no time that all have."""
    if len(forecasts) == 1:
        return None
    try:
        return forecasts.total()
    except ForecastError:
        return None


def _text(name: Hashable) -> str:
    return " ".join(str(name).split())


def _bytes(names: Sequence[str]) -> np.ndarray:
    """Write names as UTF-8, a line each."""
    return np.frombuffer("\n".join(names).encode(), dtype=np.uint8)


def _each(forecasts: PanelForecast, numbers: Sequence[int], total: Forecast | None) -> dict[str, np.ndarray]:
    """Gather quantiles and recent history of the sum and of some series, a row each, missing values as NaN.

    Times that all series share are one row.
    """
    horizon, before = forecasts.horizon, recent_rows(forecasts.horizon)
    levels = drawn_levels(forecasts.levels)
    chosen = np.asarray(numbers)
    quantiles = np.quantile(forecasts.paths[chosen], levels, axis=1).swapaxes(0, 1)
    if not forecasts.has_band:
        quantiles[:, [0, 1, 3, 4]] = np.nan
    times = axis(forecasts.times).positions.reshape(-1, horizon)[chosen]
    values = forecasts.history.to_numpy(np.float64)
    moments = axis(forecasts.history.index.get_level_values(-1)).positions
    rows = [forecasts.history_rows.get(forecasts.ids[number], slice(0, 0)) for number in numbers]
    history = np.stack([_last(values[own], before) for own in rows])
    past = np.stack([_last(moments[own], before) for own in rows])
    if total is not None:
        ends = axis(total.index).positions
        own = total.history
        summed = total.quantile(levels)
        if not total.has_band:
            summed[[0, 1, 3, 4]] = np.nan
        quantiles = np.concatenate([_first(summed, horizon)[None], quantiles])
        times = np.concatenate([_first(ends, horizon)[None], times])
        history = np.concatenate([_last(own.to_numpy(np.float64), before)[None], history])
        past = np.concatenate([_last(axis(own.index).positions, before)[None], past])
    return {
        "quantiles": quantiles.astype(np.float32),
        "history": history.astype(np.float32),
        "times": _shared(times),
        "history_times": _shared(past),
    }


def _last(values: np.ndarray, count: int) -> np.ndarray:
    values = values[-count:]
    return np.concatenate([np.full(count - len(values), np.nan), values])


def _first(values: np.ndarray, count: int) -> np.ndarray:
    missing = [*values.shape[:-1], count - values.shape[-1]]
    return np.concatenate([values, np.full(missing, np.nan)], axis=-1)


def _shared(rows: np.ndarray) -> np.ndarray:
    same = ((rows == rows[0]) | (np.isnan(rows) & np.isnan(rows[0]))).all()
    return rows[:1] if same else rows


def _rounded(quantiles: np.ndarray, history: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round values to a binary fraction of each series' range, which gzip packs in half the bytes."""
    values = np.concatenate([quantiles.reshape(len(quantiles), -1), history], axis=1).astype(np.float64)
    spans = np.nanmax(values, axis=1) - np.nanmin(values, axis=1)
    steps = 2.0 ** np.floor(np.log2(np.where(spans > 0, spans, 1.0) / FINE))[:, None]
    rounded = np.where(spans[:, None] > 0, np.round(values / steps) * steps, values).astype(np.float32)
    cut = quantiles[0].size
    return rounded[:, :cut].reshape(quantiles.shape), rounded[:, cut:]
