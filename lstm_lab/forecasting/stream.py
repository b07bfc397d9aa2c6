"""Forecasts row by row: each new row gives the next forecast, and the bands adapt to their measured coverage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.dataset import Dataset
from lstm_lab.data.dates.time_index import future_index, longest_step
from lstm_lab.data.known_future import on_the_clock_of
from lstm_lab.errors import DataError, did_you_mean, shown
from lstm_lab.forecasting.coverage import Coverage
from lstm_lab.forecasting.online_correction import OnlineCorrection
from lstm_lab.formatting import moment
from lstm_lab.simulation.residuals import with_later_errors

if TYPE_CHECKING:
    from lstm_lab.forecasting.forecast import Forecast
    from lstm_lab.forecasting.predictor import Predictor

__all__ = ["Stream"]

MEASURED = 20
"""Forecasts whose horizon must be over before a stream states the coverage of its own bands, not the calibration's."""


class Stream:
    """Forecasts from one new row after another; made by `lstm_lab.Run.stream`.

    A row costs the same however many came before it: only as many rows are kept as a window and a picture need.

    Attributes
    ----------
    rows
        Rows known by now, those of the run included.

    Examples
    --------
    >>> stream = run.stream(horizon=5)  # doctest: +SKIP
    >>> fc = stream.push(61.3)  # the next value; then what may follow it  # doctest: +SKIP
    """

    def __init__(self, predictor: Predictor, *, renew: bool = True, adapt: bool = True) -> None:
        fitted, dataset = predictor.fitted, predictor.dataset
        self.rows = len(dataset)
        self._fitted = fitted
        self._predictor = predictor
        self._correction = self._online_correction(renew=renew, adapt=adapt)
        self._needed_rows = fitted.lookback + fitted.encoder.warmup
        self._row_limit = max(self._needed_rows, 4 * predictor.options.horizon, fitted.season, 240)
        self._longest = longest_step(dataset.index, fitted.max_gap)
        self._columns = (fitted.target, *fitted.encoder.covariates)
        self._frame = dataset.frame[list(self._columns)].iloc[-self._row_limit :]

    def _online_correction(self, *, renew: bool, adapt: bool) -> OnlineCorrection | None:
        options = self._predictor.options
        calibrate = options.calibrate is not False
        if not (calibrate or options.combines):
            return None
        past = self._predictor.past_forecasts()
        return OnlineCorrection(
            past,
            options.interval,
            calibrate=calibrate,
            renew=renew,
            adapt=adapt,
            stride=past.stride,
            floor=options.floor,
        )

    def push(self, row: float | Mapping[str, float] | pd.Series[Any], time: Any = None) -> Forecast | None:
        """Append the next row, and forecast from there.

        Parameters
        ----------
        row
            The target's value; or values by column, where the run has covariates.
        time
            The row's time; by default one usual step after the row before.

        Returns
        -------
        Forecast or None
            Of the rows after this one. None while the rows since a gap are fewer than a window.

        Raises
        ------
        DataError
            A column is missing, a value is not finite, or the time is not later than the last: one line with the
            remedy. The row is not appended then.
        """
        values = self._checked(row)
        newer = pd.DataFrame([values], columns=list(self._columns), index=self._label(time))
        frame = pd.concat([self._frame, newer]).iloc[-self._row_limit :]
        known = Dataset.of(frame, self._fitted.encoder, self._fitted.lookback, self._longest)
        _ = known.matrix  # encoded first: a row that cannot be encoded is refused before it is appended
        if self._correction is not None:
            self._correction.observe(self.rows, values[0])
        self._frame = frame
        self.rows += 1
        if known.stretch() < self._needed_rows:
            return None
        self._update_volatility(known)
        return self._forecast(known)

    @property
    def coverage(self) -> Coverage | None:
        """Coverage of this stream's bands so far; None before any forecast's horizon was over."""
        inside_band = None if self._correction is None else self._correction.inside_band
        interval, horizon = self._predictor.options.interval, self._predictor.options.horizon
        return None if inside_band is None else Coverage.measure(inside_band, interval, overlap=horizon - 1)

    def __repr__(self) -> str:
        band = "no forecast is over yet"
        if self.coverage is not None:
            band = f"its {self._predictor.options.interval:g} % bands held {self.coverage}"
        return f"Stream of {self._fitted.target}: {self.rows:,} rows to {moment(self._frame.index[-1])}; {band}"

    def _checked(self, row: float | Mapping[str, float] | pd.Series[Any]) -> list[float]:
        """Convert a row to numbers in the order of the columns."""
        pairs = row.items() if isinstance(row, Mapping | pd.Series) else [(self._fitted.target, row)]
        given = {str(name): value for name, value in pairs}  # columns may be called by numbers
        missing = [name for name in self._columns if name not in given]
        if missing:
            names = [str(name) for name in given]
            near = did_you_mean(missing[0], names) if names else "pass a dict of column and value"
            raise DataError(
                f"a row has a value for each of {', '.join(self._columns)}, got none for {missing[0]}; {near}"
            )
        try:
            values = [_as_number(given[name]) for name in self._columns]
        except (TypeError, ValueError, OverflowError):
            raise DataError(
                f"a row is numbers, got {shown(row)}; pass a value, or a dict of values by column"
            ) from None
        if not np.isfinite(values).all():
            name = self._columns[int(np.argmin(np.isfinite(values)))]
            raise DataError(f"a row has finite values, got {given[name]} in {name!r}; fill it before it is pushed")
        return values

    def _label(self, time: Any) -> pd.Index:
        """Return the new row's index label; refuse a time that is not later than the last."""
        index = self._frame.index
        if time is None:
            return future_index(index, 1)
        try:
            own = pd.Index([pd.Timestamp(time) if isinstance(index, pd.DatetimeIndex) else time])
            label = index[-1:].append(on_the_clock_of(index, own, "rows that are pushed"))
            later = bool(label[-1] > label[0])
        except DataError:
            raise
        except (TypeError, ValueError):
            raise DataError(
                f"time is a label as {moment(index[-1])} is, got {time!r}; leave it out for the next"
            ) from None
        if not later:
            raise DataError(
                f"a row comes after the last one, {moment(index[-1])}, got {moment(label[-1])}; push in order"
            )
        return label[1:]

    def _forecast(self, known: Dataset) -> Forecast:
        predictor, horizon = self._predictor, self._predictor.options.horizon
        # Noise is seeded by the row's number among all rows, so the stream draws the paths of a forecast from there.
        raw = predictor.paths(replace(known.newest(horizon), rows=np.array([self.rows])))
        naive = predictor.naive_forecasts(known.target)
        correction = None if self._correction is None else self._correction.correct(self.rows, raw, naive)
        index, history = future_index(known.frame.index, horizon), known.frame[self._fitted.target]
        forecast = predictor.result(raw, correction, naive, index, history)
        measured = self.coverage
        if measured is None or measured.origins < MEASURED:
            return forecast
        return replace(forecast, coverage=measured, details={**forecast.details, "coverage": "of this stream's bands"})

    def _update_volatility(self, known: Dataset) -> None:
        """Update the volatility that scales the noise with the errors up to the newest row."""
        settings = self._predictor.settings
        if settings.residuals is None or not settings.residuals.scaled:
            return
        first = self.rows - len(known.frame)
        moved = replace(settings.residuals, rows=settings.residuals.rows - first)
        newer = with_later_errors(moved, self._fitted.model, known).shortened(self._row_limit)
        self._predictor.settings = replace(settings, residuals=replace(newer, rows=newer.rows + first))


def _as_number(value: Any) -> float:
    """Convert a number; True and bytes, which `float` takes too, are none."""
    if isinstance(value, bool | np.bool_ | bytes | bytearray):
        raise TypeError
    return float(value)
