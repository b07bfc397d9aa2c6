"""Numbers, percentages and times as a person reads them in a table, a legend or a title."""

from __future__ import annotations

import math

import pandas as pd

__all__ = ["moment", "number", "one_digit", "ordinal", "percent", "percent_change", "span"]


def number(value: float) -> str:
    """Write a number with four significant digits and no needless exponent.

    >>> number(71.23456), number(12345.6), number(0.00123456), number(-3)
    ('71.23', '12,346', '0.001235', '-3')
    """
    if not math.isfinite(value):
        return str(float(value))
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if not -5 <= exponent <= 12:
        return f"{value:.3e}"
    text = f"{value:,.{max(0, 3 - exponent)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def one_digit(value: float) -> str:
    """Write the size of a difference by its first digit.

    >>> one_digit(2.3e-7), one_digit(0.0)
    ('2e-7', '0')
    """
    return f"{value:.0e}".replace("e-0", "e-") if value else "0"


def percent(share: float) -> str:
    """Write a share as a whole percentage, but never round to a certainty that was not observed.

    >>> percent(0.912), percent(0.998), percent(1.0), percent(0.001)
    ('91 %', '99.8 %', '100 %', '0.1 %')
    """
    value = 100 * share
    whole = round(value)
    if whole in {0, 100} and value != whole:
        return f"{min(99.9, max(0.1, round(value, 1))):g} %"
    return f"{whole} %"


def percent_change(share: float) -> str:
    """Write a relative change as a whole percentage with its sign; nothing where it is unknown.

    >>> percent_change(0.031), percent_change(-0.12), percent_change(-0.001), percent_change(math.nan)
    ('+3 %', '−12 %', '0 %', '')
    """
    if not math.isfinite(share):
        return ""
    whole = round(100 * share)
    return f"{whole:+d} %".replace("-", "−") if whole else "0 %"


def ordinal(value: float) -> str:
    """Write the name of a percentile.

    >>> ordinal(5), ordinal(2.5), ordinal(1), ordinal(12), ordinal(93)
    ('5th', '2.5th', '1st', '12th', '93rd')
    """
    text = f"{value:.4g}"
    if "." in text or text[-2:] in {"11", "12", "13"}:
        return text + "th"
    return text + {"1": "st", "2": "nd", "3": "rd"}.get(text[-1], "th")


def moment(value: object) -> str:
    """Write an index value: a date where the time of day is midnight, date and minute otherwise.

    >>> moment(pd.Timestamp("2020-01-02")), moment(pd.Timestamp("2020-01-02 13:00")), moment(41)
    ('2020-01-02', '2020-01-02 13:00', '41')
    """
    if not isinstance(value, pd.Timestamp):
        return str(value)
    return value.strftime("%Y-%m-%d" if value == value.normalize() else "%Y-%m-%d %H:%M")


def span(index: pd.Index) -> str:
    """Write the first and the last value of an index, both dates or both with the time of day.

    >>> span(pd.date_range("2020-01-01 23:00", periods=2, freq="h"))
    '2020-01-01 23:00 to 2020-01-02 00:00'
    >>> span(pd.RangeIndex(7, 8))
    '7'
    """
    first, last = moment(index[0]), moment(index[-1])
    if len(first) != len(last) and isinstance(index, pd.DatetimeIndex):
        first, last = (f"{time:%Y-%m-%d %H:%M}" for time in (index[0], index[-1]))
    return f"{first} to {last}" if len(index) > 1 else first
