"""What is known of the older rows of a long series that a saved run leaves out, and whether given rows are those."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from lstm_lab.data.memory.mapped import released
from lstm_lab.data.windows.cuts import Cuts
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["KEPT", "OlderRows", "fingerprint", "first_kept"]

KEPT = 200_000
"""Rows of a series that a saved run keeps all of, at most."""
_BLOCK = 1 << 18
"""Rows that a fingerprint reads together; part of its definition."""


@dataclass(frozen=True, slots=True, eq=False)
class OlderRows:
    """What is known of rows that are not here."""

    rows: int
    """Rows that were left out, those before the first."""
    cuts: Cuts
    """Where the whole series was cut, counted from the first row of all."""
    windows: int
    """Training windows of the whole series."""
    lowest: float
    """Least value of the target in the whole series."""
    season: int
    """Rows of the season that was found in the training rows; 1 without."""
    errors: np.ndarray
    """(windows,) one-step errors over a sample of the training and validation windows."""
    fingerprint: str
    """Of the whole series, see `fingerprint`."""

    def are_in(self, table: pd.DataFrame, columns: Sequence[str]) -> bool:
        """Return whether a table begins with the whole series, to the last bit."""
        return len(table) >= self.cuts.rows and fingerprint(table.iloc[: self.cuts.rows], columns) == self.fingerprint

    def refuse(self, work: str) -> None:
        """Refuse work that reads the training rows.

        Raises
        ------
        DataError
            Always: with the remedy.
        """
        raise DataError(
            f"{work} reads the training rows, and this run's file keeps the newest {self.cuts.rows - self.rows:,} of"
            f" {self.cuts.rows:,} rows; give all of them again as newer rows, run.on(data), which checks that they are"
            " the same"
        )

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {
            "rows": self.rows,
            "cuts": asdict(self.cuts),
            "windows": self.windows,
            "lowest": self.lowest,
            "season": self.season,
            "errors": self.errors.tolist(),
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Self:
        """Rebuild what `to_json` gave."""
        return cls(**{**saved, "cuts": Cuts(**saved["cuts"]), "errors": np.asarray(saved["errors"], dtype=np.float64)})


def fingerprint(table: pd.DataFrame, columns: Sequence[str]) -> str:
    """Compute the SHA-256 of the times, in whole microseconds, and of some columns of a series, read in blocks."""
    digest = hashlib.sha256()
    index = table.index
    for first in range(0, len(table), _BLOCK):
        rows = slice(first, first + _BLOCK)
        part = index[rows]
        times = part.as_unit("us").asi8 if isinstance(part, pd.DatetimeIndex) else part.to_numpy(np.float64)
        digest.update(times.tobytes())
        for name in columns:
            values = table[name].iloc[rows].to_numpy()
            digest.update(np.ascontiguousarray(values, np.float64).data)
            released(values)
    return digest.hexdigest()


def first_kept(cuts: Cuts, needed: int) -> int:
    """Find the first row that is kept: `needed` rows before the calibration rows; 0 where all rows are kept.

    Forecasts, their noise and calibration, and the bands of later rows read the calibration rows and what lies before
    each of them within reach, and nothing else.
    """
    return 0 if cuts.rows <= KEPT else max(0, min(cuts.calibration, cuts.rows - 1) - needed)
