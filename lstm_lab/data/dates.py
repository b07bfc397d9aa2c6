"""Dates of a whole column, read by one format: day first, month first or year first, never row by row.

Where a column may be read in two ways, the reading that gives even steps in the order of the rows is taken, and says
so; where that does not decide, the column is refused with both readings of a row and the option that decides.
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.calendar_fields import full_years, latest_year, times_of
from lstm_lab.data.date_layouts import Fields, fields_of, group_layouts, orders_of
from lstm_lab.data.date_numbers import read_numbers
from lstm_lab.data.given_format import read_given
from lstm_lab.data.time_index import uneven_steps
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["AmbiguousDatesError", "DateRule", "Reading", "UnfitDatesError", "read_dates", "unread_dates"]

EVEN = 0.05
"""Share of uneven steps, at most, of times that are even."""
ENOUGH = 4
"""Steps from which their order is no accident: it is one in 60 times."""
_COMPACT = ((1_011_600, 31_122_400, 8), (101, 991_231, 6))
"""Lowest and highest number that may be a date without separators, and its digits."""
SAMPLE = 400
"""Rows that are looked at before the whole column is."""
PLAUSIBLE = (1600, 2400)
"""Years of dates that are written without separators."""
LOOKS_DATED = re.compile(r"\d{4}|\d+[-/. ]\d+[-/. ]\d+|\d+\W*[A-Za-z]{3,}\W*\d+")
"""A date has a year; pandas alone would read the text 'May' or '10:30' as a day of this week."""
SECOND_CHOICE = ("ydm", "compact dmy", "compact mdy", "compact ymd")
"""Orders that count only where no other fits."""
DAY_FIRST = {"dmy": True, "compact dmy": True, "mdy": False, "compact mdy": False}
ORDER_NAMES = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
ORDER_NAMES |= {f"compact {order}": words for order, words in ORDER_NAMES.items()}


class AmbiguousDatesError(DataError):
    """Dates that can be read in two ways, both of them plausible."""


class UnfitDatesError(DataError):
    """Dates that are not written in the order that was asked for."""


@dataclass(frozen=True, slots=True)
class DateRule:
    """What the caller says about the dates."""

    dayfirst: bool | None = None
    date_format: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A column of dates, read."""

    times: pd.DatetimeIndex
    """(rows,), NaT where the column has no value."""
    format: str
    """How they are written, as `strptime` spells it, or a word such as ``unix``."""
    dayfirst: bool | None = None
    """Which of day and month is first, where the text leaves that open."""
    note: str = ""
    """Why another reading that fits was not taken."""
    weak: bool = False
    """Other things are written like this: it counts for a column of that name, or where the steps are even."""

    @property
    def regular(self) -> bool:
        """Whether the times rise or fall row by row, in even steps."""
        regularity = _regularity(self.times)
        return regularity.steps > 1 and regularity.ordered and regularity.even


def read_dates(column: pd.Series[Any], rule: DateRule, name: object = None, *, dated: bool = True) -> Reading | None:
    """Read a column of dates.

    Parameters
    ----------
    column
        Text, numbers, or objects of date types.
    rule
        What the caller says about them.
    name
        What messages call the column; None for the index.
    dated
        The column is called a date, or was named as the times. Numbers and weak layouts need that or even steps.

    Returns
    -------
    Reading or None
        None where some row is no date.

    Raises
    ------
    AmbiguousDatesError
        Two readings fit, and the steps do not decide.
    DataError
        ``dayfirst`` or ``date_format`` does not fit every row.

    Examples
    --------
    >>> months = pd.Series(["01/01/2015", "01/02/2015", "01/03/2015", "01/12/2015", "01/01/2016"])
    >>> read_dates(months, DateRule(dayfirst=True)).times.month.tolist()
    [1, 2, 3, 12, 1]
    """
    present = column.notna().to_numpy()
    values = column[present]
    if len(values) == 0:
        return None
    reading = _read(values, rule, "the index" if name is None else repr(name), dated=dated)
    if reading is None or present.all():
        return reading
    times = pd.Series(pd.NaT, index=range(len(column)), dtype=reading.times.dtype)
    times[present] = reading.times
    return Reading(pd.DatetimeIndex(times), reading.format, reading.dayfirst, reading.note, reading.weak)


