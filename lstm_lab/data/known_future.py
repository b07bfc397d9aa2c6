"""Known future covariates and newer rows: read with the options of a run, and aligned with its times."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.dates.reading import UnfitDatesError
from lstm_lab.data.dates.remembered import remembered
from lstm_lab.data.preparation import reading, text_reading
from lstm_lab.data.sources.disk_frame import column_names
from lstm_lab.data.sources.load_remedy import remedy_of_load
from lstm_lab.data.sources.loading import load, table_of
from lstm_lab.data.tables.layout import TIME_NAMES
from lstm_lab.data.tables.missing_values import completed, refuse_marks
from lstm_lab.errors import DataError, did_you_mean
from lstm_lab.formatting import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lstm_lab.data.sources.loading import Source
    from lstm_lab.options import InputOptions

__all__ = ["on_the_clock_of", "read_known", "read_rows"]


def read_rows(
    source: Source,
    own: pd.DataFrame,
    options: InputOptions,
    *,
    target: str,
    covariates: Sequence[str],
    what: str,
    optional: str | None = None,
) -> pd.DataFrame:
    """Load rows by the rules that a run's own rows were read by, with times as the run's are.

    Parameters
    ----------
    source
        As for `lstm_lab.load`.
    own
        The run's rows.
    options
        The run's.
    target, covariates
        Columns that must be there; a nameless Series is the target.
    what
        What the rows are called in a refusal.
    optional
        A column that is read where the rows have it.

    Raises
    ------
    DataError
        The rows cannot be loaded, or their times are none that the run's could go on with.
    """
    if options.on_disk and isinstance(source, str | PathLike) and str(source).endswith(".parquet"):
        given = reading(options) | text_reading(options)
        weights = [optional] if optional in column_names(source) else []
        rows = load(source, target=target, columns=[*covariates, *weights], on_disk=True, **given)
        return rows.set_axis(on_the_clock_of(own.index, rows.index, what), axis=0)
    table = _table(source, options, only=None if covariates else target)
    more = [optional] if optional in table.columns and optional not in covariates else []
    rows = _loaded(table, own, options, source, target=target, columns=[*covariates, *more])
    return rows.set_axis(on_the_clock_of(own.index, rows.index, what), axis=0)


def read_known(
    source: Source, own: pd.DataFrame, options: InputOptions, times: pd.Index, *, target: str, covariates: Sequence[str]
) -> pd.DataFrame:
    """Read known futures of a run's covariates, aligned with the times of a forecast.

    Parameters
    ----------
    source
        As for `lstm_lab.load`; a dict may hold one value for all steps. With times, rows are found by time; without
        any, the first row belongs to the first step.
    own
        The run's rows.
    options
        The run's.
    times
        (horizon,) of the forecast.
    target
        What is forecast; its own future, if the table has one, is not looked at.
    covariates
        Inputs of the run.

    Returns
    -------
    pandas.DataFrame
        (horizon, inputs that the table has) float64.

    Raises
    ------
    DataError
        A column that the run does not know, a time without a row or a value, or times that the run's cannot be
        compared with; one line with the remedy.
    """
    if not covariates:
        raise DataError(
            "known tells the future of input columns, but the run was trained with none; leave known= out, or train"
            " with features= that name columns"
        )
    if isinstance(source, Mapping) and all(np.ndim(value) == 0 for value in source.values()):
        source = {name: [value] * len(times) for name, value in source.items()}
    table = _table(source, options, only=covariates[0] if len(covariates) == 1 else None)
    known_inputs = [name for name in covariates if name in table.columns]
    _refuse_unknown(table, own, options, (target, *covariates))
    if not known_inputs:
        raise DataError(f"known has none of the run's inputs; {did_you_mean(str(table.columns[0]), covariates)}")
    rows = _numbers(table, own, options, known_inputs, source)
    aligned = _aligned(rows, own.index, times)
    if options.na_values is None:
        refuse_marks(aligned, known_inputs)
    absent = ~np.isfinite(aligned.to_numpy())
    if absent.any():
        row, column = np.argwhere(absent)[0]
        raise DataError(
            f"known must have a finite value for every step, got {aligned.iloc[row, column]} in"
            f" {known_inputs[column]!r} at {moment(times[row])}; fill it, or leave that column out to hold its last"
            " value"
        )
    return aligned


def on_the_clock_of(own: pd.Index, index: pd.Index, what: str) -> pd.Index:
    """Convert times to the time zone of a run's, and refuse times that cannot be compared with them.

    Raises
    ------
    DataError
        One has a zone and the other none, or one has times and the other only numbers.
    """
    if not isinstance(own, pd.DatetimeIndex):
        if not isinstance(index, pd.DatetimeIndex):
            return index
        raise DataError(
            f"the run's rows are numbered, up to {moment(own[-1])}, and {what} have times, as {moment(index[0])};"
            " number them on, or train on rows with times"
        )
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError(
            f"the run's rows have times, as {moment(own[-1])}, and {what} have none; give them such times, or name the"
            " column that holds them as it was called in training"
        )
    if own.tz is None and index.tz is not None:
        raise DataError(
            f"the run's times have no zone and {what} are in {index.tz}; take it off with .tz_localize(None), on the"
            " clock that the run's times follow"
        )
    if own.tz is not None and index.tz is None:
        raise DataError(
            f"the run's times are in {own.tz} and {what} have no zone; give it to them with .tz_localize('{own.tz}')"
        )
    return index.tz_convert(own.tz) if own.tz is not None else index


def _table(source: Source, options: InputOptions, only: str | None) -> pd.DataFrame:
    """Convert a source to a frame; a Series without a name gets the name of the only possible column."""
    if isinstance(source, pd.Series) and source.name is None and only is not None:
        source = source.rename(only)
    with remedy_of_load(source):
        return table_of(source, **(text_reading(options) if isinstance(source, str | PathLike) else {}))


def _loaded(
    table: pd.DataFrame, own: pd.DataFrame, options: InputOptions, source: Source, **columns: Any
) -> pd.DataFrame:
    """Load rows by the rules of the run's own: its options, and what its table proved of dates and decimal marks."""
    load_options = reading(options) | columns
    if load_options["time"] not in {*table.columns, table.index.name}:  # by now it may be the index
        load_options["time"] = None
    attrs = own.attrs.get("lstm_lab", {})
    load_options = remembered(table, load_options, own)
    proven_decimal = (
        {"decimal": attrs["decimal"]} if attrs.get("decimal") is not None and load_options["decimal"] is None else {}
    )
    with remedy_of_load(source):
        try:
            rows = load(table, **load_options | proven_decimal)
        except UnfitDatesError:
            if options.dayfirst is not None:
                raise
            # Rows from elsewhere may be written in another way, which they must prove.
            rows = load(table, **load_options | proven_decimal | {"dayfirst": None})
        except DataError:
            if not proven_decimal:
                raise
            rows = load(table, **load_options)
    for name in {"dates", "decimal"} & attrs.keys():
        rows.attrs["lstm_lab"].setdefault(name, attrs[name])
    return rows


