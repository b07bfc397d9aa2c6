"""Arguments of a forecast held against the rows it starts from, which needs no network: a training may come first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.data.dates.time_index import future_index, future_times_after
from lstm_lab.data.encoding.panel_ids import numbers_of, several_ids
from lstm_lab.data.known_future import read_known
from lstm_lab.data.memory.budget import refuse_beyond_memory
from lstm_lab.data.panel_append import read_known_by_id
from lstm_lab.errors import CalibrationError, DataError, ForecastError, OptionError
from lstm_lab.forecasting.calibration_scores import origins_for
from lstm_lab.forecasting.floor import refuse_floor_above
from lstm_lab.forecasting.panel_past import panel_origins

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.data.sources.source_tables import Source
    from lstm_lab.options import ForecastOptions, TrainOptions

__all__ = [
    "ORIGINS",
    "calibration_source",
    "check_forecast",
    "chosen_series",
    "enough_origins",
    "evenly_spaced",
    "forecast_times",
    "refuse_few_origins",
    "refuse_many_paths",
    "refuse_noise",
    "refuse_of_one_series",
    "series_with_window",
]

ORIGINS = 60
"""Held-out origins that the band is calibrated on, at most."""
_ARRAYS = 4
"""Arrays of all paths of one series that are alive at a time: as drawn, corrected, and sorted for a table."""


def check_forecast(
    dataset: Dataset,
    training: TrainOptions,
    options: ForecastOptions,
    *,
    ids: Sequence[Hashable] | Hashable | None = None,
    known: Source | None = None,
) -> None:
    """Refuse what a forecast would refuse once the network is trained, before it is.

    Parameters
    ----------
    dataset
        The rows that the network will be trained on, cut into their parts.
    training
        How the rows were read.
    options
        Resolved options of the forecast.
    ids, known
        As for `lstm_lab.Run.forecast`.

    Raises
    ------
    LabError
        What the forecast would raise: one line with the remedy.
    """
    refuse_floor_above(dataset.lowest, dataset.encoder.target, options.floor)
    if options.noise in {"residual", "scaled"} and dataset.calibration_rows == 0:
        refuse_noise(options.noise)
    refuse_few_origins(dataset, options)
    if not dataset.is_panel:
        refuse_of_one_series(ids=ids)
        refuse_many_paths(options)
        dataset.newest(options.horizon)
        if known is not None:
            times, covariates = future_index(dataset.index, options.horizon), dataset.encoder.covariates
            target = dataset.encoder.target
            read_known(known, dataset.frame, training, times, target=target, covariates=covariates)
        return
    series = chosen_series(dataset, ids)
    refuse_many_paths(options, len(series_with_window(dataset, series)[0]))
    if known is not None:
        read_known_by_id(known, dataset, training, series, forecast_times(dataset, series, options.horizon))


def enough_origins(options: ForecastOptions, origins: int, source: str, notes: dict[str, str]) -> bool:
    """Return whether there are enough origins to calibrate; if not, and it is not switched off, note the reason.

    Parameters
    ----------
    options
        Resolved options.
    origins
        Calibration origins.
    source
        Their number and where they lie, in words.
    notes
        Takes the reason.

    Raises
    ------
    CalibrationError
        A calibration was asked for, and there are too few origins.
    """
    needed = origins_for(options.interval)
    if options.calibrate is False or origins >= needed:
        return options.calibrate is not False
    problem = (
        f"a {options.interval:g} % band needs {needed} calibration origins, got {source} at horizon {options.horizon}"
    )
    if options.calibrate is True:
        raise CalibrationError(f"{problem}; train with a larger calibration= or shorten the horizon")
    notes["not calibrated"] = problem
    return False


def calibration_source(dataset: Dataset, origins: int) -> str:
    """Write how many origins there are to calibrate on, and where they lie."""
    of = " of all ids" if dataset.is_panel else ""
    return f"{origins}{of} in the {dataset.calibration_rows} calibration rows"


def refuse_few_origins(dataset: Dataset, options: ForecastOptions) -> None:
    """Refuse a calibration that is asked for and has too few origins in the calibration rows."""
    if options.calibrate is not True:
        return
    if dataset.is_panel:
        origins = int((panel_origins(dataset, options.horizon).rows >= 0).sum())
    else:
        origins = len(evenly_spaced(dataset.calibration_origins(options.horizon), ORIGINS, options.horizon)[0])
    enough_origins(options, origins, calibration_source(dataset, origins), {})


def evenly_spaced(rows: NDArray[np.int64], count: int, horizon: int) -> tuple[NDArray[np.int64], int]:
    """Choose at most `count` of the rows, evenly spaced and with the newest; count how many following ones overlap.

    Returns
    -------
    tuple
        The rows, and ceil(horizon / stride) - 1.
    """
    if len(rows) == 0:
        return rows, 0
    stride = max(1, len(rows) // count)
    chosen = rows[::-1][::stride][:count][::-1]
    return chosen, math.ceil(horizon / stride) - 1


def refuse_noise(noise: str) -> None:
    """Refuse residuals as noise where no row was kept that they could come from."""
    raise ForecastError(
        f"noise {noise!r} draws held-out residuals, but the run kept no calibration rows"
        " (calibration=0); train with calibration=0.1 or use noise='none'"
    )


def refuse_of_one_series(**given: Any) -> None:
    """Refuse arguments that belong to a run of many series."""
    for name, value in given.items():
        if value is not None:
            raise OptionError(
                f"{name}= belongs to a run of many series, and this one has no ids; for newer rows, run.on(newer)"
            )


def chosen_series(dataset: Dataset, ids: Sequence[Hashable] | Hashable | None) -> NDArray[np.int64]:
    """Find the numbers of the series that are forecast: those of some ids, or all.

    Raises
    ------
    DataError
        There is no such id.
    ForecastError
        An empty list.
    """
    if ids is None:
        return np.arange(len(dataset.ids))
    remedy = "a new id's rows go in data="
    named = [ids] if isinstance(ids, str) or not np.iterable(ids) else list(ids)
    series = numbers_of(several_ids(ids, dataset.ids, remedy) or named, dataset.ids, remedy)
    if len(series) == 0:
        raise ForecastError("ids must name at least one id, got none; leave it out to forecast all of them")
    return series


def series_with_window(dataset: Dataset, series: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide series into those whose rows since the last gap hold a window, and the others.

    Raises
    ------
    DataError
        None does.
    """
    needed = dataset.needed_rows[series]
    enough = dataset.stretches[series] >= needed
    if not enough.any():
        need, warmup = int(needed.min()), dataset.encoder.warmup
        steps = "lookback" if dataset.padding == "none" else "steps"
        raise DataError(
            f"a forecast needs {need} rows since the last gap ({steps} {need - warmup} + warmup {warmup}), and no"
            " id has more than"
            f" {int(dataset.stretches[series].max(initial=0))}; add rows, or raise max_gap= if that step is no"
            " gap"
        )
    return series[enough], series[~enough]


def forecast_times(dataset: Dataset, series: NDArray[np.int64], horizon: int) -> pd.Index:
    """Return the times of the forecasts, (series * horizon,), in steps as those of the longest series."""
    borders = dataset.borders
    longest = int(np.argmax(np.diff(borders)))
    like = dataset.index[borders[longest] : borders[longest + 1]]
    return future_times_after(dataset.index[borders[series + 1] - 1], like, horizon)


def refuse_many_paths(options: ForecastOptions, series: int | None = None) -> None:
    """Refuse more paths than the memory holds, of one series or of so many."""
    if series is None:
        refuse_beyond_memory(
            _ARRAYS * 8 * options.paths * options.horizon,
            f"forecasting {options.horizon:,} steps with {options.paths:,} paths",
            "shorten horizon=, or draw fewer paths=",
        )
        return
    refuse_beyond_memory(
        1.2 * 8 * series * options.paths * options.horizon,
        f"forecasting {series:,} ids with {options.paths:,} paths",
        "forecast fewer of them at a time with ids=, or draw fewer paths=",
    )
