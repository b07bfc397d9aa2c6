"""Files and frames in, one validated frame out: numeric columns by sorted, unique times.

Nothing is guessed that could be wrong: text, missing values and repeated times are refused in one line that names the
first of them, unless the caller said what to do. The caller's own frame is never touched.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from lstm_lab.data.files import THOUSANDS, read_file
from lstm_lab.data.time_index import future_index, segments
from lstm_lab.errors import DataError, OptionError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["EXAMPLES", "Example", "example", "future_index", "load", "segments", "target_column"]

Missing: TypeAlias = Literal["error", "interpolate", "ffill", "drop"]
MISSING = ("error", "interpolate", "ffill", "drop")
TIME_NAMES = ("time", "date", "datetime", "timestamp", "ds")
"""Names, in any case, by which a column of times is recognised."""
LOOKS_DATED = re.compile(r"\d{4}|\d+[-/. ]\d+[-/. ]\d+|\d+\W*[A-Za-z]{3,}\W*\d+")
"""A date has a year; pandas alone would read the text 'May' or '10:30' as a day of this week."""


def load(
    source: str | PathLike[str] | pd.DataFrame | pd.Series[Any],
    *,
    target: str | None = None,
    time: str | None = None,
    missing: Missing = "error",
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Load and validate a table of series; loading what was loaded changes nothing.

    Parameters
    ----------
    source
        A CSV, Parquet or Feather file (compressed too), a DataFrame or a Series. A DataFrame is not changed.
    target
        Column to forecast, which must be numeric.
    time
        Column of times, or the index's name. Without it: the index if it holds times or numbers of its own; else the
        one column of datetime type; else the one column that is called time, date, datetime, timestamp or ds; else
        the one column of text that is all dates; else rows are only counted. Dates are read as ISO or month first,
        and day first only if that fails for some row. Time zones are kept; offsets that change with the clocks are
        brought to UTC.
    missing
        What to do with missing or infinite values in the columns used: ``error`` refuses them; ``interpolate`` draws
        a line over time between the neighbours; ``ffill`` repeats the last value; ``drop`` drops the row. Rows that
        have no value to fill from, at the start or for ``interpolate`` also at the end, are dropped.
    columns
        Columns that are used beside the target, and so must be numeric and complete. Without it and without a target,
        every numeric column is used.

    Returns
    -------
    pandas.DataFrame
        float64 columns by sorted, unique times. ``frame.attrs["lstm_lab"]`` tells the source, the columns that were
        dropped because they are not numeric, and how many values were filled and rows dropped.

    Raises
    ------
    DataError
        Anything that cannot be used as it is: one line with the first place and the remedy.

    Examples
    --------
    >>> prices = pd.DataFrame({"date": ["2024-01-02", "2024-01-01"], "close": [2.0, 1.0]})
    >>> load(prices).close.tolist()
    [1.0, 2.0]
    """
    if missing not in MISSING:
        raise OptionError(f"missing is one of {', '.join(MISSING)}, got {missing!r}; {did_you_mean(missing, MISSING)}")
    raw, origin = _taken(source)
    timed = _sorted(_by_time(raw, time))
    wanted = [*([target] if target is not None else []), *(columns or ())]
    numeric, dropped = _numeric(timed, wanted)
    named = target is not None or columns is not None
    used = list(dict.fromkeys(wanted)) if named else [str(name) for name in numeric.columns]
    complete, filled = _completed(numeric, used, missing)
    if len(complete) == 0:
        raise DataError(f"a series needs rows, got none of {len(raw)} after missing={missing!r}; check the data")
    before = raw.attrs.get("lstm_lab", {})
    complete.attrs = dict(raw.attrs)
    complete.attrs["lstm_lab"] = {
        "source": before.get("source", origin),
        "dropped_columns": [*before.get("dropped_columns", []), *dropped],
        "filled_values": before.get("filled_values", 0) + filled,
        "dropped_rows": before.get("dropped_rows", 0) + len(raw) - len(complete),
    }
    return complete


def _taken(source: Any) -> tuple[pd.DataFrame, str]:
    """Take a source as a frame with text for column names, and say where it is from."""
    if isinstance(source, pd.Series):
        frame, origin = source.to_frame("value" if source.name is None else source.name), "Series"
        frame.attrs = dict(source.attrs)
    elif isinstance(source, pd.DataFrame):
        frame, origin = source, "DataFrame"
    elif isinstance(source, str | PathLike):
        frame, origin = read_file(Path(source).expanduser()), Path(source).name
    else:
        raise DataError(
            f"data is a file, a DataFrame or a Series, got {type(source).__name__}; convert it to a DataFrame"
        )
    if isinstance(frame.columns, pd.MultiIndex) or isinstance(frame.index, pd.MultiIndex):
        raise DataError("a frame has one level of columns and rows, got several; use reset_index or droplevel")
    if len(frame) == 0:
        raise DataError(f"a series needs rows, got an empty {type(source).__name__}; check what was selected")
    named = frame.set_axis([str(name).strip() for name in frame.columns], axis=1)
    twice = named.columns[named.columns.duplicated()]
    if len(twice) > 0:
        raise DataError(f"column names are unique, got {twice[0]!r} more than once; rename one")
    return named, origin


