"""Tables of any library as pandas frames: Series, dicts, and whatever narwhals knows, Polars and Arrow among them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import narwhals as nw
import numpy as np
import pandas as pd

from lstm_lab.data.tables.periods import starts_of
from lstm_lab.data.tables.row_labels import as_text, is_writable
from lstm_lab.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Given = ParamSpec("Given")
Returned = TypeVar("Returned")

__all__ = ["as_frame", "is_table", "quiet_casts"]


def is_table(source: Any) -> bool:
    """Return whether `as_frame` takes an object."""
    if isinstance(source, pd.DataFrame | pd.Series | Mapping):
        return True
    native = nw.from_native(source, allow_series=True, pass_through=True)
    return isinstance(native, nw.DataFrame | nw.LazyFrame | nw.Series)


def quiet_casts(function: Callable[Given, Returned]) -> Callable[Given, Returned]:
    """Decorate what reads a table: pandas casts odd labels and ids to compare, sort and count them."""

    @functools.wraps(function)
    def quiet(*args: Given.args, **keywords: Given.kwargs) -> Returned:
        with np.errstate(over="ignore", invalid="ignore"):
            return function(*args, **keywords)

    return quiet


@quiet_casts
def as_frame(source: Any) -> pd.DataFrame:
    """Convert a table to a pandas frame whose column names are text; a pandas frame is not copied.

    Parameters
    ----------
    source
        A pandas DataFrame or Series, a dict of columns, or a table that narwhals knows (Polars, Arrow, ...). A nameless
        Series becomes the column ``value``.

    Raises
    ------
    DataError
        It is no table, has several levels of rows or columns, or two columns of one name.
    """
    frame = _frame(source)
    if isinstance(frame.columns, pd.MultiIndex) or isinstance(frame.index, pd.MultiIndex):
        raise DataError("a frame has one level of columns and rows, got several; use reset_index or droplevel")
    named = frame.set_axis(_names(frame.columns), axis=1)
    if isinstance(named.index.name, int):
        named = named.rename_axis(index=str(named.index.name))
    twice = named.columns[named.columns.duplicated()]
    if len(twice) > 0:
        raise DataError(f"column names are unique, got {twice[0]!r} more than once; rename one")
    return _plain(named)


def _names(columns: Sequence[Any] | pd.Index) -> list[str]:
    """Return the names of columns as text.

    Raises
    ------
    DataError
        One that has no text, or half a character, which no file can hold.
    """
    names = [as_text(name).strip() for name in columns]
    odd = next((name for name in names if not is_writable(name)), None)
    if odd is not None:
        raise DataError(f"a column's name is text that can be written as UTF-8, got {odd!r}; rename it")
    return names


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Make every column one that can be counted and sorted; what is no number, text or time becomes text."""
    kinds = {kind: _may_be_odd(kind) for kind in set(frame.dtypes)}
    suspects = [str(name) for name, kind in frame.dtypes.items() if kinds[kind]]
    changed = {name: plain for name in suspects if (plain := _plain_values(frame[name])) is not None}
    if changed:
        attrs = frame.attrs
        frame = frame.assign(**changed)
        frame.attrs = attrs
    if frame.index.dtype != object and not pd.api.types.is_complex_dtype(frame.index.dtype):
        return frame
    index = _plain_values(pd.Series(frame.index))
    return frame if index is None else frame.set_axis(pd.Index(index, name=frame.index.name), axis=0)


def _may_be_odd(kind: Any) -> bool:
    return pd.api.types.is_object_dtype(kind) or pd.api.types.is_complex_dtype(kind) or kind == np.float16


