"""Baseline forecasts without a network, as sample paths, so that they are scored as the network's are.

Each baseline knows the history alone and returns ``(paths, horizon)`` in its unit. Its futures are its own one-step
residuals, drawn anew with replacement and carried through its recursion (Hyndman & Athanasopoulos 2021, "Forecasting:
principles and practice", 3rd ed., section 5.5). The paths are then moved as a whole so that their median at each step
is the baseline's point forecast: a table's "naive" is naive to the last digit, however few paths there are.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import numpy as np

from lstm_lab.errors import ForecastError, MissingExtraError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Array: TypeAlias = NDArray[np.float64]

__all__ = ["BASELINES", "Baseline", "arima", "baseline", "drift", "ets", "naive", "naive_points", "seasonal_naive"]

RECENT: Final = 1000
"""Newest rows that ETS and ARIMA are fitted on: more would take longer and say little more of the next steps."""
ORDERS: Final = ((0, 0), (1, 0), (0, 1), (1, 1), (2, 0))
"""Autoregressive and moving-average orders that ARIMA chooses from by AICc."""


class BaselineFunction(Protocol):
    """Signature of a baseline: from a history to sample paths."""

    def __call__(self, history: ArrayLike, horizon: int, *, paths: int, rng: np.random.Generator, season: int) -> Array:
        """Draw (paths, horizon) futures of a (n,) history, oldest first, with `season` rows in a season (1: none)."""
        ...


@dataclass(frozen=True, slots=True)
class Baseline:
    """A named baseline."""

    name: str
    title: str
    draw: BaselineFunction
    extra: str | None = None
    """The extra that installs its library; None if it needs none."""

    def __call__(self, history: ArrayLike, horizon: int, *, paths: int = 200, season: int = 1, seed: int = 0) -> Array:
        """Simulate futures of a history.

        Parameters
        ----------
        history
            (n,) observed values, oldest first.
        horizon
            Steps ahead.
        paths
            Simulated futures.
        season
            Rows in a season; 1 for none.
        seed
            Same seed, same paths.

        Returns
        -------
        Array
            (paths, horizon), in the history's unit.

        Raises
        ------
        ForecastError
            A history that is too short or not finite.
        MissingExtraError
            Its library is not installed.
        """
        return self.draw(history, horizon, paths=paths, rng=np.random.default_rng(seed), season=season)


def naive(history: ArrayLike, horizon: int, *, paths: int, rng: np.random.Generator, season: int = 1) -> Array:  # noqa: ARG001 - all baselines are called alike
    """Naive forecast: the last value, and a random walk of the history's steps around it."""
    history = _checked(history, 2)
    return _walk(history, np.zeros(horizon), paths, rng)


def drift(history: ArrayLike, horizon: int, *, paths: int, rng: np.random.Generator, season: int = 1) -> Array:  # noqa: ARG001 - all baselines are called alike
    """Drift: the line through the first and the last value, continued; paths vary by the slope's standard error too."""
    history = _checked(history, 3)
    steps = np.diff(history)
    slope, error = steps.mean(), steps.std(ddof=1) / np.sqrt(len(steps))
    ahead = np.arange(1, horizon + 1)
    slope_error = rng.normal(scale=error, size=(paths, 1)) * ahead
    return _centred(_walk(history, slope * ahead, paths, rng) + slope_error, history[-1] + slope * ahead)


def seasonal_naive(history: ArrayLike, horizon: int, *, paths: int, rng: np.random.Generator, season: int) -> Array:
    """Seasonal naive: the value a season ago, with seasonal differences drawn from the history around it."""
    history = _checked(history, season + 1)
    changes = history[season:] - history[:-season]
    shocks = rng.choice(changes, size=(paths, horizon))
    point = np.resize(history[-season:], horizon)
    return _centred(point + _undifferenced(shocks, season), point)


def naive_points(target: Array, rows: NDArray[np.int64], horizon: int, season: int) -> Array:
    """Compute the point forecasts of naive and, where there is a season, seasonal naive, (1 or 2, origins, horizon).

    Parameters
    ----------
    target
        (n,) observed values; those before a row are known there.
    rows
        (origins,) row of each first forecast step.
    horizon
        Steps ahead.
    season
        Rows in a season; 1 for none.
    """
    last = np.repeat(target[rows - 1][:, None], horizon, axis=1)
    if season == 1:
        return last[None]
    return np.stack([last, target[rows[:, None] - season + np.arange(horizon) % season]])


