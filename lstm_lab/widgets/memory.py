"""`MemoryExplorer`: gradients by distance before and after training, and the distances over which networks recall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from lstm_lab.interpret.memory import Memory
from lstm_lab.interpret.memory_measurement import FAINT
from lstm_lab.interpret.recall_task import SUCCESS
from lstm_lab.results import views
from lstm_lab.widgets.base import LabWidget

if TYPE_CHECKING:
    import threading

__all__ = ["MemoryExplorer"]


@views.register(Memory)
class MemoryExplorer(LabWidget):
    """The live view of a memory study.

    Parameters
    ----------
    result
        The study.
    stop
        Set by the Stop button; None shows no button.
    measuring
        Whether the study goes on, and `update` will be called.
    """

    _view = traitlets.Unicode("memory").tag(sync=True)

    def __init__(
        self, result: Memory, *, stop: threading.Event | None = None, measuring: bool = False, **traits: Any
    ) -> None:
        self._memory, self._stop, self._measuring = result, stop, measuring
        super().__init__(
            None if measuring else result, **{"label": "How far networks remember", "height": 260, **traits}
        )

    def fill(self) -> None:
        """Put both sets of curves and the table on the wire."""
        self.wire.set(faint=FAINT, measuring=self._measuring, live=self._measuring and self._stop is not None)
        self._draw()

    def on_message(self, kind: str, content: dict[str, Any]) -> None:  # noqa: ARG002 - the base's signature
        """Set the flag: the work looks at it after each update."""
        if kind == "stop" and self._stop is not None:
            self._stop.set()

    def update(self, result: Memory) -> None:
        """Show the study as far as it has been measured."""
        self._memory = result
        self._draw()
        self.wire.flush(final=True)

    def show_progress(self, share: float, text: str) -> None:
        """Show the share of the measuring that is done."""
        self.wire.set(share=share, progress=text)
        self.wire.flush(final=True)

    def finish(self, result: Memory) -> None:  # type: ignore[override]  # a view of memories shows nothing else
        """Show the finished study, and keep its picture."""
        super().finish(result)
        self.wire.set(measuring=False, live=False, progress="")
        self.update(result)

    def _draw(self) -> None:
        flow = self._memory.flow
        networks = list(dict.fromkeys(flow["network"]))
        distances = np.unique(flow["distance"].to_numpy(dtype=np.float64))
        self.wire.put("distance", distances)
        for state in ("initial", "trained"):
            rows = np.full((len(networks), len(distances)), np.nan, dtype=np.float32)
            for row, network in enumerate(networks):
                selected = flow[(flow["network"] == network) & (flow["state"] == state)]
                values = selected["norm"].to_numpy(dtype=np.float32)
                rows[row, np.searchsorted(distances, selected["distance"].to_numpy())] = values
            self.wire.put(state, rows)
        self.wire.set(networks=networks, recall=self._recall(), success=SUCCESS, words=self._memory.describe())

    def text(self) -> str:
        """Return the study as text, or that it is being measured."""
        return repr(self._memory) if not self._measuring or self.result is not None else "Measuring memories"

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
