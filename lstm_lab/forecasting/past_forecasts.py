"""Forecasts from earlier origins with their outcomes: the data that later forecasts are corrected by."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from lstm_lab.forecasting.calibration import Calibration
from lstm_lab.forecasting.calibration_scores import checked_summary, origins_for
from lstm_lab.forecasting.correction import Correction
from lstm_lab.forecasting.ensemble import NEWEST, mixed, weigh

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = ["CacheKey", "PastForecasts", "PastForecastsCache"]


@dataclass(frozen=True, eq=False)
class PastForecasts:
    """Forecasts whose horizon is over, in order of time.

    Small enough to be kept with a run: of the paths, only their centre and spread are needed again.
    """

    rows: NDArray[np.int64]
    """(origins,) row of each first forecast step, rising."""
    centre: Array
    """(origins, horizon) medians of the paths as they were drawn."""
    spread: Array
    """(origins, horizon) their spread, see `lstm_lab.forecasting.calibration_scores.centre_and_spread`."""
    actual: Array
    """(origins, horizon) outcomes."""
    naive: Array
    """(naive, origins, horizon) naive forecasts from the same origins; none where the median leans on none."""
    median: Array
    """(origins, horizon) medians mixed with the naive forecasts, each by the weights that were known at its origin."""

    @classmethod
    def of(cls, rows: NDArray[np.int64], paths: ArrayLike, actual: ArrayLike) -> Self:
        """Summarise simulated paths and their outcomes.

        Parameters
        ----------
        rows
            (origins,) row of each first forecast step, rising.
        paths
            (origins, paths, horizon) as drawn, in the target's unit.
        actual
            (origins, horizon), all observed.

        Raises
        ------
        CalibrationError
            Paths or values that are not finite: the roll-out diverged.
        """
        centre, spread, actual = checked_summary(paths, actual)
        return cls(np.asarray(rows), centre, spread, actual, np.empty((0, *centre.shape)), centre)

    @classmethod
    def empty(cls, horizon: int, naive_count: int = 0) -> Self:
        """Return no past forecasts, of a network that is mixed with so many naive ones."""
        none = np.empty((0, horizon))
        return cls(np.empty(0, dtype=np.int64), none, none, none, np.empty((naive_count, 0, horizon)), none)

    def with_naive(self, naive: Array) -> Self:
        """Add the naive forecasts from these origins, (naive, origins, horizon), and mix the medians with them."""
        median = self.centre.copy()
        for origin, row in enumerate(self.rows):
            over = int(np.searchsorted(self.rows, row - self.horizon, side="right"))
            weights = weigh(self.centre[:over], naive[:, :over], self.actual[:over])
            median[origin] = mixed(self.centre[origin], naive[:, origin], weights)
        return replace(self, naive=naive, median=median)

    def without_naive(self) -> Self:
        """Leave out the naive forecasts: the medians are the network's own."""
        return replace(self, naive=self.naive[:0], median=self.centre)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return int(self.centre.shape[1])

    @property
    def stride(self) -> int:
        """Median number of rows between neighbouring origins; the horizon where there is only one."""
        return int(np.median(np.diff(self.rows))) if len(self) > 1 else self.horizon

    def joined(self, later: Self) -> Self:
        """Append later forecasts."""
        rows = np.concatenate([self.rows, later.rows])
        naive = np.concatenate([self.naive, later.naive], axis=1)
        centre, spread, actual, median = (
            np.concatenate([getattr(self, name), getattr(later, name)])
            for name in ("centre", "spread", "actual", "median")
        )
        return type(self)(rows, centre, spread, actual, naive, median)

    def newest(self, count: int) -> Self:
        """Drop all but the newest origins."""
        newest = slice(max(0, len(self) - count), None)
        return replace(
            self,
            rows=self.rows[newest],
            centre=self.centre[newest],
            spread=self.spread[newest],
            actual=self.actual[newest],
            naive=self.naive[:, newest],
            median=self.median[newest],
        )

    def correction(self, interval: float, *, calibrate: bool = True) -> Correction:
        """Compute the weights of the naive forecasts and the calibration for later forecasts.

        The calibration ranks how far values lay from the medians as they were mixed at each origin, so the uncertainty
        of the weights is in the band.

        Parameters
        ----------
        interval
            Nominal coverage that the band must reach, in percent: it says how many origins a calibration needs.
        calibrate
            Whether to calibrate.
        """
        weights = weigh(self.centre, self.naive, self.actual)
        known = min(len(self), NEWEST)
        if not calibrate or len(self) < origins_for(interval):
            return Correction(weights, None, known)
        overlap = math.ceil(self.horizon / max(1, self.stride)) - 1
        return Correction(weights, Calibration.of(self.median, self.spread, self.actual, overlap=overlap), known)

    def to_dict(self) -> dict[str, Any]:
        """Return the network's forecasts as plain lists for JSON; the rest follows from the series."""
        return {name: getattr(self, name).tolist() for name in ("rows", "centre", "spread")}

    @classmethod
    def from_dict(cls, values: dict[str, Any], actual: Array) -> Self:
        """Restore past forecasts from the output of `to_dict` and the outcomes at its rows."""
        centre, spread = (np.asarray(values[name], dtype=np.float64) for name in ("centre", "spread"))
        rows = np.asarray(values["rows"], dtype=np.int64)
        return cls(rows, centre, spread, actual, np.empty((0, *centre.shape)), centre)


class CacheKey(NamedTuple):
    """What past forecasts depend on, besides the network and its calibration rows."""

    horizon: int
    rollout: str
    dropout_masks: str
    noise: str
    seed: int


class PastForecastsCache(Mapping[CacheKey, PastForecasts]):
    """Past forecasts from the calibration rows of one dataset, by how they were simulated.

    Parameters
    ----------
    entries
        Initial entries, for example from a file.
    """

    def __init__(self, entries: Mapping[CacheKey, PastForecasts] | None = None) -> None:
        self._entries = dict(entries or {})

    def add(self, key: CacheKey, past_forecasts: PastForecasts) -> None:
        """Store past forecasts under their key."""
        self._entries[key] = past_forecasts

    def shifted(self, rows: int) -> PastForecastsCache:
        """Return the same forecasts with row numbers that are higher by so many."""
        return PastForecastsCache({key: replace(past, rows=past.rows + rows) for key, past in self._entries.items()})

    def __getitem__(self, key: CacheKey) -> PastForecasts:
        return self._entries[key]

    def __iter__(self) -> Iterator[CacheKey]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
