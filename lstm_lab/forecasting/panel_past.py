"""Forecasts of every series of a panel from earlier origins, with their outcomes: what later ones are corrected by.

Origins are counted back from the end of each series in one stride, so that series with a common end have origins at
common times. A series with fewer calibration rows has fewer of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from lstm_lab.forecasting.baselines import naive_points
from lstm_lab.forecasting.ensemble import NEWEST, RATE, TRUST, mixtures_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset

    Array = NDArray[np.float64]

__all__ = ["PanelOrigins", "PanelPast", "panel_naive_points", "panel_origins", "weigh_series"]

MOST: Final = 60
"""Origins of a series, at most."""
FEWEST: Final = 4
"""Origins of a series, where its calibration rows allow it, however many series there are."""
ALL: Final = 4000
"""Origins of all series together, about, where that leaves each more than `FEWEST`."""
SHARED: Final = 3.0
"""Origins of the whole panel that count beside a series' own in the weights of its naive forecasts."""
CLIPPED: Final = 3.0
"""Loss of a mixture in the panel, at most, in units of the network's: one series must not decide for all."""


class PanelOrigins(NamedTuple):
    """Earlier origins of every series."""

    rows: NDArray[np.int64]
    """(series, slots) row of each first forecast step, the newest in the last slot; -1 where a series has none."""
    stride: int
    """Rows from one slot to the next."""

    def overlap(self, horizon: int) -> int:
        """Count the following slots whose horizon still touches that of a slot."""
        return math.ceil(horizon / self.stride) - 1


