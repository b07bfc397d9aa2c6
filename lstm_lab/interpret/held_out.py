"""The held-out rows that a watched training forecasts: a few origins among the newest validation rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset

__all__ = ["HeldOut"]

_ORIGINS, _SERIES, _HORIZON = 4, 4, 24


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Held-out forecasts: their origins, their steps, and the rows that are drawn with them."""

    rows: NDArray[np.int64]
    """(origins,) row of each first forecast step, rising."""
    horizon: int
    starts: NDArray[np.int64]
    """(origins,) the same, as positions in `observed`."""
    observed: pd.Series[float]
    """The target over the rows that are drawn, one series behind the other."""
    borders: NDArray[np.int64]
    """(series + 1,) positions in `observed` where each series begins, and its length."""
    ids: tuple[str, ...]
    """Of each series that is drawn; empty for one without an id."""

    @classmethod
    def of(cls, dataset: Dataset, *, one_step: bool = False) -> HeldOut:
        """Choose origins among the newest validation rows, without overlap.

        Parameters
        ----------
        dataset
            The rows that are trained on.
        one_step
            Forecast every row from those before it, instead of several steps from a few.

        Raises
        ------
        DataError
            No validation row has a whole window before it.
        """
        counts = np.array([cuts.calibration - cuts.validation for cuts in dataset.cuts])
        several = len(dataset.cuts) > 1
        numbers = _spread(np.flatnonzero(counts >= counts.max() / 2), _SERIES) if several else np.zeros(1, np.int64)
        each = 1 if several else _ORIGINS
        most = int(counts[numbers].min())
        horizon = max(1, min(_HORIZON, most // each - 1))
        parts = [_rows(dataset, int(number), horizon, each, one_step=one_step) for number in numbers]
        chosen = [(int(number), rows) for number, rows in zip(numbers, parts, strict=True) if len(rows)]
        if not chosen:
            raise DataError(
                f"watch=True draws forecasts of validation rows, and none of the {most} has a whole window of"
                f" {dataset.lookback} rows before it; give more rows or a shorter lookback, or leave watch=True out"
            )
        return cls._drawn(dataset, chosen, horizon, one_step=one_step)

    @classmethod
    def _drawn(
        cls, dataset: Dataset, chosen: list[tuple[int, NDArray[np.int64]]], horizon: int, *, one_step: bool
    ) -> HeldOut:
        """Add the rows that are drawn: those before each first origin, and those that are forecast."""
        ahead = 1 if one_step else horizon
        begins = dataset.borders[:-1]
        before = max(2 * horizon, 12)
        stretches = [
            slice(max(int(begins[number]), int(rows[0]) - before), int(rows[-1]) + ahead) for number, rows in chosen
        ]
        lengths = [stretch.stop - stretch.start for stretch in stretches]
        borders = np.cumsum([0, *lengths])
        starts = [
            rows - stretch.start + border
            for (_, rows), stretch, border in zip(chosen, stretches, borders[:-1], strict=True)
        ]
        index = dataset.index.take(np.concatenate([np.arange(part.start, part.stop) for part in stretches]))
        values = np.concatenate([dataset.store.target(stretch) for stretch in stretches])
        ids = tuple(str(dataset.ids[number]) for number, _ in chosen) if dataset.is_panel else ()
        observed = pd.Series(values, index, name=dataset.encoder.target)
        rows = np.concatenate([rows for _, rows in chosen])
        return cls(rows, ahead, np.concatenate(starts), observed, borders, ids)


def _rows(dataset: Dataset, number: int, horizon: int, origins: int, *, one_step: bool) -> NDArray[np.int64]:
    """Choose the rows of a series at which forecasts begin, rising."""
    cuts, begins = dataset.cuts[number], int(dataset.borders[number])
    start, stop = begins + cuts.validation, begins + cuts.calibration
    possible = dataset.possible(start, stop, 1 if one_step else horizon)
    if one_step:
        return possible[-origins * horizon :]
    chosen: list[int] = []
    for row in possible[::-1].tolist():
        if not chosen or row + horizon < chosen[-1]:
            chosen.append(row)
        if len(chosen) == origins:
            break
    return np.array(chosen[::-1], np.int64)


def _spread(numbers: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Choose some of many numbers, evenly spread."""
    return np.unique(numbers[np.linspace(0, len(numbers) - 1, min(most, len(numbers))).round().astype(int)])
