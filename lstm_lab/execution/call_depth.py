"""Distance between the caller's code and what runs for it, where TensorFlow remembers the code that called it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["called_deep"]

T = TypeVar("T")

_REMEMBERED = 30
"""Calls that TensorFlow remembers of each operation that is run at once."""


def called_deep(function: Callable[[], T], calls: int = _REMEMBERED) -> T:
    """Call a function so many calls below its caller that TensorFlow remembers nothing of the caller's code.

    TensorFlow remembers the innermost calls of every operation, by the code objects, and keeps, for good, each list
    that differs. A cell of a notebook is new code whenever it is run, so each training in one left 130 kB.
    """
    return function() if calls == 0 else called_deep(function, calls - 1)