def _read(values: pd.Series[Any], rule: DateRule, where: str, *, dated: bool) -> Reading | None:
    kind = values.dtype
    if isinstance(kind, pd.PeriodDtype):
        return Reading(pd.DatetimeIndex(values.dt.to_timestamp()), "periods")
    if pd.api.types.is_bool_dtype(kind):
        return None
    if rule.date_format is not None:
        times = read_given(values, rule.date_format, where)
        return None if times is None else Reading(times, rule.date_format)
    if pd.api.types.is_numeric_dtype(kind):
        numbers = values.to_numpy(dtype=np.float64)
        reading = _numbered(numbers, values, dated=dated)
        return reading if reading is not None or not dated else _padded(numbers, rule, where)
    objects = _objects(values)
    if objects is not None:
        return Reading(objects, "dates")
    plain = pd.api.types.infer_dtype(values) == "string"
    texts = values.to_numpy(dtype=object) if plain else np.array([str(value) for value in values], dtype=object)
    return _texts(texts, rule, where) or _read_by_pandas(texts, where, rule)


def _numbered(numbers: NDArray[np.float64], values: pd.Series[Any], *, dated: bool) -> Reading | None:
    integers = values.to_numpy(dtype=np.int64) if pd.api.types.is_integer_dtype(values.dtype) else None
    for format_, times, weak in read_numbers(numbers, integers):
        reading = Reading(pd.DatetimeIndex(times), format_, weak=True)
        # Without a name that says so, numbers are dates where their steps are even as times, and not as numbers.
        steps = np.diff(numbers)
        if dated or (not weak and reading.regular and len(steps) > 2 and len(np.unique(steps)) > 1):
            return reading
    return None


def _padded(numbers: NDArray[np.float64], rule: DateRule, where: str) -> Reading | None:
    """Read numbers of a column of dates as 31012024 or 240131, with the zero in front that a number has lost."""
    if not np.isfinite(numbers).all() or (numbers != np.floor(numbers)).any():
        return None
    width = next((width for low, high, width in _COMPACT if low <= numbers.min() and numbers.max() <= high), None)
    if width is None:
        return None
    texts = np.array([f"{number:0{width}d}" for number in numbers.astype(np.int64)], dtype=object)
    reading = _texts(texts, rule, where)
    # Six digits are much else too: they are dates where they step evenly as dates, and not as numbers.
    sure = width == 8 or (reading is not None and reading.regular and len(np.unique(np.diff(numbers))) > 1)
    return reading if sure else None


def _objects(values: pd.Series[Any]) -> pd.DatetimeIndex | None:
    """Convert date objects to times; None for anything else."""
    if not isinstance(values.iloc[0], dt.date | np.datetime64 | pd.Period):
        return None
    plain = [value.to_timestamp() if isinstance(value, pd.Period) else value for value in values]
    for utc in (False, True):
        try:
            return pd.DatetimeIndex(pd.to_datetime(pd.Series(plain), utc=utc))
        except (ValueError, TypeError, OverflowError):
            continue
    return None


# Text ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """One order of year, month and day that fits every row."""

    order: str
    times: pd.DatetimeIndex
    fields: Fields
    """Of the first row."""


def _texts(texts: NDArray[np.object_], rule: DateRule, where: str) -> Reading | None:
    if len(texts) > 2 * SAMPLE:
        some = np.unique(np.concatenate([np.arange(SAMPLE), np.linspace(0, len(texts) - 1, SAMPLE).astype(int)]))
        if not _candidates(texts[some]):
            return None
    fitting = _candidates(texts)
    if not fitting:
        return None
    if rule.dayfirst is not None:
        fitting = _allowed_by(fitting, texts, where, dayfirst=rule.dayfirst)
    best, note = _most_regular(fitting, texts, where)
    dayfirst = None if "b" in best.fields.shape else DAY_FIRST.get(best.order)
    return Reading(best.times, best.fields.written, dayfirst, note, _is_weak(best))


def _is_weak(candidate: _Candidate) -> bool:
    """Return whether other things than dates are written in this layout: 01.2010, 20240131, Jan-92."""
    shape = candidate.fields.shape
    if "b" in shape:
        return shape.endswith("y2") and candidate.order == "my"
    separated = re.fullmatch(r"[a-z0-9]+", shape) is None
    return (candidate.order in {"my", "ym"} and shape != "y4-m") or (candidate.order in DAY_FIRST and not separated)


