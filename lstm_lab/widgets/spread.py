"""`SpreadView`: a fan with a switch for each source of its spread, and the coverage measured for each combination."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from lstm_lab.forecasting.spread import Spread
from lstm_lab.results import views
from lstm_lab.widgets.axes import axis
from lstm_lab.widgets.base import LabWidget
from lstm_lab.widgets.fan import drawn_levels, recent_rows

if TYPE_CHECKING:
    from lstm_lab.forecasting.forecast import Forecast

__all__ = ["SpreadView"]

SENT_PATHS = 200
"""Most paths of each combination that the page holds; quantiles are of all paths."""


@views.register(Spread)
class SpreadView(LabWidget):
    """The live view of where a forecast's spread comes from.

    Parameters
    ----------
    result
        The forecasts by their sources.
    """

    _view = traitlets.Unicode("spread").tag(sync=True)
    density = 1.5
    small_picture = MappingProxyType({})

    def __init__(self, result: Spread, **traits: Any) -> None:
        self._spread = result
        label = f"Where the spread of the forecast of {result.full.target} comes from"
        super().__init__(result, **{"label": label, **traits})

    def fill(self) -> None:
        """Put the history, and quantiles and paths of every combination, on the wire."""
        spread, full = self._spread, self._spread.full
        recent = full.history.iloc[-recent_rows(full.horizon) :]
        ahead, past = axis(full.index, before=recent.index), axis(recent.index)
        self.wire.put("times", ahead.positions)
        self.wire.put("history_times", past.positions)
        self.wire.put("history", recent.to_numpy(dtype=np.float32))
        forecasts = list(spread.forecasts.values())
        self.wire.put("each_quantiles", np.stack([_quantiles(forecast) for forecast in forecasts]))
        self.wire.put("each_errors", np.stack([_errors(forecast) for forecast in forecasts]))
        paths = [forecast.paths[:SENT_PATHS].astype(np.float32) for forecast in forecasts]
        self.wire.put("each_paths", np.stack(paths).swapaxes(0, 1))
        self.wire.set(
            target=full.target,
            interval=full.interval,
            is_time=ahead.is_time,
            step=ahead.step,
            done=len(full.paths),
            total=len(full.paths),
            sources=[[bool(is_on) for is_on in sources] for sources in spread.forecasts],
            names=[str(sources) for sources in spread.forecasts],
            held=[spread.held(sources) for sources in spread.forecasts],
            widths=[float(width) for width in spread.frame["width"]],
            absent=dict(spread.absent),
        )

    def saved_arrays(self, share: float) -> dict[str, np.ndarray]:
        """Return all arrays, of the single paths only a share; the quantiles are of all paths."""
        arrays = self.wire.arrays()
        return arrays | {"each_paths": arrays["each_paths"][: math.ceil(share * len(arrays["each_paths"]))]}


def _quantiles(forecast: Forecast) -> np.ndarray:
    """Return the five quantiles of a forecast, (5, horizon)."""
    return np.asarray(forecast.quantile(drawn_levels(forecast.levels)), dtype=np.float32)


def _errors(forecast: Forecast) -> np.ndarray:
    """Return the Monte Carlo errors of the five quantiles, (5, horizon)."""
    errors = [forecast.standard_error(level) for level in drawn_levels(forecast.levels)]
    return np.stack(errors).astype(np.float32)
