"""Warnings of a magic or a command: each once, as one line in that face's spelling, without a library's path."""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_lab.options.spelling import as_flags

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["one_line_warnings"]

_PACKAGE = str(Path(__file__).parents[1])


@contextmanager
def one_line_warnings(prefix: str, flags: Collection[str], *, own: bool = False) -> Iterator[None]:
    """Write each of the laboratory's warnings to stderr once, as a line; leave others as they are.

    Parameters
    ----------
    prefix
        What the line begins with.
    flags
        The options that have a flag, which the line spells as such.
    own
        Whether a warning from another package, such as a layer of the user's, is left as it is too.
    """
    shown: set[str] = set()
    usual = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], filename: str, *place: Any, **more: Any) -> None:
        elsewhere = own and not filename.startswith(_PACKAGE)
        if elsewhere or not issubclass(category, UserWarning | FutureWarning):
            usual(message, category, filename, *place, **more)
        elif str(message) not in shown:
            shown.add(str(message))
            sys.stderr.write(f"{prefix} {as_flags(' '.join(str(message).split()), flags)}\n")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
