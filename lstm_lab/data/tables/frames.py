"""Tables of any library as pandas frames: Series, dicts, and whatever narwhals knows, Polars and Arrow among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from lstm_lab.errors import DataError, MissingExtraError

__all__ = ["as_frame", "is_table", "quiet_casts"]


def is_table(source: Any) -> bool:
    """Return whether `as_frame` takes an object."""
    if isinstance(source, pd.DataFrame | pd.Series | Mapping):
        return True
    native = nw.from_native(source, allow_series=True, pass_through=True)
    return isinstance(native, nw.DataFrame | nw.LazyFrame | nw.Series)


quiet_casts = np.errstate(over="ignore", invalid="ignore")
"""Decorates what reads a table: pandas casts odd labels and ids to compare, sort and count them."""


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
    named = frame.set_axis([str(name).strip() for name in frame.columns], axis=1)
    if isinstance(named.index.name, int):
        named = named.rename_axis(index=str(named.index.name))
    twice = named.columns[named.columns.duplicated()]
    if len(twice) > 0:
        raise DataError(f"column names are unique, got {twice[0]!r} more than once; rename one")
    return _plain(named)


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
        return values.astype(str).astype(object)
    if values.dtype != object or pd.api.types.infer_dtype(values, skipna=True) in _KNOWN_OBJECTS:
        return None
    odd = np.array([isinstance(each, complex | np.complexfloating) or not _has_hash(each) for each in values])
    return values.where(~odd, values.astype(str)) if odd.any() else None


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
    """Join the columns of a dict, by their index where they have one."""
    try:
        return pd.DataFrame(dict(source))
    except (ValueError, TypeError):
        sizes = {str(name): len(values) if hasattr(values, "__len__") else 1 for name, values in source.items()}
        raise DataError(f"a dict holds columns of one length, got {sizes}; give each a value for every row") from None


def _column(series: nw.Series[Any]) -> Any:
    """Convert a column: numbers as they are, times with their zone, all else as objects."""
    kind = series.dtype
    if isinstance(kind, nw.Datetime) and kind.time_zone is not None:
        times: pd.Series[Any] = pd.Series(series.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy())
        return times.dt.tz_localize("UTC").dt.tz_convert(kind.time_zone)
    if isinstance(kind, nw.Datetime | nw.Date):
        return pd.Series(series.cast(nw.Datetime("us")).to_numpy())
    if isinstance(kind, nw.Boolean | nw.Decimal):
        return pd.Series(series.cast(nw.Float64()).to_numpy())
    if kind.is_numeric():
        return pd.Series(series.to_numpy())
    return pd.Series(series.to_list(), dtype=object)
