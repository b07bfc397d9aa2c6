"""Numbers as people write them: currency, units, grouped thousands, decimal commas, brackets; read where it is safe.

A column is read as a whole: one decimal mark, one unit. What has two readings is refused with both of them.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from lstm_lab.data.tables.row_labels import as_text, row_label
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

__all__ = ["Mark", "NumberText", "decimal_marks", "is_plain_number", "may_be_grouped", "numbers_of"]

Mark: TypeAlias = Literal[".", ","]

_TYPOGRAPHY = str.maketrans(
    dict.fromkeys("\u00a0\u202f\u2009\u2007", " ") | dict.fromkeys("\u2212\u2013\ufe63\uff0d", "-") | {"\u2019": "'"}
)
"""Spaces that do not break, minus signs and apostrophes as typesetting has them, to those of a keyboard."""
_CURRENCY = (
    r"(?:(?:US|A|C|CA|HK|NZ|R|S)?\$|[€£¥₹₩₽₺₪฿]|"
    r"USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|TRY|KRW|SGD|HKD|Rs\.?|kr\.?|Fr\.?)"
)
_UNIT = r"(?:[%‰°µμΩ]|[^\W\d_])(?:[^\W\d_]|[%°µμΩ²³/·*.^]|(?<=[m^])[23])*"
_NUMBER = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[-+])?\s*(?P<before>{_CURRENCY})?\s*(?P<inner>[-+])?\s*"
    rf"(?P<core>(?:\d[\d.,'_ ]*)?[.,]?\d[.,]?)(?P<power>[eE][-+]?\d+)?"
    rf"(?P<space>\s*)(?P<after>{_CURRENCY}|{_UNIT})?\s*(?P<trail>-)?\s*(?P<close>\))?"
)
_GROUPED = r"[1-9]\d{0,2}(?:[G'_ ]\d{3})+"
_POINT, _COMMA = (
    re.compile(rf"(?:\d+|{_GROUPED.replace('G', group)})(?:{mark}\d*)?|{mark}\d+")
    for group, mark in ((",", r"\."), (".", ","))
)
_TWO_READINGS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
"""1,234 or 1.234: a thousand and more to one half of the world, one and a bit to the other."""
_MULTIPLES = {"k": 1e3, "K": 1e3, "M": 1e6, "mn": 1e6, "Mio": 1e6, "B": 1e9, "bn": 1e9, "Mrd": 1e9, "T": 1e12}
_BEFORE_BRACKET = re.compile(rf"^({_CURRENCY})\s*\(")
_GLANCE = 100
"""Rows that are looked at before the whole column is."""
_NO_UNITS = re.compile(r"[ap]\.?m\.?", re.IGNORECASE)
"""Times of the day are no quantities."""


def numbers_of(column: pd.Series[Any]) -> np.ndarray | None:
    """Convert a column of numbers to float64; None if its values are text, times or anything else."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        column = column.astype(kind.categories.dtype)
        kind = column.dtype
    if pd.api.types.is_datetime64_any_dtype(kind) or pd.api.types.is_timedelta64_dtype(kind):
        return None
    if pd.api.types.is_complex_dtype(kind):
        return None
    try:
        if not pd.api.types.is_numeric_dtype(kind):
            if _has_text(column.head(_GLANCE)) or _has_text(column):
                return None
            with suppress(OverflowError):  # a whole number of 400 digits
                column = pd.to_numeric(column)
            if pd.api.types.is_object_dtype(column.dtype):
                return np.array([np.nan if pd.isna(value) else _as_float(value) for value in column], dtype=np.float64)
        return np.array(column.to_numpy(dtype=np.float64, na_value=np.nan))
    except (ValueError, TypeError, OverflowError):
        return None


def _has_text(column: pd.Series[Any]) -> bool:
    return bool(column.map(lambda value: isinstance(value, str)).any())


