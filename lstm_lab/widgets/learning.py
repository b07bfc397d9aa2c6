"""`LearningView`: a slider over the epochs of a training, from untrained to overfitted."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import traitlets

from lstm_lab.interpret.learning import Learning
from lstm_lab.results import views
from lstm_lab.widgets.base import LabWidget
from lstm_lab.widgets.learning_wire import put_learning, thinned_learning

__all__ = ["LearningView"]


@views.register(Learning)
class LearningView(LabWidget):
    """The live view of held-out forecasts, gates and losses by epoch.

    Parameters
    ----------
    result
        What was recorded.
    """

    _view = traitlets.Unicode("learning").tag(sync=True)
    density = 1.5
    small_picture = MappingProxyType({})

    def __init__(self, result: Learning, **traits: Any) -> None:
        self._learning = result
        super().__init__(result, **{"label": f"How {result.target} was learnt", "height": 230, **traits})

    def fill(self) -> None:
        """Put epochs and losses on the wire."""
        put_learning(self.wire, self._learning)
        history = self._learning.history
        if history.empty:
            return
        losses = history[["loss", "val_loss"]].to_numpy(np.float32)
        rows = np.column_stack([history.index.to_numpy(np.float32), losses])
        self.wire.put("losses", rows)

    def saved_arrays(self, share: float) -> dict[str, np.ndarray]:
        """Return evenly spaced epochs, the first, the last and the kept one among them."""
        return thinned_learning(self.wire, share)
