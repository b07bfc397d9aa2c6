"""Forecasts of many series from one network: a mapping from ids to forecasts, a long table, and bands of sums."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.encoding.panel_ids import listed, numbers_of, series_of
from lstm_lab.errors import ForecastError, did_you_mean
from lstm_lab.forecasting import metrics
from lstm_lab.forecasting.forecast import ENOUGH, Forecast, by_diverged
from lstm_lab.forecasting.metrics import tail_of
from lstm_lab.forecasting.panel_reveal import PanelReveal
from lstm_lab.forecasting.periods import describe_periods, period_starts
from lstm_lab.formatting import moment, percent, span
from lstm_lab.results import Result, Summary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstm_lab.forecasting.coverage import Coverage
    from lstm_lab.forecasting.forecast import Kind

    Array = NDArray[np.float64]

__all__ = ["PanelForecast", "TotalCalibration"]

AT_ONCE = 256
"""Series whose quantiles are computed together: the paths of thousands are copied in parts."""


LISTED = 10
"""Ids whose coverage is listed one by one, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class TotalCalibration:
    """How far sums over all series lay from their medians at earlier origins, against sums of their paths.

    The paths of series are drawn independently, given the dropout mask that paths of one number share. Where series
    move together, their sum moves further than that: `stretch` is the root mean square of its scores at earlier
    origins, with one score of 1 beside them.
    """

    stretch: float
    coverage: Coverage | None
    """Measured at earlier origins that have others beside them that share no step; None where there are too few."""
    origins: int


