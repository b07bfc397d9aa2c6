"""The reading of a run's dates, applied to newer rows: a few rows alone could be read in other ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from lstm_lab.data.dates.dates import read_dates
from lstm_lab.data.dates.reading import DateRule
from lstm_lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["remember", "remembered"]


def remember(table: pd.DataFrame, own: pd.DataFrame) -> None:
    """Copy into a joined table's ``attrs`` how the dates of the older rows were read, which `concat` drops."""
    dates = own.attrs.get("lstm_lab", {}).get("dates")
    if dates:
        table.attrs["lstm_lab"] = {**table.attrs.get("lstm_lab", {}), "dates": dates}


def remembered(table: pd.DataFrame, load_options: Mapping[str, Any], own: pd.DataFrame) -> dict[str, Any]:
    """Return the options that read a table's dates as a run's own were read.

    Parameters
    ----------
    table
        Rows that come after the run's, not yet by time.
    load_options
        Options of the run as `lstm_lab.load` takes them.
    own
        The run's rows; their ``attrs`` tell how their dates were read.

    Returns
    -------
    dict
        `load_options` with ``time``, ``dayfirst`` and ``date_format`` of the run. A format that does not fit the table,
        because it is written another way, gives way to the order of day and month that the format has.
    """
    own_dates = own.attrs.get("lstm_lab", {}).get("dates", {})
    column = str(own_dates.get("column", "")).split(" + ")[0]
    if load_options["time"] is None and column in table.columns and isinstance(table.index, pd.RangeIndex):
        load_options = {**load_options, "time": column}
    date_format = load_options["date_format"] or (own_dates.get("format") if own_dates.get("given") else None)
    if date_format is None:
        dayfirst = own_dates.get("dayfirst") if load_options["dayfirst"] is None else load_options["dayfirst"]
        return {**load_options, "dayfirst": dayfirst}
    if _fits(table, load_options["time"], date_format):
        return {**load_options, "date_format": date_format}
    return {**load_options, "date_format": None, "dayfirst": _dayfirst(date_format)}


def _fits(table: pd.DataFrame, time: str | None, date_format: str) -> bool:
    values = table[time] if time in table.columns else table.index.to_series()
    try:
        return read_dates(values.reset_index(drop=True), DateRule(date_format=date_format), time) is not None
    except LabError:
        return False


def _dayfirst(date_format: str) -> bool | None:
    day, month = date_format.find("%d"), date_format.find("%m")
    return None if min(day, month) < 0 else day < month