def _candidates(texts: NDArray[np.object_]) -> list[_Candidate]:
    """Read texts in every order that fits all of them."""
    grouped = group_layouts(texts)
    if grouped is None:
        return []
    layouts, layout_of_row, codes = grouped
    per_layout = [orders_of(layout) for layout in layouts]
    shared = [order for order in per_layout[0] if all(order in orders for orders in per_layout)]
    fitting: list[_Candidate] = []
    for order in shared:
        if order in SECOND_CHOICE and any(candidate.order not in SECOND_CHOICE for candidate in fitting):
            break
        fields = [orders[order] for orders in per_layout]
        alike = len({(layout.shape, layout.zoned) for layout in fields}) == 1
        times = _in_century(fields, layout_of_row, codes) if alike else None
        if times is not None and not any(times.equals(other.times) for other in fitting):
            fitting.append(_Candidate(order, times, fields[0]))
    return fitting


def _in_century(fields: list[Fields], layout_of_row: NDArray[np.int64], codes: NDArray[Any]) -> pd.DatetimeIndex | None:
    """Parse texts in one order; years of two digits far ahead are taken as past, unless rows only rise otherwise."""
    times = _parsed(fields, layout_of_row, codes)
    latest = latest_year()
    if times is None or "y2" not in fields[0].shape or int(times.year.max()) <= latest:
        return times
    past = _parsed(fields, layout_of_row, codes, latest)
    return past if past is None or past.is_monotonic_increasing or not times.is_monotonic_increasing else times


def _parsed(
    fields: list[Fields], layout_of_row: NDArray[np.int64], codes: NDArray[Any], latest: int | None = None
) -> pd.DatetimeIndex | None:
    """Parse texts in one order of year, month and day; None where some row is then no date."""
    parts: list[NDArray[np.datetime64]] = []
    offsets = np.zeros(len(layout_of_row), dtype=np.int64)
    for layout_number, layout in enumerate(fields):
        rows = slice(None) if len(fields) == 1 else layout_of_row == layout_number
        values = fields_of(codes[:, rows], layout.spans)
        start, end = layout.spans["y"]
        if end - start == 2:
            values["y"] = full_years(values["y"], latest)
        elif re.fullmatch(r"[a-zA-Z0-9]+", layout.shape) and not _is_plausible(values["y"]):
            return None
        if layout.month is not None:
            values["m"] = np.full(len(values["y"]), layout.month)
        if layout.zoned:
            zone = layout.sign * (60 * values.pop("zh", np.zeros(1, dtype=np.int64)) + values.pop("zm", 0))
            if np.abs(zone).max() >= 24 * 60:
                return None
            values["zone"] = np.broadcast_to(zone, values["y"].shape)
            offsets[rows] = values["zone"]
        times = times_of(values, afternoon=layout.afternoon)
        if np.isnat(times).any():
            return None
        parts.append(times)
    unit = "us" if all(part.dtype == "M8[us]" for part in parts) else "ns"
    out = np.empty(len(layout_of_row), dtype=f"M8[{unit}]")
    for layout_number, part in enumerate(parts):
        out[slice(None) if len(fields) == 1 else layout_of_row == layout_number] = part
    index = pd.DatetimeIndex(out)
    if not fields[0].zoned:
        return index
    index = index.tz_localize("UTC")
    fixed = int(offsets[0])
    same = fixed != 0 and bool((offsets == fixed).all())
    return index.tz_convert(dt.timezone(dt.timedelta(minutes=fixed))) if same else index


def _is_plausible(years: NDArray[np.int64]) -> bool:
    return bool(((years >= PLAUSIBLE[0]) & (years <= PLAUSIBLE[1])).all())


def _allowed_by(
    fitting: list[_Candidate], texts: NDArray[np.object_], where: str, *, dayfirst: bool
) -> list[_Candidate]:
    """Keep the readings that ``dayfirst`` allows."""
    allowed = [
        candidate
        for candidate in fitting
        if DAY_FIRST.get(candidate.order, dayfirst) is dayfirst or "b" in candidate.fields.shape
    ]
    proven = [candidate for candidate in allowed if candidate.order in DAY_FIRST]
    if allowed:
        return proven or allowed
    row = next(row for row, text in enumerate(texts) if _contradicts_dayfirst(text, dayfirst=dayfirst))
    raise UnfitDatesError(
        f"dayfirst={dayfirst} must fit every date, but {texts[row].strip()!r} in {where}, row {row}, has no month"
        f" {'in the middle' if dayfirst else 'in front'}; set dayfirst={not dayfirst}, or leave it out"
    )


