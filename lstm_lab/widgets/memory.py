"""`MemoryExplorer`: how far networks feel the past before and after training, and what they recall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from lstm_lab.interpret.recall_task import SUCCESS
from lstm_lab.widgets.base import LabWidget

if TYPE_CHECKING:
    from lstm_lab.interpret.memory import Memory

__all__ = ["MemoryExplorer"]


class MemoryExplorer(LabWidget):
    """The live view of a comparison of memories.

    Parameters
    ----------
    result
        What was measured.
    """

    _view = traitlets.Unicode("memory").tag(sync=True)

    def __init__(self, result: Memory, **traits: Any) -> None:
        self._memory = result
        super().__init__(result, **{"label": "How far networks remember", "height": 260, **traits})

    def fill(self) -> None:
        """Put both sets of curves and the table on the wire."""
        flow = self._memory.flow
        networks = list(dict.fromkeys(flow["network"]))
        distances = np.unique(flow["distance"].to_numpy(dtype=np.float64))
        self.wire.put("distance", distances)
        for state in ("initial", "trained"):
            rows = np.full((len(networks), len(distances)), np.nan, dtype=np.float32)
            for place, network in enumerate(networks):
                chosen = flow[(flow["network"] == network) & (flow["state"] == state)]
                values = chosen["norm"].to_numpy(dtype=np.float32)
                rows[place, np.searchsorted(distances, chosen["distance"].to_numpy())] = values
            self.wire.put(state, rows)
        self.wire.set(networks=networks, recall=self._recall(), success=SUCCESS, words=self._memory.describe())

    def text(self) -> str:
        """Say it in words."""
        return repr(self._memory)

    def _recall(self) -> dict[str, Any]:
        if self._memory.recall.empty:
            return {}
        table = self._memory.table
        values = [[None if np.isnan(cell) else float(cell) for cell in row] for row in table.to_numpy()]
        return {
            "networks": [str(name) for name in table.index],
            "steps": [int(steps) for steps in table.columns],
            "explained": values,
        }
