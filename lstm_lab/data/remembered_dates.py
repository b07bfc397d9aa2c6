"""How a run's dates were read, for the rows that come after them: a few rows alone would have other readings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from lstm_lab.data.dates import DateRule, read_dates
from lstm_lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["remember", "remembered"]


def remember(table: pd.DataFrame, own: pd.DataFrame) -> None:
    """Note in a table of newer and older rows how the dates of the older ones were read, which `concat` forgets."""
    dates = own.attrs.get("lstm_lab", {}).get("dates")
    if dates:
        table.attrs["lstm_lab"] = {**table.attrs.get("lstm_lab", {}), "dates": dates}


def remembered(table: pd.DataFrame, how: Mapping[str, Any], own: pd.DataFrame) -> dict[str, Any]:
    """Give the options that read a table's dates as a run's own were read.

    Parameters
    ----------
    table
        Rows that come after the run's, not yet by time.
    how
        Options of the run as `lstm_lab.load` takes them.
    own
        The run's rows; their ``attrs`` tell how their dates were read.

    Returns
    -------
    dict
        `how` with ``time``, ``dayfirst`` and ``date_format`` of the run. A format that does not fit the table, because
        it is written another way, gives way to the order of day and month that the format has.
    """
    told = own.attrs.get("lstm_lab", {}).get("dates", {})
    column = str(told.get("column", "")).split(" + ")[0]
    if how["time"] is None and column in table.columns and isinstance(table.index, pd.RangeIndex):
        how = {**how, "time": column}
    date_format = how["date_format"] or (told.get("format") if told.get("given") else None)
    if date_format is None:
        dayfirst = told.get("dayfirst") if how["dayfirst"] is None else how["dayfirst"]
        return {**how, "dayfirst": dayfirst}
    if _fits(table, how["time"], date_format):
        return {**how, "date_format": date_format}
    return {**how, "date_format": None, "dayfirst": _dayfirst(date_format)}


def _fits(table: pd.DataFrame, time: str | None, date_format: str) -> bool:
    values = table[time] if time in table.columns else table.index.to_series()
    try:
        return read_dates(values.reset_index(drop=True), DateRule(date_format=date_format), time) is not None
    except LabError:
        return False


def _dayfirst(date_format: str) -> bool | None:
    day, month = date_format.find("%d"), date_format.find("%m")
    return None if min(day, month) < 0 else day < month