@dataclass(frozen=True, eq=False)
class NumberText:
    """A column of text, parsed: sign, digits, marks and unit of each distinct text."""

    name: str
    index: pd.Index
    codes: np.ndarray
    """(rows,) which of the distinct texts each row holds; -1 where it is missing."""
    texts: tuple[str, ...]
    """Distinct texts, as written."""
    parts: tuple[Mapping[str, str | None] | None, ...]
    """Of each distinct text: sign, core, unit, ...; None where it is no number."""

    @classmethod
    def of(cls, column: pd.Series[Any], name: Hashable) -> NumberText:
        """Parse a column of texts."""
        codes, distinct = pd.factorize(column.map(_as_text))
        texts = tuple(str(text) for text in distinct)
        return cls(str(name), column.index, codes, texts, tuple(_parts(text) for text in texts))

    @property
    def cores(self) -> list[str]:
        """Digits and marks of each distinct text that is a number."""
        return [str(part["core"]) for part in self.parts if part is not None]

    @property
    def plain(self) -> bool:
        """Whether every value is digits, a sign and marks alone."""
        return all(is_plain_number(text) for text in self.texts)

    @property
    def mark(self) -> Mark | None:
        """The decimal mark that the column itself proves; None where both could be."""
        cores = self.cores
        point = any(_POINT.fullmatch(core) and not _COMMA.fullmatch(core) for core in cores)
        comma = any(_COMMA.fullmatch(core) and not _POINT.fullmatch(core) for core in cores)
        if point == comma:
            return None
        return "." if point else ","

    def unparsed(self) -> list[int]:
        """List the distinct texts that are no numbers."""
        return [number for number, part in enumerate(self.parts) if part is None]

    def row(self, number: int) -> int:
        """Find the first row that holds a distinct text."""
        return int(np.flatnonzero(self.codes == number)[0])

    def where(self, number: int) -> str:
        """Describe a distinct text, its first row and how many rows hold it."""
        rows = int(np.sum(self.codes == number))
        return f"{self.texts[number]!r} at {row_label(self.index, self.row(number))} ({rows} such rows)"

    def read(self, decimal: Mark | None = None, others: Mark | None = None) -> tuple[np.ndarray, str | None]:
        """Return the numbers, and a note on how they were written if it is more than digits and a point.

        Parameters
        ----------
        decimal
            The decimal mark, where the caller knows it; the other mark then groups thousands.
        others
            The decimal mark that the other columns of the same table prove.

        Raises
        ------
        DataError
            Two readings are possible, marks or units differ, or a text is no number; one line with the remedy.
        """
        unparsed = self.unparsed()
        if unparsed:
            raise DataError(self._not_numbers(unparsed))
        scales, units = self._units()
        mark = self._decimal_mark(decimal, others)
        self._refuse_misfits(mark)
        values = np.array([np.nan, *self._values(mark, scales)])[np.where(self.codes < 0, 0, self.codes + 1)]
        return np.asarray(values, dtype=np.float64), self._note(mark, scales, units=units)

    # Units ---------------------------------------------------------------------------------------------------------

    def _units(self) -> tuple[list[float], bool]:
        """Return the multiple of each distinct text, and whether a unit was removed; refuse several units."""
        suffixes = [(part["after"] or "", part["space"] or "") for part in self.parts if part is not None]
        money = {part[key] for part in self.parts if part is not None for key in ("before", "after") if part[key]}
        money = {unit for unit in money if unit is not None and re.fullmatch(_CURRENCY, unit)}
        words = {unit for unit, _ in suffixes if unit} - money
        multiples = all(unit in _MULTIPLES and not space for unit, space in suffixes if unit in words)
        if multiples and len(money) <= 1:
            return [_MULTIPLES.get(unit, 1.0) for unit, _ in suffixes], bool(money or words)
        bare = [number for number, (unit, _) in enumerate(suffixes) if unit not in words]
        if len(money) > 1 or len(words) > 1 or (bare and not money):
            raise DataError(self._several_units())
        return [1.0] * len(suffixes), True

    def _several_units(self) -> str:
        """Return the refusal of two values of different units."""
        units = [(str(part["before"] or ""), str(part["after"] or "")) for part in self.parts if part is not None]
        other = next((number for number, unit in enumerate(units) if unit != units[0]), 0)
        return (
            f"{self.name!r} must have one unit, got {self.texts[0]!r} at {row_label(self.index, self.row(0))} and"
            f" {self.where(other)}; bring the column to one unit before it is loaded"
        )

    # Marks ---------------------------------------------------------------------------------------------------------

    def _decimal_mark(self, decimal: Mark | None, others: Mark | None) -> Mark:
        """Return the decimal mark, or refuse a column that has two readings."""
        proven = decimal or self.mark
        if proven is not None:
            return proven
        doubtful = [core for core in self.cores if _TWO_READINGS.fullmatch(core)]
        if not doubtful:
            return "."
        if all("." in core for core in doubtful):
            if others != "," and self._are_decimals(doubtful):
                return "."
        elif any("." in core for core in doubtful):
            raise DataError(self._two_readings())
        if others is not None and not (others == "." and "." in doubtful[0]):
            return others
        raise DataError(self._two_readings())

    def _refuse_misfits(self, mark: Mark) -> None:
        """Refuse a text that does not go with the decimal mark."""
        form = _POINT if mark == "." else _COMMA
        for number, part in enumerate(self.parts):
            if part is not None and not form.fullmatch(str(part["core"])):
                raise DataError(
                    f"{self.name!r} must be written in one way, but with decimal={mark!r} there is no reading of"
                    f" {self.where(number)}; write all numbers alike before they are loaded"
                )

    def _are_decimals(self, doubtful: list[str]) -> bool:
        """Return whether 1.234 is a decimal number beside the other values: by their digits, or a smoother series.

        Who groups thousands writes 999 and then 1.000; who writes decimals ends none in 0 unless each has all digits.
        """
        bare = [core for core in self.cores if "." not in core]
        if not bare or any(len(core) > 3 for core in bare):
            return True
        if any(core.endswith("0") for core in doubtful):
            return False
        as_decimals, as_thousands = (
            np.array([np.nan, *self._values(mark, [1.0] * len(self.texts))])[self.codes + 1] for mark in (".", ",")
        )
        return _roughness(as_decimals) <= _roughness(as_thousands)

    def _two_readings(self) -> str:
        number = next(
            number
            for number, part in enumerate(self.parts)
            if part is not None and _TWO_READINGS.fullmatch(str(part["core"]))
        )
        unscaled = [1.0] * len(self.texts)
        point, comma = (self._values(mark, unscaled)[number] for mark in (".", ","))
        return (
            f"{self.name!r} has two readings, got {self.where(number)}; say decimal='.' to read {point:g},"
            f" or decimal=',' to read {comma:g}"
        )

    def _values(self, mark: Mark, scales: list[float]) -> list[float]:
        """Convert each distinct text; all must be readable with the decimal mark."""
        grouping = "," if mark == "." else "."
        strip = str.maketrans(dict.fromkeys(f"{grouping}'_ ", "") | {mark: "."})
        values = []
        for part, scale in zip(self.parts, scales, strict=True):
            if part is None:
                values.append(np.nan)
                continue
            size = float(str(part["core"]).translate(strip) + (part["power"] or "")) * scale
            negative = "-" in (part["sign"], part["inner"], part["trail"]) or bool(part["open"])
            values.append(-size if negative else size)
        return values

    def _note(self, mark: Mark, scales: list[float], *, units: bool) -> str | None:
        """Show how the least usual value was read; None where all are plain."""
        numbers = range(len(self.texts))
        usual = re.compile(r"[-+]?[\d.]*(e[-+]?\d+)?" if mark == "." else r"[-+]?\d+")
        shown = [number for number in numbers if not usual.fullmatch(self.texts[number])]
        doubtful = [number for number in numbers if _TWO_READINGS.fullmatch(self.cores[number])]
        if not (shown or doubtful or units):
            return None
        digits = set("0123456789")
        number = max(shown or doubtful or numbers, key=lambda candidate: len(set(self.texts[candidate]) - digits))
        return f"{self.name!r}: {self.texts[number]!r} is read as {self._values(mark, scales)[number]:.12g}"

    # Refusals ------------------------------------------------------------------------------------------------------

    def _not_numbers(self, unparsed: list[int]) -> str:
        """Return the refusal of texts that are no numbers, with the option that marks them as missing."""
        rows = int(np.isin(self.codes, unparsed).sum())
        first = min(unparsed, key=self.row)
        got = f"{self.name!r} must hold numbers, got {self.texts[first]!r} at {row_label(self.index, self.row(first))}"
        marks = [self.texts[number] for number in unparsed]
        if len(unparsed) == len(self.texts) or len(unparsed) > 5:
            return f"{got} ({rows} such rows); choose another column, or turn it into numbers before it is loaded"
        shown = repr(marks[0]) if len(marks) == 1 else repr(marks)
        remedy = f"na_values={shown} and missing='interpolate' (or ffill, drop)"
        return f"{got} ({rows} such rows); if that means a missing value, say {remedy}"


