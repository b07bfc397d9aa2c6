"""Forecast origins: the data known at a row, and none from after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from lstm_lab.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lstm_lab.data.encoding.encoder import Encoder

__all__ = ["OriginSeries", "Origins", "known_rows"]


@dataclass(frozen=True, eq=False)
class OriginSeries:
    """The series of each of several origins in a panel."""

    number: NDArray[np.int64]
    """(origins,) number of the series."""
    row: NDArray[np.int64]
    """(origins,) row of each first forecast step, counted from the start of its series."""
    key: NDArray[np.uint64]
    """(origins,) what noise is drawn from beside seed and row: of the id alone; 0 for the only series of a training,
    whose noise is that of a lone series."""
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    """(origins, columns) moments that the inputs are standardised by."""

    def __getitem__(self, part: slice | NDArray[np.int64]) -> OriginSeries:
        return OriginSeries(self.number[part], self.row[part], self.key[part], self.mean[part], self.scale[part])


@dataclass(frozen=True, eq=False)
class Origins:
    """The data that simulations start from, an entry an origin.

    Attributes
    ----------
    windows
        (origins, lookback, columns) float32, the network's input up to the origin.
    tails
        (origins, tail) float64, the last observed values of the target, oldest first.
    known
        (origins, horizon, columns) float32, the columns of the future that depend on no path; NaN elsewhere.
    rows
        (origins,) row number of each first forecast step.
    series
        The series of each, in a panel.
    lengths
        (origins,) real steps of each window, with padding behind them; None where every window is whole.
    masked
        Whether a network is told the lengths.
    """

    windows: NDArray[np.float32]
    tails: NDArray[np.float64]
    known: NDArray[np.float32]
    rows: NDArray[np.int64]
    series: OriginSeries | None = None
    lengths: NDArray[np.int64] | None = None
    masked: bool = True

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: slice | NDArray[np.int64]) -> Origins:
        series = None if self.series is None else self.series[part]
        lengths = None if self.lengths is None else self.lengths[part]
        rows = self.rows[part]
        return Origins(self.windows[part], self.tails[part], self.known[part], rows, series, lengths, self.masked)

    def encoder(self, alike: Encoder) -> Encoder:
        """Return the encoder whose moments are those of each origin's series, for (origins, paths, ...) values."""
        if self.series is None:
            return alike
        return alike.scaled(self.series.mean[:, None], self.series.scale[:, None])


def known_rows(known: pd.DataFrame, times: pd.Index) -> pd.DataFrame:
    """Align known covariates with the forecast's times, by time where both have times, else in order.

    Raises
    ------
    DataError
        A step has no row.
    """
    if isinstance(times, pd.DatetimeIndex) and isinstance(known.index, pd.DatetimeIndex):
        missing = times.difference(known.index)
        if len(missing) > 0:
            raise DataError(f"known needs a row for every step, got none at {missing[0]}; add that row")
        return known.loc[times]
    if len(known) < len(times):
        raise DataError(f"known needs a row for each of the {len(times)} steps, got {len(known)}; add rows")
    return known.iloc[: len(times)].set_axis(times)
