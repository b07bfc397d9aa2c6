"""Where the spread of a forecast comes from: the same forecast with dropout, noise and calibration on or off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from lstm_lab.errors import ForecastError, OptionError
from lstm_lab.forecasting import metrics
from lstm_lab.forecasting.baselines import naive_points
from lstm_lab.forecasting.coverage import Coverage
from lstm_lab.forecasting.metrics import tail_of
from lstm_lab.forecasting.past_forecasts import PastForecasts
from lstm_lab.forecasting.predictor import SCORE_CHUNKS, Predictor, announce_compiling
from lstm_lab.formatting import number
from lstm_lab.models.without_dropout import without_dropout
from lstm_lab.results import Result, Summary
from lstm_lab.simulation.simulator import Simulator

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.events import SamplingListener
    from lstm_lab.fitted import FittedModel
    from lstm_lab.forecasting.forecast import Forecast
    from lstm_lab.options import ForecastOptions

__all__ = ["Sources", "Spread", "measure_spread"]


class Sources(NamedTuple):
    """What makes the paths of a forecast differ, each on or off."""

    dropout: bool
    noise: bool
    calibration: bool

    def __str__(self) -> str:
        """Name those that are on.

        >>> str(Sources(dropout=True, noise=False, calibration=True)), str(Sources(False, False, False))
        ('dropout + calibration', 'nothing: one path')
        """
        return " + ".join(name for name, is_on in self._asdict().items() if is_on) or "nothing: one path"


@dataclass(frozen=True, eq=False, repr=False)
class Spread(Result):
    """One forecast by what its paths differ in, each band with the coverage measured for it; made by `Run.spread`."""

    forecasts: Mapping[Sources, Forecast]
    """The fullest first."""
    coverages: Mapping[Sources, Coverage | None]
    """Measured at the origins in the calibration rows; a calibrated band never saw the origins it is judged at. None
    where there are too few."""
    absent: Mapping[str, str]
    """Switches that cannot be set, and why."""

    @property
    def full(self) -> Forecast:
        """The forecast with all sources."""
        return next(iter(self.forecasts.values()))

    def forecast(self, *, dropout: bool = True, noise: bool = True, calibration: bool = True) -> Forecast:
        """Return the forecast with some sources on.

        Parameters
        ----------
        dropout
            Dropout masks: every path is another sampled network.
        noise
            Held-out one-step residuals at each step.
        calibration
            The band set right by earlier forecasts.

        Raises
        ------
        ForecastError
            A source is asked for that this run does not have.
        """
        wanted = Sources(dropout, noise, calibration)
        if wanted not in self.forecasts:
            missing = [f"{name} is off: {why}" for name, why in self.absent.items() if getattr(wanted, name)]
            raise ForecastError("; ".join(missing) or f"{wanted} was not drawn, for the work was stopped; run it again")
        return self.forecasts[wanted]

    @property
    def frame(self) -> pd.DataFrame:
        """Mean width and measured coverage of the band by sources: a row each, the fullest first."""
        index = pd.MultiIndex.from_tuples(list(self.forecasts), names=Sources._fields)
        rows = []
        for sources, forecast in self.forecasts.items():
            lower, upper = forecast.quantile(forecast.levels)
            measured = self.coverages[sources]
            shares = (np.nan,) * 3 if measured is None else (measured.share, measured.low, measured.high)
            rows.append((float((upper - lower).mean()), *shares))
        return pd.DataFrame(rows, index, ["width", "coverage", "coverage_low", "coverage_high"])

    def summary_table(self) -> Summary:
        """Tabulate width and coverage by sources."""
        full = self.full
        rows = [("band", f"{full.interval:g} %, {full.horizon} steps"), *self.absent.items()]
        lines = [("spread by", "mean width", "measured coverage")]
        for sources, width in zip(self.forecasts, self.frame["width"], strict=True):
            lines.append((str(sources), number(width), self.held(sources)))
        return Summary(f"{full.target}: where the spread comes from", tuple(rows), tuple(lines))

    def held(self, sources: Sources) -> str:
        """Write the measured coverage of a band."""
        measured = self.coverages[sources]
        return "not measured: too few origins" if measured is None else str(measured)


def measure_spread(
    fitted: FittedModel,
    dataset: Dataset,
    options: ForecastOptions,
    known: pd.DataFrame | None = None,
    *,
    listener: SamplingListener | None = None,
    stop: threading.Event | None = None,
) -> Spread:
    """Draw a forecast, and the forecasts of the calibration rows, with each combination of dropout, noise, calibration.

    Parameters
    ----------
    fitted
        The network.
    dataset
        Rows to forecast from.
    options
        Resolved options; ``noise`` and ``calibrate`` are what the switches set, so they must allow both.
    known
        Future covariates.
    listener
        Hears of the work on the calibration rows.
    stop
        Looked at between two blocks; the combinations drawn by then are returned.

    Raises
    ------
    OptionError
        Noise or calibration is off.
    """
    for name, off in (("noise", "none"), ("calibrate", False)):
        value = getattr(options, name)
        if value == off and isinstance(value, type(off)):
            raise OptionError(
                f"a spread is drawn with and without {name}, so it must not be off, got {name}={value!r}; leave it out"
            )
    absent: dict[str, str] = {}
    if not fitted.simulator.network.stochastic:
        absent["dropout"] = "the network has none; train with dropout=0.2"
    if fitted.residuals() is None:
        absent["noise"] = "the run kept no calibration rows; train with calibration=0.1"
    forecasts: dict[Sources, Forecast] = {}
    coverages: dict[Sources, Coverage | None] = {}
    for dropout, noise in product(*([True, False] if name not in absent else [False] for name in ("dropout", "noise"))):
        network = fitted if dropout else silent(fitted)
        chosen = options if noise else options.model_copy(update={"noise": "none"})
        predictor = Predictor(network, dataset, chosen, known)
        drawn = list(_drawn(predictor, listener, stop))
        if not drawn:
            break
        for calibration, forecast, coverage in drawn:
            sources = Sources(dropout, noise, calibration)
            forecasts[sources], coverages[sources] = _labelled(forecast, sources), coverage
        if len(drawn) == 1:
            absent["calibration"] = predictor.notes.get("not calibrated", "there are too few calibration rows")
    if not forecasts:
        raise ForecastError("stopped before any spread was drawn; run it again")
    return Spread(forecasts, coverages, absent)


def _labelled(forecast: Forecast, sources: Sources) -> Forecast:
    details = {**forecast.details, "spread by": str(sources)}
    if any(sources):
        return replace(forecast, details=details)
    return replace(forecast, details={**details, "noise": "none"}, kind="one path")


def silent(fitted: FittedModel) -> FittedModel:
    """Return the network without dropout, and with the residuals of the network itself."""
    if not fitted.simulator.network.stochastic:
        return fitted
    model = without_dropout(fitted.model)
    copy = replace(fitted, model=model, simulator=Simulator(model, fitted.encoder))
    if copy.simulator.network.stochastic:
        raise ForecastError("a layer of this network draws its own random masks, so its dropout cannot be switched off")
    return copy


def _drawn(
    predictor: Predictor, listener: SamplingListener | None, stop: threading.Event | None
) -> Iterator[tuple[bool, Forecast, Coverage | None]]:
    """Yield the forecast calibrated and not, each with its coverage; nothing where it was stopped."""
    options, dataset = predictor.options, predictor.dataset
    rows, overlap = predictor.calibration_rows()
    if listener is not None:
        announce_compiling(predictor.fitted, predictor.settings, listener)
    sampled = predictor.simulate(rows, SCORE_CHUNKS, listener, stop) if len(rows) else None
    if stop is not None and stop.is_set():
        return
    paths = predictor.paths(dataset.newest(options.horizon, predictor.known))
    if sampled is None:
        yield False, predictor.forecast_of(paths, None), None
        return
    actual = dataset.actual(rows, options.horizon)
    past = PastForecasts.of(rows, sampled, actual)
    if options.combines:
        past = past.with_naive(naive_points(dataset.target, rows, options.horizon, predictor.fitted.season))
    if predictor.enough_origins(len(rows)):
        correction = past.correction(options.interval)
        calibration = correction.calibration
        measured = None if calibration is None else calibration.coverage(options.interval)
        yield True, predictor.forecast_of(paths, correction), measured
    tail = tail_of(options.interval)
    low, high = np.quantile(sampled, [tail, 1 - tail], axis=1) + (past.median - past.centre)
    inside = metrics.inside(low, high, actual)
    uncorrected = past.correction(options.interval, calibrate=False)
    coverage = Coverage.measure(inside, options.interval, overlap=overlap)
    yield False, replace(predictor.forecast_of(paths, uncorrected), coverage=coverage), coverage
