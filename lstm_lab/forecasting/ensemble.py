"""A median that leans on the naive forecasts as far as they were right: weights that follow the newest known origins.

No network is the best forecaster of every series and season: trained on the summer's irradiance, it is beaten in the
dark of winter by yesterday's. Mixtures of its median with the naive and the seasonal naive forecast are therefore put
to the test at the same earlier origins as the band. The forecast is the average of all mixtures, each weighted by
``exp(-rate * loss)``, so that in hindsight it is nearly as good as the best of them, whatever the series does
(the exponentially weighted average forecaster; Cesa-Bianchi & Lugosi 2006, "Prediction, learning, and games", section
2.1; forecasts that are combined have beaten their parts since Bates & Granger 1969).

Measured on 35 series with LSTM(32) x 2 at up to 60 origins, against the better naive forecast on each: the network's
own median had an error 15 % lower in the geometric mean, but was 30 % worse on the irradiance of a winter, by more than
five standard errors. The mixture's was 17 % lower, and nowhere worse by more than 1.1 standard errors. The same series
chose `NEWEST`, `RATE` and `TRUST`, but from 10 to 60 origins, rates of 1 to 5 and trusts of 0.3 to 0.9 did nearly as
well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["NEWEST", "RATE", "TRUST", "mixed", "mixtures_of", "weigh"]

NEWEST: Final = 20
"""Origins that the mixtures are judged by, at most: more would know better in quiet times, and later in a change."""
RATE: Final = 3.0
"""What a loss as large as the network's own at one origin costs a mixture, in its logarithm."""
TRUST: Final = 0.5
"""Weight of the network alone before anything is known; the other mixtures share the rest."""
PARTS: Final = 4
"""Mixtures go in steps of one part in so many."""


def weigh(centre: Array, naive: Array, actual: Array) -> Array:
    """Compute the weights of the naive forecasts in a median, from all forecasts of earlier origins.

    Parameters
    ----------
    centre
        (origins, horizon) medians of the network, origins in order of time.
    naive
        (naive, origins, horizon) naive forecasts from the same origins.
    actual
        (origins, horizon) outcomes.

    Returns
    -------
    Array
        (naive,) between 0 and 1, with a sum of at most 1; the rest is the network's. All 0 where nothing is known.
    """
    centre, naive, actual = centre[-NEWEST:], naive[:, -NEWEST:], actual[-NEWEST:]
    scale = np.abs(centre - actual).mean() if centre.size > 0 else 0.0
    if len(naive) == 0 or scale == 0:
        return np.zeros(len(naive))
    mixtures = mixtures_of(len(naive))
    losses = (
        np.array([np.abs(mixed(centre, naive, mixture) - actual).mean(axis=1).sum() for mixture in mixtures]) / scale
    )
    trust = np.where(mixtures.any(axis=1), (1 - TRUST) / (len(mixtures) - 1), TRUST)
    share = trust * np.exp(-RATE * (losses - losses.min()))
    return np.asarray(share @ mixtures / share.sum())


def mixed(centre: Array, naive: Array, weights: Array) -> Array:
    """Average a forecast and the naive ones, (naive, ...), by weight; it has what is left of the weights."""
    return np.asarray(centre + np.tensordot(weights, naive - centre, axes=1))


def mixtures_of(count: int) -> Array:
    """List all weights of so many forecasts, in steps of 1 / `PARTS` and with a sum of at most 1, (mixtures, count)."""
    grid = np.indices((PARTS + 1,) * count).reshape(count, -1).T
    return np.asarray(grid[grid.sum(axis=1) <= PARTS] / PARTS)
