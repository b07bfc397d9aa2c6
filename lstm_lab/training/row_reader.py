"""Rows of a matrix for TensorFlow: from a copy in its memory, or, of a large matrix, from where it lies."""

from __future__ import annotations

import itertools
import weakref
from typing import TYPE_CHECKING, Any

from lstm_lab.data.memory.mapped import is_mapped, taken
from lstm_lab.models.backend import tf

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["row_reader", "stays_in_place"]

_COPIED = 1 << 28
"""Bytes of a matrix that is copied, at most: a copy is gathered from within TensorFlow, without Python."""

_matrices: weakref.WeakValueDictionary[int, NDArray[np.float32]] = weakref.WeakValueDictionary()
"""By number: TensorFlow never lets go of a function that it has called, nor of what that holds."""
_numbers = itertools.count(1)


def stays_in_place(matrix: np.ndarray) -> bool:
    """Return whether rows are read from where a matrix lies: a file, or more memory than is taken twice."""
    return is_mapped(matrix) or matrix.nbytes > _COPIED


def row_reader(matrix: np.ndarray) -> Callable[[Any], Any]:
    """Return a function that gathers rows: int64 row numbers of any shape -> that shape and an axis of columns.

    Parameters
    ----------
    matrix
        (rows, columns) float32.
    """
    if not stays_in_place(matrix):
        copied = tf.constant(matrix, tf.float32)
        return lambda rows: tf.gather(copied, rows)

    number = next(_numbers)
    _matrices[number] = matrix

    def read(rows: Any) -> Any:  # holds the matrix for as long as it is itself held
        values = tf.numpy_function(lambda wanted: taken(_matrices[number], wanted), [rows], tf.float32, stateful=False)
        return tf.ensure_shape(values, [*rows.shape, matrix.shape[1]])

    return read
