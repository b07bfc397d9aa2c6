"""A forecast: simulated futures in the target's own unit, their quantiles, scores and summary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args

import numpy as np
import pandas as pd

from lstm_lab.data.tables.periods import starts_of
from lstm_lab.errors import ForecastError, did_you_mean, shown
from lstm_lab.forecasting import metrics
from lstm_lab.forecasting.metrics import tail_of
from lstm_lab.forecasting.periods import describe_periods, period_starts
from lstm_lab.forecasting.reveal import Reveal
from lstm_lab.formatting import moment, number, ordinal, percent, span
from lstm_lab.results import Result, Summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from lstm_lab.forecasting.coverage import Coverage

    Array: TypeAlias = NDArray[np.float64]

__all__ = ["ENOUGH", "Forecast", "Kind"]

Kind: TypeAlias = Literal["dropout spread", "predictive", "calibrated", "one path"]
"""What makes the paths differ: dropout alone; one-step residuals too; both, set right by calibration rows; nothing."""
ENOUGH = 50
"""Paths below which no band is shown: its edges would be single paths."""


@dataclass(frozen=True, repr=False, eq=False)
class Forecast(Result):
    """Simulated futures of one target from one origin.

    Parameters
    ----------
    paths
        (paths, horizon), in the target's unit.
    index
        The forecast's times, (horizon,).
    history
        Observed target up to the origin, oldest first.
    target
        The target's name.
    kind
        What makes the paths differ.
    interval
        Nominal coverage of the band, in percent.
    coverage
        Coverage of such bands, measured at earlier origins; None where it was not measured.
    details
        Further lines for the summary: roll-out, masks, noise, paths per second, ...

    Raises
    ------
    ForecastError
        Shapes that do not match, a path that is not finite, or an interval outside 0 to 100.

    Examples
    --------
    >>> paths = np.add.outer([-1.0, 0.0, 1.0], [10.0, 11.0])
    >>> fc = Forecast(paths, pd.RangeIndex(3, 5), pd.Series([9.0, 9.5, 10.0]), "price", "predictive")
    >>> fc.quantile(0.5)
    array([10., 11.])
    >>> fc.probability_above(10.5)
    array([0.33333333, 0.66666667])
    >>> fc.band_name()
    'predictive, 5th–95th percentile; coverage not measured'
    """

    paths: Array
    index: pd.Index
    history: pd.Series[float]
    target: str
    kind: Kind
    interval: float = 90.0
    coverage: Coverage | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        paths = np.array(self.paths, dtype=np.float64)
        if paths.ndim != 2 or 0 in paths.shape:
            raise ForecastError(f"paths must be a (paths, horizon) array with at least one of each, got {paths.shape}")
        if paths.shape[1] != len(self.index):
            raise ForecastError(
                f"a path has one value per time, got {paths.shape[1]} values for {len(self.index)} times"
            )
        if not np.isfinite(paths).all():
            path, step = np.argwhere(~np.isfinite(paths))[0]
            raise ForecastError(
                f"paths must be finite, got {paths[path, step]} in path {path} at step {step + 1}; "
                "the roll-out diverged: train longer, or use another transform or a shorter horizon"
            )
        if self.kind not in get_args(Kind):
            raise ForecastError(f"there is no kind {self.kind!r}; {did_you_mean(str(self.kind), get_args(Kind))}")
        if not 1 <= self.interval < 100:
            near = 100 * self.interval if 0 < self.interval < 1 else 90
            raise ForecastError(
                f"interval is a percentage from 1 to below 100, got {self.interval:g}; did you mean interval={near:g}?"
            )
        paths.flags.writeable = False
        object.__setattr__(self, "paths", paths)

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return int(self.paths.shape[1])

    @property
    def levels(self) -> tuple[float, float]:
        """The band's lower and upper edge as quantiles: (0.05, 0.95) for an interval of 90."""
        tail = tail_of(self.interval)
        return round(tail, 12), round(1 - tail, 12)

    @property
    def has_band(self) -> bool:
        """Whether there are paths enough for the edges of a band."""
        return len(self.paths) >= ENOUGH

    def quantile(self, q: float | Sequence[float]) -> Array:
        """Quantiles of the paths at each step, interpolated linearly between them.

        Parameters
        ----------
        q
            One level between 0 and 1, or several.

        Returns
        -------
        Array
            (horizon,) for one level, (levels, horizon) for several.
        """
        levels = _as_array(q)
        if levels is None:
            raise ForecastError(f"a quantile's level is a number between 0 and 1, got {shown(q)}; for example 0.05")
        if levels.ndim > 1 or not ((levels >= 0) & (levels <= 1)).all():
            raise ForecastError(f"a quantile's level lies between 0 and 1, got {q}; for example 0.05")
        return np.asarray(np.quantile(self.paths, levels, axis=0), dtype=np.float64)

    @property
    def frame(self) -> pd.DataFrame:
        """Median, band edges (lower, upper), mean, std and the 5th, 25th, 75th and 95th percentile by time."""
        low, high = self.levels
        median, lower, upper, *others = self.quantile([0.5, low, high, 0.05, 0.25, 0.75, 0.95])
        scale = _scale(self.paths)
        paths = self.paths / scale
        columns = {"median": median, "lower": lower, "upper": upper, "mean": paths.mean(axis=0) * scale}
        columns["std"] = paths.std(axis=0, ddof=1) * scale if len(paths) > 1 else np.zeros(self.horizon)
        return pd.DataFrame(columns | dict(zip(("q05", "q25", "q75", "q95"), others, strict=True)), index=self.index)

    def probability_above(self, level: float | ArrayLike) -> Array:
        """Share of paths above a level at each step.

        Parameters
        ----------
        level
            One level in the target's unit, or one per step, (horizon,).

        Returns
        -------
        Array
            (horizon,), a multiple of 1 / paths: no finer than the paths are many.
        """
        levels = _as_array(level)
        if levels is None or np.isnan(levels).any() or levels.shape not in {(), (1,), (self.horizon,)}:
            raise ForecastError(
                f"level is one number, or one for each of the {self.horizon} steps, got {shown(level)};"
                f" for example fc.probability_above({number(self.history.iloc[-1] if len(self.history) else 0)})"
            )
        return np.asarray((self.paths > levels).mean(axis=0), dtype=np.float64)

    def standard_error(self, q: float) -> Array:
        """Monte Carlo error of a quantile: how much it would move if the same number of paths were drawn anew.

        The number of paths below the true quantile is binomial, so half the distance between the sample quantiles at
        ``q - d`` and ``q + d``, ``d = sqrt(q (1 - q) / paths)``, is one standard error (Woodruff 1952, "Confidence
        intervals for medians and other position measures", JASA 47). Near 0 and 1 the interval is cut off there, and
        the distance scaled up in proportion. It says nothing of whether the model is right.

        Parameters
        ----------
        q
            A level strictly between 0 and 1.

        Returns
        -------
        Array
            (horizon,) in the target's unit; NaN for a single path.
        """
        level = _as_array(q)
        if level is None or level.shape != () or not 0 < level < 1:
            raise ForecastError(
                f"a Monte Carlo error needs a level strictly between 0 and 1, got {shown(q)}; for example 0.05"
            )
        if len(self.paths) == 1:
            return np.full(self.horizon, np.nan)
        reach = float(np.sqrt(q * (1 - q) / len(self.paths)))
        below, above = max(0.0, q - reach), min(1.0, q + reach)
        low, high = self.quantile([below, above])
        return np.asarray((high - low) * reach / (above - below), dtype=np.float64)

    def score(self, actual: pd.Series[float] | pd.DataFrame | ArrayLike, *, season: int = 1) -> pd.Series[float]:
        """Score the forecast against actual values.

        Parameters
        ----------
        actual
            A Series (or a frame with the target's column), aligned by time: times outside the forecast are left out,
            no common time is an error. Or an array: its first value belongs to the first step; it may be shorter.
        season
            Steps in a season, for MASE.

        Returns
        -------
        pd.Series
            mae and rmse of the median, mase (NaN where the history allows none), pinball (mean over lower edge, median
            and upper edge), crps, coverage (share of the steps inside the band), inside (how many), steps (of how
            many), width (mean).
        """
        values = self.align(actual)
        observed = ~np.isnan(values)
        low, high = self.levels
        lower, median, upper = self.quantile([low, 0.5, high])
        inside_band = metrics.inside(lower, upper, values)
        result = {
            "mae": metrics.mae(values, median),
            "rmse": metrics.rmse(values, median),
            "mase": metrics.mase(values, median, self.history.to_numpy(np.float64), season),
            "pinball": metrics.pinball(values, np.stack([lower, median, upper]), (low, 0.5, high)),
            "crps": metrics.crps(self.paths, values),
            "coverage": np.nanmean(inside_band),
            "inside": np.nansum(inside_band),
            "steps": observed.sum(),
            "width": metrics.width(lower[observed], upper[observed]),
        }
        return pd.Series({name: float(value) for name, value in result.items()}, name=self.target)

    def sum(self, freq: str | None = None) -> Forecast:
        """Forecast sums over periods, from the joint paths: a sum's quantile is not the sum of quantiles.

        Parameters
        ----------
        freq
            Length of a period, such as ``"D"`` or ``"MS"``; None: one sum over the whole horizon.

        Returns
        -------
        Forecast
            By the first forecast time of each period, without a history. Coverage is measured for single steps: that of
            sums is not known, so none is stated.

        Raises
        ------
        ForecastError
            Periods of rows that are only counted, or a length that pandas does not know.

        Examples
        --------
        >>> paths = np.add.outer([-1.0, 0.0, 1.0], [10.0, 11.0])
        >>> fc = Forecast(paths, pd.RangeIndex(3, 5), pd.Series([9.0, 9.5, 10.0]), "price", "predictive")
        >>> fc.sum().paths.ravel()
        array([19., 21., 23.])
        """
        (starts,) = period_starts(self.index, self.horizon, freq)
        return replace(
            self,
            paths=np.add.reduceat(self.paths, starts, axis=1),
            index=self.index[starts],
            history=self.history.iloc[:0],
            kind="predictive" if self.kind == "calibrated" else self.kind,
            coverage=None,
            details={**self.details, "sum": describe_periods(freq)},
        )

    def reveal(
        self,
        actual: pd.Series[float] | pd.DataFrame | ArrayLike,
        *,
        beside: Forecast | Sequence[Forecast] | Mapping[str, Forecast] | None = None,
        shown: bool = False,
    ) -> Reveal:
        """Show what happened, as it draws itself across the fan: hits and misses, coverage and score counting up.

        Parameters
        ----------
        actual
            Values after the origin, as `score` takes them.
        beside
            Other forecasts of the same times, up to three, to lay over this one; a dict names them.
        shown
            Show what happened from the start, instead of step by step.

        Returns
        -------
        Reveal
            In a notebook a view that plays the steps; its `frame` has them as numbers.

        Raises
        ------
        ForecastError
            `actual` shares no time with a forecast, or holds no finite value; or `beside` is no forecast.

        Examples
        --------
        >>> fc.reveal(later["price"])  # doctest: +SKIP
        >>> fc.reveal(later["price"], beside={"again": run.forecast(5, paths=50)})  # doctest: +SKIP
        """
        revealed = Reveal(self, self.align(actual), _named(beside), bool(shown))
        _ = revealed.others  # refuses those that share no time
        return revealed

    def align(self, actual: pd.Series[float] | pd.DataFrame | ArrayLike) -> Array:
        """Align actual values with the forecast's times, NaN where there is none: see `score`."""
        if isinstance(actual, pd.DataFrame):
            if self.target not in actual.columns:
                raise ForecastError(f"no column {self.target!r}; {did_you_mean(self.target, map(str, actual.columns))}")
            actual = actual[self.target]
        if isinstance(actual, pd.Series):
            values = self._by_time(actual)
        else:
            values = _numbers(actual)
            if values.ndim != 1 or not 0 < len(values) <= self.horizon:
                raise ForecastError(f"actual holds 1 to {self.horizon} values, got shape {values.shape}")
            values = np.concatenate([values, np.full(self.horizon - len(values), np.nan)])
        wrong = np.flatnonzero(np.isinf(values) if np.isinf(values).any() else np.isnan(values))
        if len(wrong) == len(values) or np.isinf(values).any():
            got = f"got {values[wrong[0]]:g} at {moment(self.index[wrong[0]])}"
            remedy = "pass what was measured" if np.isnan(values[wrong[0]]) else "correct that value, or make it NaN"
            raise ForecastError(f"actual holds finite values, or NaN where there is none yet, {got}; {remedy}")
        return values

    def _by_time(self, actual: pd.Series[float]) -> Array:
        if isinstance(actual.index, pd.PeriodIndex):
            actual = actual.set_axis(starts_of(actual.index))
        if isinstance(actual.index, pd.DatetimeIndex) and isinstance(self.index, pd.DatetimeIndex):
            actual = actual.set_axis(self._on_own_clock(actual.index))
        if actual.index.has_duplicates:
            repeated = actual.index[actual.index.duplicated()][0]
            raise ForecastError(f"actual has one value per time, got {moment(repeated)} twice; drop one of them")
        if not actual.index.isin(self.index).any():
            times = span(actual.index) if len(actual) else "an empty series"
            raise ForecastError(
                f"actual shares no time with the forecast, {span(self.index)}, got {times}; "
                "pass actual.to_numpy() to compare by position"
            )
        return _numbers(actual.reindex(self.index))

    def _on_own_clock(self, times: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """Convert times to the forecast's zone; refuse those of which only one has a zone."""
        own = cast("pd.DatetimeIndex", self.index).tz
        if (own is None) != (times.tz is None):
            zones = [f"in {zone}" if zone is not None else "without a zone" for zone in (own, times.tz)]
            remedy = f".tz_localize({None if own is None else str(own)!r})"
            raise ForecastError(f"the forecast's times are {zones[0]}, got actual {zones[1]}; use actual{remedy}")
        return times if own is None else times.tz_convert(own)

    def extend(self, more_paths: ArrayLike) -> Forecast:
        """Add paths, (k, horizon), drawn in the same way; paths of a calibrated forecast must be adjusted already."""
        more = np.atleast_2d(np.asarray(more_paths, dtype=np.float64))
        if more.shape[1] != self.horizon:
            raise ForecastError(f"more paths must have {self.horizon} steps each, got {more.shape[1]}")
        return replace(self, paths=np.concatenate([self.paths, more]))

    def band_name(self) -> str:
        """Describe the band; a nominal percentage appears only beside the coverage measured for it."""
        low, high = self.levels
        edges = f"{ordinal(100 * low)}–{ordinal(100 * high)} percentile"
        if self.coverage is None:
            return f"{self.kind}, {edges}; coverage not measured"
        measured = f"measured coverage {self.coverage}"
        if self.kind == "dropout spread":
            return f"{self.kind}, {edges}; {measured}"
        return f"{self.kind} {self.interval:g} % band; {measured}"

    def summary_table(self) -> Summary:
        """Tabulate the times, the last median and band, the band's coverage, and the Monte Carlo error of its edges."""
        steps = "1 step" if self.horizon == 1 else f"{self.horizon} steps"
        rows = [("times", f"{span(self.index)}, {steps}")]
        if len(self.history):
            rows.append(("last observed", f"{number(self.history.iloc[-1])} at {moment(self.history.index[-1])}"))
        low, high = self.levels
        lower, median, upper = self.quantile([low, 0.5, high])[:, -1]
        if self.has_band:
            rows.append(("median at the end", f"{number(median)}, band {number(lower)} to {number(upper)}"))
            rows.append(("band", self.band_name()))
        else:
            rows.append(("median at the end" if len(self.paths) > 1 else "path at the end", number(median)))
            rows.append(("band", f"none from fewer than {ENOUGH} paths; use paths=200"))
        if self.coverage is not None and self.has_band:
            rows.append(("whole path inside", percent(self.coverage.joint)))
        rows.append(("paths", f"{len(self.paths):,}"))
        if self.has_band:
            below, above = (number(self.standard_error(level)[-1]) for level in self.levels)
            rows.append(("Monte Carlo error", f"lower edge ± {below}, upper edge ± {above} at the end"))
        return Summary(f"Forecast of {self.target}{by_diverged(self.details)}", (*rows, *self.details.items()))


def _numbers(actual: ArrayLike) -> Array:
    """Return values as numbers, or refuse them in one line."""
    values = _as_array(actual)
    if values is None:
        listed = actual if isinstance(actual, list | tuple | pd.Series | np.ndarray) else ()
        first = next((each for each in listed if (own := _as_array(each)) is None or own.ndim > 0), None)
        got = f"a {type(actual).__name__}" if first is None else shown(first)
        raise ForecastError(f"actual holds numbers, got {got}; pass a Series, a DataFrame or a list of what happened")
    return values


def _as_array(values: ArrayLike) -> Array | None:
    """Return values as numbers; None where they are none."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None


DIVERGED = "training"
"""The detail of a forecast whose network is from a training that diverged."""


def by_diverged(details: Mapping[str, str]) -> str:
    """Say in the first line of a forecast that its network is from a training that diverged; else empty."""
    return ", by a network whose training diverged" if DIVERGED in details else ""


MOST_BESIDE = 3
"""Forecasts that can be laid over another one, at most: more colours would not be told apart."""


def _named(beside: object) -> dict[str, Forecast]:
    """Return the forecasts that are laid over another one by name.

    Raises
    ------
    ForecastError
        Something else than up to three forecasts.
    """
    if beside is None:
        return {}
    given = [beside] if isinstance(beside, Forecast) else beside
    named: dict[Any, Any]
    if isinstance(given, Mapping):
        named = dict(given)
    else:
        parts = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
        named = {f"forecast {number}": each for number, each in enumerate(parts, 2)}
    wrong = next((type(each).__name__ for each in named.values() if not isinstance(each, Forecast)), None)
    if wrong is not None or len(named) > MOST_BESIDE:
        got = wrong or f"{len(named)} forecasts"
        raise ForecastError(f"beside takes one to {MOST_BESIDE} forecasts, got {got}; for example beside=[other]")
    return {str(name): each for name, each in named.items()}


def _scale(paths: Array) -> float:
    """Return what paths near the largest number are divided by before they are squared or added; 1 for all others."""
    return 1.0 if np.abs(paths).max() < 1e150 else 2.0**600
