"""Reads CSV, Parquet and Feather files, compressed or not, into frames; an unreadable file is refused in one line."""

from __future__ import annotations

import difflib
import lzma
import re
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lstm_lab.data.tables.file_limits import check_size
from lstm_lab.data.tables.text_files import COMPRESSED, not_in, read_text_file
from lstm_lab.errors import DataError, LabError, MissingExtraError
from lstm_lab.storage.names import exists, is_file, is_folder

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["absent", "check_file", "guarded", "read_file"]

SEPARATORS = {".csv": ",", ".txt": ",", ".tsv": "\t"}
UNREADABLE = (
    *(ValueError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, lzma.LZMAError, zlib.error),
    *(LookupError, TypeError, MemoryError),  # of a Feather or Parquet file whose schema is broken
)
"""Exceptions of pandas, pyarrow and the decompressors at a broken file."""
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+:)/+(.*)", re.IGNORECASE)
"""An address of the web or of a store, as a path has it: with one of its slashes."""
FORMATS = (*SEPARATORS, ".parquet", ".feather")


def read_file(
    path: Path,
    *,
    encoding: str | None = None,
    header: int | str | None = None,
    max_size: float | None = None,
    wide: bool = False,
) -> pd.DataFrame:
    """Read a file as a table.

    Parameters
    ----------
    path
        A ``.csv``, ``.txt`` or ``.tsv`` file, which may be compressed (``.gz``, ``.bz2``, ``.xz``, ``.zip``),
        or ``.parquet`` or ``.feather``. The separator of text is a comma, semicolon, tab, bar or spaces, as its first
        lines have it. Beside semicolons, 50,13 is a number.
    encoding
        Of a text file, for example ``"latin-1"``; by default UTF-8, or what a byte order mark says.
    header
        Of a text file: the line of the column names, counted from 0 without empty lines, or ``"none"``.
    max_size
        Megabytes that the file may have, unpacked; 2000 by default.
    wide
        Whether each column is a series, so that there may be more than `MAX_COLUMNS`.

    Returns
    -------
    pandas.DataFrame
        As written; nothing is parsed but plain numbers. ``frame.attrs["lstm_lab"]["notes"]`` says what was left out
        or named: title lines, units, a missing header.

    Raises
    ------
    DataError
        No such file, an unknown extension, or a file that is empty or not what its name says.
    MissingExtraError
        Parquet or Feather without pyarrow.
    """
    check_file(path)
    suffix = _suffix(path)
    if suffix not in FORMATS:
        raise DataError(
            f"a data file ends in {', '.join(FORMATS)}, got {path.name!r}; convert it, or pass a pandas DataFrame"
        )

    def read() -> pd.DataFrame:
        check_size(path, suffix, max_size)
        if suffix not in SEPARATORS:
            return pd.read_parquet(path) if suffix == ".parquet" else pd.read_feather(path)
        frame, notes = read_text_file(path, SEPARATORS[suffix], encoding=encoding, header=header, wide=wide)
        frame.attrs = {"lstm_lab": {"source": path.name, "notes": notes, "decimal": frame.attrs.get("decimal")}}
        return frame

    frame = guarded(path, read)
    if len(frame) == 0:
        raise DataError(f"a data file needs rows, got {path.name!r} with none; check that it was written completely")
    return frame


def check_file(path: Path) -> None:
    """Refuse a path that is no file."""
    if not is_file(path):
        raise DataError(absent(path))


def _suffix(path: Path) -> str:
    """Return the extension below a compression's; a bare compressed file is taken for a CSV."""
    outer = path.suffix.lower()
    return (Path(path.stem).suffix.lower() or ".csv") if outer in COMPRESSED else outer


def guarded(path: Path, read: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Call `read`, and turn its errors into one line."""
    why: Any
    try:
        return read()
    except pd.errors.EmptyDataError:
        why = "is empty"
    except ImportError:
        raise MissingExtraError(f"reading {path.name!r} needs pyarrow; install it with: pip install pyarrow") from None
    except LabError:
        raise
    except UnicodeDecodeError as foreign:
        raise DataError(not_in(path, foreign.encoding, foreign.object)) from None
    except pd.errors.ParserError as broken:
        raise DataError(_ragged(path, broken)) from None
    except UNREADABLE as broken:
        lines = str(broken).strip().splitlines()
        why = f"cannot be read ({lines[0][:200] if lines else type(broken).__name__})"
    raise DataError(f"a data file is a readable table, but {path.name!r} {why}; check the file, or name another")


def _ragged(path: Path, broken: Exception) -> str:
    """Return the refusal of a row that has more fields than there are names."""
    reason = str(broken).strip().removeprefix("Error tokenizing data. C error: ")
    reason = reason.replace("EOF inside string", "a quote is never closed,")
    return (
        f"{path.name!r} must have as many fields in each row as names, but {reason[:1].lower()}{reason[1:]}; mend"
        " that line, or name the line of the column names with header=, counted from 0"
    )


def _data_files(folder: Path) -> list[str]:
    """List the data files of a folder; none where it may not be looked into."""
    try:
        return [near.name for near in sorted(folder.iterdir()) if near.is_file() and _suffix(near) in FORMATS]
    except OSError:
        return []


def absent(path: Path) -> str:
    """Return the message for a missing file, with files of a similar name."""
    if is_folder(path):
        return f"a data file is expected, got the folder {str(path)!r}; name a file in it"
    if exists(path):
        return f"a data file is expected, got the pipe or device {str(path)!r}; write what it gives to a file first"
    address = _ADDRESS.match(path.as_posix())
    if address:
        return (
            f"a data file is on this machine, got the address {address[1]}//{address[2]}; download it, or read it with"
            " pandas.read_csv and pass the frame"
        )
    folder = path.parent
    if not is_folder(folder):
        return f"there is no file {str(path)!r}, nor a folder {str(folder)!r}; check the path"
    readable = _data_files(folder)
    close = difflib.get_close_matches(path.name.lower(), readable, n=1, cutoff=0.6)
    shown = f"did you mean {close[0]!r}?" if close else f"data files there: {', '.join(readable[:5]) or 'none'}"
    return f"there is no file {str(path)!r}; {shown}"
