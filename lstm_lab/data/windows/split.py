"""Windows divided into training, validation and calibration sets, by the time of their targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.windows.enough_rows import largest_lookback, lookback_remedy, usable_runs
from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lstm_lab.data.windows.cuts import Cuts
    from lstm_lab.data.windows.windows import Windows

__all__ = ["Split", "divide", "refuse_empty_parts"]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Numbers of the windows in each part, oldest first; a part may be empty if its share was 0."""

    train: np.ndarray
    validation: np.ndarray
    calibration: np.ndarray


def divide(windows: Windows, borders: np.ndarray, cuts: Sequence[Cuts]) -> Split:
    """Divide the windows by the row of their target; a part may be empty.

    Parameters
    ----------
    windows
        Every window.
    borders
        (series + 1,) row where each series begins, and the number of rows.
    cuts
        Where the parts of each series begin.
    """
    if len(cuts) == 1:
        cut = cuts[0]
        edges = np.array([cut.validation, cut.calibration - cut.expired, cut.calibration]) + borders[0]
        first, second, third = np.searchsorted(windows.target_rows, edges).tolist()
        return Split(np.arange(first), np.arange(first, second), np.arange(third, len(windows)))
    begins = np.array([(each.validation, each.calibration - each.expired, each.calibration) for each in cuts])
    series = np.searchsorted(borders, windows.target_rows, side="right") - 1
    rows = windows.target_rows - borders[series]
    part = (rows[:, None] >= begins.reshape(-1, 3)[series]).sum(axis=1)
    train, validation, _, calibration = (np.flatnonzero(part == number) for number in range(4))
    return Split(train, validation, calibration)


def refuse_empty_parts(
    split: Split, windows: Windows, segments: np.ndarray, borders: np.ndarray, cuts: Sequence[Cuts]
) -> None:
    """Refuse to train where a part that has a share of the rows has no window.

    Parameters
    ----------
    split
        The windows of each part.
    windows
        Every window.
    segments
        (rows,) number of the gap-free stretch that each row belongs to.
    borders, cuts
        As for `divide`.

    Raises
    ------
    DataError
        A part with a share of the rows got no window.
    """
    shares = {
        "train": (split.train, sum(series.validation for series in cuts)),
        "validation": (split.validation, sum(series.calibration - series.validation for series in cuts)),
        "calibration": (split.calibration, sum(series.rows - series.calibration for series in cuts)),
    }
    for name, (windows_in_part, rows) in shares.items():
        if len(windows_in_part) == 0 and (rows > 0 or name == "train"):
            largest = largest_lookback(usable_runs(windows.matrix, segments), borders, cuts)
            raise DataError(
                f"every part needs a window, but none of the {len(windows)} windows of lookback {windows.lookback} "
                f"has its target in the {rows} {name} rows; {lookback_remedy(largest)}"
            )
