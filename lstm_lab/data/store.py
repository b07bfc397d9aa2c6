"""The rows of a dataset: the `Store` protocol that a `Dataset` reads them through, and the store in memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
import pandas as pd

from lstm_lab.data.dates.remembered import remember
from lstm_lab.data.dates.time_index import segments
from lstm_lab.data.encoding.panel_encoder import scaling_of
from lstm_lab.data.encoding.panel_ids import series_of
from lstm_lab.data.memory.mapped import is_on_disk, mapped_array, taken
from lstm_lab.data.sources.disk_frame import joined_on_disk

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

    from lstm_lab.data.encoding.encoder import Encoder
    from lstm_lab.data.encoding.series_scaling import SeriesScaling

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

    @property
    def max_gap(self) -> str | None:
        """The longest step that is no gap; None for the usual rule."""

    @property
    def scaling(self) -> SeriesScaling | None:
        """Mean and scale of each series of a panel; None where all rows are scaled alike."""

    @property
    def static(self) -> pd.DataFrame | None:
        """Static inputs, a row a series."""

    def append(self, newer: pd.DataFrame, static: pd.DataFrame | None = None) -> Store:
        """Append newer rows, by (id, time), to their series; where both have a row, the newer one counts."""


@dataclass(frozen=True, eq=False)
class FrameStore:
    """A `Store` in memory: a frame, encoded when a row is first asked for."""

    table: pd.DataFrame
    """Target and covariates, sorted by time; of several series by (id, time)."""
    encoder: Encoder
    max_gap: str | None = None
    """The longest step that is no gap, see `lstm_lab.data.dates.time_index.segments`."""
    static: pd.DataFrame | None = None
    """Static inputs, a row a series."""

    @classmethod
    def of(cls, tables: Mapping[Hashable, pd.DataFrame], encoder: Encoder, max_gap: str | None = None) -> Self:
        """Concatenate the tables of several series."""
        alone = len(tables) == 1 and None in tables
        return cls(tables[None] if alone else pd.concat(tables), encoder, max_gap)

    @cached_property
    def _series(self) -> tuple[tuple[Hashable, ...], NDArray[np.int64]]:
        return series_of(self.table.index)

    @property
    def ids(self) -> tuple[Hashable, ...]:
        """Name of each series; a lone series is called None."""
        return self._series[0]

    @property
    def borders(self) -> NDArray[np.int64]:
        """(series + 1,) row where each series begins, and the number of rows."""
        return self._series[1]

    @cached_property
    def segments(self) -> NDArray[np.int64]:
        """(rows,) number of the gap-free stretch of each row."""
        return segments(self.index, self.max_gap, self.borders)

    @cached_property
    def index(self) -> pd.Index:
        """(rows,) time of each row."""
        return self.table.index.get_level_values(-1)

    @cached_property
    def _target(self) -> NDArray[np.float64]:
        return self.table[self.encoder.target].to_numpy(dtype=np.float64)

    @cached_property
    def _matrix(self) -> NDArray[np.float32]:
        if self.scaling is None:
            return self.encoder.encode(self.table, self.segments, self._space)
        series = np.repeat(np.arange(len(self.ids)), np.diff(self.borders))
        own = self.encoder.scaled(self.scaling.mean[series], self.scaling.scale[series])
        return own.encode(self.table, self.segments)

    @property
    def _space(self) -> NDArray[np.float32] | None:
        """Where encoded rows are written: of a table on disk, to a file too."""
        shape = len(self.table), len(self.encoder.columns)
        return mapped_array(shape, np.float32) if is_on_disk(self.table) else None

    @cached_property
    def scaling(self) -> SeriesScaling | None:
        """Mean and scale of each series: those of the training, or of all rows of a series that it did not have."""
        if self.encoder.series is None:
            return None
        return scaling_of(self.encoder, self.encoder.series, self.table, self.segments, self.static)

    def target(self, rows: Rows) -> NDArray[np.float64]:
        """Gather the observed target in its own unit."""
        return self._target[rows]

    def encoded(self, rows: Rows) -> NDArray[np.float32]:
        """Gather encoded rows; the first call encodes the table."""
        return self._matrix[rows] if isinstance(rows, slice) else taken(self._matrix, rows)

    def frame(self) -> pd.DataFrame:
        """Return the whole table."""
        return self.table

    def append(self, newer: pd.DataFrame, static: pd.DataFrame | None = None) -> FrameStore:
        """Append newer rows to their series; a table that begins before its series replaces it.

        Parameters
        ----------
        newer
            Rows by time; of several series by (id, time). A series that is not here yet joins the others.
        static
            Static inputs of the series in `newer`, a row a series.
        """
        table = self._joined(newer)
        known = self.static
        if static is not None:
            known = static if known is None else pd.concat([known[~known.index.isin(static.index)], static])
        if known is not None:
            known = known.loc[list(series_of(table.index)[0])]
        store = FrameStore(table, self.encoder, self.max_gap, known)
        remember(store.table, self.table)
        return store

    def _joined(self, later: pd.DataFrame) -> pd.DataFrame:
        used = [self.encoder.target, *self.encoder.covariates]
        used += [name for name in self.table.columns if name in later.columns and name not in used]
        before = self._before(later)
        if not before.any():
            return later
        if is_on_disk(self.table):
            joined = joined_on_disk([self.table.iloc[: int(before.sum())], later], used)
        else:
            joined = pd.concat([self.table.loc[before, used], later[used]])
        if isinstance(joined.index, pd.MultiIndex):
            joined = joined.sort_index(kind="stable")
        joined.attrs = later.attrs  # how the rows were read, which newer ones follow
        return joined

    def _before(self, later: pd.DataFrame) -> NDArray[np.bool_]:
        """Mark the rows before the first newer one of their series."""
        if not isinstance(later.index, pd.MultiIndex):
            return np.asarray(self.table.index < later.index[0])
        ids, borders = series_of(later.index)
        first = pd.Series(later.index.get_level_values(-1)[borders[:-1]], index=pd.Index(ids, dtype=object))
        limits = first.reindex(pd.Index(self.ids, dtype=object))
        repeated = limits.iloc[np.repeat(np.arange(len(limits)), np.diff(self.borders))]
        return np.asarray(repeated.isna().to_numpy() | (self.index < pd.Index(repeated)))