def _contradicts_dayfirst(text: str, *, dayfirst: bool) -> bool:
    return not any(
        DAY_FIRST.get(candidate.order) is dayfirst for candidate in _candidates(np.array([text], dtype=object))
    )


# Which of several readings -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Regularity:
    """How regular times are."""

    ordered: bool
    """They rise or fall in the order of the rows."""
    uneven: int
    """Steps between different times that are not the usual one."""
    steps: int
    isolated: bool
    """They lie months or years apart, on a day within a month: rare, where other readings have them closer."""

    @property
    def even(self) -> bool:
        return self.uneven <= EVEN * self.steps


def _regularity(times: pd.DatetimeIndex) -> _Regularity:
    unique = times.unique()
    steps = np.diff(unique.asi8)
    ordered = bool((steps > 0).all() or (steps < 0).all())
    rising = unique.sort_values()
    uneven = int(uneven_steps(rising).sum()) if len(rising) > 1 else 0
    apart = len(rising) > 1 and bool(np.median(np.diff(rising)) >= np.timedelta64(28, "D"))
    within = not bool((rising.is_month_start | rising.is_month_end).all())
    return _Regularity(ordered, uneven, len(unique) - 1, apart and within)


def _most_regular(fitting: list[_Candidate], texts: NDArray[np.object_], where: str) -> tuple[_Candidate, str]:
    """Choose the reading whose steps are even, or refuse."""
    if len(fitting) == 1:
        return fitting[0], ""
    regularity = {candidate.order: _regularity(candidate.times) for candidate in fitting}
    for candidate in fitting:
        others = [other for other in fitting if other is not candidate]
        own = regularity[candidate.order]
        reasons = [
            _advantage(own, regularity[other.order], by_year=_differ_in_year(candidate, other))
            or _convention(candidate, other)
            for other in others
        ]
        if any(_advantage(regularity[other.order], own, by_year=_differ_in_year(candidate, other)) for other in others):
            continue
        if all(reasons):
            rest = " or ".join(_order_name(other) for other in others)
            return (
                candidate,
                f"{_order_name(candidate)} ({candidate.fields.written}), because {reasons[0]}; {rest} fits too",
            )
    raise AmbiguousDatesError(_ambiguity(fitting, texts, where))


def _differ_in_year(candidate: _Candidate, other: _Candidate) -> bool:
    """Return whether two readings differ in where the year is, not only in day and month."""
    return not {candidate.order, other.order} <= DAY_FIRST.keys()


def _advantage(own: _Regularity, other: _Regularity, *, by_year: bool) -> str:
    """Return why one reading beats another; nothing where it does not."""
    if own.ordered >= other.ordered and own.even and other.uneven > 2 * own.uneven:
        return "its steps are even"
    if own.ordered > other.ordered and own.uneven <= other.uneven and own.steps >= ENOUGH:
        return "its rows are in order"
    if by_year and own.ordered >= other.ordered and own.even and other.isolated and not own.isolated:
        return "its steps are shorter and even"
    return ""


def _convention(candidate: _Candidate, other: _Candidate) -> str:
    """Prefer the day first between dots: no country writes the month first there."""
    dotted = re.match(r"d\.\s?m\.", candidate.fields.shape) is not None
    return "that is how dates with dots are written" if dotted and other.order == "mdy" else ""


def _order_name(candidate: _Candidate) -> str:
    return ORDER_NAMES.get(candidate.order, candidate.fields.written)


def _ambiguity(fitting: list[_Candidate], texts: NDArray[np.object_], where: str) -> str:
    """Return the refusal that shows the readings of the first row in which they differ."""
    instants = np.stack([candidate.times.asi8 for candidate in fitting])
    row = int(np.argmax((instants != instants[0]).any(axis=0)))
    readings = [f"{_time_text(candidate.times[row])} {_order_name(candidate)}" for candidate in fitting]
    first = {candidate.order for candidate in fitting} <= DAY_FIRST.keys()
    remedy = (
        "dayfirst=True or dayfirst=False"
        if first
        else " or ".join(f"date_format={candidate.fields.written!r}" for candidate in fitting)
    )
    return (
        f"dates must have one reading, but {texts[row].strip()!r} in {where}, row {row}, is {' or '.join(readings)},"
        f" and the steps of the rows do not tell; set {remedy}"
    )


