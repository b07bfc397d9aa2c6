"""Calibration of a panel: normalised errors of all series ranked together, each stretched by its own as far as known.

A score ``r = (y - m) / s`` is free of its series' unit and level, so all series' scores are ranked together: a hundred
series with four origins each know more of a 90 % band than one with sixty. Where the scores of a series are larger than
usual, its band is wider: by the ratio of its mean absolute score to the usual one, to the power ``n / (n + PRIOR)``,
where n is the number of its origins that share no step.

The coverage is measured on scores that neither the ranks nor the stretch of their series have seen: on blocks of time
where the origins allow it, else on blocks of series, none of them stretched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from lstm_lab.forecasting.calibration import Calibration
from lstm_lab.forecasting.calibration_scores import centre_and_spread, origins_for, pin_quantile
from lstm_lab.forecasting.coverage import Coverage, binomial_interval, effective_trials
from lstm_lab.forecasting.metrics import share_of_whole_paths, tail_of
from lstm_lab.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lstm_lab.forecasting.panel_past import PanelPast

    Array = NDArray[np.float64]

__all__ = [
    "CHANCE",
    "PRIOR",
    "PanelCalibration",
    "SeriesCoverage",
    "inside_bands",
    "off_by_more_than_chance",
    "time_blocks",
]

PRIOR: Final = 3.0
"""Origins at which a series' own scores and the usual ones count alike in its stretch."""
CHANCE: Final = 0.05
"""Chance that any id at all is named whose band holds what it should: each id is tested at this over their number."""
BLOCKS: Final = 5
"""Blocks of time, or of series, that the coverage is measured on."""


class SeriesCoverage(Coverage):
    """Coverage measured over the series of a panel, each of them one cluster."""

    @classmethod
    def of_origins(cls, inside: Array, interval: float) -> Self:
        """Measure from (series, slots, horizon) hits and misses, NaN where a series has no origin."""
        measured = cls.measure(inside.reshape(len(inside), -1), interval)
        joint = share_of_whole_paths(inside.reshape(-1, inside.shape[-1]))
        return replace(measured, joint=joint)

    def __str__(self) -> str:
        """Write the share, its interval and the number of series."""
        interval = f"{percent(self.low).removesuffix(' %')}–{percent(self.high)}"
        return f"{percent(self.share)} ({interval}) over {self.origins:,} series"


@dataclass(frozen=True, eq=False)
class PanelCalibration:
    """Ranked scores of all series, and how wide the band of each is."""

    pooled: Calibration
    """Scores of all series, divided by the stretch of their series."""
    stretch: Array
    """(series,) how wide the band of each series is against the usual one."""
    floor: Array
    """(series, horizon) the least spread that is believed, in the target's unit; 0 where nothing is known."""

    @classmethod
    def of(cls, past: PanelPast) -> Self:
        """Calibrate on earlier forecasts of all series."""
        floor = _floors(past.spread)
        scores = _scores(past, floor)
        stretch = _stretches(scores, past.independent)
        return cls(_pooled(scores, stretch), stretch, floor)

    @property
    def scores(self) -> int:
        """Count the origins of all series."""
        return self.pooled.origins

    def taken(self, numbers: NDArray[np.int64]) -> Self:
        """Return the calibration of some series, by their numbers; -1 for a series that has no past."""
        new = numbers < 0
        stretch = np.where(new, 1.0, self.stretch[numbers])
        floor = np.where(new[:, None], 0.0, self.floor[numbers])
        return replace(self, stretch=stretch, floor=floor)

    def adjust(self, paths: Array, levels: Sequence[float]) -> Array:
        """Move the paths of every series so that their quantiles are the calibrated ones, see `Calibration.adjust`.

        Parameters
        ----------
        paths
            (series, paths, horizon) as drawn; the series are those of the calibration.
        levels
            Levels at which the quantiles are the calibrated ones exactly.
        """
        centre, spread = centre_and_spread(paths)
        spread = np.maximum(spread, self.floor)
        spread = np.where(spread > 0, spread, 1.0)
        order = np.argsort(paths, axis=1, kind="stable")
        own = (np.take_along_axis(paths, order, axis=1) - centre[:, None]) / spread[:, None]
        knots, values = self.pooled.knots
        level = np.linspace(0, 1, paths.shape[1]) if paths.shape[1] > 1 else np.array([0.5])
        usual = np.stack([np.interp(level, knots, column) for column in values.T], axis=1)
        low, high = (_at_level(own, knots[edge]) for edge in (0, -1))
        beyond = np.minimum(own - low[:, None], 0) + np.maximum(own - high[:, None], 0)
        ranked = np.moveaxis(self.stretch[:, None, None] * usual + beyond, 1, 0)
        for each in sorted(levels, key=lambda q: -abs(q - 0.5)):
            pin_quantile(ranked, each, self.stretch[:, None] * self.pooled.score_quantile(each))
        adjusted = np.empty_like(paths)
        np.put_along_axis(adjusted, order, centre[:, None] + spread[:, None] * np.moveaxis(ranked, 0, 1), axis=1)
        return adjusted

    def corrected(
        self,
        past: PanelPast,
        paths: NDArray[np.float32],
        series: NDArray[np.int64],
        slots: NDArray[np.int64],
        interval: float,
    ) -> Array:
        """Correct the paths of earlier origins as a forecast's are: their medians mixed, their bands calibrated.

        Parameters
        ----------
        past
            Earlier forecasts of all series.
        paths
            (origins, paths, horizon) as drawn at some of those origins.
        series, slots
            (origins,) where these are in `past`.
        interval
            Nominal coverage, in percent.
        """
        moved = past.median[series, slots] - past.centre[series, slots]
        tail = tail_of(interval)
        return self.taken(series).adjust(paths.astype(np.float64) + moved[:, None], (tail, 0.5, 1 - tail))


