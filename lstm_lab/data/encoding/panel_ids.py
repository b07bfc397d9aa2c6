"""The ids of a panel: where each series lies in an index of (id, time), and how ids are written down."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.tables.row_labels import plain
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from numpy.typing import NDArray

__all__ = [
    "NAMED",
    "evenly",
    "ids_from_json",
    "ids_to_json",
    "listed",
    "noise_keys",
    "numbers_of",
    "series_of",
    "several_ids",
]

NAMED = 5
"""Ids that a line names, at most; the others are counted."""


def series_of(index: pd.Index) -> tuple[tuple[Hashable, ...], NDArray[np.int64]]:
    """Find the series of an index: their ids, and the row where each begins with the number of rows behind them.

    >>> series_of(pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]))[1].tolist()
    [0, 2, 3]
    """
    if not isinstance(index, pd.MultiIndex):
        return (None,), np.array([0, len(index)], dtype=np.int64)
    codes = np.asarray(index.codes[0])
    starts = np.flatnonzero(np.diff(codes, prepend=codes[:1] - 1))
    ids = tuple(plain(name) for name in index.levels[0].take(codes[starts]).tolist())
    return ids, np.append(starts, len(codes)).astype(np.int64)


def evenly(count: int, most: int) -> list[int]:
    """Choose at most so many numbers of series, spread evenly, the first and the last among them.

    >>> evenly(5, 3)
    [0, 2, 4]
    """
    return [int(number) for number in np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))]


def listed(ids: Sequence[Hashable]) -> str:
    """Name the first ids, and count the others.

    >>> listed(["a", "b", "c", "d", "e", "f", "g"])
    "'a', 'b', 'c', 'd', 'e' and 2 more"
    """
    names = ", ".join(repr(name) for name in ids[:NAMED])
    return names if len(ids) <= NAMED else f"{names} and {len(ids) - NAMED} more"


def numbers_of(wanted: Iterable[Hashable], ids: Sequence[Hashable], remedy: str = "") -> NDArray[np.int64]:
    """Find the numbers of some ids among all of them; the text of an id will do.

    Parameters
    ----------
    wanted, ids
        What is looked for, and where.
    remedy
        What else can be done about an id that is not there, where no other id is near.

    Raises
    ------
    DataError
        There is no such id: one line with the nearest.
    """
    numbers = {name: number for number, name in enumerate(ids)}
    texts = {str(name): name for name in ids}
    known_numbers = []
    for given in wanted:
        if not _is_hashable(given):
            example = f"; for example {ids[0]!r}" if len(ids) else ""
            raise DataError(f"an id is one value, got {given!r}{example}")
        name = texts.get(given, given) if isinstance(given, str) and given not in numbers else given
        if name not in numbers:
            near = _near(name, ids)
            more = "" if not remedy or near.endswith("?") else f"; {remedy}"
            raise DataError(f"there is no id {name!r} in the run; {near}{more}")
        known_numbers.append(numbers[name])
    return np.array(known_numbers, dtype=np.int64)


def several_ids(given: Any, ids: Sequence[Hashable], remedy: str = "") -> list[Hashable] | None:
    """Return the ids that a list names, or a text with commas that is no id itself; None where one or none is named.

    >>> several_ids("a, b", ["a", "b"]), several_ids("a, b", ["a, b", "c"]), several_ids(["c"], ["a, b", "c"])
    (['a', 'b'], None, ['c'])

    Raises
    ------
    DataError
        There is no such id.
    """
    if isinstance(given, str):
        parts = [part.strip() for part in given.split(",") if part.strip()]
        wanted = None if given in ids or len(parts) < 2 else parts
    else:
        wanted = list(given) if isinstance(given, list | tuple | set) and given not in ids else None
    return (
        None if wanted is None else [ids[number] for number in dict.fromkeys(numbers_of(wanted, ids, remedy).tolist())]
    )


def _is_hashable(given: object) -> bool:
    try:
        hash(given)
    except TypeError:  # a tuple may hold a list
        return False
    return True


def _near(name: Hashable, ids: Sequence[Hashable]) -> str:
    """Name the nearest ids, or the first ones where none is near."""
    texts = {str(each): each for each in ids}
    close = difflib.get_close_matches(str(name), texts, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(repr(texts[text]) for text in close)}?"
    return f"it has {listed(ids)}"


def noise_keys(ids: Sequence[Hashable]) -> NDArray[np.uint64]:
    """Compute a number of each id that noise is drawn from, (series,): of the id alone, on every machine the same."""
    texts = np.array([f"{type(name).__name__} {name}" for name in ids], dtype=object)
    return np.asarray(pd.util.hash_array(texts), dtype=np.uint64) | np.uint64(1)


def ids_to_json(ids: Iterable[Hashable]) -> list[Any]:
    """Convert ids to types that JSON has: text, numbers, and times as a pair."""
    return [["time", str(name)] if isinstance(name, pd.Timestamp) else plain(name) for name in ids]


def ids_from_json(saved: Iterable[Any]) -> list[Hashable]:
    """Undo `ids_to_json`."""
    return [pd.Timestamp(name[1]) if isinstance(name, list) else name for name in saved]
