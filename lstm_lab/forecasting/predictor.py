"""One forecast from start to end: choose the rules, learn from held-out rows, draw paths, name the band."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.time_index import future_index
from lstm_lab.errors import CalibrationError, ForecastError
from lstm_lab.events import Chunk, Progress, SamplingEnd, SamplingListener, SamplingPlan
from lstm_lab.forecasting.baselines import simple_points
from lstm_lab.forecasting.calibration import origins_for
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.forecasting.metrics import tail_of
from lstm_lab.forecasting.past_forecasts import Experience, ExperienceCache, Rule
from lstm_lab.simulation.simulator import CHUNK, Rules

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.data.origins import Origins
    from lstm_lab.events import EndReason
    from lstm_lab.fitted import FittedModel
    from lstm_lab.forecasting.correction import Correction
    from lstm_lab.forecasting.forecast import Kind
    from lstm_lab.options import ForecastOptions
    from lstm_lab.simulation.simulator import Rollout

__all__ = ["Prediction", "spread_out"]

ORIGINS = 60
"""Held-out places from which the band is put to the test, at most."""
SCORE_CHUNKS = 2
"""Chunks of paths drawn at each of them."""
BLOCK = 12
"""Origins simulated together while calibrating, so that progress shows and Stop is heard."""
PREFERRED: Rollout = "state"
"""Roll-out of a network that allows both. On temperature (two places), CO2 and oil, 60 origins each, both gave the same
error and coverage to three digits, supervised at the last step or at every one, and `state` was up to seven times
faster."""


class Prediction:
    """A forecast about to be made.

    Parameters
    ----------
    fitted
        The trained network.
    dataset
        The rows to forecast from; its calibration rows say what forecasts are worth.
    options
        Resolved options.
    known
        Future covariates, one row per step.
    experiences
        Keeps what forecasts from the calibration rows were worth.
    """

    def __init__(
        self,
        fitted: FittedModel,
        dataset: Dataset,
        options: ForecastOptions,
        known: pd.DataFrame | None = None,
        experiences: ExperienceCache | None = None,
    ) -> None:
        self.fitted = fitted
        self.dataset = dataset
        self.options = options
        self.known = known
        self.experiences = ExperienceCache() if experiences is None else experiences
        self.rules = self._rules()
        self.notes: dict[str, str] = {}

    def _rules(self) -> Rules:
        options, residuals = self.options, None
        if options.noise != "none":
            residuals = self.fitted.residuals(scaled=options.noise == "scaled")
            if residuals is None and options.noise != "auto":
                raise ForecastError(
                    f"noise {options.noise!r} draws held-out residuals, but the run kept no calibration rows"
                    " (calibration=0); train with calibration=0.1 or use noise='none'"
                )
        rollout = self.fitted.simulator.allowed(options.rollout, PREFERRED)
        return Rules(rollout, options.dropout_masks, residuals, options.seed)

    @property
    def uncalibrated(self) -> Kind:
        """Name of the band before any calibration."""
        return "dropout spread" if self.rules.residuals is None else "predictive"

    # Drawing -----------------------------------------------------------------------------------------------------

    def draw(self, listener: SamplingListener | None = None, stop: threading.Event | None = None) -> Forecast:
        """Calibrate where the options and the data allow it, then draw the paths.

        Stop and `KeyboardInterrupt` end it the same way: the paths drawn so far make the forecast, and there is always
        one chunk of them.
        """
        told = SamplingListener() if listener is None else listener
        started = time.perf_counter()
        origin = self.dataset.newest(self.options.horizon, self.known)
        reason: EndReason = "finished"
        correction = None
        try:
            correction = self.correction(told, stop)
        except KeyboardInterrupt:
            reason = "interrupted"
            self.notes["not calibrated"] = "interrupted while calibrating"
        told.on_start(self._plan(correction))
        drawn: list[NDArray[np.float64]] = []
        try:
            for paths in self._chunks(origin):
                drawn.append(paths)
                if listener is not None:  # calibrating all paths so far is work that nobody would see
                    self._tell(listener, drawn, correction)
                if reason != "finished" or (stop is not None and stop.is_set()):
                    reason = "stopped" if reason == "finished" else reason
                    break
        except KeyboardInterrupt:
            reason = "interrupted"
            if not drawn:
                raise ForecastError("interrupted before any path was drawn; run it again") from None
        paths = np.concatenate(drawn)[: self.options.paths]
        seconds = time.perf_counter() - started
        reason = "finished" if len(paths) == self.options.paths else reason
        message = f"{len(paths):,} of {self.options.paths:,} paths in {seconds:.1f} s"
        told.on_end(
            SamplingEnd(reason, len(paths), seconds, message if reason == "finished" else f"{reason}: {message}")
        )
        plan = self._plan(correction)
        return self.result(paths, correction, self.rivals(self.dataset.target), plan.index, plan.history)

    def paths(self, origin: Origins) -> NDArray[np.float64]:
        """Draw all paths from one origin, (paths, horizon) uncalibrated."""
        return np.concatenate(list(self._chunks(origin)))[: self.options.paths]

    def _chunks(self, origin: Origins) -> Iterator[NDArray[np.float64]]:
        for number in range(math.ceil(self.options.paths / CHUNK)):
            yield self.fitted.simulator.chunk(origin, self.options.horizon, self.rules, number)[0]

    def _tell(
        self, listener: SamplingListener, drawn: list[NDArray[np.float64]], correction: Correction | None
    ) -> None:
        """Tell of the newest chunk, corrected by itself: all paths are corrected together once, when they are drawn."""
        done = min(len(drawn) * CHUNK, self.options.paths)
        newest = self.corrected(drawn[-1], correction, self.rivals(self.dataset.target))
        listener.on_chunk(Chunk(newest[: done - (len(drawn) - 1) * CHUNK], done, self.options.paths))

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

    # What earlier origins teach ------------------------------------------------------------------------------------

    def correction(
        self, listener: SamplingListener | None = None, stop: threading.Event | None = None
    ) -> Correction | None:
        """Learn how to set the paths right; None where nothing is known, or wanted."""
        experience = self.experience(listener, stop)
        if len(experience) == 0:
            return None
        return experience.correction(self.options.interval, calibrate=self.options.calibrate is not False)

    def experience(self, listener: SamplingListener | None = None, stop: threading.Event | None = None) -> Experience:
        """Find or make what held-out rows teach; empty where they do not, and `notes` say why.

        Raises
        ------
        CalibrationError
            A calibration was asked for, and there are too few origins.
        """
        horizon, combines = self.options.horizon, self.options.combines
        nothing = Experience.empty(horizon, len(self.rivals(self.dataset.target)))
        if self.options.calibrate is False and not combines:
            return nothing
        rows, _ = self.calibration_rows()
        enough = self._enough(len(rows))
        if len(rows) == 0 or not (enough or combines):
            return nothing
        rule = Rule(horizon, self.rules.rollout, self.rules.dropout_masks, self.options.noise, self.rules.seed)
        cache = self.experiences if self._covariates() == () else ExperienceCache()
        if rule not in cache:
            paths = self.simulate(rows, SCORE_CHUNKS, listener, stop)
            if paths is None:
                self.notes["not calibrated"] = "stopped while calibrating"
                return nothing
            points = simple_points(self.dataset.target, rows, horizon, self.fitted.season)
            cache.keep(rule, Experience.of(rows, paths, self.dataset.actual(rows, horizon)).beside(points))
        return cache[rule] if combines else cache[rule].alone()

    def _enough(self, origins: int) -> bool:
        """Tell whether so many origins make a calibration; say why not if one may be expected."""
        options = self.options
        needed = origins_for(options.interval)
        if options.calibrate is False or origins >= needed:
            return options.calibrate is not False
        problem = (
            f"a {options.interval:g} % band needs {needed} calibration origins, got {origins} in the"
            f" {self.dataset.calibration_rows} calibration rows at horizon {options.horizon}"
        )
        if options.calibrate is True:
            raise CalibrationError(f"{problem}; train with a larger calibration= or shorten the horizon")
        self.notes["not calibrated"] = problem
        return False

    def rivals(self, target: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the naive forecasts after a history that the median may lean on, (rivals, horizon)."""
        points = simple_points(target, np.array([len(target)]), self.options.horizon, self.fitted.season)[:, 0]
        return points if self.options.combines else points[:0]

    def calibration_rows(self) -> tuple[NDArray[np.int64], int]:
        """Choose the held-out origins, and count how many following ones overlap each."""
        return spread_out(self.dataset.calibration_origins(self.options.horizon), ORIGINS, self.options.horizon)

    def simulate(
        self,
        rows: NDArray[np.int64],
        chunks: int,
        listener: SamplingListener | None = None,
        stop: threading.Event | None = None,
        label: str = "calibrating",
    ) -> NDArray[np.float64] | None:
        """Simulate from held-out rows, (origins, chunks * CHUNK, horizon); None if stopped on the way."""
        horizon = self.options.horizon
        origins = self.dataset.origins(rows, horizon, self._covariates())
        blocks = [origins[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
        done = []
        for place, block in enumerate(blocks):
            parts = [self.fitted.simulator.chunk(block, horizon, self.rules, number) for number in range(chunks)]
            done.append(np.concatenate(parts, axis=1))
            if listener is not None:
                listener.on_progress(Progress(label, place + 1, len(blocks)))
            if stop is not None and stop.is_set():
                return None
        return np.concatenate(done)

    def _covariates(self) -> tuple[str, ...]:
        """Covariates whose future is known; calibration then knows theirs too."""
        if self.known is None:
            return ()
        return tuple(name for name in self.fitted.encoder.covariates if name in self.known.columns)

    # The result --------------------------------------------------------------------------------------------------

    def corrected(
        self, paths: NDArray[np.float64], correction: Correction | None, rivals: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Set paths right, if there is something to do it with."""
        if correction is None:
            return paths
        tail = tail_of(self.options.interval)
        return correction.adjust(paths, rivals, levels=(tail, 0.5, 1 - tail))

    def result(
        self,
        paths: NDArray[np.float64],
        correction: Correction | None,
        rivals: NDArray[np.float64],
        index: pd.Index,
        history: pd.Series[float],
    ) -> Forecast:
        """Name the band that paths make, (paths, horizon) as drawn, beside (rivals, horizon) naive forecasts."""
        calibration = None if correction is None else correction.calibration
        return Forecast(
            paths=self.corrected(paths, correction, rivals),
            index=index,
            history=history,
            target=self.fitted.target,
            kind=self._kind(correction),
            interval=self.options.interval,
            coverage=None if calibration is None else calibration.coverage(self.options.interval),
            details=self._details(correction),
        )

    def _details(self, correction: Correction | None) -> dict[str, str]:
        residuals = self.rules.residuals
        noise = "none: dropout alone spreads the paths" if residuals is None else "held-out one-step residuals"
        if residuals is not None and residuals.scaled:
            noise += " in units of the recent volatility"
        details = {"roll-out": f"{self.rules.rollout}, dropout masks per {self.rules.dropout_masks}", "noise": noise}
        if correction is not None and correction.described() is not None:
            details["median"] = str(correction.described())
        details |= self.notes
        if correction is not None and correction.calibration is not None:
            details["calibrated on"] = f"{correction.calibration.origins} held-out origins"
        return details


def spread_out(rows: NDArray[np.int64], most: int, horizon: int) -> tuple[NDArray[np.int64], int]:
    """Choose at most `most` of the rows, evenly spaced and with the newest; count how many following ones overlap.

    Returns
    -------
    tuple
        The rows, and ceil(horizon / stride) - 1.
    """
    if len(rows) == 0:
        return rows, 0
    stride = max(1, len(rows) // most)
    chosen = rows[::-1][::stride][:most][::-1]
    return chosen, math.ceil(horizon / stride) - 1
