"""What sets the paths of one forecast right: a median that leans on the naive forecasts, and a calibrated spread."""

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

__all__ = ["Correction", "shares"]

RIVALS: Final = ("naive", "seasonal naive")
"""Names of the rivals, in the order of `lstm_lab.forecasting.baselines.simple_points`."""


@dataclass(frozen=True, eq=False)
class Correction:
    """How to set paths right; made by `lstm_lab.forecasting.past_forecasts.Experience.correction`."""

    weights: Array
    """(rivals,) how much of each naive forecast is in the median; see `lstm_lab.forecasting.ensemble.weigh`."""
    calibration: Calibration | None
    """Of the mixed medians; None where there are too few origins, or it is not wanted."""
    known: int = 0
    """Origins that the weights follow from."""

    def shifted(self, paths: ArrayLike, rivals: Array) -> Array:
        """Move all paths of a step alike, so that their median is the mixed one.

        Parameters
        ----------
        paths
            (..., paths, horizon) as drawn, in the target's unit.
        rivals
            (rivals, ..., horizon) naive forecasts from the same origins.

        Returns
        -------
        Array
            Of the paths' shape; the same array where no rival has any weight.
        """
        drawn = np.asarray(paths, dtype=np.float64)
        if not self.weights.any():
            return drawn
        centre = np.median(drawn, axis=-2)
        return np.asarray(drawn + (mixed(centre, rivals, self.weights) - centre)[..., None, :])

    def adjust(self, paths: ArrayLike, rivals: Array, levels: Sequence[float]) -> Array:
        """Shift paths, (paths, horizon), and calibrate them at the levels of `Calibration.adjust`."""
        moved = self.shifted(paths, rivals)
        return moved if self.calibration is None else self.calibration.adjust(moved, levels)

    def quantile(self, paths: ArrayLike, rivals: Array, q: Sequence[float]) -> Array:
        """Give quantiles of corrected paths, (levels, ..., horizon)."""
        moved = self.shifted(paths, rivals)
        if self.calibration is None:
            return np.asarray(np.quantile(moved, q, axis=-2))
        return self.calibration.quantile(moved, q)

    def described(self) -> str | None:
        """Say what the median is a mixture of; None where it is the network's own.

        >>> Correction(np.array([0.0, 0.4]), None, known=20).described()
        'network 60 %, seasonal naive 40 %, weighed by their errors at 20 known origins'
        """
        said = shares(self.weights)
        return None if said is None else f"{said}, weighed by their errors at {self.known} known origins"


def shares(weights: Array, own: str = "network") -> str | None:
    """Say what is mixed with the network, (rivals,), which is called `own`; None where that is next to nothing."""
    if weights.sum() < 0.005:
        return None
    parts = {own: 1 - float(weights.sum())} | dict(zip(RIVALS, weights.tolist(), strict=False))
    # The network is named even where nothing of it is left: a forecast that is called its own must say so.
    return ", ".join(f"{name} {percent(share)}" for name, share in parts.items() if share >= 0.005 or name == own)
