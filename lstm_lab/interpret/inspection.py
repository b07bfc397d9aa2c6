"""Looking inside a network over a dataset: which windows there are, and what numbers mean in the target's unit."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.dates.time_index import future_index
from lstm_lab.errors import DataError
from lstm_lab.formatting import moment
from lstm_lab.interpret.memory import distances_within, memory
from lstm_lab.interpret.patches import SeriesWindows
from lstm_lab.interpret.read_window import ReadWindow
from lstm_lab.interpret.trace import Scale, Trace, trace

if TYPE_CHECKING:
    import threading

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.events import ProgressListener
    from lstm_lab.fitted import FittedModel
    from lstm_lab.interpret.memory import Memory
    from lstm_lab.options import MemoryOptions

__all__ = ["memory_of", "row_at", "trace_at", "trace_windows", "window_at"]

_NUDGE = 1e-3
"""Step, in standard deviations, of the difference that says what the model's output is worth in the target's unit."""
_ENOUGH = 4096


def trace_at(fitted: FittedModel, dataset: Dataset, at: Any) -> Trace:
    """Trace the window that ends at one row.

    Parameters
    ----------
    fitted
        The network.
    dataset
        The rows that it reads.
    at
        The last row the network reads: a time, or a position among the rows, -1 the newest.

    Returns
    -------
    Trace
        With the window's times, the target in its unit and the forecast of the row after it.

    Raises
    ------
    DataError
        There is no such row, or the rows before it hold no whole window: one line with the nearest that do.
    """
    rows = _window_rows(dataset, at)
    row = int(rows[-1])
    x, names = dataset.matrix[rows], dataset.encoder.columns
    result = trace(fitted.model, x, index=dataset.index[rows], feature_names=names)
    tails = _tails(dataset, np.array([row]))

    def decode(output: np.ndarray) -> np.ndarray:
        return np.concatenate([dataset.encoder.decode(np.array([value]), tails) for value in output])

    return replace(
        result,
        scale=_scale(dataset, result, tails),
        history=dataset.frame[fitted.target].iloc[rows],
        forecast=pd.Series(decode(result.output[:, 0]), _next(dataset, row)),
        decode=decode,
        series=_series_windows(dataset, row),
    )


def _series_windows(dataset: Dataset, row: int) -> SeriesWindows:
    """Return every window that is as long as the one that ends at a row."""
    last_rows = _last_rows(dataset)
    same = last_rows[dataset.steps_up_to(last_rows) == dataset.steps_up_to(row)]
    return SeriesWindows(dataset.matrix, same, row, dataset.frame[dataset.encoder.target])


def _window_rows(dataset: Dataset, at: Any) -> np.ndarray:
    """List the rows of the window that ends at one row.

    Raises
    ------
    DataError
        There is no such row, or the rows before it hold no whole window.
    """
    row = row_at(dataset.index, at)
    last_rows = _last_rows(dataset)
    if row not in last_rows:
        nearest = last_rows[np.argmin(np.abs(last_rows - row))]
        raise DataError(
            f"the network reads {dataset.lookback} rows without a gap after the warmup, and those up to "
            f"{moment(dataset.index[row])} are not; the nearest row is {moment(dataset.index[nearest])}"
        )
    return np.arange(row + 1 - int(dataset.steps_up_to(row)), row + 1)


def window_at(dataset: Dataset, at: Any) -> ReadWindow:
    """Return the window that ends at one row, as its network reads it.

    Parameters
    ----------
    dataset
        The rows.
    at
        The window's last row: a time, or a position among the rows, -1 the newest.

    Raises
    ------
    DataError
        There is no such row, or the rows before it hold no whole window: one line with the nearest that do.
    """
    rows = _window_rows(dataset, at)
    target = dataset.frame[dataset.encoder.target]
    return ReadWindow(
        tensor=dataset.matrix[rows][None],
        index=dataset.index[rows],
        inputs=tuple(dataset.encoder.columns),
        history=target.iloc[rows],
        following=target.iloc[rows[-1] + 1 : rows[-1] + 2],
    )


def trace_windows(fitted: FittedModel, dataset: Dataset, windows: int) -> Trace:
    """Trace windows spread evenly over the data, together.

    Parameters
    ----------
    fitted
        The network.
    dataset
        The rows that it reads.
    windows
        How many; all if there are fewer.

    Returns
    -------
    Trace
        Its index counts the steps back from the forecast: -1 is the newest.
    """
    last_rows = _last_rows(dataset)
    steps = dataset.steps_up_to(last_rows)
    last_rows, lookback = last_rows[steps == steps.max()], int(steps.max())  # of padded windows the longest alone
    chosen = last_rows[np.unique(np.linspace(0, len(last_rows) - 1, min(windows, len(last_rows))).round().astype(int))]
    x = dataset.matrix[chosen[:, None] + np.arange(-lookback + 1, 1)]
    index = pd.RangeIndex(-lookback, 0, name="steps before the forecast")
    result = trace(fitted.model, x, index=index, feature_names=dataset.encoder.columns)
    return replace(result, scale=_scale(dataset, result, _tails(dataset, chosen)))


def memory_of(
    fitted: FittedModel,
    dataset: Dataset,
    options: MemoryOptions,
    listener: ProgressListener | None,
    stop: threading.Event | None,
) -> Memory:
    """Compare how far a network and fresh ones of one layer look back over the training windows of a dataset."""
    train = _whole(dataset)[-_ENOUGH:]
    windows = dataset.windows.inputs(train)
    recall = distances_within(windows.shape[1]) if options.recall is None else options.recall
    return memory(
        windows,
        dataset.windows.targets(train),
        model=fitted.model,
        units=options.units,
        recall=recall,
        updates=options.updates,
        seeds=options.seeds,
        seed=options.seed,
        listener=listener,
        stop=stop,
    )


def _whole(dataset: Dataset) -> np.ndarray:
    """List the training windows without padding.

    Raises
    ------
    DataError
        All of them are padded.
    """
    train, lengths = dataset.split.train, dataset.windows.lengths
    whole = train if lengths is None else train[lengths[train] == dataset.lookback]
    if len(whole) == 0:
        raise DataError(
            f"memory is measured over whole windows, and every window of {dataset.lookback} rows is padded; train with"
            " a smaller lookback"
        )
    return whole


def _last_rows(dataset: Dataset) -> np.ndarray:
    """List the rows that can be the last of a window: those before a target, and the newest if its window is whole."""
    last_rows = dataset.windows.target_rows - 1
    newest = len(dataset) - 1
    steps = int(dataset.steps_up_to(newest))
    rows = np.arange(newest + 1 - steps, newest + 1)
    whole = steps >= dataset.shortest[-1] and np.isfinite(dataset.matrix[rows]).all()
    return np.append(last_rows, newest) if whole else np.asarray(last_rows)


def row_at(index: pd.Index, at: Any) -> int:
    """Find a row by time or by position."""
    if isinstance(at, str) and re.fullmatch(r"-?[0-9]{1,18}", at):
        at = int(at)
    if isinstance(at, int | np.integer) and not isinstance(at, bool):
        if not -len(index) <= at < len(index):
            raise DataError(f"at must be a row between {-len(index)} and {len(index) - 1}, got {at}; -1 is the newest")
        return int(at) % len(index)
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError(f"the rows have no times, so at takes a position, got {at!r}; -1 is the newest")
    if not isinstance(at, str | dt.date | np.datetime64):
        raise DataError(f"at takes a time or a position, got {type(at).__name__}; -1 is the newest row")
    return _row_at(index, at)


def _row_at(index: pd.DatetimeIndex, at: Any) -> int:
    try:
        time = None if pd.isna(at) else pd.Timestamp(at)
    except ValueError:
        time = None
    if time is None or pd.isna(time):
        raise DataError(f"at takes a time or a position, got {at!r}; for example {moment(index[-1])}")
    if index.tz is not None and time.tzinfo is None:
        time = time.tz_localize(index.tz)
    if index.tz is None and time.tzinfo is not None:
        time = time.tz_localize(None)
    row = int(index.get_indexer(pd.DatetimeIndex([time]))[0])
    if row < 0:
        nearest = index[int(np.argmin(np.abs(index - time)))]
        raise DataError(f"there is no row at {moment(time)}; the nearest is {moment(nearest)}")
    return row


def _tails(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Return the values of the target up to each row that decoding the next row needs."""
    return dataset.tails(rows + 1)


def _scale(dataset: Dataset, result: Trace, tails: np.ndarray) -> Scale:
    """Compute the change in the target's unit for a change of 1 in the model's output, after these windows.

    The transform's inverse is not linear (a log return is worth more at a high price), so it is differentiated where
    the forecast lies; over several windows the median is taken.
    """
    z = result.output[:, 0]
    up, down = (dataset.encoder.decode(z + step, tails) for step in (_NUDGE, -_NUDGE))
    value = float(np.median((up - down) / (2 * _NUDGE)))
    return Scale(output=value, target=f"the forecast of {dataset.encoder.target}")


def _next(dataset: Dataset, row: int) -> pd.Index:
    """Label the row after a row."""
    index = dataset.index
    return index[row + 1 : row + 2] if row + 1 < len(index) else future_index(index, 1)
