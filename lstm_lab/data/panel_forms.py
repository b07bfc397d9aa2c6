"""The forms in which many series come, each as one long table: a row for each id and time.

Beside a long table: rows of two levels, a dict of tables by id, and a wide table whose columns are the ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.frames import as_frame, is_table
from lstm_lab.data.numeric_columns import numeric_columns
from lstm_lab.data.row_labels import plain
from lstm_lab.data.sources import table_of
from lstm_lab.data.times import by_time
from lstm_lab.errors import DataError, OptionError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lstm_lab.data.date_reading import DateRule
    from lstm_lab.data.numbers import Mark
    from lstm_lab.data.sources import Source

__all__ = ["WIDE", "LongTable", "WideReading", "is_panel", "long_table", "refuse_absent"]

WIDE = "columns"
"""``id="columns"``: every column of the table is a series, and its name the id."""
KNOWN_NAMES = ("unique_id", "ds", "y")
"""Columns of ids, times and the target as Nixtla's libraries and their data sets call them."""


@dataclass(frozen=True, slots=True, eq=False)
class LongTable:
    """A row for each id and time, with the names of its columns; `time` is None where it is to be found."""

    table: pd.DataFrame
    id: str
    target: str | None
    time: str | None
    dates: Mapping[str, Any] | None = None
    """How dates were read, where the form had to read them first."""


@dataclass(frozen=True, slots=True)
class WideReading:
    """How a wide table is read: the options of `read_panel` that say so."""

    columns: Sequence[str | int] | None
    marks: tuple[str, ...]
    decimal: Mark | None
    rule: DateRule


def is_panel(source: Source) -> bool:
    """Tell whether a source has many series by its form alone: rows of two levels, tables by id, or ``unique_id``.

    A dict of Series is none: they are the columns of one table, unless `id` is given.
    """
    if isinstance(source, pd.DataFrame | pd.Series):
        if isinstance(source.index, pd.MultiIndex):
            return True
        named = isinstance(source, pd.DataFrame) and {*KNOWN_NAMES[:2]} <= {*source.columns}
        return named and len(source[KNOWN_NAMES[0]].unique()) > 1
    return isinstance(source, Mapping) and len(source) > 0 and all(map(_is_frame, source.values()))


def _is_frame(value: Any) -> bool:
    return isinstance(value, pd.DataFrame) or (is_table(value) and not isinstance(value, pd.Series | Mapping))


def long_table(
    source: Source,
    name: str | None,
    target: str | None,
    time: str | None,
    wide: WideReading,
    *,
    encoding: str | None = None,
    header: int | str | None = None,
) -> LongTable:
    """Bring many series of any form to one table with a row for each id and time.

    Parameters
    ----------
    source
        As `lstm_lab.data.panel.read_panel` takes it.
    name, target, time
        Columns of ids, of the target and of times; None to find them.
    wide
        How a wide table is read.
    encoding, header
        Of a text file.

    Raises
    ------
    DataError
        Ids without rows or with other columns, or no column of ids.
    """
    if isinstance(source, Mapping) and _is_by_id(source, name):
        return LongTable(_stacked(source, name or "id", time), name or "id", target, time)
    if isinstance(source, pd.DataFrame | pd.Series) and isinstance(source.index, pd.MultiIndex):
        return _from_levels(source, name, target, time)
    table = table_of(source, encoding=encoding, header=header)
    if name == WIDE and WIDE not in table.columns:
        label = source.columns.name if isinstance(source, pd.DataFrame) else None
        return _from_wide(table, str(label or "id"), target or "value", time, wide)
    known_id, known_time, known_target = KNOWN_NAMES
    if name is None:
        name = known_id
    if name == known_id and time is None and known_time in table.columns:
        time = known_time
    if name == known_id and target is None and known_target in table.columns:
        target = known_target
    if name not in table.columns and table.index.name == name:
        table = table.reset_index()
    return LongTable(table, name, target, time)


# Rows of two levels --------------------------------------------------------------------------------------------------


def _from_levels(
    source: pd.DataFrame | pd.Series[Any], name: str | None, target: str | None, time: str | None
) -> LongTable:
    """Move the levels of the rows into columns; the first level holds the ids unless `id` names another."""
    levels = [None if level is None else str(level) for level in source.index.names]
    if levels[0] is None and name not in levels:
        levels[0] = name or "id"
    if levels[-1] is None:
        levels[-1] = time or "time"
    name = name or levels[0]
    names = [level or f"level {number}" for number, level in enumerate(levels)]
    frame = source.to_frame(source.name or "value") if isinstance(source, pd.Series) else source
    table = as_frame(frame.set_axis(source.index.set_names(names), axis=0).reset_index())
    table.attrs = dict(source.attrs)
    rest = [level for level in names if level != name]
    if time is None and len(names) == 2 and len(rest) == 1:
        time = rest[0]
    return LongTable(table, str(name), target, time)


# Tables by id --------------------------------------------------------------------------------------------------------