def _as_text(value: Any) -> str | None:
    """Convert a value to text; an empty text is a missing value, as in pandas."""
    if isinstance(value, str):
        return value.strip() or None
    if pd.isna(value):
        return None
    if not isinstance(value, Real | Decimal):
        return as_text(value)
    return repr(_as_float(value))


def _as_float(value: Any) -> float:
    """Convert a number; a whole one of more than 308 digits becomes infinite, as text of so many digits does."""
    try:
        return float(value)
    except OverflowError:
        return -math.inf if value < 0 else math.inf


def _parts(text: str) -> Mapping[str, str | None] | None:
    """Split a text into sign, digits, power and unit; None if it is no number."""
    match = _NUMBER.fullmatch(_BEFORE_BRACKET.sub(r"(\1", text.translate(_TYPOGRAPHY)))
    if match is None:
        return None
    part = match.groupdict()
    signs = sum(bool(part[key]) for key in ("open", "sign", "inner", "trail"))
    after = part["after"] or ""
    if signs > 1 or bool(part["open"]) != bool(part["close"]) or (part["before"] and re.fullmatch(_CURRENCY, after)):
        return None
    core = str(part["core"])
    if _NO_UNITS.fullmatch(after) or not (_POINT.fullmatch(core) or _COMMA.fullmatch(core)):
        return None
    return part


def is_plain_number(text: str) -> bool:
    """Return whether a text is a number by itself: digits, a sign and marks, without unit or brackets."""
    part = _parts(text.strip())
    return part is not None and not any(part[key] for key in ("open", "before", "after", "trail"))


def decimal_marks(columns: Mapping[str, NumberText]) -> Mark | None:
    """Find the decimal mark that the columns of one table prove between them; None where they prove none, or both."""
    proven = {each.mark for each in columns.values() if not each.unparsed()} - {None}
    return proven.pop() if len(proven) == 1 else None


def may_be_grouped(values: np.ndarray) -> bool:
    """Return whether numbers that a parser read with a decimal point could have been written as 999 and 1.000."""
    size = np.abs(values[np.isfinite(values)])
    if len(size) == 0 or (size >= 1000).any() or ((size > 0) & (size < 1)).any():
        return False
    return bool(np.allclose(size * 1000, np.round(size * 1000), rtol=0, atol=1e-6))


def _roughness(values: np.ndarray) -> float:
    """Return the sum of the absolute steps between values, on a logarithmic scale."""
    steps = np.diff(np.log1p(np.abs(values[np.isfinite(values)])))
    return float(np.sum(np.abs(steps)))