def panel_origins(dataset: Dataset, horizon: int, wanted: int | None = None) -> PanelOrigins:
    """Choose earlier origins of every series, all of whose steps are calibration rows.

    Parameters
    ----------
    dataset
        Cut into its parts.
    horizon
        Steps of a forecast.
    wanted
        Origins of a series, at most; by default as many as `ALL` allows.
    """
    possible = dataset.calibration_origins(horizon)
    series = dataset.series[possible]
    back = dataset.borders[1:][series] - horizon - possible
    count = len(dataset.ids)
    if len(possible) == 0:
        return PanelOrigins(np.full((count, 0), -1, dtype=np.int64), 1)
    spans = np.bincount(series, minlength=count)
    wanted = min(MOST, max(FEWEST, ALL // count)) if wanted is None else wanted
    stride = max(1, int(np.median(spans[spans > 0])) // wanted)
    chosen = (back % stride == 0) & (back < stride * wanted)
    slot = back[chosen] // stride
    rows = np.full((count, int(slot.max(initial=-1)) + 1), -1, dtype=np.int64)
    rows[series[chosen], rows.shape[1] - 1 - slot] = possible[chosen]
    return PanelOrigins(rows, stride)


def panel_naive_points(
    dataset: Dataset, rows: NDArray[np.int64], series: NDArray[np.int64], horizon: int, season: int
) -> Array:
    """Compute the naive and seasonal naive forecasts of series, (1 or 2, origins, horizon).

    A series shorter than a season repeats its last value in both.
    """
    target = dataset.target
    if season == 1:
        return naive_points(target, rows, horizon, 1)
    last, seasonal = naive_points(target, np.maximum(rows, season), horizon, season)
    last = naive_points(target, rows, horizon, 1)[0]
    known = rows - season >= dataset.borders[series]
    return np.stack([last, np.where(known[:, None], seasonal, last)])


@dataclass(frozen=True, eq=False)
class PanelPast:
    """Earlier forecasts of every series; NaN where a series has no origin."""

    origins: PanelOrigins
    centre: Array
    """(series, slots, horizon) medians of the paths as they were drawn."""
    spread: Array
    """(series, slots, horizon) their spread, see `lstm_lab.forecasting.calibration_scores.centre_and_spread`."""
    actual: Array
    """(series, slots, horizon) outcomes."""
    naive: Array
    """(naive, series, slots, horizon) naive forecasts; none where medians lean on none."""
    median: Array
    """(series, slots, horizon) medians mixed with the naive forecasts by the weights known at each origin."""

    @classmethod
    def of(cls, origins: PanelOrigins, centre: Array, spread: Array, actual: Array, naive: Array) -> PanelPast:
        """Mix the medians of earlier forecasts with the naive ones, each by what was known at its origin."""
        median, horizon = centre.copy(), centre.shape[-1]
        over = origins.overlap(horizon) + 1
        for slot in range(over, centre.shape[1]):
            known = slice(0, slot - over + 1)
            weights, _ = weigh_series(centre[:, known], naive[:, :, known], actual[:, known])
            median[:, slot] = mixed_series(centre[:, slot], naive[:, :, slot], weights)
        return cls(origins, centre, spread, actual, naive, median)

    def __len__(self) -> int:
        return int((self.origins.rows >= 0).sum())

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return int(self.centre.shape[-1])

    def weights(self) -> tuple[Array, Array]:
        """Compute the naive forecasts' weights, (series, naive), and those of a series without a past, (naive,)."""
        return weigh_series(self.centre, self.naive, self.actual)

    @property
    def independent(self) -> Array:
        """(series,) origins that share no step, as which those of each series count."""
        count = (self.origins.rows >= 0).sum(axis=1)
        return np.asarray(np.minimum(count, 1 + (count - 1) * min(1.0, self.origins.stride / self.horizon)))


def mixed_series(centre: Array, naive: Array, weights: Array) -> Array:
    """Average forecasts, (series, horizon), and naive ones, (naive, series, horizon), by (series, naive) weights."""
    return np.asarray(centre + np.einsum("sn,nsh->sh", weights, naive - centre))


def weigh_series(centre: Array, naive: Array, actual: Array) -> tuple[Array, Array]:
    """Compute the weights of the naive forecasts for each series from all its earlier forecasts.

    The mixtures and their losses are those of `lstm_lab.forecasting.ensemble.weigh`; beside the losses at a series' own
    origins stand `SHARED` origins of the whole panel, with the mean loss that a mixture had there.

    Parameters
    ----------
    centre, actual
        (series, slots, horizon), NaN where a series has no origin.
    naive
        (naive, series, slots, horizon).

    Returns
    -------
    tuple of Array
        (series, naive), and (naive,) for a series without a past.
    """
    count, slots = len(naive), slice(-NEWEST, None)
    known = ~np.isnan(centre[:, slots, 0])
    if count == 0 or not known.any():
        return np.zeros((len(centre), count)), np.zeros(count)
    error, ahead = (centre - actual)[:, slots], (naive - centre)[:, :, slots]
    mixtures = mixtures_of(count)
    losses = np.stack([np.abs(error + np.tensordot(mixture, ahead, axes=1)).mean(axis=-1) for mixture in mixtures])
    origins = known.sum(axis=1)
    own = np.where(known, losses, 0.0).sum(axis=-1)
    network = own[~mixtures.any(axis=1)][0]
    usable = network > 0
    relative = own / np.where(usable, network / np.maximum(origins, 1), 1.0)
    relative = np.where(usable, relative, 0.0)
    mean = (
        np.minimum(relative[:, usable] / origins[usable], CLIPPED).mean(axis=1) if usable.any() else np.ones(len(own))
    )
    shared = SHARED * mean
    trust = np.where(mixtures.any(axis=1), (1 - TRUST) / (len(mixtures) - 1), TRUST)
    by_series = _weights(relative + shared[:, None], trust, mixtures)
    return by_series, _weights(shared[:, None], trust, mixtures)[0]


def _weights(losses: Array, trust: Array, mixtures: Array) -> Array:
    """Average the mixtures, (mixtures, naive), by their losses, (mixtures, series): (series, naive)."""
    share = trust[:, None] * np.exp(-RATE * (losses - losses.min(axis=0)))
    return np.asarray((share / share.sum(axis=0)).T @ mixtures)
