"""Which rows of a panel are judged, which ones calibrate, and the forecasts from the judged ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lstm_lab.data.panel_append import read_newer_by_id
from lstm_lab.data.store import FrameStore
from lstm_lab.errors import ForecastError, OptionError
from lstm_lab.evaluation.panel_backtest import PanelBacktest, PanelOutcome, seasonal_scales
from lstm_lab.events import Progress
from lstm_lab.forecasting import metrics
from lstm_lab.forecasting.arguments import refuse_few_origins
from lstm_lab.forecasting.correction import NAIVE_NAMES
from lstm_lab.forecasting.metrics import tail_of
from lstm_lab.forecasting.panel_past import panel_naive_points, panel_origins
from lstm_lab.forecasting.panel_predictor import PanelPredictor

if TYPE_CHECKING:
    import threading
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.events import ProgressListener
    from lstm_lab.forecasting.panel_past import PanelOrigins
    from lstm_lab.options import BacktestOptions, ForecastOptions, TrainOptions
    from lstm_lab.run import Run

__all__ = ["backtest_by_id", "choose_origins_by_id"]

PART: Final = 256
"""Origins whose forecasts are drawn and scored together."""
_BASELINES: Final = {"naive": "naive", "seasonal_naive": "seasonal naive"}
_IN_BATCHES: Final = "forecasts of many series are drawn together, in batches that fill the processor"
_ONE_SERIES: Final = {
    "refit": "a training is on the rows of all series, whose later origins lie at times of their own",
    "adapt": "steering follows the hits and misses of one series from origin to origin",
    "workers": _IN_BATCHES,
    "cluster": _IN_BATCHES,
    "checkpoint": "the forecasts of many series are one task, which nothing divides",
}
"""Options of a backtest that many series do not have, and why."""


def backtest_by_id(
    run: Run,
    frame: Any,
    options: BacktestOptions,
    forecast: ForecastOptions,
    *,
    executor: Executor | None = None,
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
) -> PanelBacktest:
    """Forecast every series from held-out origins and score it; see `lstm_lab.backtest`.

    Bands are calibrated on rows before the judged ones, and learn nothing from these.

    Raises
    ------
    LabError
        No origin, or an option of one series: one line with the remedy.
    """
    known, judged, origins, how = choose_origins_by_id(run.dataset, run.options, frame, options, forecast, executor)
    series, slots = np.nonzero(origins.rows >= 0)
    rows = origins.rows[series, slots]
    fitted = run.fitted if known is run.dataset else run.fitted.calibrated_with(known)
    predictor = PanelPredictor(fitted, known, judged, forecast)
    outcome = _outcome(predictor, rows, _names(run, options), options.known, listener, stop)
    done = len(outcome.series)
    details = {"origins lie in": how, **predictor.described()}
    if done < len(rows):
        details["stopped"] = f"after {done:,} of {len(rows):,} origins"
    training = np.arange(len(judged)) - judged.borders[judged.series] < _validation(judged)
    scales = seasonal_scales(judged.target, training, judged.series, fitted.season, len(judged.ids))
    return PanelBacktest(
        ids=judged.ids,
        outcome=outcome,
        scales=scales,
        overlap=origins.overlap(forecast.horizon),
        target=run.target,
        interval=forecast.interval,
        kind=predictor.kind,
        details=details,
    )


def choose_origins_by_id(  # noqa: PLR0917 - rows and how they were read, and what is asked for
    dataset: Dataset,
    training: TrainOptions,
    frame: Any,
    options: BacktestOptions,
    forecast: ForecastOptions,
    executor: Executor | None = None,
) -> tuple[Dataset, Dataset, PanelOrigins, str]:
    """Choose the rows that calibrate, all rows cut where the judged ones begin, their origins, and say where they lie.

    Raises
    ------
    LabError
        As `backtest_by_id`: this needs no network.
    """
    _refuse_options_of_one_series(options, executor)
    known, judged, how = _ranges(dataset, training, frame)
    wanted = options.origins if "origins" in options.model_fields_set else None
    origins = panel_origins(judged, forecast.horizon, wanted)
    if not (origins.rows >= 0).any():
        raise ForecastError(
            f"a backtest needs an origin with {forecast.horizon} known steps after it, got none in the rows held out;"
            " shorten the horizon or give a longer frame"
        )
    refuse_few_origins(known, forecast)
    return known, judged, origins, how


def _refuse_options_of_one_series(options: BacktestOptions, executor: Executor | None) -> None:
    given = {name: why for name, why in _ONE_SERIES.items() if name in options.model_fields_set}
    given = {name: why for name, why in given.items() if getattr(options, name)}
    if executor is not None:
        given["executor"] = _IN_BATCHES
    for name, why in given.items():
        raise OptionError(
            f"{name}= is for one series, got {name}={getattr(options, name, executor)!r} for many: {why}; leave it out,"
            " or backtest run.series(id)"
        )
    asked = set(options.baselines) if "baselines" in options.model_fields_set else set()
    other = sorted(asked - {*_BASELINES, "none"})
    if other:
        raise OptionError(
            f"the baselines of many series are naive and seasonal_naive, got {other[0]!r}; leave it out, or backtest"
            " run.series(id)"
        )


def _names(run: Run, options: BacktestOptions) -> dict[str, str]:
    """Return the names of the models in a table: the run, its network alone, and the baselines."""
    name = run.name if run.name is not None and run.name not in NAIVE_NAMES else "network"
    return {"run": name, "alone": f"{name} alone", **{k: v for k, v in _BASELINES.items() if k in options.baselines}}


def _validation(dataset: Dataset) -> NDArray[np.int64]:
    """Return, for each row, how many rows its series has to train on; a new id has all of its own."""
    counts = np.array([cuts.validation or cuts.rows for cuts in dataset.cuts])
    return np.asarray(counts[dataset.series])


def _ranges(dataset: Dataset, training: TrainOptions, frame: Any) -> tuple[Dataset, Dataset, str]:
    """Return the rows that calibrate, and all rows with cuts behind which origins are judged."""
    if frame is not None:
        longer = dataset.append(*read_newer_by_id(frame, dataset, training))
        ends = dict(zip(dataset.ids, np.diff(dataset.borders).tolist(), strict=True))
        begins = [ends.get(name, 0) for name in longer.ids]
        return dataset, _judged_behind(longer, begins), "the rows after the run's last of each id"
    middles = [(cuts.calibration + cuts.rows) // 2 for cuts in dataset.cuts]
    how = "the later half of each id's calibration rows; the earlier half calibrates"
    return _known_until(dataset, middles, training.max_gap), _judged_behind(dataset, middles), how


def _judged_behind(dataset: Dataset, begins: list[int]) -> Dataset:
    cuts = tuple(replace(each, calibration=begin, expired=0) for each, begin in zip(dataset.cuts, begins, strict=True))
    return replace(dataset, cuts=cuts)


def _known_until(dataset: Dataset, ends: list[int], max_gap: str | None) -> Dataset:
    """Return a dataset without the rows of each series from one on."""
    kept = np.arange(len(dataset)) - dataset.borders[dataset.series] < np.array(ends)[dataset.series]
    table = dataset.frame[kept]
    store = FrameStore(table, dataset.encoder, max_gap, dataset.store.static)
    cuts = tuple(replace(each, rows=end) for each, end in zip(dataset.cuts, ends, strict=True))
    return replace(dataset, store=store, cuts=cuts)


def _outcome(  # noqa: PLR0917 - what forecasts, from where, and who hears of it
    predictor: PanelPredictor,
    rows: NDArray[np.int64],
    names: dict[str, str],
    known: tuple[str, ...],
    listener: ProgressListener | None,
    stop: threading.Event | None,
) -> PanelOutcome:
    """Forecast from origins in parts, and keep of the paths what their scores need."""
    dataset, options = predictor.dataset, predictor.options
    horizon, tail = options.horizon, tail_of(options.interval)
    series = dataset.series[rows]
    correction = predictor.correction(known, listener, stop)
    medians, alone, lower, upper, crps = [], [], [], [], []
    parts = np.array_split(np.arange(len(rows)), max(1, -(-len(rows) // PART)))
    for number, part in enumerate(parts, start=1):
        paths, own = predictor.corrected(rows[part], correction, known)
        low, median, high = np.quantile(paths, [tail, 0.5, 1 - tail], axis=1)
        medians.append(median)
        alone.append(own)
        lower.append(low)
        upper.append(high)
        crps.append(metrics.crps(paths, dataset.actual(rows[part], horizon), axis=(-1,)))
        if listener is not None:
            listener.on_progress(Progress("backtest", number, len(parts)))
        if stop is not None and stop.is_set():
            break
    done = rows[: sum(map(len, medians))]
    points = {names["run"]: np.concatenate(medians)}
    if options.combines:
        points[names["alone"]] = np.concatenate(alone)
    naive = panel_naive_points(dataset, done, series[: len(done)], horizon, predictor.fitted.season)
    points |= {names[key]: each for key, each in zip(_BASELINES, naive, strict=False) if key in names}
    return PanelOutcome(
        series=series[: len(done)],
        times=pd.Index(dataset.index[done]),
        actual=dataset.actual(done, horizon),
        points=points,
        lower=np.concatenate(lower),
        upper=np.concatenate(upper),
        crps=np.concatenate(crps),
    )
