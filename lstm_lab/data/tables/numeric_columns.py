"""Selects the numeric columns of a table, and converts text that holds numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from lstm_lab.data.tables.missing_values import are_marks, without_marks
from lstm_lab.data.tables.numbers import NumberText, decimal_marks, numbers_of
from lstm_lab.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lstm_lab.data.tables.numbers import Mark

__all__ = ["NumericColumns", "numeric_columns"]

_SEEN = 1000
"""Rows of a column of text that tell which decimal mark its table uses."""


class NumericColumns(NamedTuple):
    """The numeric part of a table."""

    frame: pd.DataFrame
    """float64."""
    dropped: list[str]
    """Columns that are no numbers."""
    notes: list[str]
    """How text was read, where it is more than digits and a point."""
    mark: Mark | None
    """The decimal mark that the table proves, or that was given."""


def numeric_columns(
    frame: pd.DataFrame,
    required: Sequence[str],
    marks: Sequence[str] = (),
    decimal: Mark | None = None,
    *,
    others: Mark | None = None,
    all_used: bool = False,
) -> NumericColumns:
    """Convert the numeric columns to float64.

    Parameters
    ----------
    frame
        With text for column names.
    required
        Columns that must be numeric. Text that pandas does not take for numbers is read in these, and where nothing
        else is numeric.
    marks
        Texts and numbers that mean a missing value.
    decimal
        The decimal mark of text, where the caller knows it.
    others
        The decimal mark that columns prove which are numbers already.
    all_used
        Whether text that pandas takes for numbers is refused, not dropped, where it has two readings.

    Raises
    ------
    DataError
        A required column is missing or no number, or there is no numeric column; one line with the remedy.
    """
    _refuse_absent(frame, required)
    columns = {str(name): without_marks(column, marks) for name, column in frame.items()}
    typed = {name: numbers_of(column) for name, column in columns.items()}
    numeric = {name: values for name, values in typed.items() if values is not None}
    texts = [name for name in columns if name not in numeric and _is_text(columns[name])]
    plain = {name for name in texts if _is_plain(columns[name])}
    needed = [name for name in texts if name in required or name in plain or not (numeric or plain)]
    parsed = {name: NumberText.of(columns[name], name) for name in needed}
    rest = {name: NumberText.of(columns[name].head(_SEEN), name) for name in texts if name not in parsed}
    others = decimal_marks(parsed | rest) or others
    notes, refused = [], []
    for name, text in parsed.items():
        try:
            values, note = text.read(decimal, others)
        except DataError as why:
            if name in required or (all_used and name in plain):
                raise
            refused += [why] * (2 * len(text.unparsed()) <= len(text.texts))
            continue
        numeric[name] = np.where(are_marks(values, marks), np.nan, values)
        notes += [] if note is None else [note]
    missed = next((name for name in required if name not in numeric), None)
    if missed is not None:
        raise DataError(f"{missed!r} must hold numbers, got {frame[missed].dtype}; choose another column")
    if not numeric and refused:
        raise refused[0]
    if not numeric:
        names = "only " + ", ".join(map(repr, columns)) if len(columns) > 0 else "no column at all"
        raise DataError(f"a series needs a numeric column, got {names}; check what was selected")
    ordered = {name: numeric[name] for name in columns if name in numeric}
    dropped = [name for name in columns if name not in numeric]
    return NumericColumns(pd.DataFrame(ordered, index=frame.index), dropped, notes, decimal or others)


def _refuse_absent(frame: pd.DataFrame, required: Sequence[str]) -> None:
    names = [str(name) for name in frame.columns]
    for name in required:
        if name == frame.index.name and name not in names:
            raise DataError(f"{name!r} holds the times; {did_you_mean('', names)}")
        if name not in names:
            raise DataError(f"there is no column {name!r}; {did_you_mean(name, names)}")


def _is_text(column: pd.Series[Any]) -> bool:
    kind = column.dtype
    return (
        pd.api.types.is_object_dtype(kind)
        or pd.api.types.is_string_dtype(kind)
        or isinstance(kind, pd.CategoricalDtype)
    )


def _is_plain(column: pd.Series[Any]) -> bool:
    """Return whether pandas, too, takes every text for a number."""
    try:
        pd.to_numeric(column.head(_SEEN).astype(object))  # most text shows soon that it is no number
        pd.to_numeric(column.astype(object))
    except (ValueError, TypeError, OverflowError):
        return False
    return bool(column.notna().any())
