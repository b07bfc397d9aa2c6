"""Where forecasts start: all that is known at a row, and nothing that is not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from lstm_lab.data.time_index import future_index, segments
from lstm_lab.data.windows import Windows, windows_of
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstm_lab.data.encoder import Encoder

__all__ = ["Observed", "Origins"]


@dataclass(frozen=True, eq=False)
class Origins:
    """What a simulation starts from.

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
    """

    windows: NDArray[np.float32]
    tails: NDArray[np.float64]
    known: NDArray[np.float32]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: slice) -> Origins:
        return Origins(self.windows[part], self.tails[part], self.known[part], self.rows[part])


@dataclass(frozen=True, eq=False)
class Observed:
    """A frame as a network sees it, and the places in it where a forecast could have started.

    Attributes
    ----------
    frame
        Target and covariates by sorted time.
    segments
        (rows,) number of the gap-free stretch of each row.
    matrix
        (rows, columns) float32, the encoded frame.
    encoder
        What encoded it.
    lookback
        Rows the network sees.
    """

    frame: pd.DataFrame
    segments: NDArray[np.int64]
    matrix: NDArray[np.float32]
    encoder: Encoder
    lookback: int

    @classmethod
    def of(cls, frame: pd.DataFrame, encoder: Encoder, lookback: int, max_gap: str | None = None) -> Self:
        """Encode a frame with an encoder that was fitted before."""
        stretches = segments(frame.index, max_gap)
        return cls(frame, stretches, encoder.encode(frame, stretches), encoder, lookback)

    @cached_property
    def windows(self) -> Windows:
        """Every window of the frame, unweighted."""
        return windows_of(self.matrix, self.segments, self.lookback)

    @property
    def target(self) -> NDArray[np.float64]:
        """The observed target, (rows,)."""
        return self.frame[self.encoder.target].to_numpy(dtype=np.float64)

    def possible(self, start: int, stop: int, horizon: int) -> NDArray[np.int64]:
        """List the rows from which a forecast could have started and been judged.

        Parameters
        ----------
        start, stop
            Every forecast row lies in ``start … stop - 1``.
        horizon
            Steps of a forecast; neither its window nor its steps span a gap.

        Returns
        -------
        ndarray
            Row numbers of first forecast steps, rising.
        """
        need = self.lookback + self.encoder.warmup
        rows = np.arange(max(start, need), stop - horizon + 1)
        unbroken: NDArray[np.bool_] = self.segments[rows - need] == self.segments[rows + horizon - 1]
        return np.asarray(rows[unbroken])

    def actual(self, rows: NDArray[np.int64], horizon: int) -> NDArray[np.float64]:
        """Give what happened after each origin, (origins, horizon)."""
        return np.asarray(self.target[rows[:, None] + np.arange(horizon)])

    def origins(self, rows: NDArray[np.int64], horizon: int, known: tuple[str, ...] = ()) -> Origins:
        """Gather origins within the frame.

        Parameters
        ----------
        rows
            First forecast rows, as `possible` lists them.
        horizon
            Steps of a forecast.
        known
            Covariates whose future counts as known there; the others are held at their last value.
        """
        ahead = rows[:, None] + np.arange(horizon)
        future = self._calendar(self.frame.index)[ahead]
        for column in self._covariates():
            held = np.repeat(self.matrix[rows - 1, column][:, None], horizon, axis=1)
            is_known = self.encoder.columns[column] in known
            future[..., column] = self.matrix[ahead, column] if is_known else held
        return self._gathered(rows, future)

    def newest(self, horizon: int, known: pd.DataFrame | None = None) -> Origins:
        """Gather the one origin after the last row.

        Parameters
        ----------
        horizon
            Steps of the forecast.
        known
            (horizon, any) future covariates, one row per step; others are held at their last value.

        Raises
        ------
        DataError
            The last stretch without a gap is shorter than a window, or `known` has the wrong rows or columns.
        """
        rows = len(self.frame)
        stretch = int(np.sum(self.segments == self.segments[-1]))
        need = self.lookback + self.encoder.warmup
        if stretch < need:
            raise DataError(
                f"a forecast needs {need} rows since the last gap (lookback {self.lookback} + warmup"
                f" {self.encoder.warmup}), got {stretch}; add rows, or raise max_gap if that step is no gap"
            )
        times = future_index(self.frame.index, horizon)
        given = pd.DataFrame(index=times) if known is None else self._checked(known, times)
        return self._gathered(np.array([rows]), self.encoder.known(given, self.matrix[-1])[None])

    def _gathered(self, rows: NDArray[np.int64], future: NDArray[np.float32]) -> Origins:
        windows = self.matrix[rows[:, None] + np.arange(-self.lookback, 0)]
        tails = self.target[rows[:, None] + np.arange(-self.encoder.tail, 0)]
        return Origins(windows, tails, future, rows)

    def _calendar(self, index: pd.Index) -> NDArray[np.float32]:
        return np.asarray(self.encoder.known(pd.DataFrame(index=index)))

    def _covariates(self) -> list[int]:
        return [self.encoder.columns.index(name) for name in self.encoder.covariates]

    def _checked(self, known: pd.DataFrame, times: pd.Index) -> pd.DataFrame:
        """Lay known covariates on the forecast's times, by time where the index has them, else in order."""
        if isinstance(times, pd.DatetimeIndex) and isinstance(known.index, pd.DatetimeIndex):
            missing = times.difference(known.index)
            if len(missing) > 0:
                raise DataError(f"known needs a row for every step, got none at {missing[0]}; add that row")
            return known.loc[times]
        if len(known) < len(times):
            raise DataError(f"known needs a row for each of the {len(times)} steps, got {len(known)}; add rows")
        return known.iloc[: len(times)].set_axis(times)
