"""Sample weights of the training windows: newer windows may weigh more than old ones.

Every scheme is a curve over age, from 0 (the oldest training window) to 1 (the newest), scaled so that the weights of
the training windows have mean 1. A loss with weights is therefore comparable with one without.
"""

from __future__ import annotations

import re

import numpy as np

from lstm_lab.errors import OptionError
from lstm_lab.options import WEIGHTS_PATTERN

__all__ = ["DEFAULT_RATE", "curve", "effective_sample_size", "rate_of", "sample_weights"]

DEFAULT_RATE = 3.0
"""The newest window of ``exponential`` counts e^3, about 20 times as much as the oldest."""


def rate_of(scheme: str) -> float | None:
    """Return the rate of an exponential scheme, None for any other; refuse an unknown scheme."""
    if re.fullmatch(WEIGHTS_PATTERN, scheme) is None:
        raise OptionError(
            f"weights are uniform, linear, exponential or exponential:RATE, got {scheme!r}; for example exponential:3"
        )
    name, _, rate = scheme.partition(":")
    if name != "exponential":
        return None
    return float(rate) if rate else DEFAULT_RATE


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
