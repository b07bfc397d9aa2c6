"""The refusal of a column that cannot be read as dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.dates.candidates import SAMPLE, candidates
from lstm_lab.data.dates.unusual import LOOKS_DATED, by_pandas

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["unread_dates"]


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
        f" {other}; {remedy}, or set date_format="
    )


def _unreadable(texts: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Mark the texts that are no dates on their own."""
    codes, unique = pd.factorize(texts)
    some = [_fits_nothing(text) for text in unique[: 25 * SAMPLE]]  # nobody waits for a count beyond these
    bad = np.zeros(len(unique) + 1, dtype=bool)  # the last is of missing texts, whose code is -1
    bad[: len(some)] = some
    return bad[codes]


def _fits_nothing(text: str) -> bool:
    texts = np.array([text], dtype=object)
    if candidates(texts):
        return False
    return LOOKS_DATED.search(text) is None or by_pandas(pd.Series(texts), dayfirst=False) is None


def _first_unlike(texts: NDArray[np.object_]) -> int | None:
    """Find the first text that no order reads together with the first one."""
    for row in range(1, min(len(texts), 50 * SAMPLE)):
        if texts[row] != texts[0] and not candidates(texts[[0, row]]):
            return row
    return next((row for row in range(2, min(len(texts), SAMPLE)) if not candidates(texts[:row])), None)
