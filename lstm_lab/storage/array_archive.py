"""Arrays in NumPy's ``npz``, written piece by piece: no more of them is copied into memory than a piece."""

from __future__ import annotations

import zipfile
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["write_arrays"]

_BLOCK = 1 << 16
"""Rows of a column that are converted and written together."""


def write_arrays(file: IO[bytes], arrays: Mapping[str, NDArray[Any] | pd.DataFrame]) -> None:
    """Write arrays, and tables as float64, to an open file as `numpy.savez` does, without pickle.

    Parameters
    ----------
    file
        Where to; it need not be able to seek, so it may be a member of another zip file.
    arrays
        By the name that `numpy.load` gives them.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                if isinstance(array, pd.DataFrame):
                    _write_table(member, array)
                elif array.ndim == 1 and not array.dtype.hasobject:
                    np.lib.format.write_array_header_1_0(member, np.lib.format.header_data_from_array_1_0(array))
                    _write_column(member, array)
                else:
                    np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)


def _write_table(member: IO[bytes], table: pd.DataFrame) -> None:
    """Write a table column by column, the order in which pandas holds it: no copy of the whole is made."""
    by_column = min(table.shape) > 1  # else both orders are one, and NumPy calls it that of C
    np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": by_column, "shape": table.shape})
    for number in range(table.shape[1]):
        _write_column(member, table.iloc[:, number].to_numpy(), "<f8")


def _write_column(member: IO[bytes], column: NDArray[Any], dtype: str | None = None) -> None:
    """Write values one after the other, a block at a time."""
    for first in range(0, len(column), _BLOCK):
        member.write(np.ascontiguousarray(column[first : first + _BLOCK], dtype).tobytes())
