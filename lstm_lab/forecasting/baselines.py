"""The forecasts that a network must beat, as sample paths, so that all are scored alike.

Each baseline knows the history alone and gives ``(paths, horizon)`` in its unit. Its futures are its own one-step
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

__all__ = ["BASELINES", "Baseline", "arima", "baseline", "drift", "ets", "naive", "seasonal_naive", "simple_points"]

RECENT: Final = 1000
"""Newest rows that ETS and ARIMA are fitted on: more would take longer and say little more of the next steps."""
ORDERS: Final = ((0, 0), (1, 0), (0, 1), (1, 1), (2, 0))
"""Autoregressive and moving-average orders that ARIMA chooses from by AICc."""


class Draw(Protocol):
    """What every baseline is: a history in, sample paths out."""

    def __call__(self, history: ArrayLike, horizon: int, *, paths: int, rng: np.random.Generator, season: int) -> Array:
        """Draw (paths, horizon) futures of a (n,) history, oldest first, with `season` rows in a season (1: none)."""
        ...


@dataclass(frozen=True, slots=True)
class Baseline:
    """A named baseline."""

    name: str
    title: str
    draw: Draw
    extra: str | None = None
    """The extra that installs what it needs; None if it needs nothing."""

    def __call__(self, history: ArrayLike, horizon: int, *, paths: int = 200, season: int = 1, seed: int = 0) -> Array:
        """Draw futures.

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
    """Tomorrow is like today: the last value, and a random walk of the history's steps around it."""
    history = _checked(history, 2)
    return _walk(history, np.zeros(horizon), paths, rng)


def drift(history: ArrayLike, horizon: int, *, paths: int, rng: np.random.Generator, season: int = 1) -> Array:  # noqa: ARG001 - all baselines are called alike
    """Go on along the line through the first and the last value; paths differ in the slope's sampling error too."""
    history = _checked(history, 3)
    steps = np.diff(history)
    slope, error = steps.mean(), steps.std(ddof=1) / np.sqrt(len(steps))
    ahead = np.arange(1, horizon + 1)
    wander = rng.normal(scale=error, size=(paths, 1)) * ahead
    return _centred(_walk(history, slope * ahead, paths, rng) + wander, history[-1] + slope * ahead)


def seasonal_naive(history: ArrayLike, horizon: int, *, paths: int, rng: np.random.Generator, season: int) -> Array:
    """Every step is like the same one a season ago, and differs from it as steps did in the history."""
    history = _checked(history, season + 1)
    changes = history[season:] - history[:-season]
    shocks = rng.choice(changes, size=(paths, horizon))
    point = np.resize(history[-season:], horizon)
    return _centred(point + _carried(shocks, season), point)


def simple_points(target: Array, rows: NDArray[np.int64], horizon: int, season: int) -> Array:
    """Give the point forecasts of naive and, where there is a season, seasonal naive, (1 or 2, origins, horizon).

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
    # Hyndman et al. (2008), table 6.2: what a shock still adds j steps later.
    later = np.arange(1, horizon)
    gain = fitted.smoothing_level + fitted.smoothing_trend * np.cumsum(fitted.damping_trend**later)
    if seasonal:
        gain = gain + fitted.smoothing_seasonal * (later % season == 0)
    point = np.asarray(fitted.forecast(horizon), dtype=np.float64)
    return _linear(point, np.concatenate([[1.0], gain]), np.asarray(fitted.resid), paths, rng)


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
    drawn = _linear(point, gain, np.asarray(best.resid)[max(best.model.order[0], 1) :], paths, rng)
    if not lag:
        return drawn
    last = np.resize(history[-lag:], horizon)
    return _centred(last + _carried(drawn, lag), last + _carried(point[None], lag)[0])


def baseline(name: str) -> Baseline:
    """Look a baseline up by name; an unknown one is a `ForecastError` that says what was meant."""
    if name not in BASELINES:
        raise ForecastError(f"there is no baseline {name!r}; {did_you_mean(name, BASELINES)}")
    return BASELINES[name]


BASELINES: Final[Mapping[str, Baseline]] = {
    one.name: one
    for one in (
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


def _centred(drawn: Array, point: Array) -> Array:
    """Move all paths at a step alike, so that their median is the point forecast."""
    return np.asarray(drawn + (point - np.median(drawn, axis=0)))


def _walk(history: Array, shift: Array, paths: int, rng: np.random.Generator) -> Array:
    """Walk on from the last value with the history's own steps, (paths, horizon)."""
    shocks = rng.choice(np.diff(history), size=(paths, len(shift)))
    point = history[-1] + shift
    return _centred(point + np.cumsum(shocks, axis=1), point)


def _carried(changes: Array, lag: int) -> Array:
    """Add to each change those of the same phase before it: the inverse of a difference at `lag`, (paths, horizon)."""
    paths, horizon = changes.shape
    padded = np.zeros((paths, -(-horizon // lag) * lag))
    padded[:, :horizon] = changes
    return padded.reshape(paths, -1, lag).cumsum(axis=1).reshape(paths, -1)[:, :horizon]


def _linear(point: Array, gain: Array, residuals: Array, paths: int, rng: np.random.Generator) -> Array:
    """Add residuals to a point forecast, each with what it still adds later: ``gain[j]`` after j steps."""
    horizon = len(point)
    shocks = rng.choice(residuals, size=(paths, horizon))
    lag = np.arange(horizon)[:, None] - np.arange(horizon)
    response = np.where(lag >= 0, gain[np.maximum(lag, 0)], 0.0)
    return _centred(point + shocks @ response.T, point)


def _differences(history: Array) -> int:
    """Give 1 if the KPSS test (Kwiatkowski et al. 1992) refuses a level that stays, and 0 otherwise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its p-values are read from a table, and end with it
        statistic = _statsmodels("tsa.stattools").kpss(history, nlags="auto")[0]
    return int(statistic > 0.463)  # the 5 % point


def _fit(model: Any, **options: Any) -> Any:
    """Fit without the library's remarks on convergence: a baseline's best effort is what it is judged by."""
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
