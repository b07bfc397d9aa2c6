"""Layouts of dates in text: which digits are the year, the month and the day, in every order that a layout allows.

A layout is a text with every digit replaced by ``0``: all rows of one layout have the same fields at the same
positions, so a column is read layout by layout, in NumPy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = [
    "CLOCK_ONLY",
    "LONGEST",
    "MONTHS",
    "MOST_LAYOUTS",
    "Fields",
    "Orders",
    "fields_of",
    "group_layouts",
    "orders_of",
]

LONGEST = 48
"""Characters of the longest text that may be a date."""
MOST_LAYOUTS = 3000
"""Layouts of one column; names of months and weekdays, and days without a leading zero, make some hundred."""

_SEPARATOR = r"(?:\s*[-/.,_]\s*|\s+)"
_YEAR = "(?P<y>0000|00)"
_LONG_YEAR = "(?P<y>0000)"
_MONTH, _DAY = "(?P<m>00?)", "(?P<d>00?)"
_ORDINAL = r"(?:st|nd|rd|th|\.)?"
_NAME = r"(?P<b>[^\W\d_]{3,10})\.?"
_LOOSE = r"[-/.,_' ]*"
_ENGLISH = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
MONTHS = {name[:length]: number for number, name in enumerate(_ENGLISH, 1) for length in range(3, len(name) + 1)}
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s+|\s*\(?(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\)?$")
_ZONE = r"(?P<zone>z|utc|gmt|(?:utc|gmt)?\s?(?P<sign>[-+\u2212])(?:(?P<zh>00):?(?P<zm>00)?))"
_HALF = r"(?P<half>[ap])\.?\s?m\.?"
_TIME = rf"(?P<H>00?)(?:[:.h](?P<M>00)(?:[:.](?P<S>00)(?:[.,](?P<f>0{{1,9}}))?)?)?\s*(?:{_HALF})?"
_CLOCK = re.compile(rf"(?:^|\s*t|(?:\s*[-,;_]\s*|\s+)(?:at\s+)?|(?<=0):){_TIME}\s*{_ZONE}?$")
_COMPACT_CLOCK = re.compile(rf"(?<=0{{8}})[t _-](?P<H>00)(?:(?P<M>00)(?:(?P<S>00)(?:[.,](?P<f>0{{1,9}}))?)?)?{_ZONE}?$")
CLOCK_ONLY = re.compile(rf"\s*{_TIME}\s*")
"""A time of day without a date."""

_DATES: Mapping[str, tuple[re.Pattern[str], ...]] = {
    order: tuple(re.compile(rf"\s*{pattern}\.?\s*") for pattern in patterns)
    for order, patterns in {
        "ymd": (
            _SEPARATOR.join((_YEAR, _MONTH, _DAY)),
            r"(?P<y>0000)(?P<m>00)(?P<d>00)",
            _LOOSE.join((_LONG_YEAR, _NAME, _DAY)),
            r"(?P<y>0000)(?P<m>00)(?P<d>00)(?P<H>00)(?:(?P<M>00)(?P<S>00)?)?",
            r"(?P<y>0000)-(?P<m>00)-(?P<d>00)/0000-00-00",
        ),
        "dmy": (_SEPARATOR.join((_DAY, _MONTH, _YEAR)), rf"{_DAY}{_ORDINAL}(?: of)?{_LOOSE}{_NAME}{_LOOSE}{_YEAR}"),
        "mdy": (_SEPARATOR.join((_MONTH, _DAY, _YEAR)), rf"{_NAME}{_LOOSE}{_DAY}{_ORDINAL}{_SEPARATOR}{_YEAR}"),
        "ym": (
            rf"{_LONG_YEAR}{_SEPARATOR}{_MONTH}",
            r"(?P<y>0000)(?P<m>00)",
            rf"{_LONG_YEAR}{_LOOSE}{_NAME}",
            rf"{_LONG_YEAR}[-: ]?m{_MONTH}",
        ),
        "my": (
            rf"{_MONTH}{_SEPARATOR}{_LONG_YEAR}",
            rf"{_NAME}{_LOOSE}{_YEAR}",
            rf"m{_MONTH}{_SEPARATOR}{_LONG_YEAR}",
        ),
        "quarter": (
            rf"{_LONG_YEAR}[-/.: ]*(?:q|qtr)[. ]*(?P<q>0)",
            rf"{_LONG_YEAR}[-/.: ]*(?P<q>0)\.?\s?(?:q|qtr)",
            rf"(?:q|qtr)[. ]*(?P<q>0){_LOOSE}{_YEAR}",
            rf"(?P<q>0)\.?\s?(?:q|qtr){_LOOSE}{_YEAR}",
        ),
        "half": (rf"{_LONG_YEAR}[-/.: ]*[hs](?P<n>0)", rf"[hs](?P<n>0){_LOOSE}{_YEAR}"),
        "week": (
            rf"{_LONG_YEAR}[-/.: ]*(?:w|wk|week|kw)[-. ]*(?P<w>00?)(?:-(?P<u>0))?",
            rf"(?:w|wk|week|kw)[-. ]*(?P<w>00?){_SEPARATOR}{_LONG_YEAR}",
        ),
        # Where nothing above fits.
        "ydm": (_SEPARATOR.join((_LONG_YEAR, _DAY, _MONTH)),),
        "compact dmy": (r"(?P<d>00)(?P<m>00)(?P<y>0000)",),
        "compact mdy": (r"(?P<m>00)(?P<d>00)(?P<y>0000)",),
        "compact ymd": (r"(?P<y>00)(?P<m>00)(?P<d>00)",),
    }.items()
}
_DIRECTIVES = {name: f"%{name}" for name in "mdMSfqnwu"}


@dataclass(frozen=True, slots=True)
class Fields:
    """Positions of the fields in a layout, for one order of year, month and day."""

    spans: Mapping[str, tuple[int, int]]
    """Start and end of the digits of each field."""
    month: int | None
    """The month, where it is a name."""
    afternoon: bool | None
    """For a clock of 12 hours."""
    zoned: bool
    sign: int
    """Of the offset from UTC; 0 for UTC itself."""
    shape: str
    """The date with its separators: rows of different shapes do not belong together."""
    written: str
    """The layout as a format for `strptime`, as far as it has one."""


Orders = dict[str, Fields]


@cache
def orders_of(layout: str) -> Orders:
    """Find every order of year, month and day that a layout may have.

    Parameters
    ----------
    layout
        A text whose digits are ``0``.

    Returns
    -------
    dict of str to Fields
        By order: ``dmy``, ``mdy``, ``ymd``, ...; empty if the layout is not a date's.

    Examples
    --------
    >>> list(orders_of("00/00/0000 00:00")), orders_of("00/00/0000 00:00")["mdy"].written
    (['dmy', 'mdy'], '%m/%d/%Y %H:%M')
    """
    text = layout.lower().rstrip()
    if len(layout.lower()) != len(layout):  # a letter that lowers to two
        return {}
    weekday = _WEEKDAY.match(text)
    start = weekday.end() if weekday else 0
    clocks = [clock for clock in (_COMPACT_CLOCK.search(text, start), _CLOCK.search(text, start)) if _is_clock(clock)]
    orders: Orders = {}
    for clock in (*clocks, None):
        end = clock.start() if clock else len(text)
        for order, patterns in _DATES.items():
            date = next((m for pattern in patterns if (m := pattern.fullmatch(text, start, end))), None)
            fields = None if date is None or order in orders else _fields(layout, date, clock)
            if fields is not None:
                orders[order] = fields
        if orders:
            return orders
    return orders


def _is_clock(clock: re.Match[str] | None) -> TypeGuard[re.Match[str]]:
    """Return whether a text is a time of day and not the last number of a date: minutes, am or pm, or after ISO."""
    if clock is None:
        return False
    has = clock.groupdict()
    iso = re.fullmatch("0000-00-00|0{8}", clock.string[: clock.start()])
    return any(has.get(name) is not None for name in ("M", "half")) or iso is not None


def _fields(layout: str, date: re.Match[str], clock: re.Match[str] | None) -> Fields | None:
    groups = {**date.groupdict(), **(clock.groupdict() if clock else {})}
    month = MONTHS.get(groups["b"]) if groups.get("b") else None
    if groups.get("b") and month is None:
        return None
    matches = [date] if clock is None else [date, clock]
    letters = ("zone", "sign", "half")
    spans = {
        name: match.span(name)
        for match in matches
        for name, text in match.groupdict().items()
        if text is not None and name not in letters
    }
    zone, half = groups.get("zone"), groups.get("half")
    sign = 0 if not groups.get("sign") else (1 if groups["sign"] == "+" else -1)
    return Fields(
        {name: span for name, span in spans.items() if name != "b"},
        month,
        None if half is None else half == "p",
        zone is not None,
        sign,
        _shape(date),
        _written(layout, spans, half=half is not None, zoned=zone is not None),
    )


def _shape(date: re.Match[str]) -> str:
    """Return the fields of a date and the separators between them."""
    text, offset = date.group(), date.start()
    named = sorted((date.span(name), name) for name, value in date.groupdict().items() if value is not None)
    parts, position = [], 0
    for (start, end), name in named:
        parts += [text[position : start - offset], f"{name}{end - start}" if name == "y" else name]
        position = end - offset
    return re.sub(r"\s+", " ", re.sub(r"\bd(st|nd|rd|th)", "d", "".join([*parts, text[position:]]).strip()))


def _written(layout: str, spans: Mapping[str, tuple[int, int]], *, half: bool, zoned: bool) -> str:
    """Write a layout as `strptime` takes it."""
    directives = {**_DIRECTIVES, "H": "%I" if half else "%H"}
    pieces, position = [], 0
    for (start, end), name in sorted((span, name) for name, span in spans.items() if name not in {"zh", "zm"}):
        length = end - start
        directive = {"y": "%Y" if length == 4 else "%y", "b": "%b" if length == 3 else "%B"}.get(name)
        pieces += [layout[position:start], directive or directives[name]]
        position = end
    space = " " if layout[position : position + 1] == " " else ""
    tail = f"{space}%p" if half else ""
    tail += f"{space if not half else ''}%z" if zoned else ""
    return "".join([*pieces, tail]).strip()


def group_layouts(texts: NDArray[np.object_]) -> tuple[list[str], NDArray[np.int64], NDArray[Any]] | None:
    """Group texts by layout.

    Parameters
    ----------
    texts
        (rows,) str.

    Returns
    -------
    tuple or None
        The layouts; (rows,) which of them each row has; (characters, rows) code points. None where the texts are too
        long, or their layouts too many, to be dates.
    """
    try:
        encoded = texts.astype(np.bytes_)
        codes = _rows(encoded, np.uint8)
    except UnicodeEncodeError:
        encoded = texts.astype(np.str_)
        codes = _rows(encoded, np.uint32)
    if not 0 < len(codes) <= LONGEST:
        return None
    keys = np.random.default_rng(0).integers(1, 2**63, size=len(codes), dtype=np.uint64)
    hashes = np.zeros(len(encoded), dtype=np.uint64)
    for column, key in zip(codes, keys, strict=True):
        digit = (column >= ord("0")) & (column <= ord("9"))
        hashes += np.where(digit, np.uint64(ord("0")), column) * key
    layout_numbers, unique = pd.factorize(hashes)
    if len(unique) > MOST_LAYOUTS:
        return None
    first = np.zeros(len(unique), dtype=np.int64)
    first[layout_numbers[::-1]] = np.arange(len(layout_numbers))[::-1]
    layouts = [re.sub("[0-9]", "0", str(texts[row])) for row in first]
    return layouts, layout_numbers.astype(np.int64), codes


def _rows(written: NDArray[Any], kind: Any) -> NDArray[Any]:
    """Return the characters of texts, a row for each position."""
    width = written.dtype.itemsize // np.dtype(kind).itemsize
    return np.ascontiguousarray(written.view(kind).reshape(len(written), width).T)


def fields_of(codes: NDArray[Any], spans: Mapping[str, tuple[int, int]]) -> dict[str, NDArray[np.int64]]:
    """Read the digits of each field.

    Parameters
    ----------
    codes
        (characters, rows) code points of texts of one layout.
    spans
        Start and end of its fields.

    Returns
    -------
    dict of str to numpy.ndarray
        (rows,) int64 by field.
    """
    values: dict[str, NDArray[np.int64]] = {}
    for name, (start, end) in spans.items():
        number = np.zeros(codes.shape[1], dtype=np.int64)
        for column in codes[start:end]:
            number = number * 10 + column - ord("0")
        # A fraction of a second in nanoseconds.
        values[name] = number * 10 ** (9 - (end - start)) if name == "f" else number
    return values
