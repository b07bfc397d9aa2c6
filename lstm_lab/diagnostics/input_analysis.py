"""A series prepared for training, with everything measured of its inputs, and the form of a finding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.encoding.transforms import choose_transform, weigh
from lstm_lab.diagnostics.column_statistics import measure_columns
from lstm_lab.errors import DataError
from lstm_lab.formatting import moment, number, percent

if TYPE_CHECKING:
    import pandas as pd

    from lstm_lab.data.encoding.features import Feature
    from lstm_lab.data.encoding.seasonality import Candidate
    from lstm_lab.data.encoding.transforms import TransformChoice
    from lstm_lab.data.preparation import Prepared
    from lstm_lab.data.windows.split import Split
    from lstm_lab.diagnostics.column_statistics import ColumnStatistics
    from lstm_lab.options import InputOptions


__all__ = ["Finding", "InputAnalysis", "rows_text"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of the inputs, and its remedy."""

    kind: str
    """Name of the check."""
    text: str
    column: str | None = None
    """The input column concerned; None where it is no single one."""


@dataclass(frozen=True, eq=False)
class InputAnalysis:
    """A series prepared for training, and everything measured of its inputs."""

    ready: Prepared
    options: InputOptions

    @cached_property
    def raw(self) -> np.ndarray:
        """The columns before they are standardised, (rows, columns) float64."""
        return self.ready.dataset.encoder.raw(self.ready.dataset.frame, self.ready.dataset.segments)

    @cached_property
    def measures(self) -> ColumnStatistics:
        """Numbers of each column."""
        return measure_columns(self.ready, self.raw, self.options.lookback)

    @cached_property
    def training(self) -> pd.Series[float]:
        """The target in the training rows."""
        return self.ready.dataset.frame[self.ready.dataset.encoder.target].iloc[self.ready.dataset.cuts[0].train_rows]

    @cached_property
    def choice(self) -> TransformChoice:
        """What ``auto`` makes of the training rows."""
        return choose_transform(self.training.to_numpy(dtype=np.float64), self.training.index)

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every transform that ``auto`` considers, and the one that is learnt."""
        learnt, y = self.ready.dataset.encoder.transform.label, self.training.to_numpy(dtype=np.float64)
        known = any(candidate.label == learnt for candidate in self.choice.candidates)
        asked = None if known else weigh(learnt, y)
        bad = np.flatnonzero(y <= 0)
        first_bad = f", the first, {number(y[bad[0]])}, at {moment(self.training.index[bad[0]])}" if len(bad) else ""
        return tuple(
            replace(candidate, note=candidate.note + first_bad)
            if candidate.label in {"log", "log_return"} and not candidate.feasible
            else candidate
            for candidate in (*self.choice.candidates, *([] if asked is None else [asked]))
        )

    @cached_property
    def split(self) -> Split | DataError:
        """The windows of each part, or why there are none."""
        dataset = self.ready.dataset
        _ = dataset.matrix  # what cannot be encoded is refused; only that there are no windows is a finding
        try:
            return dataset.checked_split()
        except DataError as missing:
            return missing

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, the transformed target first."""
        return self.ready.dataset.encoder.columns

    @cached_property
    def column_features(self) -> tuple[Feature | None, ...]:
        """The feature that each column belongs to; None for the target."""
        return (None, *(feature for feature in self.ready.dataset.encoder.features for _ in feature.columns))


def rows_text(share: float) -> str:
    """Write a share of the training rows."""
    return f"{percent(share)} of the training rows"
