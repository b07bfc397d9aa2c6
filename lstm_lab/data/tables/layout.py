"""How a text file is laid out: separator, title lines, header, units below it, and what ends its rows.

Only the first lines are looked at. Where they look as pandas expects, nothing is decided here.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from lstm_lab.data.tables.numbers import is_plain_number

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TIME_NAMES", "Layout", "layout_of"]

TIME_NAMES = ("time", "date", "datetime", "timestamp", "ds")
"""Names, in any case, by which a column of times is recognised."""
_SEPARATORS = (",", ";", "\t", "|")
_TITLES = 30
"""Lines above the header, at most."""
_EXTRA_HEADERS = 3
_DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?|\d{4}[-/]\d{1,2}|\d{1,2}:\d{2}.*"
    r"|\d{1,2}[- ][^\W\d_]{3,9}[- ,]+\d{2,4}.*|[^\W\d_]{3,9} \d{1,2},? \d{4}.*"
)
_WORD = re.compile(r"(?=.*[^\W\d_])[^\d]*")
_MISSING = {"na", "nan", "n/a", "null", "none", "nat", "missing", "nil", "-"}


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a text file, as pandas needs it."""

    separator: str
    names: tuple[str, ...] | None
    """Column names where pandas would take others; None where the first line has them."""
    skipped: int
    """Lines before the first row, if there are `names`."""
    extra: int
    """Fields at the end of each row that have no name."""
    notes: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """The first rows."""


@dataclass(frozen=True, slots=True)
class _Line:
    cells: tuple[str, ...]
    number: int
    """Lines of the file up to its end."""

    @property
    def width(self) -> int:
        """Cells up to the last that holds something."""
        return max((column + 1 for column, cell in enumerate(self.cells) if cell), default=0)

    @property
    def is_data(self) -> bool:
        """Whether it holds a number or a date."""
        return any(_is_data(cell) for cell in self.cells)


def layout_of(text: str, default: str, header: int | str | None = None) -> Layout:
    """Detect the layout of a text file.

    Parameters
    ----------
    text
        Its first lines.
    default
        The separator that its extension stands for.
    header
        Where the caller knows it: the line of names, counted from 0 without empty lines, or ``"none"``.
    """
    separator = _separator(text, default)
    lines = _lines(text, separator)
    if not lines:
        return Layout(separator, None, 0, 0, (), ())
    usual = Counter(line.width for line in lines).most_common(1)[0][0]
    if header is not None:
        row = -1 if header == "none" else min(int(header), len(lines) - 1)
    else:
        row = _header_row(lines, usual)
    return _described(separator, lines, row, 0 if header is not None else _more_headers(lines, row))


def _described(separator: str, lines: Sequence[_Line], row: int, more: int) -> Layout:
    """Return the layout of a file whose line of names is known."""
    data = lines[row + 1 + more :]
    rows = tuple(line.cells for line in data)
    widest = max((line.width for line in data), default=0)
    if row < 0:
        note = "it has no line of names: columns are called by their number, from 0"
        names = tuple(str(column) for column in range(widest))
        return Layout(separator, names, 0, 0, (note,), rows)
    names = _names(lines[row : row + 1 + more])
    # Delimiters that end rows make them longer than the header though nothing stands there.
    longest = max((len(line.cells) for line in data), default=0)
    extra = max(0, longest - len(names))
    notes = [f"{row} line{'s' * (row > 1)} above the names left out: {lines[0].cells[0]!r}"] if row else []
    if more:
        notes.append(f"{more} line{'s' * (more > 1)} below the names left out: {_shown(lines[row + 1])!r}")
    if row == 0 and not more and not extra:
        return Layout(separator, None, 0, 0, (), rows)
    return Layout(separator, names, lines[row + more].number, extra, tuple(notes), rows)


def _shown(line: _Line) -> str:
    return ", ".join(cell for cell in line.cells if cell)


# Separator -----------------------------------------------------------------------------------------------------------


def _separator(text: str, default: str) -> str:
    """Choose the separator that gives the most lines, the first among them, the same width."""
    candidates = []
    for separator in dict.fromkeys((default, *_SEPARATORS)):
        lines = _lines(text, separator)
        widths = [len(line.cells) for line in lines]
        if not widths:
            return default
        usual, often = Counter(widths).most_common(1)[0]
        if max(usual, widths[0]) > 1:
            near = abs(widths[0] - usual) <= 1 and widths[0] > 1
            cells = [cell for line in lines[1:] for cell in line.cells if cell]
            data = round(sum(map(_is_data, cells)) / max(1, len(cells)), 1)
            candidates.append((near, round(often / len(widths), 1), data, usual, separator == default, separator))
    if candidates:
        return max(candidates)[-1]
    return r"\s+" if _is_spaced(text) else default


