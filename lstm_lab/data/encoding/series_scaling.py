"""Mean and scale of each series of a panel, from its own training rows, shrunk to what is usual in the panel.

A series of 10 rows, or one that never changed, says little of its own scale. So each scale lies between the series' own
standard deviation and the usual one, on a logarithmic scale, as far as its rows count against `ROWS` rows of the panel:
``log s = n / (n + ROWS) log own + ROWS / (n + ROWS) log usual``. What is usual is a median over the series, of standard
deviations or of their ratios to the level of the series where those vary clearly less: sales vary in proportion to the
size of the shop. A series that never changes has the usual scale, and nothing is divided by 0.

Each mean, in units of that scale, is shrunk too: ``t²/(t² + 1/n)`` of it is the series' own, where t² is the variance
of such means between the series beyond what n rows explain (James & Stein 1961; Efron & Morris 1975). Levels differ and
stay their own; the drifts of changes hardly differ, and become nearly one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["ROWS", "Moments", "SeriesScaling", "UsualScale", "moments_of"]

ROWS = 10.0
"""Rows at which a series' own standard deviation and the usual one count alike."""
CLEARLY = 0.8
"""Ratios to the level are usual where they vary less than this share of what the deviations themselves do."""


class Moments(NamedTuple):
    """Numbers of rows, means and standard deviations of several series' columns."""

    rows: NDArray[np.int64]
    """(series,) complete rows."""
    mean: Array
    """(series, columns); 0 without a row."""
    deviation: Array
    """(series, columns); 0 where a column never changes."""
    level: Array
    """(series,) mean size of the target."""


