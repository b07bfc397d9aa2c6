"""One forecast from start to end: choose the roll-out, calibrate on held-out rows, draw paths, describe the band."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.dates.time_index import future_index
from lstm_lab.errors import ForecastError
from lstm_lab.events import Chunk, Progress, SamplingEnd, SamplingListener, SamplingPlan
from lstm_lab.forecasting.arguments import (
    ORIGINS,
    calibration_source,
    enough_origins,
    evenly_spaced,
    refuse_many_paths,
    refuse_noise,
)
from lstm_lab.forecasting.baselines import naive_points
from lstm_lab.forecasting.floor import at_least, floor_details, refuse_floor_above
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.forecasting.metrics import tail_of
from lstm_lab.forecasting.past_forecasts import CacheKey, PastForecasts, PastForecastsCache
from lstm_lab.formatting import percent
from lstm_lab.simulation.simulator import CHUNK, SimulationSettings

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.data.windows.origins import Origins
    from lstm_lab.events import EndReason
    from lstm_lab.fitted import FittedModel
    from lstm_lab.forecasting.correction import Correction
    from lstm_lab.forecasting.forecast import Kind
    from lstm_lab.options import ForecastOptions
    from lstm_lab.simulation.simulator import Rollout

__all__ = ["Predictor", "announce_compiling", "announce_errors", "settings_of"]

SCORE_CHUNKS = 2
"""Chunks of paths drawn at each of them."""
BLOCK = 12
"""Origins simulated together while calibrating: between two blocks, progress is reported and Stop is checked."""
PREFERRED: Rollout = "state"
"""Roll-out of a network that allows both. On temperature (two places), CO2 and oil, 60 origins each, both gave the same
error and coverage to three digits, supervised at the last step or at every one, and `state` was up to seven times
faster."""


class Predictor:
    """Makes one forecast: calibrates on held-out origins, simulates paths and corrects them.

    Parameters
    ----------
    fitted
        The trained network.
    dataset
        The rows to forecast from; earlier forecasts are simulated over its calibration rows.
    options
        Resolved options.
    known
        Future covariates, one row per step.
    cache
        Past forecasts that were simulated before, so that they are simulated once.
    """

    def __init__(
        self,
        fitted: FittedModel,
        dataset: Dataset,
        options: ForecastOptions,
        known: pd.DataFrame | None = None,
        cache: PastForecastsCache | None = None,
    ) -> None:
        self.fitted = fitted
        self.dataset = dataset
        self.options = options
        self.known = known
        self.cache = PastForecastsCache() if cache is None else cache
        self.settings = settings_of(fitted, options)
        self.notes: dict[str, str] = {}
        self.lowest = dataset.lowest
        refuse_floor_above(self.lowest, fitted.target, options.floor)
        refuse_many_paths(options)

    @property
    def uncalibrated(self) -> Kind:
        """Kind of the band before any calibration."""
        return "dropout spread" if self.settings.residuals is None else "predictive"

    # Drawing -----------------------------------------------------------------------------------------------------

    def draw(self, listener: SamplingListener | None = None, stop: threading.Event | None = None) -> Forecast:
        """Calibrate where the options and the data allow it, then draw the paths.

        Stop and `KeyboardInterrupt` end it the same way: the paths drawn so far make the forecast, and there is always
        one chunk of them.
        """
        events = SamplingListener() if listener is None else listener
        started = time.perf_counter()
        origin = self.dataset.newest(self.options.horizon, self.known)
        reason: EndReason = "finished"
        correction = None
        try:
            announce_compiling(self.fitted, self.settings, events)
            correction = self.correction(events, stop)
        except KeyboardInterrupt:
            reason = "interrupted"
            self.notes["not calibrated"] = "interrupted while calibrating"
        events.on_start(self._plan(correction))
        chunks: list[NDArray[np.float64]] = []
        try:
            for paths in self._chunks(origin):
                chunks.append(paths)
                if listener is not None:  # correcting a chunk only for display is wasted without a listener
                    self._report(listener, chunks, correction)
                if reason != "finished" or (stop is not None and stop.is_set()):
                    reason = "stopped" if reason == "finished" else reason
                    break
        except KeyboardInterrupt:
            reason = "interrupted"
            if not chunks:
                raise ForecastError("interrupted before any path was drawn; run it again") from None
        paths = np.concatenate(chunks)[: self.options.paths]
        seconds = time.perf_counter() - started
        reason = "finished" if len(paths) == self.options.paths else reason
        message = f"{len(paths):,} of {self.options.paths:,} paths in {seconds:.1f} s"
        events.on_end(
            SamplingEnd(reason, len(paths), seconds, message if reason == "finished" else f"{reason}: {message}")
        )
        return self.forecast_of(paths, correction)

    def forecast_of(self, paths: NDArray[np.float64], correction: Correction | None) -> Forecast:
        """Build the forecast that starts after the newest row, from paths as drawn, (paths, horizon)."""
        plan = self._plan(correction)
        return self.result(paths, correction, self.naive_forecasts(self.dataset.target), plan.index, plan.history)

    def paths(self, origin: Origins) -> NDArray[np.float64]:
        """Draw all paths from one origin, (paths, horizon) uncalibrated."""
        return np.concatenate(list(self._chunks(origin)))[: self.options.paths]

    def _chunks(self, origin: Origins) -> Iterator[NDArray[np.float64]]:
        """Yield the paths of one origin chunk by chunk, as many drawn together as a call is large enough for."""
        simulator, horizon, settings = self.fitted.simulator, self.options.horizon, self.settings
        for numbers in simulator.batches(origin, horizon, settings, math.ceil(self.options.paths / CHUNK)):
            yield from np.split(simulator.chunks(origin, horizon, settings, numbers)[0], len(numbers))

    def _report(
        self, listener: SamplingListener, chunks: list[NDArray[np.float64]], correction: Correction | None
    ) -> None:
        """Report the newest chunk, corrected by itself; all paths are corrected together once they are drawn."""
        done = min(len(chunks) * CHUNK, self.options.paths)
        newest = self.corrected(chunks[-1], correction, self.naive_forecasts(self.dataset.target))
        listener.on_chunk(Chunk(newest[: done - (len(chunks) - 1) * CHUNK], done, self.options.paths))

    def _plan(self, correction: Correction | None) -> SamplingPlan:
        return SamplingPlan(
            target=self.fitted.target,
            history=self._history(),
            index=future_index(self.dataset.index, self.options.horizon),
            paths=self.options.paths,
            kind=self._kind(correction),
            interval=self.options.interval,
        )

    def _kind(self, correction: Correction | None) -> Kind:
        return self.uncalibrated if correction is None or correction.calibration is None else "calibrated"

    def _history(self) -> pd.Series[float]:
        rows = max(240, 4 * self.options.horizon, 2 * self.fitted.lookback)
        return self.dataset.frame[self.fitted.target].iloc[-rows:]

    # Past forecasts and their correction ---------------------------------------------------------------------------

    def correction(
        self, listener: SamplingListener | None = None, stop: threading.Event | None = None
    ) -> Correction | None:
        """Compute the correction of the paths from past forecasts; None without them."""
        past = self.past_forecasts(listener, stop)
        if len(past) == 0:
            return None
        return past.correction(self.options.interval, calibrate=self.options.calibrate is not False)

    def past_forecasts(
        self, listener: SamplingListener | None = None, stop: threading.Event | None = None
    ) -> PastForecasts:
        """Simulate forecasts from the calibration rows, once; empty where there are too few, and `notes` say why.

        Raises
        ------
        CalibrationError
            A calibration was asked for, and there are too few origins.
        """
        horizon, combines = self.options.horizon, self.options.combines
        nothing = PastForecasts.empty(horizon, len(self.naive_forecasts(self.dataset.target)))
        if self.options.calibrate is False and not combines:
            return nothing
        rows, _ = self.calibration_rows()
        enough = self.enough_origins(len(rows))
        if len(rows) == 0 or not (enough or combines):
            return nothing
        key = CacheKey(
            horizon, self.settings.rollout, self.settings.dropout_masks, self.options.noise, self.settings.seed
        )
        cache = self.cache if self._covariates() == () else PastForecastsCache()
        if key not in cache:
            paths = self.simulate(rows, SCORE_CHUNKS, listener, stop)
            if paths is None:
                self.notes["not calibrated"] = "stopped while calibrating"
                return nothing
            points = naive_points(self.dataset.target, rows, horizon, self.fitted.season)
            cache.add(key, PastForecasts.of(rows, paths, self.dataset.actual(rows, horizon)).with_naive(points))
        return cache[key] if combines else cache[key].without_naive()

    def enough_origins(self, origins: int) -> bool:
        """Return whether there are enough origins to calibrate; if not, and it is not switched off, note the reason."""
        return enough_origins(self.options, origins, calibration_source(self.dataset, origins), self.notes)

    def naive_forecasts(self, target: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the naive forecasts that the median is mixed with, (naive, horizon); none with ``combine=False``."""
        points = naive_points(target, np.array([len(target)]), self.options.horizon, self.fitted.season)[:, 0]
        return points if self.options.combines else points[:0]

    def calibration_rows(self) -> tuple[NDArray[np.int64], int]:
        """Choose the calibration origins, and count how many following ones overlap each."""
        return evenly_spaced(self.dataset.calibration_origins(self.options.horizon), ORIGINS, self.options.horizon)

    def simulate(
        self,
        rows: NDArray[np.int64],
        chunks: int,
        listener: SamplingListener | None = None,
        stop: threading.Event | None = None,
        label: str = "calibrating",
    ) -> NDArray[np.float64] | None:
        """Simulate from held-out rows, (origins, chunks * CHUNK, horizon); None if stopped."""
        horizon = self.options.horizon
        origins = self.dataset.origins(rows, horizon, self._covariates())
        blocks = [origins[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
        simulated = []
        for done, block in enumerate(blocks, start=1):
            simulated.append(self.fitted.simulator.chunks(block, horizon, self.settings, range(chunks)))
            if listener is not None:
                listener.on_progress(Progress(label, done, len(blocks)))
            if stop is not None and stop.is_set():
                return None
        return np.concatenate(simulated)

    def _covariates(self) -> tuple[str, ...]:
        """Names of the covariates whose future is known; calibration origins then know theirs too."""
        if self.known is None:
            return ()
        return tuple(name for name in self.fitted.encoder.covariates if name in self.known.columns)

    # The result --------------------------------------------------------------------------------------------------

    def corrected(
        self, paths: NDArray[np.float64], correction: Correction | None, naive: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Apply the correction to paths, if there is one, and then the floor."""
        if correction is not None:
            tail = tail_of(self.options.interval)
            paths = correction.adjust(paths, naive, levels=(tail, 0.5, 1 - tail))
        return at_least(paths, self.options.floor)

    def result(
        self,
        paths: NDArray[np.float64],
        correction: Correction | None,
        naive: NDArray[np.float64],
        index: pd.Index,
        history: pd.Series[float],
    ) -> Forecast:
        """Build the forecast from paths as drawn, (paths, horizon), and the naive forecasts, (naive, horizon)."""
        calibration = None if correction is None else correction.calibration
        forecast = Forecast(
            paths=self.corrected(paths, correction, naive),
            index=index,
            history=history,
            target=self.fitted.target,
            kind=self._kind(correction),
            interval=self.options.interval,
            coverage=None if calibration is None else calibration.coverage(self.options.interval),
            details=self._details(correction) | _overgrown(paths),
        )
        lowest = min(self.lowest, float(history.min()))
        notes = floor_details(forecast, self.options.floor, lowest, self.fitted.encoder.transform.label)
        return replace(forecast, details={**forecast.details, **notes}) if notes else forecast

    def _details(self, correction: Correction | None) -> dict[str, str]:
        residuals = self.settings.residuals
        noise = "none: dropout alone spreads the paths" if residuals is None else "held-out one-step residuals"
        if residuals is not None and residuals.scaled:
            noise += " in units of the recent volatility"
        details = {
            "roll-out": f"{self.settings.rollout}, dropout masks per {self.settings.dropout_masks}",
            "noise": noise,
        }
        if correction is not None and correction.describe() is not None:
            details["median"] = str(correction.describe())
        details |= self.notes
        if correction is not None and correction.calibration is not None:
            details["calibrated on"] = f"{correction.calibration.origins} held-out origins"
        return details


def announce_compiling(fitted: FittedModel, settings: SimulationSettings, listener: SamplingListener) -> None:
    """Report what the first paths of an architecture wait for: TensorFlow compiles its roll-out, once in a process."""
    if not fitted.simulator.is_compiled(settings.rollout):
        listener.on_progress(Progress("compiling the roll-out", 0, 1))


def announce_errors(fitted: FittedModel, options: ForecastOptions, listener: SamplingListener | None) -> None:
    """Report what the first forecast of a run waits for before all else: its one-step errors, computed once."""
    if listener is not None and options.noise != "none" and not fitted.errors.are_measured:
        listener.on_progress(Progress("measuring one-step errors", 0, 1))


def settings_of(fitted: FittedModel, options: ForecastOptions) -> SimulationSettings:
    """Settle how paths are simulated.

    Raises
    ------
    ForecastError
        Noise of a run without calibration rows, or a roll-out that the layers do not allow.
    """
    residuals = None
    if options.noise != "none":
        residuals = fitted.residuals(scaled=options.noise == "scaled")
        if residuals is None and options.noise != "auto":
            refuse_noise(options.noise)
    rollout = fitted.simulator.allowed(options.rollout, PREFERRED)
    return SimulationSettings(rollout, options.dropout_masks, residuals, options.seed)


def _overgrown(paths: NDArray[np.float64]) -> dict[str, str]:
    """Say how many paths grew beyond the largest number there is, where they are held."""
    share = float(np.mean(np.abs(paths).max(axis=1, initial=0.0) >= np.finfo(np.float64).max))
    if share == 0:
        return {}
    how = f"{percent(share)} of the paths grew to 1.8e308, the largest number there is, and are held there"
    return {"too large": f"{how}; shorten horizon=, or divide the target by a power of ten"}
