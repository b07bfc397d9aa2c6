"""Forms of many series beside one table: rows of two levels, and dicts of tables by id, brought to a long table.

A long table has a row for each id and time, and its ``attrs`` say which columns these are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.sources.panel_checks import refuse_odd_ids
from lstm_lab.data.tables.frames import as_frame, is_table
from lstm_lab.data.tables.row_labels import plain
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KNOWN_NAMES", "WIDE", "id_of", "is_panel", "stacked"]

WIDE = "columns"
"""``id="columns"``: every column of the table is a series, and its name the id."""
KNOWN_NAMES = ("unique_id", "ds", "y")
"""Columns of ids, times and the target as Nixtla's libraries and their data sets call them."""


def is_panel(source: Any) -> bool:
    """Return whether a source has many series by its form alone.

    It has where its rows have two levels, it is a dict of tables by id, it was loaded with `id`, or it has
    ``unique_id`` beside ``ds``. A dict of Series is none: they are the columns of one table, unless `id` is given.
    """
    if isinstance(source, pd.DataFrame | pd.Series) and isinstance(source.index, pd.MultiIndex):
        return True
    if isinstance(source, Mapping):
        return _is_by_id(source, None)
    return isinstance(source, pd.DataFrame) and id_of(source) is not None


def id_of(table: pd.DataFrame) -> str | None:
    """Return the column of ids that a table is known by: as it was loaded, or ``unique_id`` of several series."""
    known = table.attrs.get("lstm_lab", {}).get("id")
    if known is not None and known in table.columns:
        return str(known)
    named = {*KNOWN_NAMES[:2]} <= {*table.columns} and len(table[KNOWN_NAMES[0]].unique()) > 1
    return KNOWN_NAMES[0] if named else None


def stacked(source: Any, name: str | None, time: str | None) -> pd.DataFrame | None:
    """Convert rows of two levels, or a dict of tables by id, to a long table; None for any other form.

    Parameters
    ----------
    source
        Anything.
    name, time
        The columns of ids and times, as far as the caller names them.

    Returns
    -------
    pandas.DataFrame or None
        ``attrs["lstm_lab"]`` tells in ``id`` and ``time`` which columns the ids and times are in.

    Raises
    ------
    DataError
        Ids without rows, or with other columns.
    """
    if isinstance(source, pd.DataFrame | pd.Series) and isinstance(source.index, pd.MultiIndex):
        return _from_levels(source, name, time)
    if isinstance(source, Mapping) and _is_by_id(source, name):
        return _from_tables(source, name or "id", time)
    return None


# Rows of two levels --------------------------------------------------------------------------------------------------


def _from_levels(source: pd.DataFrame | pd.Series[Any], name: str | None, time: str | None) -> pd.DataFrame:
    """Move the levels of the rows into columns; the first level holds the ids unless `name` is another."""
    levels = [None if level is None else str(level) for level in source.index.names]
    if levels[0] is None and name not in levels:
        levels[0] = name or "id"
    if levels[-1] is None:
        levels[-1] = time or "time"
    names = [level or f"level {number}" for number, level in enumerate(levels)]
    frame = source.to_frame(source.name or "value") if isinstance(source, pd.Series) else source
    again = next((each for number, each in enumerate(names) if each in names[:number]), None)
    if again is not None:
        raise DataError(
            f"levels of the rows have names of their own, got {again!r} twice; rename one, for example with"
            " .rename_axis(['id', 'time'])"
        )
    twice = next((each for each in names if each in frame.columns), None)
    if twice is not None:
        raise DataError(f"a name is of a level of the rows or of a column, got {twice!r} for both; rename one")
    table = as_frame(frame.set_axis(source.index.set_names(names), axis=0).reset_index())
    rest = [level for level in names if level != (name or names[0])]
    times = {"time": time or rest[0]} if len(names) == 2 and len(rest) == 1 else {}
    before = source.attrs.get("lstm_lab", {})
    table.attrs = {**source.attrs, "lstm_lab": {**before, "id": name or names[0], **times}}
    return table


# Tables by id --------------------------------------------------------------------------------------------------------


def _is_by_id(source: Mapping[Any, Any], name: str | None) -> bool:
    """Return whether a dict holds tables by id and not columns; Series are tables where the caller names the ids."""
    if len(source) == 0 or name == WIDE or name in source:
        return False
    return all(
        (name is not None and isinstance(value, pd.Series)) or (is_table(value) and hasattr(value, "columns"))
        for value in source.values()
    )


def _from_tables(source: Mapping[Any, Any], name: str, time: str | None) -> pd.DataFrame:
    """Put the tables of a dict below each other, with their ids in a column."""
    parts = [value if isinstance(value, pd.DataFrame) else _one_table(value) for value in source.values()]
    ids = list(source)
    refuse_odd_ids(ids)
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
    long = table.assign(**{name: column})
    if time is not None and time not in long.columns and long.index.name is None:
        long = long.rename_axis(index=time)
    long.attrs = {"lstm_lab": {"id": name}}
    return long


def _one_table(value: Any) -> pd.DataFrame:
    """Convert a Series or a frame of another library; the values of a Series are called so in every id."""
    return value.to_frame("value") if isinstance(value, pd.Series) else as_frame(value)


def _alike(ids: Sequence[Any], parts: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Reorder the columns of tables alike, and refuse an id that has others."""
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
