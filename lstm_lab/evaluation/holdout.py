"""Holdout evaluation in one call: a network is trained on the older rows of a series and backtested on the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.data.encoding.panel_ids import series_of
from lstm_lab.data.preparation import AS_LOADED, prepare, read_series
from lstm_lab.errors import DataError, OptionError
from lstm_lab.evaluation.backtest import backtest
from lstm_lab.evaluation.kinds import check_baselines
from lstm_lab.evaluation.panel_plan import choose_origins_by_id
from lstm_lab.evaluation.rolling_origins import choose_origins
from lstm_lab.events import TrainingListener
from lstm_lab.execution.parallel import task_runner
from lstm_lab.forecasting.arguments import refuse_many_paths, refuse_noise
from lstm_lab.forecasting.floor import refuse_floor_above
from lstm_lab.options import BacktestOptions, ForecastOptions, HoldoutOptions, TrainOptions, shared_out
from lstm_lab.run import train

if TYPE_CHECKING:
    import os
    import threading

    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.evaluation.backtest import Backtest
    from lstm_lab.evaluation.panel_backtest import PanelBacktest
    from lstm_lab.events import ProgressListener

__all__ = ["judge_on_newest", "older_rows"]


def judge_on_newest(
    source: str | os.PathLike[str] | pd.DataFrame | pd.Series[Any],
    *,
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
    **options: Any,
) -> Backtest | PanelBacktest:
    """Train on the older rows of a series and backtest on the newest, which nothing else sees.

    Parameters
    ----------
    source
        A file, DataFrame or Series; see `lstm_lab.load`.
    listener
        Hears of the forecasts, and of the training too if it is a `lstm_lab.events.TrainingListener`.
    stop
        Ends the training with its best weights so far, and the backtest with what is judged.
    **options
        ``test``, the newest share of the rows, and fields of `lstm_lab.options.TrainOptions`,
        `lstm_lab.options.BacktestOptions` and `lstm_lab.options.ForecastOptions`; a ``seed`` is for both.

    Raises
    ------
    LabError
        What can be known to fail before the training fails before it: one line with the remedy.
    """
    holdout_options, train_options, backtest_options, forecast_options = shared_out(
        options, HoldoutOptions, TrainOptions, BacktestOptions, ForecastOptions
    )
    chosen, study = TrainOptions.of(train_options), BacktestOptions.of(backtest_options)
    forecast = ForecastOptions.of(forecast_options).resolved()
    check_baselines(study.baselines)
    for name in study.known:
        if name not in chosen.features:
            raise OptionError(f"known names input columns, got {name!r}, which is none of features=; add it there too")
    frame, target = read_series(source, chosen)
    older = frame[older_rows(frame.index, HoldoutOptions.of(holdout_options), forecast.horizon)]
    loaded = {**train_options, "target": target, **AS_LOADED}
    _check_backtest(older, frame, TrainOptions.of(loaded), study, forecast)
    hears_training = listener if isinstance(listener, TrainingListener) else None
    # A scheduler that does not answer is found out before the training.
    with task_runner(None, study.workers, study.cluster) as pool:
        run = train(older, listener=hears_training, stop=stop, **loaded)
        # Processes are left to the backtest, which starts new ones where one has died.
        executor = pool.executor if study.workers is None else None
        return backtest(
            run,
            frame,
            executor=executor,
            listener=listener,
            stop=stop,
            **backtest_options | forecast_options | {"cluster": None},
        )


def _check_backtest(
    older: pd.DataFrame, frame: pd.DataFrame, training: TrainOptions, study: BacktestOptions, forecast: ForecastOptions
) -> None:
    """Refuse what the backtest would refuse once the network is trained, before it is."""
    dataset = prepare(older, training).dataset
    refuse_floor_above(float(dataset.target.min()), dataset.encoder.target, forecast.floor)
    if forecast.noise in {"residual", "scaled"} and dataset.calibration_rows == 0:
        refuse_noise(forecast.noise)
    refuse_many_paths(forecast)
    if dataset.is_panel:
        choose_origins_by_id(dataset, training, frame, study, forecast)
    else:
        choose_origins(dataset, training, frame, study, forecast)


def older_rows(index: pd.Index, options: HoldoutOptions, horizon: int) -> NDArray[np.bool_]:
    """Mark the rows before those that are judged; of many series, those of each.

    Raises
    ------
    DataError
        No series has newest rows enough for a horizon.
    """
    _, borders = series_of(index)
    counts = np.diff(borders)
    cuts = counts - np.round(options.test * counts).astype(np.int64)
    if (counts - cuts).max() < horizon:
        raise DataError(
            f"judging needs {horizon} known steps after an origin, got {(counts - cuts).max()} newest rows to judge on;"
            " shorten the horizon or raise test="
        )
    return np.asarray(np.arange(len(index)) - np.repeat(borders[:-1], counts) < np.repeat(cuts, counts))
