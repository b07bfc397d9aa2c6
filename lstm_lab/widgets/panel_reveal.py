"""`PanelRevealChart`: forecasts of many series across which what happened draws itself, counted for one and for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.forecasting.panel_reveal import PanelReveal
from lstm_lab.forecasting.reveal import Reveal
from lstm_lab.results import views
from lstm_lab.widgets.panel_fan import PanelFanChart

if TYPE_CHECKING:
    from lstm_lab.forecasting.forecast import Forecast

__all__ = ["PanelRevealChart"]


@views.register(PanelReveal)
class PanelRevealChart(PanelFanChart):
    """The live view of what happened after the forecasts of many series.

    Parameters
    ----------
    result
        The forecasts and what happened.
    """

    def __init__(self, result: PanelReveal, **traits: Any) -> None:
        self._reveal = result
        label = f"Forecasts of {result.forecasts.target}, and what happened"
        super().__init__(result.forecasts, **{"label": label, **traits})
        self.result = result

    def fill(self) -> None:
        """Put what happened to each series that was sent on the wire, and the counts over all."""
        super().fill()
        reveal = self._reveal
        sent = bytes(self.wire.array("each_names")).decode().split("\n")
        head = [] if self._total is None else [self._revealed(self._sum, self._total)]
        numbers = [self._numbers[name] for name in sent[len(head) :]]
        actual = [*(_whole(each.actual, reveal.actual.shape[1]) for each in head), *reveal.actual[numbers]]
        scores = [
            *(np.stack([_whole(row, reveal.actual.shape[1]) for row in _scores(each)]) for each in head),
            *np.stack([reveal.so_far("crps")[numbers], reveal.so_far("naive error")[numbers]], axis=1),
        ]
        self.wire.put("each_actual", np.stack(actual).astype(np.float32))
        self.wire.put("each_scores", np.stack(scores).astype(np.float32))
        self.wire.put("counts", reveal.by_step.to_numpy(np.float32).T.copy())
        self.wire.set(reveal=True, shown=reveal.shown)
        if np.isnan(self.wire.array("actual")).all():  # of the sum, because of one series: open with another
            number = next(number for number in range(len(reveal)) if not np.isnan(reveal.actual[number]).all())
            name = next(name for name, own in self._numbers.items() if own == number)
            self._choose(name, self._forecasts[self._forecasts.ids[number]])

    def _choose(self, name: str, forecast: Forecast) -> None:
        """Show all of a series, and what happened to it."""
        revealed = self._revealed(name, forecast)
        self._actual = pd.Series(revealed.actual, forecast.index)
        self.wire.put("scores", _scores(revealed).astype(np.float32))
        super()._choose(name, forecast)
        self.result = self._reveal

    def _revealed(self, name: str, forecast: Forecast) -> Reveal:
        """Return what happened to one series, or to the sum."""
        if self._total is not None and name == self._sum:
            return Reveal(forecast, self._reveal.summed_at(forecast.index))
        number = self._numbers.get(name, -1)
        return Reveal(forecast, self._reveal.actual[number])


def _scores(revealed: Reveal) -> np.ndarray:
    """Return CRPS and the naive forecast's error up to each step, (2, horizon)."""
    frame = revealed.frame
    return np.ascontiguousarray(frame[["crps so far", "naive error so far"]].to_numpy(np.float64).T)


def _whole(values: np.ndarray, horizon: int) -> np.ndarray:
    """Fill up the steps that a sum lacks, whose series end at different times."""
    return np.concatenate([values, np.full(horizon - len(values), np.nan)])
