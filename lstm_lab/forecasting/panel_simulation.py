"""Forecasts from earlier origins of every series, simulated in parts, and what later ones are corrected by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from lstm_lab.errors import CalibrationError
from lstm_lab.events import Progress
from lstm_lab.forecasting.calibration_scores import centre_and_spread
from lstm_lab.forecasting.panel_correction import PanelCorrection, calibrate_total
from lstm_lab.forecasting.panel_past import PanelPast, panel_naive_points
from lstm_lab.forecasting.predictor import SCORE_CHUNKS
from lstm_lab.forecasting.sum_coverage import sum_coverages
from lstm_lab.simulation.simulator import CHUNK

if TYPE_CHECKING:
    import threading

    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.events import ProgressListener
    from lstm_lab.fitted import FittedModel
    from lstm_lab.forecasting.panel_forecast import TotalCalibration
    from lstm_lab.forecasting.panel_past import PanelOrigins
    from lstm_lab.options import ForecastOptions
    from lstm_lab.simulation.simulator import SimulationSettings

    Array = NDArray[np.float64]

__all__ = ["NUMBERS", "SimulatedPast", "simulate_past"]

NUMBERS: Final = 8_000_000
"""Values of paths that are drawn and corrected together (64 MB, of which some copies are made)."""
FEW: Final = 2000
"""Earlier origins of all series up to which each gets `SCORE_CHUNKS` chunks of paths, beyond one."""
KEPT: Final = 200_000_000
"""Values of earlier paths that are kept for sums over series (800 MB); sums of larger panels are not calibrated."""
ALIKE: Final = 0.8
"""Share of the series that must have an origin at one time for the sum over them to count."""


def simulate_past(  # noqa: PLR0917 - what is simulated, then how, then who hears of it
    fitted: FittedModel,
    dataset: Dataset,
    origins: PanelOrigins,
    settings: SimulationSettings,
    options: ForecastOptions,
    known: tuple[str, ...] = (),
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
) -> SimulatedPast | None:
    """Simulate forecasts from earlier origins of every series; None if stopped.

    Parameters
    ----------
    fitted
        The network.
    dataset
        The rows of the run.
    origins
        Of every series.
    settings
        How paths are simulated.
    options
        Horizon, and whether medians lean on the naive forecasts.
    known
        Covariates whose future counts as known.
    """
    horizon = options.horizon
    series, slots = np.nonzero(origins.rows >= 0)
    rows = origins.rows[series, slots]
    chunks = SCORE_CHUNKS if len(rows) <= FEW else 1
    length = chunks * CHUNK * (fitted.encoder.tail + horizon)
    parts = np.array_split(np.arange(len(rows)), max(1, -(-len(rows) * length // NUMBERS)))
    kept = np.empty((len(rows), chunks * CHUNK, horizon), np.float32) if len(rows) * length <= KEPT else None
    centre, spread = np.empty((2, len(rows), horizon))
    for done, part in enumerate(parts, start=1):
        block = dataset.origins(rows[part], horizon, known)
        paths = fitted.simulator.chunks(block, horizon, settings, range(chunks))
        centre[part], spread[part] = centre_and_spread(paths)
        if kept is not None:
            kept[part] = paths
        if listener is not None:
            listener.on_progress(Progress("calibrating", done, len(parts)))
        if stop is not None and stop.is_set():
            return None
    naive = panel_naive_points(dataset, rows, series, horizon, fitted.season)
    naive = naive if options.combines else naive[:0]
    shape = origins.rows.shape

    def by_slot(values: Array) -> Array:
        laid_out = np.full((*values.shape[:-2], *shape, horizon), np.nan)
        laid_out[..., series, slots, :] = values
        return laid_out

    actual = dataset.actual(rows, horizon)
    past = PanelPast.of(origins, by_slot(centre), by_slot(spread), by_slot(actual), by_slot(naive))
    return SimulatedPast(past, kept, dataset.index[rows].to_numpy())


@dataclass(frozen=True, eq=False)
class SimulatedPast:
    """Earlier forecasts of every series, with their paths as far as there is memory for them."""

    past: PanelPast
    paths: NDArray[np.float32] | None
    """(origins, paths, horizon) as drawn, series by series and slot by slot."""
    times: NDArray[np.generic]
    """(origins,) time of each first forecast step."""

    def correction(self, interval: float, *, calibrate: bool) -> PanelCorrection:
        """Compute the correction of later forecasts, of each series and of sums over them."""
        if not np.isfinite(self.past.centre[self.past.origins.rows >= 0]).all():
            raise CalibrationError("calibration needs finite paths, got NaN or infinity; the roll-out diverged")
        correction = PanelCorrection.of(self.past, interval, calibrate=calibrate)
        if correction.calibration is None or self.paths is None:
            return correction
        sums = sum_coverages(self.past, self.paths, interval)
        return replace(correction, total=self._total(correction, interval), sums=sums)

    def _total(self, correction: PanelCorrection, interval: float) -> TotalCalibration | None:
        """Calibrate the sum over all series by the slots in which most of them have an origin at one time."""
        past, paths = self.past, self.paths
        calibration = correction.calibration
        series, slots = np.nonzero(past.origins.rows >= 0)
        if paths is None or calibration is None:
            return None
        sums, outcomes = [], []
        for slot in range(past.origins.rows.shape[1]):
            own = np.flatnonzero(slots == slot)
            times, code = np.unique(self.times[own], return_inverse=True)
            own = own[code == np.argmax(np.bincount(code, minlength=len(times)))] if len(own) else own
            if len(own) < max(1.0, ALIKE * len(past.centre)):
                continue
            total = np.zeros(paths.shape[1:])
            for part in np.array_split(own, max(1, own.size * total.size // NUMBERS)):
                total += calibration.corrected(past, paths[part], series[part], slots[part], interval).sum(axis=0)
            sums.append(total)
            outcomes.append(past.actual[series[own], slot].sum(axis=0))
        if not sums:
            return None
        return calibrate_total(np.stack(sums), np.stack(outcomes), interval, past.origins.overlap(past.horizon))
