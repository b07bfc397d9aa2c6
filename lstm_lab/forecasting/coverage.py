"""Measured coverage of a band, with its confidence interval over dependent origins and steps."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lstm_lab.errors import ForecastError
from lstm_lab.forecasting.metrics import floats, share_of_whole_paths
from lstm_lab.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike


__all__ = ["Coverage", "binomial_interval", "effective_trials"]


def binomial_interval(hits: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share.

    Wilson (1927), JASA 22; recommended for small n by Brown, Cai & DasGupta (2001), Statistical Science 16.

    Parameters
    ----------
    hits
        Successes; need not be whole, see `effective_trials`.
    n
        Independent trials; of none nothing is known, and the interval is (0, 1).
    confidence
        Chance that such an interval holds the true share.

    Returns
    -------
    tuple of float
        The lower and upper end.

    Examples
    --------
    >>> low, high = binomial_interval(54, 60)
    >>> round(low, 3), round(high, 3)
    (0.799, 0.953)
    """
    if not 0 <= hits <= n:
        raise ForecastError(f"hits must lie between 0 and n={n}, got {hits}; count each trial once")
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def effective_trials(inside_band: ArrayLike, *, overlap: int = 0) -> float:
    """Count the independent trials that a table of hits and misses is worth.

    The steps of one path share their fate, and rolling origins nearer to each other than the horizon share steps, so
    ``origins * horizon`` hits say far less than as many coin flips. The variance of the mean is therefore estimated
    with each origin as one cluster and Bartlett weights over neighbouring origins (Newey & West 1987, Econometrica
    55), and turned into the number of independent trials with that variance, as survey statistics do (Korn & Graubard
    1998, Survey Methodology 24).

    Parameters
    ----------
    inside_band
        (origins, horizon): 1 a hit, 0 a miss, NaN unobserved; origins in order of time.
    overlap
        Following origins whose horizon still touches this one's: ``ceil(horizon / stride) - 1``.

    Returns
    -------
    float
        At least 1 and at most the number of observed steps. Where all hit or all missed, the hits themselves hold no
        variance to estimate, and only origins that do not overlap are counted.
    """
    inside_band = np.atleast_2d(floats(inside_band))
    observed = ~np.isnan(inside_band)
    total, origins = int(observed.sum()), int(observed.any(axis=1).sum())
    if total == 0:
        return 0.0
    share = float(np.nansum(inside_band) / total)
    if share in {0.0, 1.0} or origins == 1:
        return max(1.0, origins / (1 + overlap))
    excess = np.where(observed, inside_band - share, 0.0).sum(axis=1)
    reach = min(max(overlap, int(4 * (origins / 100) ** (2 / 9))), origins // 3)
    spread = float(excess @ excess)
    for lag in range(1, reach + 1):
        spread += 2 * (1 - lag / (reach + 1)) * float(excess[lag:] @ excess[:-lag])
    variance = max(spread, 0.0) * origins / (origins - 1) / total**2
    if variance == 0:
        return float(total)
    return min(float(total), max(1.0, share * (1 - share) / variance))


@dataclass(frozen=True, slots=True)
class Coverage:
    """Measured coverage of a band."""

    nominal: float
    """Coverage that the band was made for, in percent."""
    share: float
    """Share of the observed steps that lay in the band."""
    low: float
    high: float
    """The 95 % Wilson interval of `share`, over `effective` trials rather than all `n`."""
    hits: int
    n: int
    """Observed steps, over all origins."""
    origins: int
    effective: float
    """Independent trials that the `n` steps are worth: see `effective_trials`."""
    joint: float
    """Share of origins whose whole path lay in the band; lower than `share`, and not what `nominal` refers to."""

    @classmethod
    def measure(cls, inside_band: ArrayLike, nominal: float, *, overlap: int = 0) -> Self:
        """Measure coverage from hits and misses.

        Parameters
        ----------
        inside_band
            (origins, horizon) as `inside` gives it; a single origin may be (horizon,).
        nominal
            Coverage that the band was made for, in percent.
        overlap
            See `effective_trials`.

        Raises
        ------
        ForecastError
            No step was observed.
        """
        table = np.atleast_2d(floats(inside_band))
        observed = ~np.isnan(table)
        n, hits = int(observed.sum()), int(np.nansum(table))
        if n == 0:
            raise ForecastError("coverage needs at least one observed value, got none; pass later actual values")
        effective = effective_trials(table, overlap=overlap)
        low, high = binomial_interval(hits / n * effective, effective)
        origins = int(observed.any(axis=1).sum())
        return cls(nominal, hits / n, low, high, hits, n, origins, effective, share_of_whole_paths(table))

    def __str__(self) -> str:
        """Write the share, its interval and the number of origins.

        >>> str(Coverage(90.0, 0.912, 0.86, 0.953, 1642, 1800, 60, 140.0, 0.55))
        '91 % (86–95 %) over 60 origins'
        """
        interval = f"{percent(self.low).removesuffix(' %')}–{percent(self.high)}"
        return f"{percent(self.share)} ({interval}) over {self.origins} origin{'s' if self.origins > 1 else ''}"

    def to_dict(self) -> dict[str, float | None]:
        """Return plain numbers for JSON; NaN, which JSON lacks, becomes None."""
        return {name: None if math.isnan(value) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Restore a coverage from the output of `to_dict`."""
        known: dict[str, Any] = {name: math.nan if value is None else value for name, value in values.items()}
        return cls(**known)
