"""Many series of any form as one long table, with the names of its columns; wide tables are stacked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.dates.times import by_time
from lstm_lab.data.sources.panel_forms import KNOWN_NAMES, WIDE, id_of
from lstm_lab.data.sources.source_tables import table_of
from lstm_lab.data.tables.numeric_columns import numeric_columns
from lstm_lab.errors import DataError, OptionError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lstm_lab.data.dates.reading import DateRule
    from lstm_lab.data.sources.source_tables import Source
    from lstm_lab.data.tables.numbers import Mark

__all__ = ["LongTable", "WideReading", "long_table", "refuse_absent"]


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


def long_table(
    source: Source,
    name: str | None,
    target: str | None,
    time: str | None,
    wide: WideReading,
    *,
    encoding: str | None = None,
    header: int | str | None = None,
    max_size: float | None = None,
) -> LongTable:
    """Convert many series of any form to one table with a row for each id and time.

    Parameters
    ----------
    source
        As `lstm_lab.data.sources.panel.read_panel` takes it.
    name, target, time
        Columns of ids, of the target and of times; None to find them.
    wide
        How a wide table is read.
    encoding, header, max_size
        Of a file.

    Raises
    ------
    DataError
        Ids without rows or with other columns, or no column of ids.
    """
    table = table_of(source, id=name, time=time, encoding=encoding, header=header, max_size=max_size)
    if name == WIDE and WIDE not in table.columns:
        label = source.columns.name if isinstance(source, pd.DataFrame) else None
        return _from_wide(table, str(label or "id"), target or "value", time, wide)
    known_id, known_time, known_target = KNOWN_NAMES
    if name is None:
        name = id_of(table) or known_id
    known = table.attrs.get("lstm_lab", {}).get("time")
    if time is None and known in table.columns:
        time = str(known)
    if name == known_id and time is None and known_time in table.columns:
        time = known_time
    if name == known_id and target is None and known_target in table.columns:
        target = known_target
    if name not in table.columns and table.index.name == name:
        table = table.reset_index()
    return LongTable(table, name, target, time)


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
