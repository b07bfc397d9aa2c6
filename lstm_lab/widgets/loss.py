"""`LossExplorer`: MSE, MAE and Huber over the residuals that a run really has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from lstm_lab.errors import DataError
from lstm_lab.widgets.base import LabWidget

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from lstm_lab.showing import Shown

__all__ = ["LossExplorer"]

MOST = 4096


class LossExplorer(LabWidget):
    """The live view of the losses.

    Parameters
    ----------
    residuals
        (n,) actual minus forecast, one step ahead, in standard deviations of the transformed target over the training
        rows: the unit in which Huber's delta is given.
    scale
        One such standard deviation in the unit named by `unit`.
    unit
        The transformed target's unit; empty if nobody knows it.
    delta
        Where the run's Huber turns from square to linear.
    note
        What residuals these are, in a few words.
    result
        What the still picture shows.

    Raises
    ------
    DataError
        No finite residual.
    """

    _view = traitlets.Unicode("loss").tag(sync=True)

    def __init__(
        self,
        residuals: ArrayLike,
        *,
        scale: float = 1.0,
        unit: str = "",
        delta: float = 1.0,
        note: str = "",
        result: Shown | None = None,
        **traits: Any,
    ) -> None:
        values = np.asarray(residuals, dtype=np.float64).ravel()
        finite = np.sort(values[np.isfinite(values)])
        if not len(finite):
            raise DataError(
                f"losses are shown over residuals, got none that is finite among {len(values)}; train first"
            )
        self._residuals = finite
        self._delta = delta
        self._state = {"scale": scale, "unit": unit, "delta": delta, "note": note, "count": len(finite)}
        super().__init__(result, **{"label": "Losses over the residuals", "height": 280, **traits})

    def fill(self) -> None:
        """Put the residuals on the wire; of very many, evenly spaced order statistics, which keep every share."""
        count = len(self._residuals)
        rows = np.arange(count) if count <= MOST else np.linspace(0, count - 1, MOST).round().astype(np.intp)
        self.wire.put("residuals", self._residuals[rows].astype(np.float32))
        self.wire.set(**self._state)

    def text(self) -> str:
        """Say how many residuals lie where Huber is linear."""
        delta = self._delta
        share = float(np.mean(np.abs(self._residuals) > delta))
        return f"Losses over {len(self._residuals):,} residuals: {share:.1%} beyond delta {delta:g} standard deviations"
