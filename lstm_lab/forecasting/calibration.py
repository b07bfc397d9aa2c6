"""Calibration of bands by their past coverage: normalised split-conformal, per step, over rolling origins.

At each origin and step the score ``r = (y - m) / s`` says how far the actual value lay from the paths' median, in units
of the paths' spread. If the next origin is no different from the earlier ones (exchangeable), its score is equally
likely to fall between any two of theirs, whatever the network got wrong; so ``m + s * R`` with R the score of rank
``ceil((n + 1) q)`` among n is a q-quantile of the future without further assumptions (Vovk, Gammerman & Shafer 2005;
normalised as in Papadopoulos, Gammerman & Vovk 2008; Lei et al. 2018, JASA 113).

Time series are not exchangeable. Origins nearer to each other than the horizon share steps, and regimes change. So
the coverage is *measured* too, on blocks of origins that the band had not seen, and is part of every result.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeAlias

import numpy as np

from lstm_lab.errors import CalibrationError
from lstm_lab.forecasting.calibration_scores import (
    TOLERANCE,
    centre_and_spread,
    least_spread,
    needed_origins,
    pin_quantile,
    smoothed,
)
from lstm_lab.forecasting.coverage import Coverage
from lstm_lab.forecasting.metrics import tail_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Array: TypeAlias = NDArray[np.float64]

__all__ = ["Calibration"]


@dataclass(frozen=True, eq=False)
class Calibration:
    """Normalised errors of earlier forecasts, from which the calibrated quantiles of later ones follow; see `of`."""

    scores: Array
    """(origins, horizon): (y - m) / s, origins in order of time."""
    floor: Array
    """(horizon,): the least spread that is believed, in the target's unit."""
    overlap: int = 0
    """Following origins whose horizon still touches an origin's: ceil(horizon / stride) - 1."""
    smooth: int = 0
    """Neighbouring steps on either side over which scores of equal rank are averaged."""
    symmetric: bool = True
    """Rank the scores' absolute values: the median stays, and both edges share every score."""
    stretch: Array | None = None
    """(horizon,): what the scores of each step are multiplied by once they are ranked; None: by 1. See `stretched`."""

    @classmethod
    def of(
        cls,
        centre: Array,
        spread: Array,
        actual: Array,
        *,
        overlap: int = 0,
        smooth: int | None = None,
        symmetric: bool = True,
    ) -> Self:
        """Calibrate on earlier forecasts and their outcomes.

        Parameters
        ----------
        centre, spread
            (origins, horizon) of their paths, in the target's unit, origins in order of time and outside the training
            rows; see `checked_summary`.
        actual
            (origins, horizon) outcomes.
        overlap
            Following origins whose horizon still touches an origin's: ``ceil(horizon / stride) - 1``.
        smooth
            Neighbouring steps on either side over which scores of equal rank are averaged, fewer near both ends; 0 for
            plain split-conformal. None: a tenth of the horizon.
        symmetric
            Rank absolute scores, so that the median stays where it is, rather than signed ones.
        """
        floor = least_spread(spread)
        scores = (actual - centre) / np.maximum(spread, floor)
        return cls(scores, floor, overlap, round(centre.shape[1] / 10) if smooth is None else smooth, symmetric)

    @property
    def origins(self) -> int:
        """Origins that scores were taken at."""
        return int(self.scores.shape[0])

    @property
    def horizon(self) -> int:
        """Steps ahead that can be calibrated."""
        return int(self.scores.shape[1])

    @property
    def widest(self) -> float:
        """Widest interval, in percent, that these origins can calibrate: the most for `AdaptiveMissRate`."""
        n = self.origins
        return 100 * (n / (n + 1) if self.symmetric else max(0.0, (n - 1) / (n + 1)))

    @cached_property
    def knots(self) -> tuple[Array, Array]:
        """Levels (k,) and the scores that belong to them (k, horizon), both rising.

        Ranked once: a panel's paths are adjusted block by block, each by the scores of all series.
        """
        n = self.origins
        rank = np.arange(1, n + 1) / (n + 1)
        stretch = 1.0 if self.stretch is None else self.stretch
        if not self.symmetric:
            return rank, np.asfortranarray(stretch * smoothed(np.sort(self.scores, axis=0), self.smooth))
        size = stretch * smoothed(np.sort(np.abs(self.scores), axis=0), self.smooth)
        levels = np.concatenate([0.5 - rank[::-1] / 2, [0.5], 0.5 + rank / 2])
        values = np.concatenate([-size[::-1], np.zeros((1, self.horizon)), size])
        return levels, np.asfortranarray(values)  # np.interp reads a step's scores without a copy

    def release_knots(self) -> None:
        """Let go of the ranked scores: asked for again, they are computed anew."""
        vars(self).pop("knots", None)

    def score_quantile(self, q: float) -> Array:
        """Score of rank ``ceil((n + 1) q)`` for q >= 0.5 and its mirror below, at each step, (horizon,).

        Raises
        ------
        CalibrationError
            A level outside 0 to 1, or one for which there are too few origins.
        """
        if not 0 < q < 1:
            raise CalibrationError(f"a calibrated level lies strictly between 0 and 1, got {q}; for example 0.95")
        needed = needed_origins(q, symmetric=self.symmetric)
        if self.origins < needed:
            raise CalibrationError(
                f"the {q:g} quantile needs {needed} calibration origins, got {self.origins}; "
                "keep more calibration rows, shorten the horizon or ask for a narrower interval"
            )
        levels, values = self.knots
        return np.asarray(values[self._rank(levels, q)])

    @staticmethod
    def _rank(levels: Array, q: float) -> int:
        """Return the index of the first level from q on, counted outwards from the median."""
        if q >= 0.5:
            return int(np.searchsorted(levels, q - TOLERANCE, side="left"))
        return int(np.searchsorted(levels, q + TOLERANCE, side="right")) - 1

    def quantile(self, paths: ArrayLike, q: float | Sequence[float]) -> Array:
        """Calibrated quantiles ``m + s * R``.

        Parameters
        ----------
        paths
            (..., paths, horizon) uncalibrated, in the target's unit, drawn as those of the calibration were.
        q
            One level, or several.

        Returns
        -------
        Array
            (..., horizon) for one level, (levels, ..., horizon) for several.
        """
        centre, spread = self._centre_and_spread(paths)
        steps = centre.shape[-1]
        if np.ndim(q) == 0:
            return np.asarray(centre + spread * self.score_quantile(float(np.asarray(q)))[:steps])
        levels = np.asarray(q, dtype=np.float64)
        return np.stack([centre + spread * self.score_quantile(float(level))[:steps] for level in levels])

    def adjust(self, paths: ArrayLike, levels: Sequence[float] = (0.05, 0.5, 0.95)) -> Array:
        """Move the paths so that their quantiles are the calibrated ones, each keeping its rank at every step.

        A path that was the third highest at a step is the third highest still, so what the paths knew of the
        dependence between steps survives: ensemble copula coupling (Schefzik, Thorarinsdottir & Gneiting 2013,
        Statistical Science 28). Between the scores' levels the map is linear; beyond the outermost score, where n
        origins say nothing, a path keeps its own distance from there.

        Parameters
        ----------
        paths
            (paths, horizon) uncalibrated, in the target's unit.
        levels
            Levels at which ``np.quantile(adjusted, level, axis=0)`` equals `quantile` to rounding; elsewhere it is
            an interpolation of it.

        Returns
        -------
        Array
            (paths, horizon).
        """
        paths = np.asarray(paths, dtype=np.float64)
        centre, spread = self._centre_and_spread(paths)
        order = np.argsort(paths, axis=0, kind="stable")
        own = (np.take_along_axis(paths, order, axis=0) - centre) / spread
        ranked = self._map(own)
        for level in sorted(levels, key=lambda q: -abs(q - 0.5)):
            pin_quantile(ranked, level, self.score_quantile(level)[: centre.size])
        adjusted = np.empty_like(paths)
        np.put_along_axis(adjusted, order, centre + spread * ranked, axis=0)
        return adjusted

    def _map(self, own: Array) -> Array:
        """Replace the sorted scores of the paths, (paths, horizon), by calibrated ones of the same level."""
        knots, values = self.knots
        level = np.linspace(0, 1, len(own)) if len(own) > 1 else np.array([0.5])
        mapped = np.empty_like(own)
        for step in range(own.shape[1]):
            low, high = np.interp(knots[[0, -1]], level, own[:, step])
            beyond = np.minimum(own[:, step] - low, 0) + np.maximum(own[:, step] - high, 0)
            mapped[:, step] = np.interp(level, knots, values[:, step]) + beyond
        return mapped

    def _centre_and_spread(self, paths: ArrayLike) -> tuple[Array, Array]:
        centre, spread = centre_and_spread(paths)
        steps = centre.shape[-1]
        if steps > self.horizon:
            raise CalibrationError(f"calibrated up to {self.horizon} steps ahead, got {steps}; calibrate for {steps}")
        return centre, np.maximum(spread, self.floor[:steps])

    def inside_band(self, interval: float) -> Array | None:
        """Return which steps lay in a band that was calibrated on other origins (cross-validation by blocks of time).

        The origins are cut into five blocks of time, or more where few origins are left, each judged by the rest
        without the origins that overlap it. (Leaving out single origins would be no measurement: a band made of ranks
        holds its nominal share of them by construction.)

        Parameters
        ----------
        interval
            Nominal coverage, in percent.

        Returns
        -------
        Array or None
            (origins, horizon) of 1.0 and 0.0: average over origins for the coverage of each step. None where no
            cut leaves enough origins to calibrate with.
        """
        tail = tail_of(interval)
        needed = needed_origins(tail, symmetric=self.symmetric)
        for blocks in (5, 10, 20, self.origins):
            bounds = np.linspace(0, self.origins, min(blocks, self.origins) + 1).astype(int)
            others = [self._outside(start, end) for start, end in itertools.pairwise(bounds)]
            if min(map(len, others)) >= needed:
                break
        else:
            return None
        inside = np.empty_like(self.scores)
        for start, end, rest in zip(bounds[:-1], bounds[1:], others, strict=True):
            band = replace(self, scores=self.scores[rest])
            low, high = (band.interpolated_score(self.level_of(q)) for q in (tail, 1 - tail))
            inside[start:end] = (low <= self.scores[start:end]) & (self.scores[start:end] <= high)
        return inside

    def level_of(self, q: float) -> float:
        """Level of the rank that stands for a quantile: ``ceil((n + 1) q) / (n + 1)`` for q >= 0.5."""
        levels, _ = self.knots
        return float(levels[self._rank(levels, q)])

    def interpolated_score(self, level: float) -> Array:
        """Score at a level, linear between two ranks, (horizon,).

        With fewer origins, ranks are rounded further outwards; without the rounding, the band of a block is no wider
        than the band of all origins whose coverage it estimates.
        """
        levels, values = self.knots
        return np.array([np.interp(level, levels, column) for column in values.T])

    def _outside(self, start: int, end: int) -> NDArray[np.intp]:
        """Return the numbers of the origins that share no step with those of a block."""
        number = np.arange(self.origins)
        return np.flatnonzero((number < start - self.overlap) | (number >= end + self.overlap))

    def coverage(self, interval: float) -> Coverage | None:
        """Measure the coverage on the calibration's own origins, none of which its band saw: see `inside_band`."""
        inside = self.inside_band(interval)
        return None if inside is None else Coverage.measure(inside, interval, overlap=self.overlap)

    def stretched(self, interval: float, coverage: ArrayLike) -> Self:
        """Return a calibration whose band of one interval is, at each step, as wide as that of another coverage.

        Parameters
        ----------
        interval
            Nominal coverage of the band that is stretched or shrunk, in percent.
        coverage
            (horizon,) nominal coverage whose width each step's band gets, as a share; at most `widest`.
        """
        tail = tail_of(interval)
        own = self.score_quantile(1 - tail) - self.score_quantile(tail)
        levels, values = self.knots
        half = np.clip(coverage, 0.0, self.widest / 100) / 2
        high, low = (
            np.array([values[self._rank(levels, 0.5 + sign * share), step] for step, share in enumerate(half)])
            for sign in (1, -1)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            stretch = np.where(own > 0, (high - low) / own, 1.0)
        return replace(self, stretch=stretch if self.stretch is None else stretch * self.stretch)
