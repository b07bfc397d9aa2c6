"""A forecast of every series of a panel: calibrate on all of them, draw paths in parts, correct each series."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lstm_lab.errors import ForecastError
from lstm_lab.events import Progress, SamplingEnd, SamplingListener
from lstm_lab.forecasting.arguments import (
    calibration_source,
    enough_origins,
    forecast_times,
    refuse_many_paths,
    series_with_window,
)
from lstm_lab.forecasting.floor import at_least, refuse_floor_above
from lstm_lab.forecasting.panel_correction import PanelCorrection
from lstm_lab.forecasting.panel_forecast import PanelForecast
from lstm_lab.forecasting.panel_past import panel_naive_points, panel_origins
from lstm_lab.forecasting.panel_simulation import simulate_past
from lstm_lab.forecasting.predictor import announce_compiling, settings_of
from lstm_lab.simulation.simulator import CHUNK

if TYPE_CHECKING:
    import threading
    from collections.abc import Hashable, Iterator

    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.events import EndReason, ProgressListener
    from lstm_lab.fitted import FittedModel
    from lstm_lab.forecasting.forecast import Kind
    from lstm_lab.options import ForecastOptions
    from lstm_lab.simulation.simulator import SimulationSettings

    Array = NDArray[np.float64]

__all__ = ["PanelPredictor"]


TOGETHER: Final = 32
"""Series whose paths are drawn together, always so many: a product of matrices rounds by its size, and the paths of an
id must not depend on the others. Missing ones are filled with those that are there."""


class PanelPredictor:
    """Makes one forecast of many series.

    Parameters
    ----------
    fitted
        The trained network.
    trained
        The rows that its bands are calibrated on: those of the run.
    dataset
        The rows to forecast from, of the same series or others.
    options
        Resolved options.
    cache
        Corrections that were computed before.
    """

    def __init__(
        self,
        fitted: FittedModel,
        trained: Dataset,
        dataset: Dataset,
        options: ForecastOptions,
        cache: dict[Any, PanelCorrection] | None = None,
    ) -> None:
        self.fitted = fitted
        self.trained = trained
        self.dataset = dataset
        self.options = options
        self.cache: dict[Any, PanelCorrection] = {} if cache is None else cache
        self.settings = settings_of(fitted, options)
        self.notes: dict[str, str] = {}
        refuse_floor_above(dataset.lowest, fitted.target, options.floor)

    # Drawing ---------------------------------------------------------------------------------------------------------

    def draw(
        self,
        series: NDArray[np.int64],
        known: pd.DataFrame | None = None,
        listener: SamplingListener | None = None,
        stop: threading.Event | None = None,
    ) -> PanelForecast:
        """Calibrate where the options and the data allow it, then draw the paths of some series, by their numbers.

        Stop and `KeyboardInterrupt` end it the same way: the series that are done make the forecast.
        """
        events = SamplingListener() if listener is None else listener
        started = time.perf_counter()
        asked = series
        series, left_out = series_with_window(self.dataset, asked)
        if known is not None:
            known = known[np.repeat(np.isin(asked, series), self.options.horizon)]
        covariates = () if known is None else tuple(map(str, known.columns))
        announce_compiling(self.fitted, self.settings, events)
        shared = self.correction(covariates, events, stop)
        correction = shared.taken(self._known_numbers(series))
        times = self.times(series)
        refuse_many_paths(self.options, len(series))
        paths = np.empty((len(series), self.options.paths, self.options.horizon))
        reason: EndReason = "finished"
        done = np.zeros(len(series), dtype=np.bool_)
        try:
            for part in self._parts(series):
                paths[part] = self._drawn(series[part], times, part, correction, known)
                done[part] = True
                events.on_progress(Progress("forecasting series", int(done.sum()), len(series)))
                if stop is not None and stop.is_set() and not done.all():
                    reason = "stopped"
                    break
        except KeyboardInterrupt:
            reason = "interrupted"
            if not done.any():
                raise ForecastError("interrupted before any series was forecast; run it again") from None
        seconds = time.perf_counter() - started
        count = int(done.sum())
        message = f"{count:,} of {len(series):,} series in {seconds:.1f} s"
        if reason != "finished":
            self.notes[reason] = message
        told = message if reason == "finished" else f"{reason}: {message}"
        events.on_end(SamplingEnd(reason, count, seconds, told))
        if not done.all():
            kept = np.flatnonzero(done)
            series, paths, correction = series[kept], paths[kept], correction.taken(kept)
            times = times[np.repeat(done, self.options.horizon)]
        return self._result(series, paths, times, correction, left_out)

    def times(self, series: NDArray[np.int64]) -> pd.Index:
        """Return the times of the forecasts, (series * horizon,), in steps as those of the longest series."""
        return forecast_times(self.dataset, series, self.options.horizon)

    def _parts(self, series: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Yield positions of series whose paths are drawn together: whole windows, or padded ones.

        A window that is padded takes another road through the network, and rounds otherwise: a whole one must not take
        it because another id has too few rows.
        """
        short = self.dataset.steps_up_to(self.dataset.borders[series + 1] - 1) < self.fitted.lookback
        for alike in (np.flatnonzero(~short), np.flatnonzero(short)):
            for first in range(0, len(alike), TOGETHER):
                yield alike[first : first + TOGETHER]

    def _drawn(
        self,
        series: NDArray[np.int64],
        times: pd.Index,
        part: NDArray[np.int64],
        correction: PanelCorrection,
        known: pd.DataFrame | None,
    ) -> Array:
        """Draw and correct the paths of some series, at these positions, (series, paths, horizon)."""
        horizon = self.options.horizon
        steps = (part[:, None] * horizon + np.arange(horizon)).ravel()
        origins = self.dataset.newest_origins(series, times[steps], None if known is None else known.iloc[steps])
        origins = origins[np.resize(np.arange(len(series)), TOGETHER)]
        chunks = math.ceil(self.options.paths / CHUNK)
        simulator, settings = self.fitted.simulator, self._sized
        drawn = simulator.chunks(origins, horizon, settings, range(chunks))
        paths = drawn[: len(series), : self.options.paths]
        rows = self.dataset.borders[series + 1]
        points = panel_naive_points(self.dataset, rows, series, horizon, self.fitted.season)
        own = correction.taken(part)
        naive = points if self.options.combines else points[:0]
        return at_least(own.adjust(paths, naive, self.options.interval), self.options.floor)

    def corrected(
        self, rows: NDArray[np.int64], correction: PanelCorrection, known: tuple[str, ...] = ()
    ) -> tuple[Array, Array]:
        """Draw and correct paths from origins within the rows, and return the medians before they are corrected too.

        Parameters
        ----------
        rows
            First forecast rows.
        correction
            Of the series of the run.
        known
            Covariates whose future counts as known.

        Returns
        -------
        tuple of Array
            (origins, paths, horizon) and (origins, horizon).
        """
        horizon, series = self.options.horizon, self.dataset.series[rows]
        origins = self.dataset.origins(rows, horizon, known)
        chunks = math.ceil(self.options.paths / CHUNK)
        drawn = [self.fitted.simulator.chunk(origins, horizon, self._sized, number) for number in range(chunks)]
        paths = np.concatenate(drawn, axis=1)[:, : self.options.paths]
        points = panel_naive_points(self.dataset, rows, series, horizon, self.fitted.season)
        naive = points if self.options.combines else points[:0]
        own = correction.taken(self._known_numbers(series))
        adjusted = own.adjust(paths, naive, self.options.interval)
        return at_least(adjusted, self.options.floor), np.asarray(np.median(paths, axis=1))

    @property
    def kind(self) -> Kind:
        """Kind of the bands, once the correction is computed."""
        if any(correction.calibration is not None for correction in self.cache.values()):
            return "calibrated"
        return "dropout spread" if self.settings.residuals is None else "predictive"

    def described(self) -> dict[str, str]:
        """Describe roll-out, noise and calibration, once the correction is computed."""
        return self._details(next(iter(self.cache.values()), None))

    @cached_property
    def _sized(self) -> SimulationSettings:
        """The settings whose residuals have the sizes of the series that are forecast."""
        residuals = self.settings.residuals
        if residuals is None or residuals.sizes is None:
            return self.settings
        numbers = self._known_numbers(np.arange(len(self.dataset.ids)))
        usual = float(np.sqrt(np.mean(residuals.sizes**2)))
        sizes = np.where(numbers < 0, usual, residuals.sizes[numbers])
        return replace(self.settings, residuals=replace(residuals, sizes=sizes))

    def _known_numbers(self, series: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers that series have among those of the run, -1 for a new id."""
        if self.dataset is self.trained:
            return series
        numbers = {name: number for number, name in enumerate(self.trained.ids)}
        return np.array([numbers.get(self.dataset.ids[number], -1) for number in series], dtype=np.int64)

    # Correction ------------------------------------------------------------------------------------------------------

    def correction(
        self,
        known: tuple[str, ...] = (),
        listener: ProgressListener | None = None,
        stop: threading.Event | None = None,
    ) -> PanelCorrection:
        """Compute the correction of the series of the run from earlier forecasts, once.

        Parameters
        ----------
        known
            Covariates whose future counts as known at earlier origins too.
        listener, stop
            As for `draw`.

        Raises
        ------
        CalibrationError
            A calibration was asked for, and there are too few origins.
        """
        options = self.options
        horizon, calibrates = options.horizon, options.calibrate is not False
        settings = self.settings
        simulated = (horizon, settings.rollout, settings.dropout_masks, options.noise, settings.seed)
        key = (*simulated, options.interval, calibrates, options.combines, known)
        if key in self.cache:
            return self.cache[key]
        naive = (2 if self.fitted.season > 1 else 1) if options.combines else 0
        count = len(self.trained.ids)
        nothing = PanelCorrection(np.zeros((count, naive)), np.zeros(naive), None)
        if not calibrates and not options.combines:
            return nothing
        origins = panel_origins(self.trained, horizon)
        found = int((origins.rows >= 0).sum())
        enough = self._enough(found)
        if found == 0 or not (enough or options.combines):
            return nothing
        try:
            past = simulate_past(self.fitted, self.trained, origins, settings, options, known, listener, stop)
        except KeyboardInterrupt:
            self.notes["not calibrated"] = "interrupted while calibrating"
            return nothing
        if past is None:
            self.notes["not calibrated"] = "stopped while calibrating"
            return nothing
        self.cache[key] = past.correction(options.interval, calibrate=enough)
        return self.cache[key]

    def _enough(self, origins: int) -> bool:
        """Return whether there are enough origins to calibrate; if not, and it is not switched off, note the reason."""
        return enough_origins(self.options, origins, calibration_source(self.trained, origins), self.notes)

    # The result ------------------------------------------------------------------------------------------------------

    def _result(
        self,
        series: NDArray[np.int64],
        paths: Array,
        times: pd.Index,
        correction: PanelCorrection,
        left_out: NDArray[np.int64],
    ) -> PanelForecast:
        dataset, interval = self.dataset, self.options.interval
        ids = tuple(dataset.ids[number] for number in series)
        kind: Kind = "dropout spread" if self.settings.residuals is None else "predictive"
        shares = correction.coverage_by_series()
        names = dataset.frame.index.names
        label, clock = str(names[0] or "id"), str(names[-1] or "time")
        index = pd.Index(ids, name=label, tupleize_cols=False)
        return PanelForecast(
            ids=ids,
            paths=paths,
            times=times,
            history=self._history(series),
            target=self.fitted.target,
            kind=kind if correction.calibration is None else "calibrated",
            interval=interval,
            coverage=correction.coverage,
            coverage_by_id=None if shares is None else pd.Series(shares, index=index),
            off=self._off(ids, correction),
            names=(label, clock),
            total_calibration=correction.total if self.dataset is self.trained else None,
            sum_coverages=correction.sums,
            left_out=tuple(dataset.ids[number] for number in left_out),
            details=self._details(correction),
            notes={name: note for number, name in enumerate(ids) if (note := correction.describe(number))},
        )

    def _off(self, ids: tuple[Hashable, ...], correction: PanelCorrection) -> tuple[Hashable, ...]:
        """Return the ids whose coverage is off by more than chance, the farthest from nominal first."""
        shares = correction.coverage_by_series()
        if shares is None or correction.off is None:
            return ()
        found = np.flatnonzero(correction.off)
        farthest = np.argsort(-np.abs(shares[found] - self.options.interval / 100), kind="stable")
        return tuple(ids[number] for number in found[farthest])

    def _history(self, series: NDArray[np.int64]) -> pd.Series[float]:
        """Return the newest rows of the target, by (id, time)."""
        horizon = self.options.horizon
        rows = max(240, 4 * horizon, 2 * self.fitted.lookback)
        borders = self.dataset.borders
        chosen = np.zeros(len(borders) - 1, dtype=np.bool_)
        chosen[series] = True
        each = self.dataset.series
        newest = chosen[each] & (np.arange(len(each)) >= borders[1:][each] - rows)
        return self.dataset.frame.loc[newest, self.fitted.target]

    def _details(self, correction: PanelCorrection | None) -> dict[str, str]:
        settings = self.settings
        noise = "none: dropout alone spreads the paths"
        if settings.residuals is not None:
            noise = "held-out one-step residuals of all series, in the size of each"
        details = {"roll-out": f"{settings.rollout}, dropout masks per {settings.dropout_masks}", "noise": noise}
        details |= self.notes
        if correction is not None and correction.calibration is not None:
            details["calibrated on"] = f"{correction.calibration.scores:,} held-out origins of all series"
        return details
