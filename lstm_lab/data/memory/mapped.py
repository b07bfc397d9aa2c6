"""Arrays in a file of their own, mapped into memory: the system reads what is used, and takes its memory back."""

from __future__ import annotations

import mmap
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.data.memory.budget import in_bytes
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import DTypeLike

__all__ = ["BLOCK", "blocks_of", "is_mapped", "is_on_disk", "mapped_array", "released", "taken"]

BLOCK = 1 << 18
"""Rows that are worked on together."""


def mapped_array(shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """Return an array of zeros in a temporary file, which is gone when the last view of the array is.

    Raises
    ------
    DataError
        The disk of temporary files has too little space.
    """
    size, folder = int(np.prod(shape)) * np.dtype(dtype).itemsize, tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if size > free:
        raise DataError(
            f"rows on disk need {in_bytes(size)} in the folder of temporary files, and {folder} has {in_bytes(free)};"
            " free some, or set TMPDIR to another folder before Python starts"
        )
    with tempfile.TemporaryFile() as file:
        if size > 0 and hasattr(os, "posix_fallocate"):  # a disk that fills up later would kill the process
            os.posix_fallocate(file.fileno(), 0, size)
        return np.memmap(file, dtype, "w+", shape=shape)


def is_mapped(array: np.ndarray) -> bool:
    """Return whether an array is a view of a file."""
    return _file_of(array) is not None


def is_on_disk(frame: pd.DataFrame) -> bool:
    """Return whether the values of a frame lie in a file, as `lstm_lab.load` gives them with ``on_disk``."""
    return frame.shape[1] > 0 and is_mapped(frame.iloc[:, 0].to_numpy())


def blocks_of(rows: int | slice) -> Iterator[slice]:
    """Divide a number of rows, or a slice of them, into slices of `BLOCK` rows, the last shorter."""
    start, stop = (0, rows) if isinstance(rows, int) else (rows.start, rows.stop)
    for first in range(start, stop, BLOCK):
        yield slice(first, min(first + BLOCK, stop))


def taken(matrix: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Gather rows of a matrix; of one in a file, the memory of the pages that were read is given back."""
    values = np.asarray(matrix[rows])
    released(matrix)
    return values


def released(array: np.ndarray) -> None:
    """Give back the memory of the pages of a mapped array that were used; the values stay in the file."""
    mapped = _file_of(array)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def _file_of(array: np.ndarray) -> mmap.mmap | None:
    """Find the file that an array is a view of."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, mmap.mmap) else None
