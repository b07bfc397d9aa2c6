"""What was forecast at earlier origins, and what happened: all that sets a later forecast right."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from lstm_lab.forecasting.calibration import Calibration, origins_for, scored
from lstm_lab.forecasting.correction import Correction
from lstm_lab.forecasting.ensemble import NEWEST, mixed, weigh

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = ["Experience", "ExperienceCache", "Rule"]


@dataclass(frozen=True, eq=False)
class Experience:
    """Forecasts whose horizon is over, in order of time.

    Small enough to be kept with a run: of the paths, only their centre and spread are needed again.
    """

    rows: NDArray[np.int64]
    """(origins,) row of each first forecast step, rising."""
    centre: Array
    """(origins, horizon) medians of the paths as they were drawn."""
    spread: Array
    """(origins, horizon) their spread, see `lstm_lab.forecasting.calibration.centre_and_spread`."""
    actual: Array
    """(origins, horizon) what happened."""
    rivals: Array
    """(rivals, origins, horizon) naive forecasts from the same origins; none where the median leans on none."""
    median: Array
    """(origins, horizon) medians that lean on the rivals, each by the weights of its day."""

    @classmethod
    def of(cls, rows: NDArray[np.int64], paths: ArrayLike, actual: ArrayLike) -> Self:
        """Keep what matters of paths.

        Parameters
        ----------
        rows
            (origins,) row of each first forecast step, rising.
        paths
            (origins, paths, horizon) as drawn, in the target's unit.
        actual
            (origins, horizon), all observed.

        Raises
        ------
        CalibrationError
            Paths or values that are not finite: the roll-out diverged.
        """
        centre, spread, actual = scored(paths, actual)
        return cls(np.asarray(rows), centre, spread, actual, np.empty((0, *centre.shape)), centre)

    @classmethod
    def empty(cls, horizon: int, rivals: int = 0) -> Self:
        """Know nothing yet, of a network beside so many naive forecasts."""
        none = np.empty((0, horizon))
        return cls(np.empty(0, dtype=np.int64), none, none, none, np.empty((rivals, 0, horizon)), none)

    def beside(self, rivals: Array) -> Self:
        """Put the naive forecasts of these origins beside the network's, (rivals, origins, horizon)."""
        median = self.centre.copy()
        for origin, row in enumerate(self.rows):
            over = int(np.searchsorted(self.rows, row - self.horizon, side="right"))
            weights = weigh(self.centre[:over], rivals[:, :over], self.actual[:over])
            median[origin] = mixed(self.centre[origin], rivals[:, origin], weights)
        return replace(self, rivals=rivals, median=median)

    def alone(self) -> Self:
        """Forget the rivals: the median stays the network's own."""
        return replace(self, rivals=self.rivals[:0], median=self.centre)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return int(self.centre.shape[1])

    @property
    def stride(self) -> int:
        """Rows between two neighbouring origins, usually; the horizon where there are no two."""
        return int(np.median(np.diff(self.rows))) if len(self) > 1 else self.horizon

    def joined(self, later: Self) -> Self:
        """Take in later forecasts."""
        rows = np.concatenate([self.rows, later.rows])
        rivals = np.concatenate([self.rivals, later.rivals], axis=1)
        centre, spread, actual, median = (
            np.concatenate([getattr(one, name) for one in (self, later)])
            for name in ("centre", "spread", "actual", "median")
        )
        return type(self)(rows, centre, spread, actual, rivals, median)

    def newest(self, count: int) -> Self:
        """Forget all but the newest origins."""
        kept = slice(max(0, len(self) - count), None)
        centre, spread, actual, median = (one[kept] for one in (self.centre, self.spread, self.actual, self.median))
        return type(self)(self.rows[kept], centre, spread, actual, self.rivals[:, kept], median)

    def correction(self, interval: float, *, calibrate: bool = True) -> Correction:
        """Set forecasts right by what is known.

        The calibration ranks how far values lay from the medians as they were given on each day, so the doubt about
        the weights is in the band.

        Parameters
        ----------
        interval
            Nominal coverage that the band must reach, in percent: it says how many origins a calibration needs.
        calibrate
            Whether one is wanted.
        """
        weights = weigh(self.centre, self.rivals, self.actual)
        known = min(len(self), NEWEST)
        if not calibrate or len(self) < origins_for(interval):
            return Correction(weights, None, known)
        overlap = math.ceil(self.horizon / max(1, self.stride)) - 1
        return Correction(weights, Calibration.of(self.median, self.spread, self.actual, overlap=overlap), known)

    def to_dict(self) -> dict[str, Any]:
        """Give plain lists for JSON: what the network forecast; the rest follows from the series."""
        return {name: getattr(self, name).tolist() for name in ("rows", "centre", "spread")}

    @classmethod
    def from_dict(cls, values: dict[str, Any], actual: Array) -> Self:
        """Take back what `to_dict` gave, with what happened at its rows."""
        centre, spread = (np.asarray(values[name], dtype=np.float64) for name in ("centre", "spread"))
        rows = np.asarray(values["rows"], dtype=np.int64)
        return cls(rows, centre, spread, actual, np.empty((0, *centre.shape)), centre)


class Rule(NamedTuple):
    """What past forecasts depend on, beside the network and its calibration rows."""

    horizon: int
    rollout: str
    dropout_masks: str
    noise: str
    seed: int


class ExperienceCache(Mapping[Rule, Experience]):
    """Past forecasts from the calibration rows of one dataset, by their rules: each is simulated once and kept.

    Parameters
    ----------
    kept
        What is known from the start, as from a file.
    """

    def __init__(self, kept: Mapping[Rule, Experience] | None = None) -> None:
        self._kept = dict(kept or {})

    def keep(self, rule: Rule, experience: Experience) -> None:
        """Remember what forecasts by this rule were worth."""
        self._kept[rule] = experience

    def __getitem__(self, rule: Rule) -> Experience:
        return self._kept[rule]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)