def ets(history: ArrayLike, horizon: int, *, paths: int, rng: np.random.Generator, season: int = 1) -> Array:
    """Exponential smoothing with additive errors, a damped trend and, given two seasons of history, a season.

    Hyndman, Koehler, Ord & Snyder (2008), "Forecasting with exponential smoothing", ETS(A, Ad, N) or ETS(A, Ad, A).
    """
    library = _statsmodels("tsa.exponential_smoothing.ets")
    history = _checked(history, 12)[-RECENT:]
    if np.ptp(history) == 0:
        return np.full((paths, horizon), history[-1])
    seasonal = season > 1 and len(history) >= max(2 * season, 10 + 2 * (season // 2))
    parts = {"seasonal": "add", "seasonal_periods": season} if seasonal else {}
    fitted = _fit(
        library.ETSModel(history, trend="add", damped_trend=True, initialization_method="heuristic", **parts),
        disp=False,
    )
    # Hyndman et al. (2008), table 6.2: the response j steps after a shock.
    lag = np.arange(1, horizon)
    gain = fitted.smoothing_level + fitted.smoothing_trend * np.cumsum(fitted.damping_trend**lag)
    if seasonal:
        gain = gain + fitted.smoothing_seasonal * (lag % season == 0)
    point = np.asarray(fitted.forecast(horizon), dtype=np.float64)
    return _with_residuals(point, np.concatenate([[1.0], gain]), np.asarray(fitted.resid), paths, rng)


def arima(history: ArrayLike, horizon: int, *, paths: int, rng: np.random.Generator, season: int = 1) -> Array:
    """ARIMA of the seasonal differences, or of the values or their steps as the KPSS test says; orders by AICc.

    Hyndman & Khandakar (2008), "Automatic time series forecasting", J. Stat. Softw. 27, without seasonal polynomials.
    """
    library = _statsmodels("tsa.arima.model")
    history = _checked(history, 12)[-RECENT:]
    if np.ptp(history) == 0:
        return np.full((paths, horizon), history[-1])
    seasonal = season > 1 and len(history) >= 2 * season + 10
    lag = season if seasonal else _differences(history)
    changes = history[lag:] - history[:-lag] if lag else history
    trend = "n" if lag == 1 else "c"
    fits = [
        _fit(library.ARIMA(changes, order=(p, 0, q), trend=trend), method="innovations_mle", cov_type="none")
        for p, q in ORDERS
    ]
    best = min(fits, key=lambda fit: float(fit.aicc))
    point = np.asarray(best.forecast(horizon), dtype=np.float64)
    gain = np.asarray(best.impulse_responses(horizon - 1), dtype=np.float64).ravel()
    changes_ahead = _with_residuals(point, gain, np.asarray(best.resid)[max(best.model.order[0], 1) :], paths, rng)
    if not lag:
        return changes_ahead
    last = np.resize(history[-lag:], horizon)
    return _centred(last + _undifferenced(changes_ahead, lag), last + _undifferenced(point[None], lag)[0])


def baseline(name: str) -> Baseline:
    """Look up a baseline by name; an unknown name is a `ForecastError` that suggests the nearest one."""
    if name not in BASELINES:
        raise ForecastError(f"there is no baseline {name!r}; {did_you_mean(name, BASELINES)}")
    return BASELINES[name]


BASELINES: Final[Mapping[str, Baseline]] = {
    entry.name: entry
    for entry in (
        Baseline("naive", "naive", naive),
        Baseline("seasonal_naive", "seasonal naive", seasonal_naive),
        Baseline("drift", "drift", drift),
        Baseline("ets", "ETS", ets, extra="stats"),
        Baseline("arima", "ARIMA", arima, extra="stats"),
    )
}
"""The baselines by name, the cheapest first."""


def _checked(history: ArrayLike, needed: int) -> Array:
    values = np.asarray(history, dtype=np.float64)
    if values.ndim != 1 or len(values) < needed:
        raise ForecastError(f"this baseline needs a history of at least {needed} rows, got {values.shape}")
    if not np.isfinite(values).all():
        raise ForecastError(f"a baseline's history must be finite, row {int(np.argmin(np.isfinite(values)))} is not")
    return values


def _centred(paths: Array, point: Array) -> Array:
    """Shift all paths of a step by the same amount, so that their median is the point forecast."""
    return np.asarray(paths + (point - np.median(paths, axis=0)))


def _walk(history: Array, shift: Array, paths: int, rng: np.random.Generator) -> Array:
    """Simulate random walks from the last value, with the history's own steps, (paths, horizon)."""
    shocks = rng.choice(np.diff(history), size=(paths, len(shift)))
    point = history[-1] + shift
    return _centred(point + np.cumsum(shocks, axis=1), point)


def _undifferenced(changes: Array, lag: int) -> Array:
    """Invert a difference at `lag`: to each change, add those before it at multiples of the lag, (paths, horizon)."""
    paths, horizon = changes.shape
    padded = np.zeros((paths, -(-horizon // lag) * lag))
    padded[:, :horizon] = changes
    return padded.reshape(paths, -1, lag).cumsum(axis=1).reshape(paths, -1)[:, :horizon]


def _with_residuals(point: Array, gain: Array, residuals: Array, paths: int, rng: np.random.Generator) -> Array:
    """Add drawn residuals and their later effects, ``gain[j]`` after j steps, to a point forecast."""
    horizon = len(point)
    shocks = rng.choice(residuals, size=(paths, horizon))
    lag = np.arange(horizon)[:, None] - np.arange(horizon)
    response = np.where(lag >= 0, gain[np.maximum(lag, 0)], 0.0)
    return _centred(point + shocks @ response.T, point)


def _differences(history: Array) -> int:
    """Return how often to difference: once if the KPSS test (Kwiatkowski et al. 1992) rejects stationarity, else 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its p-values are read from a table, and end with it
        statistic = _statsmodels("tsa.stattools").kpss(history, nlags="auto")[0]
    return int(statistic > 0.463)  # the 5 % point


def _fit(model: Any, **options: Any) -> Any:
    """Fit a statsmodels model, without its warnings on convergence: a baseline's best effort is what is scored."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return model.fit(**options)
        except (ValueError, np.linalg.LinAlgError) as failed:
            raise ForecastError(f"{type(model).__name__} cannot be fitted to this history: {failed}") from failed


def _statsmodels(module: str) -> Any:
    try:
        return import_module(f"statsmodels.{module}")
    except ImportError as missing:
        raise MissingExtraError(
            "ETS and ARIMA need statsmodels, which is not installed; pip install 'lstm-lab[stats]'"
        ) from missing
