"""Backtests of many series: errors in the unit of each series' own changes, clustered by series, the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lstm_lab.data.encoding.panel_ids import NAMED, listed
from lstm_lab.evaluation.scoring import difference_by_series
from lstm_lab.evaluation.study_marks import Column, Look, MarkedResult, StudyMarks, scale_for, scale_of_changes
from lstm_lab.evaluation.tables import comparison_text, four_digits
from lstm_lab.forecasting.correction import NAIVE_NAMES
from lstm_lab.forecasting.coverage import binomial_interval, effective_trials
from lstm_lab.forecasting.panel_calibration import CHANCE, SeriesCoverage
from lstm_lab.formatting import percent, span
from lstm_lab.results import Summary

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["PanelBacktest", "PanelOutcome", "seasonal_scales"]

SHOWN: Final = 10
"""Ids in the table of the worst."""
DRAWN: Final = 30
"""Ids that are drawn at most, the worst ones."""
_LOOKS: Final = {
    False: Look("coverage as it should be, within chance"),
    True: Look("coverage off by more than chance", "red", "diamond"),
}


@dataclass(frozen=True, eq=False)
class PanelOutcome:
    """Forecasts from held-out origins of many series, and what became of them."""

    series: NDArray[np.int64]
    """(origins,) number of the series of each origin, rising; the origins of a series in order of time."""
    times: pd.Index
    """(origins,) time of each first forecast step."""
    actual: Array
    """(origins, horizon)."""
    points: Mapping[str, Array]
    """By model, (origins, horizon) medians or point forecasts; the run first."""
    lower: Array
    upper: Array
    """(origins, horizon) edges of the run's band."""
    crps: Array
    """(origins,) of the run's paths."""


