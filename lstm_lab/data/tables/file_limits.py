"""Limits on data files, held before they are read: a small file may unpack to more than any memory holds.

What a file would unpack to is counted without keeping it: by a zip's own list, which its reader never exceeds; by
unpacking gz, bz2 and xz piece by piece; by the rows and columns of a Parquet or Feather file.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO

from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["MAX_COLUMNS", "MAX_SIZE", "check_columns", "check_size"]

MAX_SIZE = 2000.0
"""Megabytes that a data file may have, unpacked, unless ``max_size`` says otherwise."""
MAX_COLUMNS = 10_000
"""Columns of a table; each is looked at, which takes a millisecond."""
_BYTES = 1_000_000
_PIECE = 1 << 20
_GZIP_RATIO = 1032
"""No gz file unpacks to more times its size."""
_OPEN: Mapping[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def check_size(path: Path, kind: str, max_size: float | None = None) -> None:
    """Refuse a file that would unpack to more than it may.

    Parameters
    ----------
    path
        A regular file.
    kind
        Its extension below a compression's: ``".csv"``, ``".parquet"``, ...
    max_size
        Megabytes; `MAX_SIZE` by default.

    Raises
    ------
    DataError
        It is larger: one line with its size and the option that raises the limit.
    """
    limit = (MAX_SIZE if max_size is None else max_size) * _BYTES
    size: float = path.stat().st_size
    if size <= limit:
        size = _unpacked(path, kind, limit, size)
    if size > limit:
        at_least = "more than " if size == limit + 1 else ""
        megabytes = f"{at_least}{min(size, limit) / _BYTES if at_least else size / _BYTES:,.0f} MB"
        raise DataError(
            f"a data file has at most {limit / _BYTES:,.0f} MB when it is unpacked, got {path.name!r} with {megabytes};"
            f" raise max_size= if it is what it should be, for example max_size={10 * limit / _BYTES:.0f}"
        )


def check_columns(count: int, name: str) -> None:
    """Refuse a table with more columns than are looked at.

    Raises
    ------
    DataError
        One line with the remedy.
    """
    if count > MAX_COLUMNS:
        raise DataError(
            f"a table has at most {MAX_COLUMNS:,} columns, got {count:,} in {name}; read those that are used, for"
            " example pd.read_csv(path, usecols=['date', 'close'])"
        )


def _unpacked(path: Path, kind: str, limit: float, size: float) -> float:
    """Count the bytes of a file when it is unpacked; ``limit + 1`` where there are more than the limit."""
    outer = path.suffix.lower()
    if outer == ".zip":
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    if outer in _OPEN:
        return size if outer == ".gz" and size * _GZIP_RATIO <= limit else _counted(_OPEN[outer], path, limit)
    if kind in {".parquet", ".feather"}:
        import_module("pyarrow")  # whose absence is told of, rather than that of a part of it
    if kind == ".parquet":
        metadata = import_module("pyarrow.parquet").read_metadata(path)
        in_groups = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
        return float(max(in_groups, 8 * metadata.num_rows * metadata.num_columns))
    return _feather(path, limit) if kind == ".feather" else size


def _counted(opener: Callable[[Path], BinaryIO], path: Path, limit: float) -> float:
    """Unpack a file piece by piece, and keep nothing of it."""
    count = 0
    with opener(path) as file:
        while piece := file.read(_PIECE):
            count += len(piece)
            if count > limit:
                return limit + 1
    return count


def _feather(path: Path, limit: float) -> float:
    """Add up the batches of a Feather file; the first version of the format has no compression."""
    pyarrow = import_module("pyarrow")
    with pyarrow.memory_map(str(path)) as mapped:
        try:
            file = import_module("pyarrow.ipc").open_file(mapped)
        except pyarrow.ArrowInvalid:
            return path.stat().st_size
        count = 0
        for number in range(file.num_record_batches):
            count += file.get_batch(number).nbytes
            if count > limit:
                return limit + 1
        return count
