"""`LossExplorer`: MSE, MAE and Huber over the residuals of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets

from lstm_lab.diagnostics.training_choices import LOSS_LABELS, ResidualLosses
from lstm_lab.results import views
from lstm_lab.widgets.base import LabWidget
from lstm_lab.widgets.tiny_trial import TrialPart

__all__ = ["LossExplorer"]

MOST = 4096


@views.register(ResidualLosses)
class LossExplorer(LabWidget):
    """The live view of the losses.

    Parameters
    ----------
    result
        The residuals, their unit, and the delta where the view starts.
    chart_only
        Leave out the controls and the table: the chart follows what `show` is given.
    """

    _view = traitlets.Unicode("loss").tag(sync=True)

    def __init__(self, result: ResidualLosses, *, chart_only: bool = False, **traits: Any) -> None:
        self._losses, self._chart_only = result, chart_only
        self._trial: TrialPart | None = None
        super().__init__(result, **{"label": "Losses over the residuals", "height": 280, **traits})

    def fill(self) -> None:
        """Put the residuals on the wire; of very many, evenly spaced order statistics, which keep every share."""
        result = self._losses
        count = len(result.residuals)
        rows = np.arange(count) if count <= MOST else np.linspace(0, count - 1, MOST).round().astype(np.intp)
        self.wire.put_changed("residuals", result.residuals[rows].astype(np.float32))
        self.wire.put_changed("counts", result.histogram()[0].astype(np.float32))
        if self._trial is None and not self._chart_only:
            self._trial = TrialPart(self.wire, self._losses.trial)
        self.wire.set(
            scale=result.scale,
            unit=result.unit,
            delta=result.delta,
            loss=result.loss,
            labels=LOSS_LABELS,
            reach=result.reach,
            top=result.top,
            note=result.rows,
            count=count,
            chart_only=self._chart_only,
        )

    def on_message(self, kind: str, content: dict[str, Any]) -> None:
        """Try a delta on a tiny network."""
        if self._trial is not None:
            self._trial.hear(kind, content)

    def show(self, result: ResidualLosses) -> None:
        """Show other residuals, another loss or another delta; what did not change is not sent again."""
        self.result = self._losses = result
        self.fill()
        self.wire.flush(final=True)
