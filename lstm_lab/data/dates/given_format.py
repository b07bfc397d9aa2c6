"""Dates by the format that the caller gives: a `strptime` format, or a word for numbers that count time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.dates.number_dates import EPOCHS, SPREADSHEET, from_epoch, from_spreadsheet
from lstm_lab.errors import DataError, OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FORMAT_WORDS", "read_given"]

FORMAT_WORDS = (*EPOCHS, SPREADSHEET)
_LENGTHS = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "j": 3}


def read_given(values: pd.Series[Any], date_format: str, where: str) -> pd.DatetimeIndex:
    """Read values by a given format.

    Parameters
    ----------
    values
        Text or numbers, none missing.
    date_format
        A `strptime` format, or one of `FORMAT_WORDS`.
    where
        What messages call the column.

    Raises
    ------
    DataError
        A row that is not written so.
    OptionError
        `date_format` is no format.
    """
    if date_format in FORMAT_WORDS:
        return _from_numbers(values, date_format, where)
    if "%" not in date_format:
        raise OptionError(
            f"date_format= is a strptime format or one of {', '.join(FORMAT_WORDS)}, got {date_format!r}; write for"
            " example date_format='%d.%m.%Y'"
        )
    texts = _texts(values, date_format)
    try:
        times = _strptime(texts, date_format)
    except (ValueError, TypeError, OverflowError, re.error) as refused:
        reason = " ".join(str(refused).split())[:120]
        raise OptionError(
            f"date_format= is a strptime format, got {date_format!r} ({reason}); write for example"
            " date_format='%d.%m.%Y'"
        ) from None
    _check(times.isna().to_numpy(), values, date_format, where)
    return pd.DatetimeIndex(times)


def _strptime(texts: pd.Series[str], date_format: str) -> pd.Series[pd.Timestamp]:
    try:
        return pd.to_datetime(texts, format=date_format, errors="coerce")
    except ValueError as refused:
        if "utc=True" not in str(refused):
            raise
        return pd.to_datetime(texts, format=date_format, errors="coerce", utc=True)


def _from_numbers(values: pd.Series[Any], word: str, where: str) -> pd.DatetimeIndex:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    unit = EPOCHS.get(word, "D")
    limit = {"s": 1e11, "ms": 1e14, "us": 1e17, "ns": 9e18, "D": 2.9e6}[unit]  # the year 9999, or 2255
    _check(~(np.abs(numbers) < limit), values, word, where)
    if word == SPREADSHEET:
        return pd.DatetimeIndex(from_spreadsheet(numbers))
    integers = values.to_numpy(dtype=np.int64) if pd.api.types.is_integer_dtype(values.dtype) else None
    return pd.DatetimeIndex(from_epoch(numbers, integers, unit))


def _texts(values: pd.Series[Any], date_format: str) -> pd.Series[str]:
    """Write numbers as the format has them: with the zeros in front, or at the end, that a number has lost."""
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return values.astype(str).str.strip()
    tail = date_format.rpartition(".")[2] if "." in date_format else ""
    numbers = values.to_numpy(dtype=np.float64)
    decimals = _length(tail)
    width = _length(date_format) + (1 if decimals else 0)
    finite: NDArray[np.float64] = np.nan_to_num(numbers)
    return pd.Series([f"{number:0{width}.{decimals}f}" for number in finite])


def _length(date_format: str) -> int:
    return sum(_LENGTHS.get(letter, 0) for letter in re.findall("%(.)", date_format))


def _check(bad: NDArray[np.bool_], values: pd.Series[Any], date_format: str, where: str) -> None:
    rows = np.flatnonzero(bad)
    if len(rows) > 0:
        raise DataError(
            f"date_format={date_format!r} must fit every row, got {values.iloc[rows[0]]!r} in {where}, row {rows[0]}"
            f" ({len(rows)} such rows); write the format of that row, or leave date_format= out"
        )