@dataclass(frozen=True, eq=False, repr=False)
class PanelForecast(Result, Mapping[Hashable, Forecast]):
    """Simulated futures of many series, each from its own end; made by `lstm_lab.Run.forecast`.

    A mapping from ids to `Forecast`: ``fcs["store_1"]``, ``len(fcs)``, ``for name, fc in fcs.items()``.

    Examples
    --------
    >>> fcs = run.forecast(28)  # doctest: +SKIP
    >>> fcs["store_1"].frame, fcs.frame, fcs.total().frame  # doctest: +SKIP
    """

    ids: tuple[Hashable, ...]
    paths: Array
    """(series, paths, horizon), in the target's unit; path j of all series shares its dropout masks."""
    times: pd.Index
    """(series * horizon,) times of the forecasts, series by series."""
    history: pd.Series[float]
    """The observed target up to the origins, by (id, time)."""
    target: str
    kind: Kind
    interval: float = 90.0
    coverage: Coverage | None = None
    """Measured over all series at earlier origins."""
    coverage_by_id: pd.Series[float] | None = None
    """Measured share of the steps in the band, of each id at its own earlier origins; NaN without any."""
    off: tuple[Hashable, ...] = ()
    """Ids whose measured coverage is off the nominal one by more than chance, the farthest first."""
    names: tuple[str, str] = ("id", "time")
    """What ids and times are called."""
    total_calibration: TotalCalibration | None = None
    sum_coverages: tuple[Coverage, ...] = ()
    """Measured for sums over 1, 2, ... steps of a series, over all series; empty where it was not measured."""
    left_out: tuple[Hashable, ...] = ()
    """Ids with too few rows since their last gap."""
    details: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[Hashable, Mapping[str, str]] = field(default_factory=dict)
    """Details of single series."""

    # A mapping -------------------------------------------------------------------------------------------------------

    @cached_property
    def _numbers(self) -> dict[Hashable, int]:
        return {name: number for number, name in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self.ids)

    def __contains__(self, name: object) -> bool:
        return name in self._numbers

    def __getitem__(self, name: Hashable) -> Forecast:
        """Return the forecast of one id.

        Raises
        ------
        DataError
            There is no such id: one line with the nearest.
        """
        try:
            number = self._numbers[name]
        except (KeyError, TypeError):  # a list, which is no key, is refused with the nearest id too
            number = int(numbers_of([name], self.ids)[0])
        details = {self.names[0]: str(name), **self.details, **self.notes.get(name, {})}
        return Forecast(
            paths=self.paths[number],
            index=self._index(number),
            history=self._history(number),
            target=self.target,
            kind=self.kind,
            interval=self.interval,
            coverage=self.coverage,
            details=details,
        )

    def get(self, name: Hashable, default: Any = None) -> Any:
        """Return the forecast of one id, or a default."""
        if name not in self:
            return default
        return self[name]

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return int(self.paths.shape[2])

    @property
    def has_band(self) -> bool:
        """Whether there are paths enough for the edges of a band."""
        return bool(self.paths.shape[1] >= ENOUGH)

    def _index(self, number: int) -> pd.Index:
        index = self.times[number * self.horizon : (number + 1) * self.horizon]
        return index.rename(self.names[1])

    @cached_property
    def history_rows(self) -> dict[Hashable, slice]:
        """Where each series lies in the history."""
        ids, borders = series_of(self.history.index)
        return {name: slice(*borders[number : number + 2]) for number, name in enumerate(ids)}

    def _history(self, number: int) -> pd.Series[float]:
        rows = self.history_rows.get(self.ids[number], slice(0, 0))
        history = self.history.iloc[rows]
        return history.set_axis(history.index.get_level_values(-1).rename(self.names[1]))

    # Tables ----------------------------------------------------------------------------------------------------------

    @property
    def index(self) -> pd.MultiIndex:
        """(series * horizon,) ids and times of the forecasts."""
        codes = np.repeat(np.arange(len(self.ids)), self.horizon)
        moments, times = pd.factorize(self.times, sort=True)
        arrays: list[Any] = [pd.Index(self.ids, tupleize_cols=False), times]
        numbers: list[Any] = [codes, moments]
        return pd.MultiIndex(arrays, numbers, names=self.names, verify_integrity=False)

    @property
    def levels(self) -> tuple[float, float]:
        """The band's lower and upper edge as quantiles: (0.05, 0.95) for an interval of 90."""
        tail = tail_of(self.interval)
        return round(tail, 12), round(1 - tail, 12)

    def quantile(self, q: float) -> Array:
        """Compute a quantile of the paths of every series, (series, horizon)."""
        return np.asarray(self._quantiles([q])[0])

    def _quantiles(self, levels: list[float]) -> Array:
        parts = range(0, len(self.ids), AT_ONCE)
        return np.concatenate(
            [np.quantile(self.paths[part : part + AT_ONCE], levels, axis=1) for part in parts], axis=1
        )

    @property
    def frame(self) -> pd.DataFrame:
        """Median and band edges of every series, a row for each id and time."""
        low, high = self.levels
        median, lower, upper = self._quantiles([0.5, low, high]).reshape(3, -1)
        return pd.DataFrame({"median": median, "lower": lower, "upper": upper}, index=self.index)

    def score(self, actual: pd.Series[float] | pd.DataFrame) -> pd.DataFrame:
        """Score the forecast of every series against what happened.

        Parameters
        ----------
        actual
            Observed values by (id, time), or a table with columns of ids, times and the target. Steps that it lacks are
            left out.

        Returns
        -------
        pandas.DataFrame
            A row an id, the largest MAE first: mae, rmse, mase, crps, coverage, width, steps.

        Raises
        ------
        ForecastError
            No id and time of the forecast is among the values.
        """
        values = self.aligned(actual)
        low, high = self.levels
        median, lower, upper = self._quantiles([0.5, low, high])
        parts = range(0, len(self.ids), AT_ONCE)
        crps = [metrics.crps(self.paths[k : k + AT_ONCE], values[k : k + AT_ONCE], axis=-1) for k in parts]
        with np.errstate(invalid="ignore", divide="ignore"):
            scores = {
                "mae": metrics.mae(values, median, axis=-1),
                "rmse": metrics.rmse(values, median, axis=-1),
                "mase": metrics.mae(values, median, axis=-1) / self._naive_scales,
                "crps": np.concatenate(crps),
                "coverage": metrics.coverage(lower, upper, values, axis=-1),
                "width": metrics.width(lower, upper, axis=-1),
                "steps": (~np.isnan(values)).sum(axis=-1),
            }
        table = pd.DataFrame(scores, index=pd.Index(self.ids, name=self.names[0], tupleize_cols=False))
        return table[table["steps"] > 0].sort_values("mae", ascending=False, kind="stable")

    def reveal(self, actual: pd.Series[float] | pd.DataFrame, *, shown: bool = False) -> PanelReveal:
        """Show what happened, as it draws itself across each fan: hits and misses, coverage and score counting up.

        Parameters
        ----------
        actual
            Observed values by (id, time), as `score` takes them. A series without any is shown as not known.
        shown
            Show what happened from the start, instead of step by step.

        Returns
        -------
        PanelReveal
            A mapping from ids to `Reveal`; in a notebook a view with a picker of series, counted for one and for all.

        Raises
        ------
        ForecastError
            No id and time of the forecast is among the values; a value is infinite, no number, or there twice.

        Examples
        --------
        >>> fcs.reveal(later).scores  # doctest: +SKIP
        """
        return PanelReveal(self, self.aligned(actual), bool(shown))

    @cached_property
    def last_observed(self) -> Array:
        """(series,) the last observed value of each, which the naive forecast repeats; NaN without a history."""
        last = self.history.dropna().groupby(level=0, sort=False).last()
        return np.asarray(last.reindex(pd.Index(self.ids, tupleize_cols=False)), dtype=np.float64)

    @cached_property
    def _naive_scales(self) -> Array:
        """(series,) mean absolute change from row to row of each series' history."""
        ids, borders = series_of(self.history.index)
        changes = np.abs(np.diff(self.history.to_numpy(np.float64), prepend=np.nan))
        changes[borders[:-1]] = 0.0
        counts = np.maximum(np.diff(borders) - 1, 1)
        means = dict(zip(ids, np.add.reduceat(changes, borders[:-1]) / counts, strict=True))
        return np.array([means.get(name, np.nan) for name in self.ids])

    def aligned(self, actual: pd.Series[float] | pd.DataFrame) -> Array:
        """Align observed values with the forecasts, (series, horizon), NaN where there is none."""
        given: object = actual
        if not isinstance(given, pd.Series | pd.DataFrame):
            got = type(given).__name__
            raise ForecastError(f"actual is a Series or a DataFrame with rows by id and time, got {got}")
        if isinstance(actual, pd.DataFrame):
            if not isinstance(actual.index, pd.MultiIndex):
                for name in self.names:
                    if name not in actual.columns:
                        near = did_you_mean(name, map(str, actual.columns))
                        raise ForecastError(f"actual has columns {self.names[0]!r} and {self.names[1]!r}; {near}")
                actual = actual.set_index(list(self.names))
            if self.target not in actual.columns:
                raise ForecastError(f"no column {self.target!r}; {did_you_mean(self.target, map(str, actual.columns))}")
            actual = actual[self.target]
        if not isinstance(actual.index, pd.MultiIndex):
            raise ForecastError(
                "actual has rows by id and time, got one level; give a frame with both, or fcs[id].score"
            )
        found = self._numbers_at(actual)
        values = found.reshape(len(self.ids), self.horizon)
        if np.isnan(values).all():
            raise ForecastError(
                f"actual shares no id and time with the forecast, {span(self.times.sort_values())} of"
                f" {listed(self.ids)}; look at both"
            )
        return values

    def _numbers_at(self, actual: pd.Series[float]) -> Array:
        """Look observed values up by the ids and times of the forecasts, (series * horizon,)."""
        twice = actual.index[actual.index.duplicated()]
        if len(twice):
            name, when = twice[0][0], twice[0][-1]
            raise ForecastError(
                f"actual holds an id and time once, got {len(twice):,} more than once, the first {name!r} at"
                f" {moment(when)}; keep one of them"
            )
        try:
            found = np.asarray(actual.reindex(self.index), dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ForecastError(f"actual must hold numbers, by id and time: {error}") from None
        if np.isinf(found).any():
            first = self.index[int(np.isinf(found).argmax())]
            where = f"{first[0]!r} at {moment(first[1])}"
            raise ForecastError(f"actual must be finite, got infinity for {where}; mend it, or leave it out")
        return found

    # Sums ------------------------------------------------------------------------------------------------------------

    def total(self) -> Forecast:
        """Forecast the sum over all ids at each time that all of them have, from the joint paths.

        Path j of the sum is the sum of the series' paths j, which share their dropout masks and are independent
        otherwise. Where series moved together at earlier origins, the band is widened by what their sum showed there
        (`TotalCalibration`), and the coverage that it then had there is part of the result.

        Raises
        ------
        ForecastError
            The forecasts have no time in common.
        """
        times, codes = np.unique(self.times, return_inverse=True)
        common = np.bincount(codes, minlength=len(times)) == len(self.ids)
        if not common.any():
            self._refuse_early_ends()
        paths = np.zeros((self.paths.shape[1], len(times)))
        ends, group = np.unique(codes.reshape(len(self.ids), self.horizon), axis=0, return_inverse=True)
        for number, steps in enumerate(ends):
            paths[:, steps] += self.paths[group == number].sum(axis=0)
        paths = paths[:, common]
        index = pd.Index(self.times[: self.horizon] if common.sum() == self.horizon else times[common])
        fitted = self.total_calibration
        if fitted is not None:
            median = np.median(paths, axis=0)
            paths = median + fitted.stretch * (paths - median)
        coverage = None if fitted is None else fitted.coverage
        return Forecast(
            paths=paths,
            index=index.rename(self.names[1]),
            history=self._summed_history(),
            target=self.target,
            kind="predictive" if coverage is None and self.kind == "calibrated" else self.kind,
            interval=self.interval,
            coverage=coverage,
            details={"sum": f"over {len(self.ids):,} series", **self._total_details()},
        )

    def _refuse_early_ends(self) -> None:
        first, last = self.times[:: self.horizon], self.times[self.horizon - 1 :: self.horizon]
        early = [name for name, end in zip(self.ids, last, strict=True) if end < first.max()]
        raise ForecastError(
            f"a total needs times that all ids have, but {len(early):,} of {len(self.ids):,} end before others begin,"
            f" at {moment(first.max())}: {listed(early)}; leave them out with ids=, or lengthen the horizon"
        )

    def _total_details(self) -> dict[str, str]:
        fitted = self.total_calibration
        if fitted is None:
            return {"dependence": "none beside shared dropout masks: no sum was measured at earlier origins"}
        return {"dependence": f"band times {fitted.stretch:.2f}, from sums at {fitted.origins} earlier origins"}

    def _summed_history(self) -> pd.Series[float]:
        grouped = self.history.groupby(level=-1)
        sums, counts = grouped.sum(), grouped.count()
        return sums[counts == len(self.history_rows)].rename(self.target)

    def sum(self, freq: str | None = None) -> PanelForecast:
        """Forecast each series' sums over periods, from its own joint paths.

        Parameters
        ----------
        freq
            Length of a period, such as ``"W"`` or ``"MS"``; None: one sum over the whole horizon.

        Returns
        -------
        PanelForecast
            By the first forecast time of each period; ``.sum("W").total()`` sums over series too. ``coverage`` is that
            of sums over as many steps at earlier origins as the longest of the periods has, over all series.

        Raises
        ------
        ForecastError
            Periods of rows that are only counted, or a length that pandas does not know.
        """
        table = self.times.to_numpy().reshape(len(self.ids), self.horizon)
        starts = period_starts(self.times, self.horizon, freq)
        counts = {len(each) for each in starts}
        if len(counts) > 1:
            raise ForecastError(
                f"sums by {freq!r} need equally many periods for every id, got {min(counts)} to {max(counts)} for"
                " different ends; forecast ids with a common end"
            )
        paths = np.stack([np.add.reduceat(own, first, axis=1) for own, first in zip(self.paths, starts, strict=True)])
        times = pd.Index(np.concatenate([own[first] for own, first in zip(table, starts, strict=True)]))
        if isinstance(self.times, pd.DatetimeIndex):
            flat = np.concatenate([k * self.horizon + np.asarray(first) for k, first in enumerate(starts)])
            times = self.times[flat]
        steps = max(int(np.diff(first, append=self.horizon).max()) for first in starts)
        coverage = self.sum_coverages[steps - 1] if self.sum_coverages else None
        kind: Kind = "predictive" if self.kind == "calibrated" and coverage is None else self.kind
        measured = "" if coverage is None else f"; coverage measured for {steps} step{'s' if steps > 1 else ''}"
        return replace(
            self,
            paths=paths,
            times=times,
            kind=kind,
            coverage=coverage,
            coverage_by_id=None,
            off=(),
            total_calibration=None,
            sum_coverages=(),
            history=self.history.iloc[:0],
            details={**self.details, "sum": describe_periods(freq) + measured},
        )

    # Words -----------------------------------------------------------------------------------------------------------

    def summary_table(self) -> Summary:
        """Count the series, and describe their bands with the measured coverage."""
        steps = "1 step" if self.horizon == 1 else f"{self.horizon} steps"
        rows = [
            ("series", f"{len(self.ids):,}: {listed(self.ids)}"),
            ("times", f"{span(self.times.sort_values())}, {steps} each"),
        ]
        if self.left_out:
            few = f"too few rows since the last gap: {listed(self.left_out)}"
            rows.append(("left out", f"{len(self.left_out):,} with {few}"))
        rows.append(("band", self.band_name()))
        if self.has_band and self.coverage_by_id is not None and self.coverage_by_id.notna().any():
            rows.append(("coverage by id", self._coverages(self.coverage_by_id.dropna().sort_values())))
            named = self._coverages(self.coverage_by_id.reindex(list(self.off[:LISTED])))
            more = f" and {len(self.off) - LISTED} more" if len(self.off) > LISTED else ""
            rows.append(("off by more than chance", f"{named}{more}" if self.off else "no id"))
        rows.append(("paths", f"{self.paths.shape[1]:,} of each"))
        return Summary(f"Forecasts of {self.target}{by_diverged(self.details)}", (*rows, *self.details.items()))

    @staticmethod
    def _coverages(shares: pd.Series[float]) -> str:
        """List coverages by id, or the lowest and the highest of many."""
        if len(shares) > LISTED:
            low, high = (f"{percent(shares.iloc[end])} ({shares.index[end]!r})" for end in (0, -1))
            return f"{low} to {high}"
        return ", ".join(f"{name!r} {percent(share)}" for name, share in shares.items())

    def band_name(self) -> str:
        """Name what the bands are, and their measured coverage over all series."""
        if not self.has_band:
            return f"none from fewer than {ENOUGH} paths; use paths=200"
        return self[self.ids[0]].band_name()
