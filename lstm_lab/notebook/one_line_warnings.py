"""Warnings of a magic or a command: each once, as one line in that face's spelling, without a library's path."""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import LabWarning
from lstm_lab.options.spelling import as_flags

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

__all__ = ["one_line_warnings", "warn_in_one_line"]

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
    with warnings.catch_warnings():
        warnings.showwarning = _shower(prefix, flags, warnings.showwarning, own=own)
        yield


def warn_in_one_line() -> None:
    """Write the laboratory's warnings of Python calls as a line, from here on: what ``%load_ext lstm_lab`` sets up."""
    usual = getattr(warnings.showwarning, "usual", warnings.showwarning)
    warnings.showwarning = _shower("lstm_lab:", (), usual, own=True, once=False)


def _shower(
    prefix: str, flags: Collection[str], usual: Callable[..., None], *, own: bool, once: bool = True
) -> Callable[..., None]:
    """Build what shows a warning; its attribute ``usual`` is what showed it before."""
    shown: set[str] = set()

    def show(message: Warning | str, category: type[Warning], filename: str, *place: Any, **more: Any) -> None:
        elsewhere = own and not (filename.startswith(_PACKAGE) or issubclass(category, LabWarning))
        if elsewhere or not issubclass(category, UserWarning | FutureWarning):
            usual(message, category, filename, *place, **more)
        elif not once or str(message) not in shown:
            shown.add(str(message))
            sys.stderr.write(f"{prefix} {as_flags(' '.join(str(message).split()), flags)}\n")

    vars(show)["usual"] = usual
    return show