def _is_by_id(source: Mapping[Any, Any], name: str | None) -> bool:
    """Tell a dict of tables by id from a dict of columns."""
    if name == WIDE or (name is not None and name in source):
        return False
    return len(source) > 0 and all(isinstance(value, pd.Series) or _is_frame(value) for value in source.values())


def _stacked(source: Mapping[Any, Any], name: str, time: str | None) -> pd.DataFrame:
    """Put the tables of a dict below each other, with their ids in a column."""
    parts = [value if isinstance(value, pd.DataFrame) else _one_table(value) for value in source.values()]
    ids = list(source)
    empty = [key for key, part in zip(ids, parts, strict=True) if len(part) == 0]
    if empty:
        raise DataError(f"every id needs rows, got none for {plain(empty[0])!r} ({len(empty)} such ids); leave it out")
    first = parts[0].columns
    other = next((number for number, part in enumerate(parts) if not part.columns.equals(first)), None)
    if other is not None:
        parts = _alike(ids, parts)
    table = as_frame(pd.concat(parts))
    own = np.repeat(np.arange(len(ids)), [len(part) for part in parts])
    column = pd.Series(ids).iloc[own].set_axis(table.index)
    if name in table.columns and not (table[name].astype(str) == column.astype(str)).all():
        row = int(np.argmax((table[name].astype(str) != column.astype(str)).to_numpy()))
        raise DataError(
            f"the keys of a dict are the ids, but the table of {plain(column.iloc[row])!r} has {name!r}"
            f" {plain(table[name].iloc[row])!r}; name the ids otherwise with id="
        )
    stacked = table.assign(**{name: column})
    if time is not None and time not in stacked.columns and stacked.index.name is None:
        stacked = stacked.rename_axis(index=time)
    return stacked


def _one_table(value: Any) -> pd.DataFrame:
    """Convert a Series or a frame of another library; the values of a Series are called so in every id."""
    return value.to_frame("value") if isinstance(value, pd.Series) else as_frame(value)


def _alike(ids: Sequence[Any], parts: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Bring tables to one order of columns, and refuse an id that has others."""
    first = list(parts[0].columns)
    for key, part in zip(ids, parts, strict=True):
        lacking = [column for column in first if column not in part.columns]
        more = [column for column in part.columns if column not in first]
        if lacking or more:
            wrong = f"lacks {lacking[0]!r}" if lacking else f"has {more[0]!r} too"
            raise DataError(
                f"every id has the same columns, but {plain(key)!r} {wrong}, unlike {plain(ids[0])!r}; give each id all"
                " columns, or leave that one out"
            )
    return [part[first] for part in parts]


# Wide tables ---------------------------------------------------------------------------------------------------------


def _from_wide(table: pd.DataFrame, name: str, target: str, time: str | None, reading: WideReading) -> LongTable:
    """Stack the columns of a wide table; each id begins and ends with its own first and last value."""
    timed = by_time(table, time, reading.rule)
    wanted = [str(column) for column in reading.columns or ()]
    numeric = numeric_columns(timed.frame, wanted, reading.marks, reading.decimal).frame
    numeric = numeric[wanted] if wanted else numeric
    known = numeric.notna().to_numpy()
    empty = np.flatnonzero(~known.any(axis=0))
    if len(empty) > 0:
        raise DataError(
            f"every id needs values, got none in column {numeric.columns[empty[0]]!r} ({len(empty)} such columns);"
            " drop it"
        )
    order = np.argsort(timed.frame.index, kind="stable")
    known = known[order]
    inside = np.maximum.accumulate(known) & np.maximum.accumulate(known[::-1])[::-1]
    series, rows = np.nonzero(inside.T)
    times = timed.frame.index[order][rows]
    index = timed.frame.index
    label = str(index.name or time or ("row" if isinstance(index, pd.RangeIndex) else "time"))
    if len({name, target, label}) < 3:
        raise OptionError(f"ids, times and values have names of their own, got {name!r}, {label!r}, {target!r}")
    values = numeric.to_numpy()[order][rows, series]
    stacked = pd.DataFrame({name: numeric.columns.to_numpy()[series], label: times, target: values})
    stacked.attrs = dict(table.attrs)
    return LongTable(stacked, name, target, label, timed.dates)


def refuse_absent(long: LongTable, static: Sequence[str]) -> None:
    """Refuse a column of ids or a static column that does not exist, or that another option names too.

    Raises
    ------
    DataError
        There is no such column.
    OptionError
        A column has two meanings.
    """
    taken = {column: option for option, column in (("target", long.target), ("time", long.time)) if column is not None}
    for option, column in (("id", long.id), *(("static", each) for each in static)):
        if column not in long.table.columns:
            raise DataError(f"there is no column {column!r} for {option}=; {did_you_mean(column, long.table.columns)}")
        if column in taken:
            raise OptionError(f"{option}={column!r} and {taken[column]}={column!r} name the same column; change one")
        taken[column] = option
