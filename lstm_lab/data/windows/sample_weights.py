"""Sample weights of the training windows: newer windows may weigh more than old ones.

A scheme is a curve over age, from 0 (the oldest training window) to 1 (the newest), or a column of the table: the
weight of a window is then that of its target's row. Weights are scaled so that those of the training windows have mean
1. A loss with weights is therefore comparable with one without.
"""

from __future__ import annotations

import re

import numpy as np

from lstm_lab.errors import DataError, OptionError
from lstm_lab.options import WEIGHTS_PATTERN

__all__ = ["DEFAULT_RATE", "column_of", "curve", "effective_sample_size", "own_weights", "rate_of", "sample_weights"]

DEFAULT_RATE = 3.0
"""The newest window of ``exponential`` counts e^3, about 20 times as much as the oldest."""
_COLUMN = "column:"


def rate_of(scheme: str) -> float | None:
    """Return the rate of an exponential scheme, None for any other; refuse an unknown scheme."""
    if re.fullmatch(WEIGHTS_PATTERN, scheme) is None:
        raise OptionError(
            f"weights are uniform, linear, exponential, exponential:RATE or column:NAME, got {scheme!r}; for example"
            " exponential:3"
        )
    name, _, rate = scheme.partition(":")
    if name != "exponential":
        return None
    return float(rate) if rate else DEFAULT_RATE


def column_of(scheme: str) -> str | None:
    """Return the column that weights are read from, None for a curve over time.

    >>> column_of("column:trust")
    'trust'
    """
    return scheme.removeprefix(_COLUMN).strip() if scheme.startswith(_COLUMN) else None


def own_weights(values: np.ndarray, column: str) -> np.ndarray:
    """Scale weights of the training windows that a column holds to a mean of 1.

    Parameters
    ----------
    values
        (windows,) the column at the rows of the training windows' targets.
    column
        Its name, for the message.

    Returns
    -------
    numpy.ndarray
        (windows,) float64 with mean 1.

    Raises
    ------
    DataError
        A weight is missing or negative, or all of them are 0.
    """
    raw = np.asarray(values, dtype=np.float64)
    refused = raw[~(np.isfinite(raw) & (raw >= 0))]
    if len(refused) > 0:
        missing = "none" if np.isnan(refused[0]) else f"{refused[0]:g}"
        raise DataError(
            f"a weight is a number from 0 up for every training row, got {missing} in {column!r} ({len(refused)} such"
            " rows); give those rows 0 to leave them out of the loss"
        )
    mean = raw.mean() if len(raw) > 0 else 1.0
    if mean == 0:
        raise DataError(f"some training row needs a weight above 0, got none in {column!r}; use weights='uniform'")
    return raw / mean


def curve(scheme: str, t: np.ndarray) -> np.ndarray:
    """Evaluate a scheme before it is normalised.

    Parameters
    ----------
    scheme
        ``uniform`` (1), ``linear`` (0.5 + 0.5 t), ``exponential`` (e^{3t}) or ``exponential:RATE`` (e^{RATE t}).
    t
        Age from 0 (oldest) to 1 (newest), any shape.

    Returns
    -------
    numpy.ndarray
        Float64 of the shape of ``t``. An exponential is given relative to its newest value, e^{RATE (t - 1)}, so that
        no rate overflows; only the ratios of weights mean anything.

    Raises
    ------
    OptionError
        The scheme is unknown.
    """
    age = np.asarray(t, dtype=np.float64)
    rate = rate_of(scheme)
    if column_of(scheme) is not None:
        raise OptionError(f"the weights of a column follow no curve over time, got {scheme!r}; name a curve, as linear")
    if rate is not None:
        return np.exp(rate * (age - 1.0))
    return 0.5 + 0.5 * age if scheme == "linear" else np.ones_like(age)


def sample_weights(scheme: str, count: int) -> np.ndarray:
    """Weigh the training windows, oldest first.

    Parameters
    ----------
    scheme
        As for `curve`.
    count
        Number of training windows.

    Returns
    -------
    numpy.ndarray
        (count,) float64 with mean 1. A single window is the newest.

    Raises
    ------
    OptionError
        The scheme is unknown.
    """
    raw = curve(scheme, np.linspace(0.0, 1.0, count) if count > 1 else np.ones(count))
    return raw / raw.mean() if count > 0 else raw


def effective_sample_size(weights: np.ndarray) -> float:
    """Count how many equally weighted windows would carry as much information: (Σw)² / Σw² (Kish, 1965).

    Parameters
    ----------
    weights
        (count,) non-negative weights.

    Returns
    -------
    float
        From 1 (one window decides) to count (all count alike); 0 without weights.
    """
    w = np.asarray(weights, dtype=np.float64)
    squares = float(np.sum(w**2))
    return float(np.sum(w)) ** 2 / squares if squares > 0 else 0.0
