"""`WeightCurve`: the weight of each training window, and a button that sets the scheme of the next training."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets

from lstm_lab.data.windows.sample_weights import DEFAULT_RATE, effective_sample_size, rate_of
from lstm_lab.diagnostics.training_choices import Weighting
from lstm_lab.results import views
from lstm_lab.widgets.axes import axis
from lstm_lab.widgets.base import LabWidget
from lstm_lab.widgets.next_training import NextWeights, next_weights
from lstm_lab.widgets.tiny_trial import TrialPart

__all__ = ["WeightCurve"]

POINTS = 400


@views.register(Weighting)
class WeightCurve(LabWidget):
    """The live view of the weighting schemes.

    Parameters
    ----------
    result
        The training windows and the scheme of their weights, where the view starts.
    chosen
        Where the button puts the choice.
    chart_only
        Leave out the controls and the table: the chart follows what `show` is given.
    """

    _view = traitlets.Unicode("weights").tag(sync=True)

    def __init__(
        self, result: Weighting, *, chosen: NextWeights = next_weights, chart_only: bool = False, **traits: Any
    ) -> None:
        self._weighting, self._chart_only = result, chart_only
        self._chosen = chosen
        self._trial: TrialPart | None = None
        super().__init__(result, **{"label": "Weights of the training windows", "height": 240, **traits})
        chosen.subscribe(self._show_choice)

    def fill(self) -> None:
        """Put the training period on the wire: the curves over it are drawn in the page."""
        index = self._weighting.index
        rows = np.linspace(0, len(index) - 1, min(len(index), POINTS)).round().astype(np.intp)
        window_axis = axis(index)
        self.wire.put_changed("times", window_axis.positions[rows])
        rate, own = rate_of(self._weighting.scheme), self._weighting.own
        self.wire.put_changed("own", np.zeros(0) if own is None else own[rows])
        if self._trial is None and not self._chart_only:
            self._trial = TrialPart(self.wire, self._weighting.trial)
        self.wire.set(
            count=len(index),
            scheme=self._weighting.scheme,
            rate=DEFAULT_RATE if rate is None else rate,
            own_share=0.0 if own is None else effective_sample_size(own) / len(own),
            planned=self._weighting.planned,
            chart_only=self._chart_only,
            is_time=window_axis.is_time,
            step=window_axis.step,
            next=self._chosen.get() or "",
        )

    def show(self, result: Weighting) -> None:
        """Show another scheme or other windows; what did not change is not sent again."""
        self.result = self._weighting = result
        self.fill()
        self.wire.flush(final=True)

    def on_message(self, kind: str, content: dict[str, Any]) -> None:
        """Set the scheme of the next training, or try one on a tiny network."""
        if kind == "use":
            self._chosen.set(str(content.get("scheme")))
        elif self._trial is not None:
            self._trial.hear(kind, content)

    def _show_choice(self) -> None:
        """Show the scheme chosen now; after a training that used it there is none."""
        self.wire.set(next=self._chosen.get() or "")
        self.wire.flush(final=True)

    def text(self) -> str:
        """Return the run's weights and the choice for the next training as text."""
        chosen = self._chosen.get()
        next_text = "" if chosen is None else f"\nThe next training uses {chosen}."
        return repr(self._weighting) + next_text