def time_blocks(slots: int) -> list[tuple[int, int]]:
    """Divide slots into up to `BLOCKS` blocks of time, each as its first slot and the one after its last."""
    return list(pairwise(np.unique(np.linspace(0, slots, min(BLOCKS, slots) + 1).astype(int)).tolist()))


def _at_level(own: Array, level: float) -> Array:
    """Interpolate sorted scores, (series, paths, horizon), at a level: (series, horizon)."""
    position = level * (own.shape[1] - 1)
    below = min(int(position), own.shape[1] - 1)
    above = min(below + 1, own.shape[1] - 1)
    return np.asarray(own[:, below] + (position - below) * (own[:, above] - own[:, below]))


def _floors(spread: Array) -> Array:
    """Compute a tenth of the median spread of each series and step, (series, horizon); 0 without an origin."""
    known = np.isfinite(spread[..., 0])
    ranked = np.sort(spread, axis=1)  # NaN last
    count = known.sum(axis=1)
    if spread.shape[1] == 0:
        return np.zeros((len(spread), spread.shape[-1]))
    middle = [np.take_along_axis(ranked, each[:, None, None], axis=1)[:, 0] for each in _middle(count)]
    return np.asarray(np.where(count[:, None] > 0, (middle[0] + middle[1]) / 20, 0.0))


