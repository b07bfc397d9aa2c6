"""Refusals of rows that a run is given after its training: it takes no option of reading, so `load` is the remedy."""

from __future__ import annotations

import re
from contextlib import contextmanager
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["remedy_of_load"]

_OPTION = re.compile(r"\b(time|missing|dayfirst|date_format|decimal|na_values|encoding|header|max_size)=")
_MISSING = "set missing= to interpolate, ffill or drop"


@contextmanager
def remedy_of_load(source: Any, id: str | None = None) -> Iterator[None]:  # noqa: A002 - as in `load`
    """Say in a refusal that names an option of reading that it is one of `load`, whose frame a run takes.

    Parameters
    ----------
    source
        What is read.
    id
        Of many series, the column of ids.
    """
    try:
        yield
    except DataError as refused:
        text = str(refused)
        if not _OPTION.search(text):
            raise
        if _MISSING not in text:
            raise DataError(f"{text}; these are options of lab.load, whose frame may be given here") from None
        data = repr(fspath(source)) if isinstance(source, str | PathLike) else "frame"
        of_id = "" if id is None else f"id={id!r}, "
        call = f"give lab.load({data}, {of_id}missing='ffill') instead (or 'interpolate' or 'drop')"
        raise DataError(text.replace(_MISSING, call)) from None