def _by_time(frame: pd.DataFrame, time: str | None) -> pd.DataFrame:
    """Move the times into the index."""
    if time is not None and time not in frame.columns and time != frame.index.name:
        raise DataError(f"there is no column {time!r} to take times from; {did_you_mean(time, frame.columns)}")
    column = time if time in frame.columns else None
    if time is None and isinstance(frame.index, pd.RangeIndex):
        column = _time_column(frame)
    if column is not None:
        frame = frame.set_index(column)
    return frame.set_axis(_as_times(frame.index), axis=0)


def _time_column(frame: pd.DataFrame) -> str | None:
    """Find the one column of times by type, by name, then by content; None where none or several qualify."""
    dates = [name for name in frame.columns if pd.api.types.is_datetime64_any_dtype(frame[name].dtype)]
    called = [name for name in frame.columns if name.lower() in TIME_NAMES]
    if not dates and not called:
        texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name].dtype)]
        called = [name for name in texts if _parsed(frame[name]) is not None]
    found = dates or called
    return str(found[0]) if len(found) == 1 else None


def _as_times(index: pd.Index) -> pd.Index:
    """Read an index as times if it is text; keep times and numbers."""
    if isinstance(index, pd.PeriodIndex):
        return index.to_timestamp()
    if not isinstance(index, pd.DatetimeIndex) and not pd.api.types.is_numeric_dtype(index.dtype):
        values = index.to_series().reset_index(drop=True)
        parsed = _parsed(values)
        if parsed is None:
            raise DataError(_no_times(values, index.name))
        index = pd.DatetimeIndex(parsed, name=index.name)
    missing = np.flatnonzero(index.isna())
    if len(missing) > 0:
        raise DataError(f"every row needs a time, got none in row {missing[0]} ({len(missing)} such rows); drop them")
    return index


def _parsed(values: pd.Series[Any]) -> pd.Series[pd.Timestamp] | None:
    """Read text as times; None if any row is not one."""
    if not values.dropna().astype(str).str.contains(LOOKS_DATED).all():
        return None
    with warnings.catch_warnings():
        # pandas warns that it tries each row on its own; that is what is wanted.
        warnings.simplefilter("ignore")
        for dayfirst in (False, True):
            for utc in (False, True):
                try:
                    times = pd.to_datetime(values, errors="raise", dayfirst=dayfirst, utc=utc)
                except (ValueError, TypeError, OverflowError):
                    continue
                if pd.api.types.is_datetime64_any_dtype(times.dtype):
                    return times
    return None


