"""What `load` reads from: files, frames, Series and dicts, as tables with text for column names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from numbers import Real
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from lstm_lab.data.sources.panel_forms import stacked
from lstm_lab.data.tables.file_limits import check_columns
from lstm_lab.data.tables.files import read_file
from lstm_lab.data.tables.frames import as_frame
from lstm_lab.data.tables.missing_values import MISSING
from lstm_lab.errors import DataError, OptionError, did_you_mean, is_endless, shown
from lstm_lab.storage.names import at_home

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = ["Source", "check_kinds", "check_reading", "marks_of", "table_of"]

Source: TypeAlias = "str | PathLike[str] | pd.DataFrame | pd.Series[Any] | Mapping[Any, Any] | Any"
"""A file, a pandas frame or Series, a dict of columns, or a Polars, Arrow or other frame that narwhals knows."""


def table_of(
    source: Source,
    *,
    id: str | None = None,  # noqa: A002 - as in `load`
    time: str | None = None,
    encoding: str | None = None,
    header: int | str | None = None,
    max_size: float | None = None,
) -> pd.DataFrame:
    """Convert a source to a frame with text for column names; nothing but plain numbers is parsed yet.

    Many series become one table with their ids in a column, see `lstm_lab.data.sources.panel_forms.stacked`.

    Parameters
    ----------
    source, id, time, encoding, header, max_size
        As for `lstm_lab.load`.

    Raises
    ------
    DataError
        The source is no table, or has no row.
    OptionError
        An option of text files beside something else.
    """
    if isinstance(source, str | PathLike):
        path = at_home(source)
        read = read_file(path, encoding=encoding, header=header, max_size=max_size, wide=id == "columns")
        if id != "columns":
            check_columns(read.shape[1], repr(path.name))
        frame = as_frame(read)
    else:
        long = stacked(source, id, time)
        if id != "columns":  # each column of a wide table is a series
            check_columns(_columns(source), f"a {type(source).__name__}")
        frame = as_frame(source) if long is None else long
        given = {"encoding": encoding, "header": header, "max_size": max_size}
        option = next((name for name, value in given.items() if value is not None), None)
        if option is not None and "lstm_lab" not in frame.attrs:
            kind = "file" if option == "max_size" else "text file"
            raise OptionError(f"{option} is of a {kind}, got a {type(source).__name__}; leave {option}= out")
    if len(frame) == 0:
        raise DataError(f"a series needs rows, got an empty {type(source).__name__}; check what was selected")
    return frame


def _columns(source: Source) -> int:
    """Count the columns of a frame; 0 for what has none."""
    shape = getattr(source, "shape", ())
    return shape[1] if isinstance(shape, tuple) and len(shape) == 2 and isinstance(shape[1], int) else 0


def marks_of(na_values: Sequence[str | float] | str | float | None) -> tuple[str, ...] | None:
    """Convert marks of missing values to text; None where the caller names none, empty where there are none."""
    if na_values is None:
        return None
    if isinstance(na_values, str):
        return () if na_values == "none" else (na_values,)
    return tuple(str(mark) for mark in (na_values if isinstance(na_values, list | tuple | set) else [na_values]))


def check_kinds(**given: Any) -> None:
    """Refuse options of reading whose values are of a kind that none of their values has.

    Parameters
    ----------
    **given
        Options of `lstm_lab.load` by name.

    Raises
    ------
    OptionError
        The first of them: rule, value, remedy.
    """
    for name, value in given.items():
        kind, in_list, example = _KINDS[name]
        several = in_list is not None and isinstance(value, Iterable) and not isinstance(value, str | bytes)
        listed = value if isinstance(value, list | tuple | set) else ()  # of an index or a generator nothing is known
        parts, kinds = (listed, in_list) if several else (() if value is None else (value,), kind)
        wrong = [each for each in parts if not isinstance(each, kinds or ()) or is_endless(each)]
        if wrong:
            words = "text" if kind is str else "text or a number"
            words = words if in_list is None else f"{words}, or a list of texts and numbers"
            raise OptionError(f"{name} is {words}, got {shown(wrong[0])}; for example {name}={example!r}")


_NAME: tuple[type, ...] = (str, Real, dt.date, np.datetime64)
_KINDS: Mapping[str, tuple[Any, Any, Any]] = {
    "id": (_NAME, None, "store"),
    "target": (_NAME, None, "close"),
    "time": (_NAME, None, "date"),
    "static": (str, _NAME, ["region"]),
    "columns": (str, _NAME, ["volume"]),
    "missing": (str, None, "interpolate"),
    "decimal": (str, None, ","),
    "na_values": (_NAME, _NAME, ["***", -999]),
    "header": (_NAME, None, 2),
    "short": (str, None, "error"),
}
"""Options of reading: the types of a value, of a part of a list where one is taken, and an example."""


def check_reading(
    missing: str, decimal: str | None, header: int | str | None, *, dayfirst: bool | None, date_format: str | None
) -> None:
    """Refuse options of reading that have no such value.

    Raises
    ------
    OptionError
        The first of them: rule, value, remedy.
    """
    if missing not in MISSING:
        raise OptionError(f"missing is one of {', '.join(MISSING)}, got {missing!r}; {did_you_mean(missing, MISSING)}")
    if decimal not in {None, ".", ","}:
        raise OptionError(f"decimal is a point or a comma, got {decimal!r}; for example decimal=','")
    if header is not None and header != "none" and not str(header).isdecimal():
        raise OptionError(
            f"header is the line of the column names, from 0, or none, got {header!r}; for example header=2"
        )
    if dayfirst is not None and date_format is not None:
        raise OptionError("dayfirst= and date_format= both say how dates are written; set one of them")
