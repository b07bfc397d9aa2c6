"""Forecasts by id from what a run holds: which ids, from which rows, with which known futures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.dataset import Dataset
from lstm_lab.data.panel_append import read_known_by_id, read_rows_by_id
from lstm_lab.data.store import FrameStore
from lstm_lab.forecasting.arguments import chosen_series
from lstm_lab.forecasting.panel_forecast import PanelForecast
from lstm_lab.forecasting.panel_predictor import PanelPredictor
from lstm_lab.forecasting.predictor import Predictor

if TYPE_CHECKING:
    import threading
    from collections.abc import Hashable, Sequence

    from lstm_lab.data.sources.source_tables import Source
    from lstm_lab.events import SamplingListener
    from lstm_lab.fitted import FittedModel
    from lstm_lab.forecasting.coverage import Coverage
    from lstm_lab.forecasting.forecast import Forecast
    from lstm_lab.forecasting.panel_correction import PanelCorrection
    from lstm_lab.forecasting.past_forecasts import PastForecastsCache
    from lstm_lab.options import ForecastOptions, TrainOptions

__all__ = ["PanelRun"]


@dataclass(frozen=True, eq=False)
class PanelRun:
    """What forecasts by id take from a run."""

    fitted: FittedModel
    dataset: Dataset
    options: TrainOptions
    past_forecasts: PastForecastsCache
    corrections: dict[Any, PanelCorrection]

    def forecast(
        self,
        options: ForecastOptions,
        *,
        ids: Sequence[Hashable] | Hashable | None = None,
        data: Source | None = None,
        known: Source | None = None,
        listener: SamplingListener | None = None,
        stop: threading.Event | None = None,
    ) -> PanelForecast:
        """Forecast every id, or some, from the run's rows or others; see `lstm_lab.Run.forecast`."""
        dataset = self.dataset if data is None else self._laid_out(data)
        series = chosen_series(dataset, ids)
        if data is None and len(dataset.ids) == 1:
            return self._lone(options, known, listener, stop)
        predictor = PanelPredictor(self.fitted, self.dataset, dataset, options, self.corrections)
        future = None
        if known is not None:
            future = read_known_by_id(known, dataset, self.options, series, predictor.times(series))
        return predictor.draw(series, future, listener, stop)

    def _laid_out(self, data: Source) -> Dataset:
        """Lay out other rows of the same columns; a new id is scaled by its own."""
        rows, static = read_rows_by_id(data, self.dataset, self.options)
        store = FrameStore(rows, self.fitted.encoder, self.fitted.max_gap, static)
        return Dataset(store, self.fitted.lookback, padding=self.dataset.padding)

    def _lone(
        self,
        options: ForecastOptions,
        known: Source | None,
        listener: SamplingListener | None,
        stop: threading.Event | None,
    ) -> PanelForecast:
        """Forecast the only id as a series without an id is forecast, to the last bit."""
        future = None
        if known is not None:
            times = PanelPredictor(self.fitted, self.dataset, self.dataset, options).times(np.array([0]))
            future = read_known_by_id(known, self.dataset, self.options, np.array([0]), times)
        drawn = Predictor(self.fitted, self.dataset, options, future, self.past_forecasts).draw(listener, stop)
        return _of_one(drawn, self.dataset)


def _of_one(forecast: Forecast, dataset: Dataset) -> PanelForecast:
    label, clock = (str(name or other) for name, other in zip(dataset.frame.index.names, ("id", "time"), strict=True))
    share = np.nan if forecast.coverage is None else forecast.coverage.share
    return PanelForecast(
        ids=dataset.ids,
        paths=forecast.paths[None],
        times=forecast.index,
        history=forecast.history,
        target=forecast.target,
        kind=forecast.kind,
        interval=forecast.interval,
        coverage=forecast.coverage,
        off=dataset.ids if _is_off(forecast.coverage, forecast.interval) else (),
        coverage_by_id=pd.Series([share], index=pd.Index(dataset.ids, name=label, tupleize_cols=False)),
        names=(label, clock),
        details=forecast.details,
    )


def _is_off(coverage: Coverage | None, interval: float) -> bool:
    """Return whether the nominal coverage lies outside the interval of the measured one."""
    return coverage is not None and not coverage.low <= interval / 100 <= coverage.high
