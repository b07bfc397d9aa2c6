"""Files in, plain frames out: CSV, Parquet and Feather, compressed or not; one line says why a file cannot be read."""

from __future__ import annotations

import difflib
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lstm_lab.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["THOUSANDS", "read_file"]

COMPRESSED = (".gz", ".bz2", ".xz", ".zip")
SEPARATORS = {".csv": ",", ".txt": ",", ".tsv": "\t"}
UNREADABLE = (ValueError, OSError, EOFError, zipfile.BadZipFile, lzma.LZMAError, zlib.error)
"""What pandas, pyarrow and the decompressors raise at a broken file; whatever they say goes into our one line."""
DECIMAL_COMMA = r"[-+]?\d*,?\d+"
THOUSANDS = r"[-+]?[1-9]\d{0,2}(,\d{3})*"
FORMATS = (*SEPARATORS, ".parquet", ".feather")


def read_file(path: Path) -> pd.DataFrame:
    """Read a table.

    Parameters
    ----------
    path
        A ``.csv``, ``.txt`` or ``.tsv`` file, which may be compressed (``.gz``, ``.bz2``, ``.xz``, ``.zip``),
        or ``.parquet`` or ``.feather``. The separator of a CSV is a comma, or a semicolon or tab if its
        header line has no comma. Where it is a semicolon, 50,13 is a number.

    Returns
    -------
    pandas.DataFrame
        As written; nothing is parsed but numbers.

    Raises
    ------
    DataError
        No such file, an unknown extension, or a file that is empty or not what its name says.
    MissingExtraError
        Parquet or Feather without pyarrow.
    """
    if not path.is_file():
        raise DataError(_absent(path))
    suffix = _suffix(path)
    if suffix not in FORMATS:
        raise DataError(
            f"a data file ends in {', '.join(FORMATS)}, got {path.name!r}; convert it, or pass a pandas DataFrame"
        )
    frame = _guarded(
        path, lambda: _read_text(path, SEPARATORS[suffix]) if suffix in SEPARATORS else _read(path, suffix)
    )
    if len(frame) == 0:
        raise DataError(f"a data file needs rows, got {path.name!r} with none; check that it was written completely")
    return frame


def _suffix(path: Path) -> str:
    """Give the extension under a compression's; a bare compressed file is taken for a CSV."""
    outer = path.suffix.lower()
    return (Path(path.stem).suffix.lower() or ".csv") if outer in COMPRESSED else outer


def _read_text(path: Path, separator: str) -> pd.DataFrame:
    header = [str(name) for name in pd.read_csv(path, sep=separator, nrows=0, skipinitialspace=True).columns]
    if len(header) == 1:
        separator = next((other for other in (";", "\t", ",") if other in header[0]), separator)
    frame = pd.read_csv(path, sep=separator, skipinitialspace=True, low_memory=False)
    if separator == ";":
        frame = frame.apply(_decimal_commas)
    if frame.columns[0] == "Unnamed: 0" and frame.iloc[:, 0].equals(pd.Series(range(len(frame)))):
        # DataFrame.to_csv wrote its row numbers as a column without a name.
        frame = frame.iloc[:, 1:]
    return frame


def _decimal_commas(column: pd.Series[Any]) -> pd.Series[Any]:
    """Read 50,13 as a number where all values are such; 1,234 alone may mean a thousand, and is left as it is."""
    texts = column.dropna()
    if pd.api.types.is_numeric_dtype(column.dtype) or not texts.map(lambda value: isinstance(value, str)).all():
        return column
    if not texts.str.fullmatch(DECIMAL_COMMA).all() or texts.str.fullmatch(THOUSANDS).all():
        return column
    return pd.to_numeric(column.str.replace(",", ".", regex=False))


def _read(path: Path, suffix: str) -> pd.DataFrame:
    return pd.read_parquet(path) if suffix == ".parquet" else pd.read_feather(path)


def _guarded(path: Path, read: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Explain in one line what the reader could not do."""
    why: Any
    try:
        return read()
    except pd.errors.EmptyDataError:
        why = "is empty"
    except ImportError:
        raise MissingExtraError(f"reading {path.name!r} needs pyarrow; install it with: pip install pyarrow") from None
    except UnicodeDecodeError:
        why = "is not UTF-8 text"
    except UNREADABLE as broken:
        why = (
            f"cannot be read ({str(broken).strip().splitlines()[0] if str(broken).strip() else type(broken).__name__})"
        )
    raise DataError(f"a data file is a readable table, but {path.name!r} {why}; check the file, or pass a DataFrame")


def _absent(path: Path) -> str:
    """Say what is near a file that is not there."""
    if path.is_dir():
        return f"a data file is expected, got the folder {str(path)!r}; name a file in it"
    folder = path.parent
    if not folder.is_dir():
        return f"there is no file {str(path)!r}, nor a folder {str(folder)!r}; check the path"
    readable = [near.name for near in sorted(folder.iterdir()) if near.is_file() and _suffix(near) in FORMATS]
    close = difflib.get_close_matches(path.name.lower(), readable, n=1, cutoff=0.6)
    shown = f"did you mean {close[0]!r}?" if close else f"data files there: {', '.join(readable[:5]) or 'none'}"
    return f"there is no file {str(path)!r}; {shown}"
