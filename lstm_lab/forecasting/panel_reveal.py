"""What happened after the forecasts of many series: hits, misses and scores of each, and of all together by step."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.encoding.panel_ids import listed
from lstm_lab.forecasting import metrics
from lstm_lab.forecasting.reveal import Reveal, so_far
from lstm_lab.formatting import number, percent
from lstm_lab.results import Result, Summary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["PanelReveal"]

AT_ONCE = 256
"""Series whose scores are computed together: the paths of thousands are copied in parts."""
SHOWN = 12
"""Series in the table, the most misses first."""


@dataclass(frozen=True, eq=False, repr=False)
class PanelReveal(Result, Mapping[Hashable, Reveal]):
    """Forecasts of many series and what happened after each; made by `PanelForecast.reveal`.

    A mapping from ids to `Reveal`: ``seen["store_1"].frame``. A series of which nothing is known is in it, too.

    Examples
    --------
    >>> fcs.reveal(later).scores  # doctest: +SKIP
    """

    forecasts: Any
    """The `lstm_lab.forecasting.panel_forecast.PanelForecast`."""
    actual: Array
    """(series, horizon), NaN where nothing is known."""
    shown: bool = False
    """Whether a view shows what happened from the start."""

    def __len__(self) -> int:
        return len(self.forecasts)

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self.forecasts)

    def __getitem__(self, name: Hashable) -> Reveal:
        """Return what happened after the forecast of one id."""
        forecast = self.forecasts[name]
        return Reveal(forecast, self.actual[self._numbers[name]], shown=self.shown)

    @cached_property
    def _numbers(self) -> dict[Hashable, int]:
        return {name: number for number, name in enumerate(self.forecasts.ids)}

    @property
    def unknown(self) -> tuple[Hashable, ...]:
        """Ids of which no value is known at the times of their forecasts."""
        ids = self.forecasts.ids
        return tuple(name for name, values in zip(ids, self.actual, strict=True) if np.isnan(values).all())

    @cached_property
    def _steps(self) -> dict[str, Array]:
        """Return inside, CRPS and the naive forecast's error of each step, (series, horizon), NaN where unknown."""
        forecasts, actual = self.forecasts, self.actual
        low, high = (forecasts.quantile(level) for level in forecasts.levels)
        known = ~np.isnan(actual)
        parts = [slice(start, start + AT_ONCE) for start in range(0, len(actual), AT_ONCE)]
        scores = [metrics.crps(forecasts.paths[part], actual[part], axis=()) for part in parts]
        return {
            "inside": metrics.inside(low, high, actual),
            "crps": np.where(known, np.concatenate(scores), np.nan),
            "naive error": np.abs(actual - forecasts.last_observed[:, None]),
        }

    def so_far(self, score: str) -> Array:
        """Average a score up to each step, series by series: (series, horizon), NaN before anything is known.

        Parameters
        ----------
        score
            ``inside``, ``crps`` or ``naive error``.
        """
        return so_far(self._steps[score])

    def summed_at(self, index: pd.Index) -> Array:
        """Sum what happened to all series at some times, NaN where one of them is not known."""
        grouped = pd.Series(self.actual.reshape(-1), self.forecasts.index).groupby(level=-1)
        sums = grouped.sum()[grouped.count() == len(self)]
        return np.asarray(sums.reindex(index), dtype=np.float64)

    @property
    def frame(self) -> pd.DataFrame:
        """Actual, median, band, inside, CRPS and the naive forecast's error, a row for each id and time."""
        columns = {name: values.reshape(-1) for name, values in self._steps.items()}
        bands: pd.DataFrame = self.forecasts.frame
        return pd.concat(
            [pd.DataFrame({"actual": self.actual.reshape(-1)}, bands.index), bands.assign(**columns)], axis=1
        )

    @cached_property
    def scores(self) -> pd.DataFrame:
        """A row an id, the most misses first: hits, known steps, coverage, CRPS and the naive forecast's error."""
        inside = self._steps["inside"]
        known = (~np.isnan(inside)).sum(axis=1)
        hits = np.nansum(inside, axis=1).astype(np.int64)
        counts = np.where(known > 0, known, np.nan)
        index = pd.Index(self.forecasts.ids, name=self.forecasts.names[0], tupleize_cols=False)
        columns = {"inside": hits, "known": known, "coverage": hits / counts}
        columns |= {name: self.so_far(name)[:, -1] for name in ("crps", "naive error")}
        return pd.DataFrame(columns, index).iloc[np.argsort(hits - known, kind="stable")]

    @cached_property
    def by_step(self) -> pd.DataFrame:
        """Count over all series up to each step: hits, known values, series better than naive, and series judged."""
        inside, crps, naive = (self._steps["inside"], self.so_far("crps"), self.so_far("naive error"))
        judged = np.isfinite(crps) & np.isfinite(naive)
        counts = {
            "inside": np.nansum(inside, axis=0).cumsum(),
            "known": (~np.isnan(inside)).sum(axis=0).cumsum(),
            "better": (judged & (crps < naive)).sum(axis=0),
            "series": judged.sum(axis=0),
        }
        return pd.DataFrame(counts, pd.RangeIndex(1, inside.shape[1] + 1, name="step")).astype(np.int64)

    @property
    def words(self) -> str:
        """Count hits over all series, and in how many of them the forecast beats the naive one."""
        row = self.by_step.iloc[-1]
        share = f"{percent(row['inside'] / row['known'])}, by a {self.forecasts.interval:g} % band"
        counted = f"all series: {row['inside']:,} of {row['known']:,} values inside the band, {share}"
        if row["series"] == 0:
            return counted
        return f"{counted}; CRPS below the naive forecast's error in {row['better']:,} of {row['series']:,} series"

    def summary_table(self) -> Summary:
        """Count over all series, name those that are unknown, and tabulate those with the most misses."""
        rows = [("counted", self.words.removeprefix("all series: "))]
        if self.unknown:
            rows.append(("not known", f"{len(self.unknown):,} of {len(self):,}: {listed(self.unknown)}"))
        rows.append(("note", "one forecast says little about coverage; lab.backtest measures it"))
        return Summary(f"{self.forecasts.target}: what happened to {len(self):,} series", tuple(rows), self._lines())

    def _lines(self) -> tuple[tuple[str, ...], ...]:
        known = self.scores[self.scores["known"] > 0].head(SHOWN)
        head = (self.forecasts.names[0], "inside", "CRPS", "naive error")
        lines = [
            (str(name), f"{row['inside']:.0f} of {row['known']:.0f}", number(row["crps"]), number(row["naive error"]))
            for name, row in known.iterrows()
        ]
        return (head, *lines)