def _no_times(values: pd.Series[Any], name: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        unread = pd.to_datetime(values, errors="coerce", utc=True).isna() | ~values.astype(str).str.contains(
            LOOKS_DATED
        )
    bad = np.flatnonzero(unread)
    row = int(bad[0]) if len(bad) > 0 else 0
    place = "the index" if name is None else repr(name)
    return (
        f"times must be dates or numbers, got {values.iloc[row]!r} in {place}, row {row} "
        f"({max(1, len(bad))} such rows); write them as 2024-12-31 or 2024-12-31 18:00, or name the column with time="
    )


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    ordered = frame if frame.index.is_monotonic_increasing else frame.sort_index(kind="stable")
    again = np.flatnonzero(ordered.index.duplicated())
    if len(again) > 0:
        raise DataError(
            f"times must be unique, got {ordered.index[again[0]]} more than once ({len(again)} repeated rows); "
            "drop or average them, and give local times their UTC offset where the clocks go back"
        )
    return ordered


def _numeric(frame: pd.DataFrame, wanted: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """Keep the numeric columns as float64, and name the others."""
    for name in wanted:
        if name == frame.index.name and name not in frame.columns:
            raise DataError(f"{name!r} holds the times; {did_you_mean('', [str(n) for n in frame.columns])}")
        if name not in frame.columns:
            raise DataError(f"there is no column {name!r}; {did_you_mean(name, [str(n) for n in frame.columns])}")
    kept: dict[str, np.ndarray] = {}
    dropped: list[str] = []
    for name in frame.columns:
        values = _numbers(frame[name])
        if values is not None:
            kept[str(name)] = values
        elif name in wanted:
            raise DataError(_text(frame[name]))
        else:
            dropped.append(str(name))
    if not kept:
        raise DataError(f"a series needs a numeric column, got only {', '.join(map(repr, dropped))}; check the file")
    return pd.DataFrame(kept, index=frame.index), dropped


def _numbers(column: pd.Series[Any]) -> np.ndarray | None:
    """Give a column as float64, None if it holds anything but numbers and missing values."""
    kind = column.dtype
    if pd.api.types.is_datetime64_any_dtype(kind) or pd.api.types.is_timedelta64_dtype(kind):
        return None
    try:
        if not pd.api.types.is_numeric_dtype(kind):
            column = pd.to_numeric(column)
        return np.array(column.to_numpy(dtype=np.float64, na_value=np.nan))
    except (ValueError, TypeError):
        return None


def _text(column: pd.Series[Any]) -> str:
    bad = np.flatnonzero((pd.to_numeric(column, errors="coerce").isna() & column.notna()).to_numpy())
    first = int(bad[0]) if len(bad) > 0 else 0
    return (
        f"{column.name!r} must hold numbers, got {column.iloc[first]!r} at {column.index[first]} "
        f"({max(1, len(bad))} such rows); read the file with pandas.read_csv(..., {_way(column.iloc[bad])}) and pass"
        " the frame"
    )


def _way(texts: pd.Series[Any]) -> str:
    """Say how pandas would read texts as numbers: 1.234,5 and 50,13 have a decimal comma, 1,234.5 has thousands."""
    written = texts.astype(str).str.strip()
    numbers = written.str.fullmatch(r"[-+]?[\d.,]*\d[\d.,]*")
    if written[numbers].str.fullmatch(THOUSANDS).all():
        ways = ["thousands=',' or decimal=','"]
    elif written[numbers].str.fullmatch(THOUSANDS + r"(\.\d*)?").all():
        ways = ["thousands=','"]
    else:
        ways = ["thousands='.', decimal=','"]
    if not numbers.all():
        ways = [*(ways if numbers.any() else []), f"na_values=[{written[~numbers].iloc[0]!r}]"]
    return ", ".join(ways)


def _completed(frame: pd.DataFrame, used: Sequence[str], missing: Missing) -> tuple[pd.DataFrame, int]:
    """Deal with missing and infinite values in the used columns; say how many were filled."""
    absent = ~np.isfinite(frame[list(used)].to_numpy())
    if not absent.any():
        return frame, 0
    if missing == "error":
        row, place = np.argwhere(absent)[0]
        value = frame[used[place]].iloc[row]
        raise DataError(
            f"{used[place]!r} must have a finite value in every row, got {value} at {frame.index[row]} "
            f"({int(absent[:, place].sum())} such rows); set missing= to interpolate, ffill or drop"
        )
    out = frame.copy()
    holes = out[list(used)].mask(absent)
    if missing == "ffill":
        holes = holes.ffill()
    elif missing == "interpolate":
        holes = holes.interpolate(method="index", limit_area="inside")
    out[list(used)] = holes
    kept = holes.notna().all(axis=1).to_numpy()
    return out.loc[kept], int((absent[kept]).sum())


def target_column(frame: pd.DataFrame, target: str | None = None) -> str:
    """Find the column to forecast.

    Parameters
    ----------
    frame
        As `load` gives it.
    target
        Its name; may be left out if only one column is numeric.

    Returns
    -------
    str
        The name.

    Raises
    ------
    DataError
        No such numeric column, or several to choose from.
    """
    names = [str(name) for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name].dtype)]
    if target is None and len(names) == 1:
        return names[0]
    if target is None:
        raise DataError(f"target must be named where several columns are numeric; {did_you_mean('', names)}")
    if target not in names:
        raise DataError(f"there is no numeric column {target!r}; {did_you_mean(target, names)}")
    return target


@dataclass(frozen=True, slots=True)
class Example:
    """A real series in the public domain that comes with the package."""

    name: str
    title: str
    unit: str
    target: str
    period: str
    provenance: str
    missing: Missing = "error"
    """How `example` fills what the bundled file leaves open."""


EXAMPLES: Mapping[str, Example] = MappingProxyType(
    {
        one.name: one
        for one in (
            Example(
                "temperature",
                "Hourly air temperature, humidity and pressure, Greensboro, North Carolina",
                "°C",
                "temperature",
                "a typical year, shown as 2001",
                "NREL TMY3 station 723170 (US Government work), from 723170TYA.CSV as carried by pvlib",
            ),
            Example(
                "co2",
                "Weekly carbon dioxide at Mauna Loa, Hawaii",
                "ppm",
                "co2",
                "March 1958 to December 2001",
                "Keeling and Whorf, Scripps Institution of Oceanography, CDIAC, as in statsmodels (public domain)",
                missing="interpolate",
            ),
            Example(
                "oil",
                "Daily spot price of West Texas Intermediate crude oil",
                "US dollars per barrel",
                "price",
                "January 1986 to January 2019",
                "US Energy Information Administration through FRED, series DCOILWTICO (public domain), as in arch",
            ),
        )
    }
)


def example(name: str) -> pd.DataFrame:
    """Load a bundled series; no network is used.

    Parameters
    ----------
    name
        ``temperature``, ``co2`` or ``oil``.

    Returns
    -------
    pandas.DataFrame
        Complete, by time. The 59 weeks without a measurement of ``co2`` are interpolated, and
        ``frame.attrs["lstm_lab"]`` says so.

    Raises
    ------
    DataError
        There is no such example.

    Examples
    --------
    >>> example("oil")["price"].tail(1).tolist()
    [46.92]
    """
    if name not in EXAMPLES:
        raise DataError(f"there is no example {name!r}; {did_you_mean(name, EXAMPLES)}")
    path = Path(__file__).parent / "examples" / f"{name}.csv.gz"
    return load(path, target=EXAMPLES[name].target, missing=EXAMPLES[name].missing)