@dataclass(frozen=True, eq=False, repr=False)
class PanelBacktest(MarkedResult):
    """Forecasts of many series from held-out origins, scored by series; made by `lstm_lab.backtest`.

    Errors are in units of the mean absolute change of each series over a season of its training rows (MASE; Hyndman &
    Koehler 2006), so that series of all sizes count alike. Series are the clusters of every interval: the origins of
    one share its fate.
    """

    ids: tuple[Hashable, ...]
    outcome: PanelOutcome
    scales: Array
    """(series,) mean absolute seasonal change over the training rows; NaN for a series that never changes."""
    overlap: int
    """Following origins whose horizon still touches that of an origin."""
    target: str
    interval: float
    kind: str
    details: Mapping[str, str]

    @property
    def horizon(self) -> int:
        """Steps of a forecast."""
        return int(self.outcome.actual.shape[1])

    @property
    def network(self) -> str:
        """Name of the run among the models."""
        return next(iter(self.outcome.points))

    @cached_property
    def errors(self) -> dict[str, Array]:
        """(series,) mean absolute scaled error of each model by name, NaN for a series without origins."""
        return {
            name: self.by_series(np.abs(point - self.outcome.actual).mean(axis=1)) / self.scales
            for name, point in self.outcome.points.items()
        }

    def by_series(self, values: Array) -> Array:
        """Average the origins of each series, (series,)."""
        count = np.bincount(self.outcome.series, minlength=len(self.ids))
        sums = np.bincount(self.outcome.series, values, minlength=len(self.ids))
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(count > 0, sums / np.maximum(count, 1), np.nan))

    @cached_property
    def _inside(self) -> Array:
        outcome = self.outcome
        return np.asarray((outcome.lower <= outcome.actual) & (outcome.actual <= outcome.upper), dtype=np.float64)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a model, the best first: MASE and its spread over series, ND, and the share of series it is best on."""
        errors = pd.DataFrame(self.errors)
        size = np.abs(self.outcome.actual).sum()
        rows = {
            name: {
                "mase": float(np.nanmean(own)),
                "mase_se": float(np.nanstd(own, ddof=1) / np.sqrt(np.isfinite(own).sum())) if len(own) > 1 else np.nan,
                "mase_median": float(np.nanmedian(own)),
                "nd": float(np.abs(self.outcome.points[name] - self.outcome.actual).sum() / size) if size else np.nan,
                "best_on": float((errors.idxmin(axis=1, skipna=True) == name).mean()),
            }
            for name, own in self.errors.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model").sort_values("mase", kind="stable")

    @cached_property
    def by_id(self) -> pd.DataFrame:
        """A row an id, the worst first: scaled errors of every model, CRPS, coverage with its interval, origins.

        ``off`` marks a coverage that is off the nominal one by more than chance: outside a binomial (Wilson) interval
        at `CHANCE` over the number of ids.
        """
        frame = pd.DataFrame(self.errors, index=pd.Index(self.ids, name="id", tupleize_cols=False))
        frame["scrps"] = self.by_series(self.outcome.crps) / self.scales
        frame["coverage"] = self.by_series(self._inside.mean(axis=1))
        bounds = np.array([self._bounds(number) for number in range(len(self.ids))])
        frame["coverage_low"], frame["coverage_high"] = bounds.T
        nominal = self.interval / 100
        frame["off"] = (frame["coverage_low"] > nominal) | (frame["coverage_high"] < nominal)
        frame["origins"] = np.bincount(self.outcome.series, minlength=len(self.ids))
        return frame[frame["origins"] > 0].sort_values(self.network, ascending=False, kind="stable")

    def _bounds(self, number: int) -> tuple[float, float]:
        """Compute the interval of a series' coverage that holds for all series together."""
        inside = self._inside[self.outcome.series == number]
        trials = effective_trials(inside, overlap=self.overlap) if len(inside) else 0.0
        share = float(inside.mean()) if len(inside) else 0.0
        return binomial_interval(share * trials, trials, confidence=1 - CHANCE / len(self.ids))

    @cached_property
    def coverage(self) -> SeriesCoverage:
        """Measured coverage of the run's band over all series, each of them one cluster."""
        slots = int(np.bincount(self.outcome.series).max())
        table = np.full((len(self.ids), slots, self.horizon), np.nan)
        first = np.searchsorted(self.outcome.series, self.outcome.series)
        table[self.outcome.series, np.arange(len(first)) - first] = self._inside
        return SeriesCoverage.of_origins(table, self.interval)

    @property
    def off(self) -> tuple[Hashable, ...]:
        """Ids whose coverage is off by more than chance, the worst error first."""
        return tuple(self.by_id.index[self.by_id["off"]])

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each id, origin and step: the observed value, the run's median and band."""
        outcome, horizon = self.outcome, self.horizon
        names = [self.ids[number] for number in outcome.series]
        index = pd.MultiIndex.from_arrays(
            [
                pd.Index(names, tupleize_cols=False).repeat(horizon),
                outcome.times.repeat(horizon),
                np.tile(np.arange(1, horizon + 1), len(names)),
            ],
            names=["id", "origin", "step"],
        )
        columns = {"actual": outcome.actual, "median": outcome.points[self.network]}
        columns |= {"lower": outcome.lower, "upper": outcome.upper}
        return pd.DataFrame({name: values.ravel() for name, values in columns.items()}, index=index)

    @property
    def baseline(self) -> str | None:
        """Name of the best baseline; None without any."""
        return next((str(name) for name in self.summary.index if name in NAIVE_NAMES), None)

    @property
    def verdict(self) -> str:
        """Say whether the run beats the best baseline, or whether the series cannot tell."""
        best = self.baseline
        if best is None:
            return f"{self.network} has no baseline to be compared with"
        gap = difference_by_series(self.errors[self.network], self.errors[best])
        judged_by = f"{np.isfinite(self.errors[best]).sum():,} series"
        base = float(self.summary["mase"].loc[best])
        return comparison_text(self.network, best, gap, base, judged_by)

    @property
    def marks(self) -> StudyMarks:
        """The error and the coverage of every id, the worst on top."""
        table = self.by_id.head(DRAWN)
        errors = table[[self.network]].to_numpy(np.float64)
        columns = [Column("error, in mean seasonal changes of the series (MASE)", errors, scale=scale_for(errors))]
        if self.baseline is not None:
            others = table[[self.baseline]].to_numpy(np.float64)
            changes = np.full_like(errors, np.nan)
            np.divide(100 * (errors - others), others, out=changes, where=others > 0)
            label = f"error beside {self.baseline}: to the left is better"
            columns.append(Column(label, changes, None, 0.0, form="change", scale=scale_of_changes(changes)))
        held = table[["coverage_low", "coverage_high"]].to_numpy(np.float64)
        share = table[["coverage"]].to_numpy(np.float64)
        label = f"measured coverage of the band ({self.kind} {self.interval:g} %)"
        columns.append(Column(label, share, held, self.interval / 100, dashed=True, form="share"))
        most = f"the worst {DRAWN} of {len(self.by_id):,} series" if len(self.by_id) > DRAWN else "every series"
        return StudyMarks(
            f"Backtest of {self.target}",
            (self.verdict, f"{most}, the worst on top; the band held {self.coverage}"),
            names=tuple(map(str, table.index)),
            looks=tuple(_LOOKS[bool(off)] for off in table["off"]),
            seeds=("",),
            columns=tuple(columns),
            reference=f"as good as {self.baseline}",
            interval=f"interval of a coverage, {percent(1 - CHANCE)} for all ids together",
            remarks=tuple(f"{count} origin{'s' * (count > 1)}" for count in table["origins"]),
        )

    def summary_table(self) -> Summary:
        """Tabulate the models, the band's coverage, and the ids that it or the network fails."""
        counts = np.bincount(self.outcome.series, minlength=len(self.ids))
        fewest, most = counts[counts > 0].min(), counts.max()
        origins = "1 origin" if most == 1 else f"{most} origins" if fewest == most else f"{fewest} to {most} origins"
        judged = f"{(counts > 0).sum():,} series, {origins} each"
        rows = [
            ("judged", f"{judged}, {span(self.outcome.times.sort_values())}, {self.horizon} steps each"),
            ("verdict", self.verdict),
            ("band", f"{self.kind} {self.interval:g} %; held {self.coverage}"),
        ]
        off = self.by_id[self.by_id["off"]]
        shares = ", ".join(f"{name!r} {percent(share)}" for name, share in off["coverage"].head(SHOWN).items())
        more = f" and {len(off) - SHOWN} more" if len(off) > SHOWN else ""
        rows.append(("off by more than chance", f"{shares}{more}" if len(off) else "no id"))
        worst = self.by_id.index[: min(NAMED, len(self.by_id) // 2)]
        if len(worst):
            rows.append(("worst ids", listed([*worst])))
        table: list[tuple[str, ...]] = [("model", "MASE", "±", "ND", "best on")]
        for name, row in self.summary.iterrows():
            numbers = (four_digits(float(row[key])) for key in ("mase", "mase_se", "nd"))
            table.append((str(name), *numbers, percent(float(row["best_on"]))))
        return Summary(f"Backtest of {self.target}", (*rows, *self.details.items()), tuple(table))


def seasonal_scales(
    target: Array, training: NDArray[np.bool_], series: NDArray[np.int64], season: int, count: int
) -> Array:
    """Compute the mean absolute change over a season of each series' training rows, (series,); NaN where it is 0.

    A series shorter than a season takes the change from row to row.
    """
    scales = np.full(count, np.nan)
    for lag in dict.fromkeys((season, 1)):
        same = training.copy()
        same[:lag] = False
        same[lag:] &= training[:-lag] & (series[lag:] == series[:-lag])
        changes = np.zeros(len(target))
        changes[lag:] = np.abs(target[lag:] - target[:-lag])
        counts = np.bincount(series[same], minlength=count)
        sums = np.bincount(series[same], changes[same], minlength=count)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.where(sums > 0, sums / counts, np.nan)
        scales = np.where(np.isnan(scales), means, scales)
    return scales
