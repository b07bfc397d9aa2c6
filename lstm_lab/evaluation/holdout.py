"""Holdout evaluation in one call: a network is trained on the older rows of a series and backtested on the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.data.panel_ids import series_of
from lstm_lab.data.preparation import AS_LOADED, read_series
from lstm_lab.errors import DataError, OptionError
from lstm_lab.evaluation.backtest import backtest
from lstm_lab.evaluation.kinds import check_baselines
from lstm_lab.events import TrainingListener
from lstm_lab.execution.parallel import task_runner
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
    horizon = ForecastOptions.of(forecast_options).horizon
    check_baselines(study.baselines)
    for name in study.known:
        if name not in chosen.features:
            raise OptionError(f"known names input columns, got {name!r}, which is none of features=; add it there too")
    frame, target = read_series(source, chosen)
    older = frame[older_rows(frame.index, HoldoutOptions.of(holdout_options), horizon)]
    loaded = {**train_options, "target": target, **AS_LOADED}
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