def _middle(count: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.maximum(count - 1, 0) // 2, count // 2 - (count == 0)


def _scores(past: PanelPast, floor: Array) -> Array:
    """Compute the scores, (series, slots, horizon), NaN where a series has no origin."""
    spread = np.maximum(past.spread, floor[:, None])
    return np.asarray((past.actual - past.median) / np.where(spread > 0, spread, 1.0))


def _stretches(scores: Array, independent: Array) -> Array:
    """Compute each series' stretch from its scores, (series,); 1 without any."""
    known = np.isfinite(scores[..., 0])
    count = known.sum(axis=1)
    size = np.where(known[..., None], np.abs(scores), 0.0).sum(axis=(1, 2)) / np.maximum(count * scores.shape[-1], 1)
    if not (size > 0).any():
        return np.ones(len(scores))
    usual = np.median(size[size > 0])
    # No score at all is as good as a hundredth: a band must not vanish for a series that stood still.
    ratio = np.where(count > 0, np.maximum(size, usual / 100), usual) / usual
    return np.asarray(ratio ** (independent / (independent + PRIOR)))


def _pooled(scores: Array, stretch: Array) -> Calibration:
    """Rank the scores of all series, each in units of its stretch."""
    known = np.isfinite(scores[..., 0])
    ranked = (scores / stretch[:, None, None])[known]
    return Calibration(ranked, np.ones(scores.shape[-1]), smooth=round(scores.shape[-1] / 10))


def inside_bands(past: PanelPast, interval: float) -> Array | None:
    """Tell which steps lay in a band that their scores had no part in, (series, slots, horizon), NaN without an origin.

    Parameters
    ----------
    past
        Earlier forecasts of all series.
    interval
        Nominal coverage, in percent.

    Returns
    -------
    Array or None
        None where too few scores are left to calibrate with.
    """
    scores = _scores(past, _floors(past.spread))
    slots, horizon = scores.shape[1:]
    overlap = past.origins.overlap(horizon)
    inside = np.full(scores.shape, np.nan)
    for first, last in time_blocks(slots):
        rest = scores.copy()
        rest[:, max(0, first - overlap) : last + overlap] = np.nan
        inside[:, first:last] = _judged(scores[:, first:last], rest, past.origins.stride, interval)
    if np.isnan(inside[np.isfinite(scores)]).any():
        inside = _across_series(scores, interval)
    return None if np.isnan(inside[np.isfinite(scores)]).any() else inside


def off_by_more_than_chance(inside: Array, interval: float, overlap: int) -> NDArray[np.bool_]:
    """Tell which series' bands held a share of steps that is off the nominal one by more than chance, (series,).

    Parameters
    ----------
    inside
        (series, slots, horizon) hits and misses, NaN where a series has no origin.
    interval
        Nominal coverage, in percent.
    overlap
        Following slots whose horizon still touches that of a slot.
    """
    nominal, confidence = interval / 100, 1 - CHANCE / len(inside)
    off = np.zeros(len(inside), dtype=np.bool_)
    for number, table in enumerate(inside):
        hits = table[~np.isnan(table[:, 0])]
        # All steps as independent make the narrowest interval: most series need no closer look.
        if len(hits) and _is_off(hits, hits.size, nominal, confidence):
            off[number] = _is_off(hits, effective_trials(hits, overlap=overlap), nominal, confidence)
    return off


def _is_off(hits: Array, trials: float, nominal: float, confidence: float) -> bool:
    low, high = binomial_interval(float(hits.mean()) * trials, trials, confidence)
    return not low <= nominal <= high


def _judged(scores: Array, rest: Array, stride: int, interval: float) -> Array:
    """Judge scores by a band that the rest of them makes; NaN where too few are left."""
    known = np.isfinite(rest[..., 0])
    if known.sum() < origins_for(interval):
        return np.full(scores.shape, np.nan)
    count = known.sum(axis=1)
    independent = np.minimum(count, 1 + (count - 1) * min(1.0, stride / scores.shape[-1]))
    stretch = _stretches(rest, np.maximum(independent, 0))
    half = _half_width(_pooled(rest, stretch), interval)
    with np.errstate(invalid="ignore"):
        hits = np.abs(scores) <= stretch[:, None, None] * half
    return np.where(np.isfinite(scores), hits, np.nan)


def _across_series(scores: Array, interval: float) -> Array:
    """Judge blocks of series by a band of the others."""
    inside = np.full(scores.shape, np.nan)
    block = np.arange(len(scores)) % BLOCKS
    for number in range(BLOCKS):
        rest = scores.copy()
        rest[block == number] = np.nan
        if np.isfinite(rest[..., 0]).sum() >= origins_for(interval):
            half = _half_width(_pooled(rest, np.ones(len(rest))), interval)
            own = scores[block == number]
            inside[block == number] = np.where(np.isfinite(own), np.abs(own) <= half, np.nan)
    return inside


def _half_width(pooled: Calibration, interval: float) -> Array:
    """Compute half the width of a band in scores, (horizon,), between two ranks where there are few."""
    return pooled.interpolated_score(pooled.level_of(1 - tail_of(interval)))
