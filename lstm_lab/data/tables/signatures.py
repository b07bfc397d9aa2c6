"""What a file is by its first bytes, where its name says text and it is none."""

from __future__ import annotations

import re

__all__ = ["other_kind"]

_WORKBOOK = "read a workbook with pandas.read_excel and pass the frame"
_BYTES = {
    b"PK\x03\x04": f"a zip archive, such as an Excel workbook; {_WORKBOOK}, or let the name end in .zip",
    b"\xd0\xcf\x11\xe0": f"an old Excel workbook; {_WORKBOOK}",
    b"\x1f\x8b": "compressed by gzip; let its name end in .csv.gz",
    b"BZh91AY&SY": "compressed by bzip2; let its name end in .csv.bz2",
    b"\xfd7zXZ\0": "compressed by xz; let its name end in .csv.xz",
    b"PAR1\x15": "a Parquet file; let its name end in .parquet",
    b"ARROW1\0\0": "a Feather file; let its name end in .feather",
    b"SQLite format 3": "an SQLite database; read a table of it with pandas.read_sql and pass the frame",
    b"%PDF-": "a PDF; save its table as CSV",
    b"\x89PNG\r\n": "a picture; name the file of the table",
}
"""What a file is and what to do, by how it begins."""
_TEXTS = (
    (
        re.compile(rb"\s*<(?:!doctype html|html|head|body)\b", re.IGNORECASE),
        "a web page; download the file itself, or read the tables of a page with pandas.read_html and pass one",
    ),
    (re.compile(rb"\s*<\?xml\b"), "XML; read it with pandas.read_xml and pass the frame"),
    (re.compile(rb"\s*(?:\{\s*[\"}]|\[\s*[\[{])"), "JSON; read it with pandas.read_json and pass the frame"),
)


def other_kind(head: bytes) -> str | None:
    """Return what a file is that is no table of text, and the remedy; None where its beginning may be one.

    Parameters
    ----------
    head
        Its first bytes.

    Examples
    --------
    >>> other_kind(b'[{"close": 1}]')
    'JSON; read it with pandas.read_json and pass the frame'
    >>> other_kind(b"date,close") is None
    True
    """
    known = next((words for start, words in _BYTES.items() if head.startswith(start)), None)
    text = head.removeprefix(b"\xef\xbb\xbf")
    return known or next((words for pattern, words in _TEXTS if pattern.match(text)), None)
