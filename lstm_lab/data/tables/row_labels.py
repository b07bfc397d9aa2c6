"""How messages write down a row: its time, or its id and time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["as_text", "is_writable", "plain", "row_label"]


def row_label(index: pd.Index, row: int) -> str:
    """Write down a row of an index.

    >>> row_label(pd.MultiIndex.from_tuples([("A", 3)]), 0)
    "'A', 3"
    """
    if isinstance(index, pd.MultiIndex):
        return f"{plain(index[row][0])!r}, {index[row][1]}"
    return str(index[row])


def as_text(value: object) -> str:
    """Return the text of a value; its type where it has none."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - whatever a class of the user's raises
        return f"a {type(value).__name__} without text"


def is_writable(text: str) -> bool:
    """Return whether a text can be written as UTF-8: half a character, as of a wrong decoding, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain(value: Any) -> Any:
    """Return a NumPy scalar as the Python value that a person would type."""
    return value.item() if isinstance(value, np.generic) else value
