"""The correction of a forecast's paths: a median mixed with the naive forecasts, and a calibrated spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lstm_lab.forecasting.ensemble import mixed
from lstm_lab.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from lstm_lab.forecasting.calibration import Calibration

    Array = NDArray[np.float64]

__all__ = ["Correction", "describe_weights"]

NAIVE_NAMES: Final = ("naive", "seasonal naive")
"""Names of the naive forecasts, in the order of `lstm_lab.forecasting.baselines.naive_points`."""


@dataclass(frozen=True, eq=False)
class Correction:
    """Weights and calibration for a forecast's paths, from `lstm_lab.forecasting.past_forecasts.PastForecasts`."""

    weights: Array
    """(naive,) how much of each naive forecast is in the median; see `lstm_lab.forecasting.ensemble.weigh`."""
    calibration: Calibration | None
    """Of the mixed medians; None where there are too few origins, or it was not asked for."""
    known: int = 0
    """Origins that the weights follow from."""

    def shifted(self, paths: ArrayLike, naive: Array) -> Array:
        """Shift all paths of a step by the same amount, so that their median is the mixed one.

        Parameters
        ----------
        paths
            (..., paths, horizon) as drawn, in the target's unit.
        naive
            (naive, ..., horizon) naive forecasts from the same origins.

        Returns
        -------
        Array
            Of the paths' shape; the same array where no naive forecast has any weight.
        """
        raw = np.asarray(paths, dtype=np.float64)
        if not self.weights.any():
            return raw
        centre = np.median(raw, axis=-2)
        return np.asarray(raw + (mixed(centre, naive, self.weights) - centre)[..., None, :])

    def adjust(self, paths: ArrayLike, naive: Array, levels: Sequence[float]) -> Array:
        """Shift paths, (paths, horizon), and calibrate them at the levels of `Calibration.adjust`."""
        moved = self.shifted(paths, naive)
        return moved if self.calibration is None else self.calibration.adjust(moved, levels)

    def quantile(self, paths: ArrayLike, naive: Array, q: Sequence[float]) -> Array:
        """Compute quantiles of corrected paths, (levels, ..., horizon)."""
        moved = self.shifted(paths, naive)
        if self.calibration is None:
            return np.asarray(np.quantile(moved, q, axis=-2))
        return self.calibration.quantile(moved, q)

    def describe(self) -> str | None:
        """Describe the mixture that the median is; None where it is the network's own.

        >>> Correction(np.array([0.0, 0.4]), None, known=20).describe()
        'network 60 %, seasonal naive 40 %, weighed by their errors at 20 known origins'
        """
        mixture = describe_weights(self.weights)
        return None if mixture is None else f"{mixture}, weighed by their errors at {self.known} known origins"


def describe_weights(weights: Array, own: str = "network") -> str | None:
    """Describe a mixture with the network (called `own`) by its weights, (naive,); None where they are below 0.5 %."""
    if weights.sum() < 0.005:
        return None
    parts = {own: 1 - float(weights.sum())} | dict(zip(NAIVE_NAMES, weights.tolist(), strict=False))
    # The network is named even where nothing of it is left: a forecast that is called its own must say so.
    return ", ".join(f"{name} {percent(share)}" for name, share in parts.items() if share >= 0.005 or name == own)