def _time_text(time: pd.Timestamp) -> str:
    return str(time.date()) if time == time.normalize() else str(time)


# Rare layouts --------------------------------------------------------------------------------------------------------


def _read_by_pandas(texts: NDArray[np.object_], where: str, rule: DateRule) -> Reading | None:
    """Parse by pandas what no layout fits, where day first and month first give the same dates."""
    values = pd.Series(texts)
    if not values.str.contains(LOOKS_DATED).all():
        return None
    readings = [times for dayfirst in (False, True) if (times := _by_pandas(values, dayfirst=dayfirst)) is not None]
    if not readings:
        return None
    if len(readings) == 2 and not readings[0].equals(readings[1]):
        if rule.dayfirst is not None:
            return None
        differs = np.flatnonzero(readings[0] != readings[1])
        row = int(differs[0]) if len(differs) else 0
        raise AmbiguousDatesError(
            f"dates must be written alike in every row, but {texts[row].strip()!r} in {where}, row {row}, could be"
            f" {_time_text(readings[0][row])} or {_time_text(readings[1][row])}; set date_format, for example"
            " '%d.%m.%Y'"
        )
    return Reading(readings[0], "mixed", weak=True)


def _by_pandas(values: pd.Series[Any], *, dayfirst: bool) -> pd.DatetimeIndex | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns that it reads each row on its own
        for utc in (False, True):
            try:
                times = pd.to_datetime(values, errors="raise", dayfirst=dayfirst, utc=utc)
            except (ValueError, TypeError, OverflowError):
                continue
            if pd.api.types.is_datetime64_any_dtype(times.dtype):
                return pd.DatetimeIndex(times)
    return None


# Refusals ------------------------------------------------------------------------------------------------------------


def unread_dates(column: pd.Series[Any], name: object = None) -> str:
    """Return the refusal of a column that cannot be read as dates: the first such row, and how dates are written.

    Parameters
    ----------
    column
        That `read_dates` gave None for.
    name
        What the message calls the column; None for the index.

    Returns
    -------
    str
        One line.
    """
    where = "the index" if name is None else repr(name)
    remedy = "write them as 2024-12-31 or 2024-12-31 18:00, or name the column with time="
    texts = column.astype(str).to_numpy(dtype=object)
    bad = column.isna().to_numpy() | _unreadable(texts)
    rows = np.flatnonzero(bad)
    if len(rows) > 0 and not bad.all():
        return (
            f"times must be dates or numbers, got {column.iloc[rows[0]]!r} in {where}, row {rows[0]}"
            f" ({len(rows)} such rows); {remedy}"
        )
    other = None if bad.all() else _first_unlike(texts)
    if other is None:
        return (
            f"times must be dates or numbers, got {column.iloc[0]!r} in {where}, row 0 ({len(column)} such rows);"
            f" {remedy}"
        )
    return (
        f"dates must be written alike in every row, but {where} has {texts[0]!r} in row 0 and {texts[other]!r} in row"
        f" {other}; {remedy}, or set date_format"
    )


def _unreadable(texts: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Mark the texts that are no dates on their own."""
    codes, unique = pd.factorize(texts)
    some = [_fits_nothing(text) for text in unique[: 25 * SAMPLE]]  # nobody waits for a count beyond these
    bad = np.zeros(len(unique), dtype=bool)
    bad[: len(some)] = some
    return bad[codes]


def _fits_nothing(text: str) -> bool:
    texts = np.array([text], dtype=object)
    if _candidates(texts):
        return False
    return LOOKS_DATED.search(text) is None or _by_pandas(pd.Series(texts), dayfirst=False) is None


def _first_unlike(texts: NDArray[np.object_]) -> int | None:
    """Find the first text that no order reads together with the first one."""
    for row in range(1, min(len(texts), 50 * SAMPLE)):
        if texts[row] != texts[0] and not _candidates(texts[[0, row]]):
            return row
    return next((row for row in range(2, min(len(texts), SAMPLE)) if not _candidates(texts[:row])), None)
