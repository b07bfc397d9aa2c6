"""`BacktestView`: the forecast of each origin along the series, its misses, and how reliable the bands were."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from lstm_lab.evaluation.backtest import Backtest
from lstm_lab.evaluation.reliability import reliability
from lstm_lab.evaluation.tables import coverage_text
from lstm_lab.forecasting.metrics import tail_of
from lstm_lab.results import views
from lstm_lab.widgets.axes import axis
from lstm_lab.widgets.base import LabWidget
from lstm_lab.widgets.fan import drawn_levels, recent_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lstm_lab.evaluation.scoring import Forecasts

__all__ = ["BacktestView"]

SENT_BYTES = 4_000_000
"""Most bytes of quantiles that the page holds; of more forecasts the newest origins are sent."""


@views.register(Backtest)
class BacktestView(LabWidget):
    """The live view of a backtest.

    Parameters
    ----------
    result
        The backtest.
    """

    _view = traitlets.Unicode("backtest").tag(sync=True)
    density = 1.5
    small_picture = MappingProxyType({})

    def __init__(self, result: Backtest, **traits: Any) -> None:
        self._backtest = result
        super().__init__(result, **{"label": f"Backtest of {result.target}", **traits})

    def fill(self) -> None:
        """Put the series, the quantiles of all forecasts and the scores on the wire."""
        result = self._backtest
        self._put_forecasts()
        names = self._names
        by_step = [result.forecasts[name].by_step() for name in names]
        self.wire.put("step_coverage", _columns(by_step, "coverage"))
        measured = [reliability(result.forecasts[name]) for name in names]
        self.wire.put("levels", measured[0].index.to_numpy(dtype=np.float32))
        for column in ("coverage", "coverage_low", "coverage_high"):
            self.wire.put(f"level_{column}", _columns(measured, column))
        summary = result.summary_table()
        self.wire.set(
            models=names,
            bands=[self._held(name) for name in names],
            facts=[list(row) for row in summary.rows],
            table=[list(row) for row in summary.table],
            verdict=result.verdict,
            caution=result.caution or "",
            paths=len(result.forecasts[result.network].raw[0]),
        )

    def saved_arrays(self, share: float) -> dict[str, np.ndarray]:
        """Return all arrays, of the forecasts only those of the newest origins; the scores are of all of them."""
        arrays = self.wire.arrays()
        held = len(arrays["rows"])
        if share >= 1 or held == 1:
            return arrays
        return {**arrays, **self._forecast_arrays(max(1, math.ceil(share * held)))}

    def _held(self, name: str) -> str:
        summary = self._backtest.summary
        share, low, high = (
            float(summary[column].loc[name]) for column in ("coverage", "coverage_low", "coverage_high")
        )
        held = coverage_text(share, low, high)
        return f"{self._backtest.band_name(name)} band held {held}"

    @property
    def _names(self) -> list[str]:
        """Return the models, the network first."""
        others = [name for name in self._backtest.forecasts if name != self._backtest.network]
        return [self._backtest.network, *others]

    def _put_forecasts(self) -> None:
        result = self._backtest
        size = 4 * 5 * result.horizon * len(result.forecasts)
        for name, array in self._forecast_arrays(max(1, SENT_BYTES // size)).items():
            self.wire.put(name, array)
        places = axis(result.evaluated.series.index)
        self.wire.set(
            target=result.target,
            interval=result.evaluated.interval,
            is_time=places.is_time,
            step=places.step,
            lead=recent_rows(result.horizon),
            origins=len(result.origins),
        )

    def _forecast_arrays(self, most: int) -> dict[str, np.ndarray]:
        """Return the forecasts from the newest origins, and the rows of the series that they need."""
        evaluated = self._backtest.evaluated
        rows = evaluated.rows[-most:]
        first = max(0, int(rows[0]) - recent_rows(evaluated.horizon))
        shown = slice(first, int(rows[-1]) + evaluated.horizon)
        quantiles = np.stack([_quantiles(self._backtest.forecasts[name], most) for name in self._names])
        return {
            "series_times": axis(evaluated.series.index).positions[shown],
            "series": evaluated.series.to_numpy(dtype=np.float32)[shown],
            "rows": (rows - first).astype(np.float32),
            "each_quantiles": quantiles,
        }


def _columns(tables: Sequence[pd.DataFrame], column: str) -> np.ndarray:
    """Return a column of several tables, (tables, rows)."""
    return np.stack([table[column].to_numpy(dtype=np.float32) for table in tables])


def _quantiles(forecasts: Forecasts, most: int) -> np.ndarray:
    """Return the five quantiles of the newest forecasts, (origins, 5, horizon)."""
    tail = tail_of(forecasts.evaluated.interval)
    by_level = np.quantile(forecasts.paths[-most:], drawn_levels((tail, 1 - tail)), axis=1)
    return np.ascontiguousarray(by_level.swapaxes(0, 1), dtype=np.float32)
