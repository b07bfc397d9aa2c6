"""An array of weights, one for each row, kept as a column of the table, so that it goes wherever its rows go."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.preparation import text_reading
from lstm_lab.data.sources.panel_forms import WIDE
from lstm_lab.data.sources.source_tables import table_of
from lstm_lab.errors import OptionError

if TYPE_CHECKING:
    from lstm_lab.data.sources.source_tables import Source
    from lstm_lab.options import InputOptions

__all__ = ["COLUMN", "WEIGHTS", "with_weights"]

COLUMN = "weights"
"""The column that holds an array of weights."""
WEIGHTS = f"column:{COLUMN}"
"""The scheme of such a training."""


def with_weights(source: Source, weights: Any, options: InputOptions) -> pd.DataFrame:
    """Add an array of weights to a table as a column.

    Parameters
    ----------
    source
        As for `lstm_lab.load`.
    weights
        A number for each row of the table, in its order; a Series has the table's index.
    options
        How a file is read.

    Raises
    ------
    OptionError
        Another length or index, values that are no numbers, a wide table, or one with such a column already.
    """
    if options.id == WIDE:
        raise OptionError(
            "weights= as an array has a number for each row of a long table, got id='columns'; make it long with melt"
        )
    if options.on_disk:
        raise OptionError(
            "on disk weights are a column of the file, got an array; write it there, and name it with"
            " weights='column:NAME'"
        )
    table = _table(source, options)
    if COLUMN in table.columns:
        raise OptionError(
            f"weights= as an array becomes the column {COLUMN!r}, which the table has already; write"
            f" weights={WEIGHTS!r} to weigh by that one, or rename it"
        )
    if isinstance(weights, pd.Series) and not weights.index.equals(table.index):
        raise OptionError(
            "weights= as a Series has the index of the table, got another one; give weights.to_numpy() to go by order"
        )
    return table.assign(**{COLUMN: _values(weights, len(table))})


def _table(source: Source, options: InputOptions) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):
        return source
    if isinstance(source, str | PathLike):
        return table_of(source, **text_reading(options))
    return source.to_frame(source.name or "value") if isinstance(source, pd.Series) else table_of(source)


def _values(weights: Any, rows: int) -> np.ndarray:
    """Return the weights as numbers."""
    try:
        values = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty((0, 0))
    if values.shape != (rows,):
        given = f"shape {values.shape}" if values.size or values.ndim == 1 else f"a {type(weights).__name__}"
        raise OptionError(
            f"weights= as an array has a number for each row of the table, {rows:,} of them, got {given};"
            " for example weights=np.linspace(0.5, 1, len(table))"
        )
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad) > 0:
        raise OptionError(
            f"weights= as an array has a finite number for each row, got {values[bad[0]]} at position {bad[0]}"
            f" ({len(bad)} such); give 0 to a row that is not to count"
        )
    return values
