"""One forecast from start to end: choose the rules, calibrate on held-out rows, draw paths, name the band."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.timeline import future_index
from lstm_lab.errors import CalibrationError, ForecastError
from lstm_lab.events import Chunk, Progress, SamplingEnd, SamplingListener, SamplingPlan
from lstm_lab.forecasting.calibration import fit_calibration, needed_origins
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.nn.sampling import CHUNK, Rules

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.data.origins import Origins
    from lstm_lab.events import EndReason
    from lstm_lab.forecasting.calibration import Calibration
    from lstm_lab.forecasting.forecast import Kind
    from lstm_lab.nn.sampling import Rollout
    from lstm_lab.options import ForecastOptions
    from lstm_lab.run import Run

__all__ = ["Prediction", "spread_out"]

ORIGINS = 60
"""Held-out places from which the band is put to the test, at most."""
SCORE_CHUNKS = 2
"""Chunks of paths drawn at each of them."""
BLOCK = 12
"""Origins simulated together while calibrating, so that progress shows and Stop is heard."""
PREFERRED: Mapping[str, Rollout] = {"last": "state", "every": "state"}
"""Roll-out by the way a network was supervised. On temperature (two places), CO2 and oil, 60 origins each, both gave
the same error and coverage to three digits for either way, and `state` was up to seven times faster."""


class Prediction:
    """A forecast about to be made.

    Parameters
    ----------
    run
        The trained network and its data.
    options
        Resolved options.
    known
        Future covariates, one row per step.
    """

    def __init__(self, run: Run, options: ForecastOptions, known: pd.DataFrame | None = None) -> None:
        self.run = run
        self.options = options
        self.known = known
        self.rules = self._rules()
        self.notes: dict[str, str] = {}

    def _rules(self) -> Rules:
        run, options = self.run, self.options
        residuals = None
        if options.noise != "none":
            residuals = run.residuals(scaled=options.noise == "scaled")
            if residuals is None and options.noise != "auto":
                raise ForecastError(
                    f"noise {options.noise!r} draws held-out residuals, but the run kept no calibration rows"
                    f" (calibration={run.options.calibration:g}); train with calibration=0.1 or use noise='none'"
                )
        rollout = run.simulator.allowed(options.rollout, PREFERRED[run.options.supervise])
        return Rules(rollout, options.masks, residuals, options.seed)

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
        origin = self.run.observed.newest(self.options.horizon, self.known)
        reason: EndReason = "finished"
        calibration = None
        try:
            calibration = self.calibration(told, stop)
        except KeyboardInterrupt:
            reason = "interrupted"
        told.on_start(self._plan(calibration))
        drawn: list[NDArray[np.float64]] = []
        try:
            for paths in self._chunks(origin):
                drawn.append(paths)
                if listener is not None:  # calibrating all paths so far is work that nobody would see
                    self._tell(listener, drawn, calibration)
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
        plan = self._plan(calibration)
        return self.result(paths, calibration, plan.index, plan.history)

    def paths(self, origin: Origins) -> NDArray[np.float64]:
        """Draw all paths from one origin, (paths, horizon) uncalibrated."""
        return np.concatenate(list(self._chunks(origin)))[: self.options.paths]

    def _chunks(self, origin: Origins) -> Iterator[NDArray[np.float64]]:
        for number in range(math.ceil(self.options.paths / CHUNK)):
            yield self.run.simulator.chunk(origin, self.options.horizon, self.rules, number)[0]

    def _tell(
        self, listener: SamplingListener, drawn: list[NDArray[np.float64]], calibration: Calibration | None
    ) -> None:
        done = min(len(drawn) * CHUNK, self.options.paths)
        so_far = self.calibrated(np.concatenate(drawn)[:done], calibration)
        listener.on_chunk(Chunk(so_far[(len(drawn) - 1) * CHUNK :], done, self.options.paths))

    def _plan(self, calibration: Calibration | None) -> SamplingPlan:
        frame = self.run.frame
        return SamplingPlan(
            target=self.run.target,
            history=self._history(),
            index=future_index(frame.index, self.options.horizon),
            paths=self.options.paths,
            kind=self.uncalibrated if calibration is None else "calibrated",
            interval=self.options.interval,
        )

    def _history(self) -> pd.Series[float]:
        rows = max(240, 4 * self.options.horizon, 2 * self.run.options.lookback)
        return self.run.frame[self.run.target].iloc[-rows:]

    # Calibration ---------------------------------------------------------------------------------------------------

    def calibration(
        self, listener: SamplingListener | None = None, stop: threading.Event | None = None
    ) -> Calibration | None:
        """Find or make the calibration, or say in `notes` why there is none."""
        if self.options.calibrate is False:
            return None
        key = (self.options.horizon, self.rules.rollout, self.rules.masks, self.options.noise, self.rules.seed)
        if self._covariates() == () and key in self.run.calibrations:
            return self.run.calibrations[key]
        rows, overlap = self.calibration_rows()
        needed = needed_origins((100 - self.options.interval) / 200, symmetric=True)
        if len(rows) < needed:
            problem = (
                f"a {self.options.interval:g} % band needs {needed} calibration origins, got {len(rows)} in the"
                f" {self._calibration_span()} calibration rows at horizon {self.options.horizon}"
            )
            if self.options.calibrate is True:
                raise CalibrationError(f"{problem}; train with a larger calibration= or shorten the horizon")
            self.notes["not calibrated"] = problem
            return None
        paths = self.simulate(rows, SCORE_CHUNKS, listener, stop)
        if paths is None:
            self.notes["not calibrated"] = "stopped while calibrating"
            return None
        actual = self.run.observed.actual(rows, self.options.horizon)
        calibration = fit_calibration(paths, actual, overlap=overlap)
        if self._covariates() == ():
            self.run.calibrations[key] = calibration
        return calibration

    def calibration_rows(self) -> tuple[NDArray[np.int64], int]:
        """Choose the held-out origins, and count how many following ones overlap each."""
        cut, stop = self.run.split.cuts.calibration, self.run.split.cuts.rows
        return spread_out(self.run.observed.possible(cut, stop, self.options.horizon), ORIGINS, self.options.horizon)

    def _calibration_span(self) -> int:
        return self.run.split.cuts.rows - self.run.split.cuts.calibration

    def simulate(
        self,
        rows: NDArray[np.int64],
        chunks: int,
        listener: SamplingListener | None = None,
        stop: threading.Event | None = None,
        label: str = "calibrating",
    ) -> NDArray[np.float64] | None:
        """Simulate from held-out rows, (origins, chunks * CHUNK, horizon); None if stopped on the way."""
        horizon, observed = self.options.horizon, self.run.observed
        origins = observed.origins(rows, horizon, self._covariates())
        blocks = [origins[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
        done = []
        for place, block in enumerate(blocks):
            parts = [self.run.simulator.chunk(block, horizon, self.rules, number) for number in range(chunks)]
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
        return tuple(name for name in self.run.encoder.covariates if name in self.known.columns)

    # The result --------------------------------------------------------------------------------------------------

    def calibrated(self, paths: NDArray[np.float64], calibration: Calibration | None) -> NDArray[np.float64]:
        """Set paths right, if there is something to do it with."""
        if calibration is None:
            return paths
        tail = (100 - self.options.interval) / 200
        return calibration.adjust(paths, levels=(tail, 0.5, 1 - tail))

    def result(
        self,
        paths: NDArray[np.float64],
        calibration: Calibration | None,
        index: pd.Index,
        history: pd.Series[float],
    ) -> Forecast:
        """Name the band that paths make, (paths, horizon) uncalibrated."""
        return Forecast(
            paths=self.calibrated(paths, calibration),
            index=index,
            history=history,
            target=self.run.target,
            kind=self.uncalibrated if calibration is None else "calibrated",
            interval=self.options.interval,
            coverage=None if calibration is None else calibration.coverage(self.options.interval),
            details=self._details(calibration),
        )

    def _details(self, calibration: Calibration | None) -> dict[str, str]:
        residuals = self.rules.residuals
        noise = "none: dropout alone spreads the paths" if residuals is None else "held-out one-step residuals"
        if residuals is not None and residuals.scaled:
            noise += " in units of the recent volatility"
        details = {"roll-out": f"{self.rules.rollout}, dropout masks per {self.rules.masks}", "noise": noise}
        details |= self.notes
        if calibration is not None:
            details["calibrated on"] = f"{calibration.origins} held-out origins"
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
