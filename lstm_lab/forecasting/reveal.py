"""What happened after a forecast, step by step: hits and misses of its band, and the score as it counts up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from lstm_lab.forecasting import metrics
from lstm_lab.formatting import number, percent, span
from lstm_lab.results import Result, Summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Reveal", "RevealedForecast", "so_far"]


class RevealedForecast(Protocol):
    """What is revealed; `lstm_lab.forecasting.forecast.Forecast` has it."""

    @property
    def paths(self) -> np.ndarray:
        """(paths, horizon)."""

    @property
    def index(self) -> pd.Index:
        """The forecast's times."""

    @property
    def history(self) -> pd.Series[float]:
        """Observed target up to the origin."""

    @property
    def target(self) -> str:
        """The target's name."""

    @property
    def interval(self) -> float:
        """Nominal coverage of the band, in percent."""

    @property
    def levels(self) -> tuple[float, float]:
        """The band's edges as quantiles."""

    def quantile(self, q: float | Sequence[float]) -> np.ndarray:
        """Quantiles at each step."""

    def align(self, actual: pd.Series[float]) -> np.ndarray:
        """Values at the forecast's times."""


@dataclass(frozen=True, eq=False, repr=False)
class Reveal(Result):
    """A forecast and what happened after it.

    Examples
    --------
    >>> fc.reveal(actual).frame["coverage so far"]  # doctest: +SKIP
    """

    forecast: Any
    """The `lstm_lab.forecasting.forecast.Forecast`."""
    actual: np.ndarray
    """(horizon,), NaN where nothing is known."""
    beside: Mapping[str, Any] = field(default_factory=dict)
    """Other forecasts that are laid over it, by name."""
    shown: bool = False
    """Whether a view shows what happened from the start."""

    @property
    def _forecast(self) -> RevealedForecast:
        forecast: RevealedForecast = self.forecast
        return forecast

    @property
    def naive(self) -> float:
        """The last observed value, which the naive forecast repeats; NaN without a history."""
        observed = self._forecast.history.dropna()
        return float(observed.iloc[-1]) if len(observed) else float("nan")

    @property
    def frame(self) -> pd.DataFrame:
        """Actual, median, band, inside, CRPS and the naive forecast's error by time, and what is so far of each."""
        forecast, known = self._forecast, ~np.isnan(self.actual)
        low, high = forecast.levels
        lower, median, upper = forecast.quantile([low, 0.5, high])
        inside = np.where(known, (lower <= self.actual) & (self.actual <= upper), np.nan)
        scores = np.where(known, metrics.crps(forecast.paths, self.actual, axis=()), np.nan)
        naive = np.abs(self.actual - self.naive)
        columns = {"actual": self.actual, "median": median, "lower": lower, "upper": upper}
        columns |= {"inside": inside, "crps": scores, "naive error": naive}
        columns |= {"coverage so far": so_far(inside), "crps so far": so_far(scores)}
        return pd.DataFrame(columns | {"naive error so far": so_far(naive)}, index=forecast.index)

    @property
    def others(self) -> Mapping[str, Reveal]:
        """Return what happened across each forecast beside this one, at the times that it shares."""
        known = pd.Series(self.actual, self._forecast.index).dropna()
        return {name: Reveal(other, other.align(known)) for name, other in self.beside.items()}

    def summary_table(self) -> Summary:
        """Count hits, and compare the score with the naive forecast's."""
        frame = self.frame
        known = frame["inside"].notna()
        inside, count = int(frame["inside"].sum()), int(known.sum())
        crps, naive = frame["crps"].mean(), frame["naive error"].mean()
        share = f"{percent(inside / count)}, by a {self._forecast.interval:g} % band"
        rows = [
            ("times", f"{span(frame.index[known])}, {count} of {len(frame)} steps known"),
            (
                "inside the band",
                f"{inside} of {count}: {share}",
            ),
            ("CRPS", f"{number(crps)}, the naive forecast's error {number(naive)}"),
            *((f"beside: {name}", other.counted()) for name, other in self.others.items()),
            ("note", "one forecast says little about coverage; lab.backtest measures it"),
        ]
        return Summary(f"{self._forecast.target}: what happened", tuple(rows))

    def counted(self) -> str:
        """Count the hits in words, with the CRPS."""
        frame = self.frame
        inside, count = int(frame["inside"].sum()), int(frame["inside"].notna().sum())
        return f"{inside} of {count} inside the band, CRPS {number(frame['crps'].mean())}"


def so_far(values: np.ndarray) -> np.ndarray:
    """Average the known values of the last axis up to each step; NaN before the first of them."""
    known = ~np.isnan(values)
    counts = np.cumsum(known, axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(counts > 0, np.cumsum(np.where(known, values, 0.0), axis=-1) / counts, np.nan))
