"""Distance between the caller's code and what runs for it, where TensorFlow remembers the code that called it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["called_deep"]

T = TypeVar("T")

_REMEMBERED = 30
"""Calls that TensorFlow remembers of each operation that is run at once."""


def called_deep(function: Callable[[], T]) -> T:
    """Call a function so many calls below its caller that TensorFlow remembers nothing of the caller's code.

    TensorFlow remembers the innermost calls of every operation, by the code objects, and keeps, for good, each list
    that differs. A cell of a notebook is new code whenever it is run, so each training in one left 130 kB. The
    traceback of an error shows nothing of the calls between.
    """
    try:
        return _deeper(function, _REMEMBERED)
    except BaseException as error:  # noqa: BLE001 - it is raised again
        inner = error.__traceback__
        while inner is not None and inner.tb_frame.f_code in {called_deep.__code__, _deeper.__code__}:
            inner = inner.tb_next
        raise error.with_traceback(inner)  # noqa: B904 - the same error


def _deeper(function: Callable[[], T], calls: int) -> T:
    return function() if calls == 0 else _deeper(function, calls - 1)
