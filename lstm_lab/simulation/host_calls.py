"""Python functions that a compiled loop calls at each step, by a number that it is given when it is run.

A compiled function lives longer than the simulation that it runs, and may run several at a time. So it holds no
function of a simulation's, but calls `called_back` with the simulation's number.
"""

from __future__ import annotations

import contextvars
import itertools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Append = Callable[[int, NDArray[np.float32]], NDArray[np.float32]]

__all__ = ["called_back", "registered"]

_functions: dict[int, Append] = {}
_numbers = itertools.count(1)


@contextmanager
def registered(function: Append, columns: int) -> Iterator[int]:
    """Register a function for the length of a block, and yield its number.

    Parameters
    ----------
    function
        (step, output (rows,)) -> the newest input row of every path, (rows, columns) float32. What it raises is raised
        at the end of the block as it is; TensorFlow would turn it into an error of its own.
    columns
        Of a row.
    """
    context = contextvars.copy_context()  # TensorFlow calls from a thread of its own, where NumPy's errstate is another
    errors: list[Exception] = []

    def guarded(step: int, output: NDArray[np.float32]) -> NDArray[np.float32]:
        if not errors:
            try:
                return context.run(function, step, output)
            except Exception as error:  # noqa: BLE001 - raised again below
                errors.append(error)
        return np.zeros((len(output), columns), np.float32)

    number = next(_numbers)
    _functions[number] = guarded
    try:
        yield number
    finally:
        del _functions[number]
    if errors:
        raise errors[0]


def called_back(number: Any, step: Any, output: NDArray[np.float32]) -> NDArray[np.float32]:
    """Call a registered function."""
    return _functions[int(number)](int(step), output)