def _is_spaced(text: str) -> bool:
    """Return whether columns are set apart by spaces alone."""
    rows = [line.split() for line in text.splitlines() if line.strip()]
    if len(rows) < 3 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        return False
    return not any(map(_is_data, rows[0])) and any(
        all(is_plain_number(row[column]) for row in rows[1:]) for column in range(len(rows[0]))
    )


def _lines(text: str, separator: str) -> list[_Line]:
    """Split the lines that are not empty."""
    physical = text.splitlines(keepends=True)
    if separator == r"\s+":
        return [_Line(tuple(line.split()), at) for at, line in enumerate(physical, 1) if line.strip()]
    reader = csv.reader(physical, delimiter=separator, skipinitialspace=True)
    lines = []
    try:
        for cells in reader:
            stripped = tuple(cell.strip() for cell in cells)
            if len(stripped) > 1 or any(stripped):
                lines.append(_Line(stripped, reader.line_num))
    except csv.Error:  # a quote that the end of what was looked at leaves open, or one that pandas will name
        pass
    return lines


# Header --------------------------------------------------------------------------------------------------------------


def _header_row(lines: Sequence[_Line], usual: int) -> int:
    """Find the line of names; -1 where there is none."""
    if _is_headless(lines):
        return -1
    for row, line in enumerate(lines[:_TITLES]):
        names = [cell for cell in line.cells if cell]
        fits = len(names) >= max(1, usual - 1) and not line.is_data
        more = _more_headers(lines, row) if fits else 0
        # A title is shorter than the names below it; units and further levels are not wider than the names.
        fits = fits and all(below.width <= line.width for below in lines[row + 1 : row + 1 + more])
        if fits and row + 1 + more < len(lines) and lines[row + 1 + more].is_data:
            # A line of names above the first row is a header already, however few they are.
            return row if all(title.width < max(2, usual) for title in lines[:row]) else 0
        if line.is_data and row > 0 and line.width >= usual:
            return 0
    return 0


def _is_headless(lines: Sequence[_Line]) -> bool:
    """Return whether the first line is a row: a date over dates, or numbers over numbers that are no names."""
    first, below = lines[0].cells, lines[1:]
    if not below or not first[0]:
        return False
    for column, cell in enumerate(first):
        if _DATE.fullmatch(cell) and all(_DATE.fullmatch(value) for value in _column(below, column)):
            return True
    if not all(is_plain_number(cell) for line in lines for cell in line.cells if cell):
        return False
    try:
        values = [float(cell) for cell in first if cell]
    except ValueError:
        return True
    rising = len(values) > 2 and all(later > earlier for earlier, later in pairwise(values))
    counted = values == [float(column) for column in range(len(values))] or values == [float(len(values) == 1)]
    return not (rising or counted)


def _more_headers(lines: Sequence[_Line], row: int) -> int:
    """Count lines of words below the names: units, or the further levels that pandas writes."""
    more = 0
    for line in lines[row + 1 : row + 1 + _EXTRA_HEADERS]:
        rest = lines[row + 2 + more :]
        words = [column for column, cell in enumerate(line.cells) if _is_word(cell)]
        if line.is_data or not rest or not any(_is_data_column(rest, column) for column in words):
            break
        more += 1
    # What is left must be rows.
    return more if row + 1 + more < len(lines) and lines[row + 1 + more].is_data else 0


def _is_data_column(lines: Sequence[_Line], column: int) -> bool:
    """Return whether a column holds numbers or dates alone, but for further lines of names on top."""
    values = _column(lines, column)
    while values and _is_word(values[0]) and len(values) > 1:
        values = values[1:]
    return bool(values) and all(_is_data(value) for value in values)


def _names(headers: Sequence[_Line]) -> tuple[str, ...]:
    """Return the column names: the first header line, made unique by further ones; the first may have its own line."""
    first, *more = headers
    names = list(first.cells)
    for line in more:
        if line.width == 1:
            names[0] = line.cells[0]
            continue
        twice = {name for name, count in Counter(names).items() if count > 1}
        names = [
            f"{name} {line.cells[column]}" if name in twice and column < len(line.cells) else name
            for column, name in enumerate(names)
        ]
    named = [name or f"Unnamed: {column}" for column, name in enumerate(names)]
    counts: Counter[str] = Counter()
    unique = []
    for name in named:
        unique.append(f"{name}.{counts[name]}" if counts[name] else name)
        counts[name] += 1
    return tuple(unique)


def _column(lines: Sequence[_Line], column: int) -> list[str]:
    return [line.cells[column] for line in lines if column < len(line.cells) and line.cells[column]]


def _is_data(cell: str) -> bool:
    return bool(cell) and (is_plain_number(cell) or _DATE.fullmatch(cell) is not None)


def _is_word(cell: str) -> bool:
    return bool(_WORD.fullmatch(cell)) and cell.lower() not in _MISSING