def _plain_values(values: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return plain values for half-precision numbers, complex ones, and objects such as lists; None for all others."""
    if values.dtype == np.float16:  # pandas has no index of these
        return values.astype(np.float32)
    if pd.api.types.is_complex_dtype(values.dtype):
        return values.map(lambda each: f"complex number {each}").astype(object)
    if values.dtype != object or pd.api.types.infer_dtype(values, skipna=True) in _KNOWN_OBJECTS:
        return None
    odd = np.array([isinstance(each, complex | np.complexfloating) or not _has_hash(each) for each in values])
    return values.where(~odd, values.map(_odd_text)) if odd.any() else None


def _odd_text(value: object) -> str:
    return f"complex number {value}" if isinstance(value, complex | np.complexfloating) else as_text(value)


_KNOWN_OBJECTS = frozenset(
    ("string", "empty", "integer", "floating", "decimal", "boolean", "datetime", "datetime64", "date", "period")
)
"""Kinds of objects, as pandas infers them, that hold nothing else."""


def _has_hash(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _frame(source: Any) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):
        return source
    if isinstance(source, pd.Series):
        frame = source.to_frame("value" if source.name is None else source.name)
        frame.attrs = dict(source.attrs)
        return frame
    if isinstance(source, Mapping):
        return _columns(source)
    native = nw.from_native(source, allow_series=True, pass_through=True)
    if isinstance(native, nw.LazyFrame):
        native = native.collect()
    if isinstance(native, nw.Series):
        native = native.alias(native.name or "value").to_frame()
    if not isinstance(native, nw.DataFrame):
        raise DataError(
            f"data is a file, a DataFrame, a Series or a dict of columns, got {type(source).__name__}; make it such"
        )
    try:
        return pd.DataFrame({name: _column(native[name]) for name in native.columns})
    except ImportError as missing:
        raise MissingExtraError(f"a {type(source).__name__} cannot be read: {missing}; install that library") from None


def _columns(source: Mapping[Any, Any]) -> pd.DataFrame:
    """Join the columns of a dict, by their index where they have one: periods by their start, beside times."""
    columns = dict(source)
    timed = {name: each for name, each in columns.items() if isinstance(getattr(each, "index", None), pd.DatetimeIndex)}
    zoned = {name: each.index.tz is not None for name, each in timed.items()}
    if len(set(zoned.values())) > 1:
        other, first = (next(name for name, zone in zoned.items() if zone is wanted) for wanted in (True, False))
        raise DataError(
            f"the columns of a dict have times in a zone, or all of them none, got {first!r} without one and {other!r}"
            f" in {timed[other].index.tz}; use .tz_localize({str(timed[other].index.tz)!r}) on the first"
        )
    if timed:
        columns = {name: _by_start(each) for name, each in columns.items()}
    try:
        return pd.DataFrame(columns)
    except (ValueError, TypeError):
        sizes = {str(name): len(values) if hasattr(values, "__len__") else 1 for name, values in source.items()}
        raise DataError(f"a dict holds columns of one length, got {sizes}; give each a value for every row") from None


def _by_start(column: Any) -> Any:
    """Return a Series by periods as one by their starts; anything else as it is."""
    periods = isinstance(column, pd.Series) and isinstance(column.index, pd.PeriodIndex)
    return column.set_axis(starts_of(column.index)) if periods else column


def _column(series: nw.Series[Any]) -> Any:
    """Convert a column: numbers as they are, times with their zone, all else as objects."""
    kind = series.dtype
    if isinstance(kind, nw.Datetime) and kind.time_zone is not None:
        times: pd.Series[Any] = pd.Series(series.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy())
        return times.dt.tz_localize("UTC").dt.tz_convert(kind.time_zone)
    if isinstance(kind, nw.Datetime | nw.Date):
        return pd.Series(series.cast(nw.Datetime("us")).to_numpy())
    if isinstance(kind, nw.Boolean | nw.Decimal | nw.Int128 | nw.UInt128):
        return pd.Series(series.cast(nw.Float64()).to_numpy())
    if kind.is_numeric():
        return pd.Series(series.to_numpy())
    return pd.Series(series.to_list(), dtype=object)
