"""Inputs that are constant over a series, such as a region: levels as columns of 0 and 1, numbers standardised.

An unknown level is 0 in all columns of its input, and so is one that training leaves out now and then
(`lstm_lab.training.batches`): the network learns what to expect of a series whose level it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["LEVELS", "StaticInputs"]

LEVELS = 100
"""Levels of an input, at most: each is a column of every row."""


@dataclass(frozen=True, slots=True, eq=False)
class StaticInputs:
    """How static inputs are encoded; fitted on the series of a training."""

    levels: Mapping[str, tuple[str, ...]]
    """Levels by input, of those that are text."""
    numbers: Mapping[str, tuple[float, float]]
    """Mean and standard deviation over the series by input, of those that are numbers."""

    @classmethod
    def fit(cls, table: pd.DataFrame) -> Self:
        """Fit on a table with a row a series and a column an input.

        Raises
        ------
        DataError
            An input has more than `LEVELS` levels.
        """
        levels: dict[str, tuple[str, ...]] = {}
        numbers: dict[str, tuple[float, float]] = {}
        for column in table.columns:
            values = table[column]
            if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
                known = values.to_numpy(dtype=np.float64)
                known = known[np.isfinite(known)]
                deviation = float(known.std()) if len(known) else 0.0
                numbers[str(column)] = (float(known.mean()) if len(known) else 0.0, deviation or 1.0)
                continue
            texts = sorted({str(value) for value in values[values.notna()]})
            if len(texts) > LEVELS:
                raise DataError(
                    f"a static input has at most {LEVELS} levels, got {len(texts)} in {column!r}; group them into fewer"
                )
            levels[str(column)] = tuple(texts)
        return cls(levels, numbers)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the input columns."""
        return (*(f"{name}={level}" for name, levels in self.levels.items() for level in levels), *self.numbers)

    @property
    def groups(self) -> tuple[slice, ...]:
        """Columns of each input that has levels."""
        edges = np.cumsum([0, *(len(levels) for levels in self.levels.values())]).tolist()
        return tuple(slice(first, last) for first, last in pairwise(edges))

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the frame that are encoded."""
        return (*self.levels, *self.numbers)

    def encode(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """Encode a table with a row a series, (series, columns); an input it lacks, and a level not known, are 0."""
        out = np.zeros((len(table), len(self.columns)))
        for (name, levels), columns in zip(self.levels.items(), self.groups, strict=True):
            if name in table.columns:
                texts = table[name].astype(str).to_numpy(dtype=object)
                out[:, columns] = texts[:, None] == np.array(levels, dtype=object)
        for column, (name, (mean, deviation)) in enumerate(
            self.numbers.items(), start=len(self.columns) - len(self.numbers)
        ):
            if name in table.columns:
                values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64)
                out[:, column] = np.where(np.isfinite(values), (values - mean) / deviation, 0.0)
        return out

    def to_json(self) -> dict[str, Any]:
        """Return plain lists."""
        return {
            "levels": {k: list(v) for k, v in self.levels.items()},
            "numbers": {k: list(v) for k, v in self.numbers.items()},
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild from `to_json`."""
        levels = {name: tuple(each) for name, each in values["levels"].items()}
        return cls(levels, {name: (each[0], each[1]) for name, each in values["numbers"].items()})
