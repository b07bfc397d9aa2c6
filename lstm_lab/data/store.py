"""The rows of a dataset: the `Store` protocol that a `Dataset` reads them through, and the store in memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
import pandas as pd

from lstm_lab.data.remembered_dates import remember
from lstm_lab.data.time_index import segments

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

    from lstm_lab.data.encoder import Encoder

    Rows = slice | NDArray[np.int64]

__all__ = ["FrameStore", "Store"]


class Store(Protocol):
    """Rows of one or many series, sorted by (series, time), as they were read and as a network reads them.

    `Dataset` knows its rows through these members alone, so a store on disk is another class that has them:
    ``docs/dataset.md`` says what each promises. Row numbers count over all series. Small per-row facts (`segments`,
    `index`) are held in memory; values are gathered on request, for row numbers of any shape.
    """

    @property
    def encoder(self) -> Encoder:
        """The encoder of the rows, fitted on training rows alone."""

    @property
    def ids(self) -> tuple[Hashable, ...]:
        """Name of each series; a lone series is called None."""

    @property
    def borders(self) -> NDArray[np.int64]:
        """(series + 1,) row where each series begins, and the number of rows."""

    @property
    def segments(self) -> NDArray[np.int64]:
        """(rows,) number of the gap-free stretch of each row, rising; a new series begins a new stretch."""

    @property
    def index(self) -> pd.Index:
        """(rows,) time of each row, rising within a series."""

    def target(self, rows: Rows) -> NDArray[np.float64]:
        """Gather the observed target in its own unit, of the shape of `rows`."""

    def encoded(self, rows: Rows) -> NDArray[np.float32]:
        """Gather encoded rows, the shape of `rows` and an axis of columns; NaN in warmups."""

    def frame(self) -> pd.DataFrame:
        """Read the whole table, target and covariates by time: for pictures and files."""

    def append(self, newer: Mapping[Hashable, pd.DataFrame]) -> Store:
        """Append newer rows to their series, by id; where both have a row, the newer one counts."""


@dataclass(frozen=True, eq=False)
class FrameStore:
    """A `Store` in memory: a frame, encoded when a row is first asked for."""

    table: pd.DataFrame
    """Target and covariates, sorted by (series, time), indexed by time."""
    encoder: Encoder
    max_gap: str | None = None
    """The longest step that is no gap, see `lstm_lab.data.time_index.segments`."""
    ids: tuple[Hashable, ...] = (None,)
    starts: tuple[int, ...] = (0,)
    """Row where each series begins."""

    @classmethod
    def of(cls, tables: Mapping[Hashable, pd.DataFrame], encoder: Encoder, max_gap: str | None = None) -> Self:
        """Concatenate the tables of several series."""
        parts = list(tables.values())
        starts = np.cumsum([0, *(len(part) for part in parts[:-1])])
        table = parts[0] if len(parts) == 1 else pd.concat(parts)
        return cls(table, encoder, max_gap, tuple(tables), tuple(starts.tolist()))

    @cached_property
    def borders(self) -> NDArray[np.int64]:
        """(series + 1,) row where each series begins, and the number of rows."""
        return np.array([*self.starts, len(self.table)], dtype=np.int64)

    @cached_property
    def segments(self) -> NDArray[np.int64]:
        """(rows,) number of the gap-free stretch of each row."""
        parts: list[NDArray[np.int64]] = []
        first = 0
        for start, stop in pairwise(self.borders):
            part = segments(self.table.index[start:stop], self.max_gap) + first
            first = int(part[-1]) + 1 if len(part) else first
            parts.append(part)
        return np.concatenate(parts)

    @property
    def index(self) -> pd.Index:
        """(rows,) time of each row."""
        return self.table.index

    @cached_property
    def _target(self) -> NDArray[np.float64]:
        return self.table[self.encoder.target].to_numpy(dtype=np.float64)

    @cached_property
    def _matrix(self) -> NDArray[np.float32]:
        return self.encoder.encode(self.table, self.segments)

    def target(self, rows: Rows) -> NDArray[np.float64]:
        """Gather the observed target in its own unit."""
        return self._target[rows]

    def encoded(self, rows: Rows) -> NDArray[np.float32]:
        """Gather encoded rows; the first call encodes the table."""
        return self._matrix[rows]

    def frame(self) -> pd.DataFrame:
        """Return the whole table."""
        return self.table

    def append(self, newer: Mapping[Hashable, pd.DataFrame]) -> FrameStore:
        """Append newer rows to their series, by id; a table that begins before its series replaces it."""
        tables = {
            name: self._joined(self.table.iloc[start:stop], newer[name]) if name in newer else self.table[start:stop]
            for name, (start, stop) in zip(self.ids, pairwise(self.borders), strict=True)
        }
        store = FrameStore.of(tables, self.encoder, self.max_gap)
        remember(store.table, self.table)
        return store

    def _joined(self, earlier: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
        before = earlier.index < later.index[0]
        if not before.any():
            return later
        used = [self.encoder.target, *self.encoder.covariates]
        joined: pd.DataFrame = pd.concat([earlier.loc[before, used], later[used]])
        joined.attrs = later.attrs  # how the rows were read, which newer ones follow
        return joined