def moments_of(raw: Array, target: Array, series: NDArray[np.int64], count: int) -> Moments:
    """Compute the moments of each series, all series in one pass.

    Parameters
    ----------
    raw
        (rows, columns) before they are standardised; rows with a NaN do not count.
    target
        (rows,) the target in its own unit.
    series
        (rows,) number of the series of each row.
    count
        Number of series.
    """
    complete = ~np.isnan(raw).any(axis=1)
    own, values = series[complete], raw[complete]
    rows = np.bincount(own, minlength=count)
    divisor = np.maximum(rows, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = _sums(values, own, count) / divisor[:, None]
        deviation = np.sqrt(_sums((values - mean[own]) ** 2, own, count) / divisor[:, None])
    deviation[deviation <= 8.0 * np.finfo(np.float64).eps * np.abs(mean)] = 0.0
    level = np.bincount(own, np.abs(target[complete]), minlength=count) / divisor
    return Moments(rows, mean, deviation, level)


def _sums(values: Array, series: NDArray[np.int64], count: int) -> Array:
    """Sum the rows of each series, (series, columns)."""
    return np.stack([np.bincount(series, column, minlength=count) for column in values.T], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class UsualScale:
    """What is usual in a panel, that each series' own moments are shrunk to; a value a column."""

    own: NDArray[np.bool_]
    """Columns that are scaled series by series; the others, such as the calendar, alike for all."""
    mean: Array
    scale: Array
    """Of all rows of the panel, for the columns that are scaled alike."""
    log_scale: Array
    """Median logarithm of the series' standard deviations, or of their ratios to the level."""
    relative: NDArray[np.bool_]
    """Whether it is of the ratios."""
    offset: Array
    """Median mean, in standard deviations of its series."""
    variance: Array
    """Variance of such means between the series, beyond what the number of rows explains; infinite for one series."""
    level: float
    """Median level of the series, for a series that is 0 throughout."""

    @classmethod
    def of(cls, moments: Moments, own: NDArray[np.bool_], mean: Array, scale: Array) -> Self:
        """Find what is usual from the training rows of every series, and mean and scale of all their rows."""
        level = float(np.median(moments.level[moments.level > 0])) if (moments.level > 0).any() else 1.0
        levels = np.log(np.where(moments.level > 0, moments.level, level))
        width = len(mean)
        log_scale, relative = np.zeros(width), np.zeros(width, dtype=np.bool_)
        for column in np.flatnonzero(own):
            changing = moments.deviation[:, column] > 0
            if changing.any():
                logs = np.log(moments.deviation[changing, column])
                ratios = logs - levels[changing]
                relative[column] = _spread(ratios) < CLEARLY * _spread(logs)
                log_scale[column] = np.median(ratios if relative[column] else logs)
        plain = cls(own, mean, scale, log_scale, relative, np.zeros(width), np.full(width, np.inf), level)
        if len(moments.rows) < 2:
            return plain
        known = moments.rows > 0
        means = (moments.mean / plain.scales(moments))[known]
        between = np.maximum(means.var(axis=0) - np.mean(1.0 / moments.rows[known]), 0.0)
        return cls(own, mean, scale, log_scale, relative, np.median(means, axis=0), between, level)

    def scales(self, moments: Moments) -> Array:
        """Compute the scale of each series' columns, (series, columns)."""
        levels = np.log(np.where(moments.level > 0, moments.level, self.level))[:, None]
        usual = self.log_scale + np.where(self.relative, levels, 0.0)
        changing = moments.deviation > 0
        logs = np.log(np.where(changing, moments.deviation, 1.0))
        # A factor on the own deviation, so that what needs no shrinking keeps its last bit.
        shrunk = moments.deviation * np.exp(ROWS / (moments.rows[:, None] + ROWS) * (usual - logs))
        return np.where(self.own, np.where(changing, shrunk, np.exp(usual)), self.scale)

    def means(self, moments: Moments, scales: Array) -> Array:
        """Compute the mean of each series' columns, (series, columns), in units of their scales."""
        sampling = 1.0 / np.maximum(moments.rows, 1e-9)[:, None]
        with np.errstate(invalid="ignore"):
            usual = np.where(np.isinf(self.variance), 0.0, sampling / (self.variance + sampling))
        shrunk = moments.mean + usual * (scales * self.offset - moments.mean)
        return np.where(self.own, shrunk, self.mean)

    def to_json(self) -> dict[str, Any]:
        """Return plain lists."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild from `to_json`."""
        arrays = {name: np.asarray(values[name]) for name in cls.__slots__ if name != "level"}
        return cls(**arrays, level=float(values["level"]))


@dataclass(frozen=True, slots=True, eq=False)
class SeriesScaling:
    """Mean and scale of each series of a panel."""

    ids: tuple[Hashable, ...]
    mean: Array
    """(series, columns), from training rows alone."""
    scale: Array
    """(series, columns), above 0."""
    usual: UsualScale

    @classmethod
    def of(cls, ids: Sequence[Hashable], moments: Moments, usual: UsualScale) -> Self:
        """Shrink each series' own moments."""
        scale = usual.scales(moments)
        return cls(tuple(ids), usual.means(moments, scale), scale, usual)

    def __len__(self) -> int:
        return len(self.ids)

    def numbers_of(self, ids: Sequence[Hashable]) -> NDArray[np.int64]:
        """Return the number of each id here, -1 for one that is not."""
        numbers = {name: number for number, name in enumerate(self.ids)}
        return np.array([numbers.get(name, -1) for name in ids], dtype=np.int64)

    def to_json(self) -> dict[str, Any]:
        """Return plain lists."""
        return {"mean": self.mean.tolist(), "scale": self.scale.tolist(), "usual": self.usual.to_json()}

    @classmethod
    def from_json(cls, ids: Sequence[Hashable], values: Mapping[str, Any]) -> Self:
        """Rebuild from the ids and `to_json`."""
        mean, scale = (np.asarray(values[name], dtype=np.float64) for name in ("mean", "scale"))
        return cls(tuple(ids), mean, scale, UsualScale.from_json(values["usual"]))


def _spread(values: Array) -> float:
    """Compute the median distance from the median, which a few odd series do not move."""
    return float(np.median(np.abs(values - np.median(values))))
