"""Reads CSV and similar text files into frames, with notes on what pandas would not expect."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import re
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.tables.file_limits import check_columns
from lstm_lab.data.tables.layout import TIME_NAMES, layout_of
from lstm_lab.data.tables.numbers import NumberText, may_be_grouped
from lstm_lab.data.tables.signatures import other_kind
from lstm_lab.errors import DataError, OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import IO

    from lstm_lab.data.tables.layout import Layout

__all__ = ["COMPRESSED", "read_text_file"]

_HEAD = 1 << 18
"""Bytes that are looked at to find out how a file is laid out."""
_LONGEST_LINE = 1 << 26
"""Bytes of a line of names, and of the first row below it, that are looked at where `_HEAD` ends within them."""
_COLUMNS = 256
"""Columns that are looked at together."""
_SHOWN = 300
"""Rows of them."""
_PLAIN, _THOUSAND = re.compile(r"-?[0-9]+(?:\.[0-9]+)?"), re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # begins with that of UTF-16
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def _open_plain(path: Path) -> IO[bytes]:
    return path.open("rb")


def _open_zip(path: Path) -> IO[bytes]:
    archive = zipfile.ZipFile(path)
    return archive.open(archive.namelist()[0])


_OPEN: Mapping[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".zip": _open_zip}
COMPRESSED = tuple(_OPEN)


def read_text_file(
    path: Path,
    separator: str,
    *,
    encoding: str | None = None,
    header: int | str | None = None,
    wide: bool = False,
) -> tuple[pd.DataFrame, list[str]]:
    """Read a text file.

    Parameters
    ----------
    path
        The file, which may be compressed.
    separator
        What its extension stands for; another is found if the first lines need it.
    encoding
        For example ``"latin-1"``; by default UTF-8, or what a byte order mark says.
    header
        Line of the column names, counted from 0 without empty lines, or ``"none"``; by default it is found.
    wide
        Whether each column is a series, so that there may be very many.

    Returns
    -------
    tuple
        The frame, in which columns stay text that are not plainly numbers; and notes on what was left out or named.

    Raises
    ------
    DataError
        Fields without a name, or text in another encoding; one line with the remedy.
    """
    head, encoding = _head(path, encoding)
    layout = layout_of(head, separator, header)
    how: dict[str, Any] = {"sep": layout.separator, "skipinitialspace": True, "encoding": encoding}
    notes = list(layout.notes)
    if not wide:
        check_columns(head.partition("\n")[0].count(layout.separator or ",") + 1, repr(path.name))
    if layout.names is None:
        frame = pd.read_csv(path, low_memory=False, **how)
    else:
        how |= {"header": None, "skiprows": layout.skipped, "index_col": False}
        how |= {"names": [*layout.names, *(f"\0{column}" for column in range(layout.extra))]}
        frame = pd.read_csv(path, low_memory=False, **how)
        if layout.extra and not frame.iloc[:, -layout.extra :].isna().to_numpy().all():
            frame = _with_unnamed(path, layout, encoding)
            return frame, notes
        frame = frame.iloc[:, : len(layout.names)]
        notes += ["empty fields at the end of the rows left out"] * bool(layout.extra)
    if not wide:  # a first line too long to be shown is counted here
        check_columns(frame.shape[1], repr(path.name))
    if frame.shape[1] > _COLUMNS:
        frame = frame.copy()  # one array for each type in place of one for each column
    frame = _as_written(frame, layout, how, path)
    return _without_blanks(frame, notes), notes


def _head(path: Path, encoding: str | None) -> tuple[str, str]:
    """Decode the first lines, and say in what encoding."""
    with _OPEN.get(path.suffix.lower(), _open_plain)(path) as file:
        raw = file.read(_HEAD)
        whole = len(raw) < _HEAD
        if not whole and b"\n" not in raw:  # a wide table: its names alone are longer
            raw += file.readline(_LONGEST_LINE) + file.readline(_LONGEST_LINE)
    kind = other_kind(raw)
    if kind is not None:
        raise DataError(f"{path.name!r} is no table of text, but {kind}")
    chosen = encoding or next((name for mark, name in _BYTE_ORDER_MARKS.items() if raw.startswith(mark)), "utf-8")
    try:
        decoder = codecs.getincrementaldecoder(chosen)()
        text = decoder.decode(raw, final=whole)
    except LookupError:
        raise OptionError(f"encoding is the name of one, got {encoding!r}; for example encoding='latin-1'") from None
    except UnicodeDecodeError:
        raise DataError(not_in(path, chosen, raw)) from None
    if "\0" in text:
        raise DataError(not_in(path, chosen, raw))
    if not whole:
        text = text[: text.rfind("\n") + 1] or text
    return "".join(text.splitlines(keepends=True)[:_SHOWN]), chosen


def not_in(path: Path, encoding: str, raw: bytes) -> str:
    """Return the refusal of a file in another encoding, with the one that it likely has."""
    zeros = raw[::2].count(0) * 4 > len(raw), raw[1::2].count(0) * 4 > len(raw)
    if zeros == (False, True):
        likely = "utf-16-le"
    elif zeros == (True, False):
        likely = "utf-16-be"
    elif 0 in raw:
        return f"{path.name!r} is not text, for it has NUL bytes; save the table as CSV again, in UTF-8"
    else:
        likely = "cp1252" if any(0x80 <= byte < 0xA0 for byte in raw) else "latin-1"
    return f"{path.name!r} is not {encoding.upper()} text; say how it was written, likely encoding={likely!r}"


def _with_unnamed(path: Path, layout: Layout, encoding: str) -> pd.DataFrame:
    """Read a file whose rows have a first field without a name, as R writes it; refuse any other."""
    names = layout.names or ()
    rows = [row for row in layout.rows if len(row) > len(names)]
    dated = names and names[0].lower() in TIME_NAMES
    if layout.extra != 1 or len(rows) < len(layout.rows) or layout.skipped != 1 or dated:
        raise DataError(
            f"{path.name!r} must have a name for every field, got {len(names) + layout.extra} fields in a row and"
            f" {len(names)} names; name them all, and put numbers with a decimal comma in quotes"
        )
    return pd.read_csv(path, sep=layout.separator, skipinitialspace=True, low_memory=False, encoding=encoding)


def _as_written(frame: pd.DataFrame, layout: Layout, how: dict[str, Any], path: Path) -> pd.DataFrame:
    """Keep as text what has two readings as a number, and read decimal commas beside semicolons."""
    if not isinstance(frame.index, pd.RangeIndex):
        return frame
    grouped = _grouped_columns(frame)
    doubtful = [position for position, may_be in grouped.items() if may_be and _has_no_mark(layout, position)]
    if doubtful:
        texts = pd.read_csv(path, dtype=str, usecols=doubtful, **how)
        kept = {
            str(frame.columns[position]): texts[column]
            for position, column in zip(doubtful, texts.columns, strict=True)
            if _has_two_readings(NumberText.of(texts[column], column), layout.separator)
        }
        frame = frame.assign(**kept)
    marks = set() if all(grouped.values()) else {"."}
    if layout.separator == ";":
        written = {str(name): frame[name] for name, kind in frame.dtypes.items() if kind.kind not in "iufb"}
        read = {name: _decimal_commas(column) for name, column in written.items()}
        marks |= {","} if any(read[name].dtype != column.dtype for name, column in written.items()) else set()
        frame = frame.assign(**read)
    if len(marks) == 1:
        frame.attrs["decimal"] = marks.pop()
    return frame


def _grouped_columns(frame: pd.DataFrame) -> dict[int, bool]:
    """Return, for each column that was read with decimal points, whether 1.234 may be a thousand by its numbers."""
    positions = [position for position, kind in enumerate(frame.dtypes) if kind.kind == "f"]
    grouped: dict[int, bool] = {}
    for start in range(0, len(positions), _COLUMNS):  # one by one, pandas would take a fifth of a millisecond each
        some = positions[start : start + _COLUMNS]
        values = frame.iloc[:, some].to_numpy()
        grouped |= {position: may_be_grouped(values[:, number]) for number, position in enumerate(some)}
    return grouped


def _has_no_mark(layout: Layout, position: int) -> bool:
    """Return whether the first rows leave open what a point in a column means."""
    shown = [row[position] for row in layout.rows if position < len(row)]
    if all(_PLAIN.fullmatch(text) for text in shown if text):  # most columns, and much faster
        return all("." not in text or _THOUSAND.fullmatch(text) for text in shown)
    return NumberText.of(pd.Series(shown, dtype=object), "").mark is None


def _has_two_readings(text: NumberText, separator: str) -> bool:
    """Return whether text must decide: 1.000 beside 999 anywhere; beside semicolons 1.000 by itself."""
    if text.unparsed() or text.mark == "." or not any("." in core for core in text.cores):
        return False
    return separator == ";" or any("." not in core for core in text.cores)


def _decimal_commas(column: pd.Series[Any]) -> pd.Series[Any]:
    """Read 50,13 as a number where all values are such; 1,234 alone may mean a thousand, and is left as it is."""
    if pd.api.types.is_numeric_dtype(column.dtype) or NumberText.of(column.head(_SHOWN), "").unparsed():
        return column
    text = NumberText.of(column, "")
    if (
        not text.texts
        or text.unparsed()
        or not text.plain
        or text.mark != ","
        or any("." in core for core in text.cores)
    ):
        return column
    return pd.Series(text.read(",")[0], index=column.index, name=column.name)


def _without_blanks(frame: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Drop row numbers that pandas wrote, columns without name and value, and rows without any value at the end."""
    if frame.columns[0] == "Unnamed: 0" and frame.iloc[:, 0].equals(pd.Series(range(len(frame)))):
        frame = frame.iloc[:, 1:]
    nameless = [str(name).startswith("Unnamed: ") for name in frame.columns]
    empty = frame.isna().all(axis=0).to_numpy() & np.array(nameless, dtype=bool)
    frame = frame.loc[:, ~empty]
    filled = np.flatnonzero(frame.notna().any(axis=1).to_numpy())
    blank = len(frame) - 1 - int(filled[-1]) if len(filled) > 0 else 0
    if blank and frame.shape[1] > 1:
        notes.append(f"{blank} row{'s' * (blank > 1)} without any value at the end left out")
        frame = frame.iloc[: len(frame) - blank]
    return frame