def _refuse_unknown(table: pd.DataFrame, own: pd.DataFrame, options: InputOptions, inputs: Sequence[str]) -> None:
    """Refuse a column that is neither an input nor anything else that the run's own table had."""
    attrs = own.attrs.get("lstm_lab", {})
    known_names = {*inputs, *map(str, own.columns), *attrs.get("dropped_columns", ()), own.index.name, options.time}
    for name in table.columns:
        is_time = name.lower() in TIME_NAMES or pd.api.types.is_datetime64_any_dtype(table[name].dtype)
        if name not in known_names and not is_time:
            raise DataError(f"known has a column {name!r} that the run does not know; {did_you_mean(name, inputs[1:])}")


def _numbers(
    table: pd.DataFrame, own: pd.DataFrame, options: InputOptions, inputs: Sequence[str], source: Source
) -> pd.DataFrame:
    """Read the inputs by time; holes are filled by the run's rule, and may stay where no forecast looks."""
    numeric = _loaded(table, own, options, source, columns=(), missing="error")
    texts = [name for name in inputs if name not in numeric.columns]
    if texts:
        numeric = numeric.join(_loaded(table, own, options, source, columns=texts)[texts])
    rows, missing = numeric[list(inputs)], options.missing
    return completed(rows, inputs, missing)[0] if missing in {"interpolate", "ffill"} else rows


def _aligned(rows: pd.DataFrame, own: pd.Index, times: pd.Index) -> pd.DataFrame:
    """Return the rows of the forecast's steps: by time or number, or in order where rows are only counted."""
    counted = isinstance(rows.index, pd.RangeIndex) and rows.index.start == 0 and rows.index.step == 1
    timed = isinstance(own, pd.DatetimeIndex)
    if counted and (timed or not times.isin(rows.index).any()):
        if len(rows) < len(times):
            raise DataError(f"known needs a row for each of the {len(times)} steps, got {len(rows)}; add rows")
        if len(rows) > len(times) and len(rows) >= len(own):
            raise DataError(
                f"known begins at the first step, {moment(times[0])}, but got {len(rows)} rows without times, as many"
                f" as the run itself has; give them times, or the {len(times)} rows of the steps alone"
            )
        return rows.iloc[: len(times)].set_axis(times)
    index = on_the_clock_of(own, rows.index, "the rows of known")
    row_numbers = index.get_indexer(times)
    absent = np.flatnonzero(row_numbers < 0)
    if len(absent) > 0:
        raise DataError(
            f"known needs a row for every step, got none for {moment(times[absent[0]])} ({len(absent)} such steps; it"
            f" goes from {moment(index[0])} to {moment(index[-1])}); add that row"
        )
    return rows.iloc[row_numbers].set_axis(times)
