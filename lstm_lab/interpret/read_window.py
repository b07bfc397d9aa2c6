"""A window as a table in the units of the data, and as the tensor of standardised numbers that a network reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from lstm_lab.formatting import moment, number, span
from lstm_lab.results import StillResult, Summary

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ReadWindow"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ReadWindow(StillResult):
    """The rows that a network reads before one forecast; made by `lstm_lab.Run.window`."""

    tensor: np.ndarray
    """(1, steps, inputs), what the network is given: standardised, one window alone in its batch."""
    index: pd.Index
    """Time of each step."""
    inputs: tuple[str, ...]
    history: pd.Series[float]
    """The target in its own unit at each step."""
    following: pd.Series[float]
    """The value after the window, which the network is to forecast; empty where it is not known yet."""

    @property
    def frame(self) -> pd.DataFrame:
        """The tensor as a table: a row for each step, a column for each input."""
        return pd.DataFrame(self.tensor[0], index=self.index, columns=list(self.inputs))

    def summary_table(self) -> Summary:
        """Name the window's rows, its shape and the value that follows."""
        shape = " × ".join(str(size) for size in self.tensor.shape)
        rows = [
            ("rows", span(self.index)),
            ("tensor", f"{shape}: window, steps, inputs"),
            ("inputs", ", ".join(self.inputs)),
        ]
        if len(self.following):
            value = number(float(self.following.iloc[0]))
            rows.append(("followed by", f"{value} at {moment(self.following.index[0])}"))
        return Summary(f"A window of {self.history.name}", tuple(rows))
