"""`LessonView`: slides for a class, one at a time, with views of a run that need no kernel and answers to reveal."""

from __future__ import annotations

from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.forecasting.reveal import Reveal
from lstm_lab.interpret.lesson import Lesson
from lstm_lab.results import views
from lstm_lab.widgets.axes import axis
from lstm_lab.widgets.base import LabWidget
from lstm_lab.widgets.fan import recent_rows
from lstm_lab.widgets.offline import write_html
from lstm_lab.widgets.saved import saved

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from lstm_lab.results import Result

__all__ = ["LessonView"]

KEPT = 100_000
"""Bytes of all views of a lesson in a notebook; the picture and the slides take the rest of an output's room."""
WHOLE = 8_000_000
"""Bytes of all views of a lesson in an offline file."""


@views.register(Lesson)
class LessonView(LabWidget):
    """The live view of a lesson.

    Parameters
    ----------
    result
        The lesson.
    """

    _view = traitlets.Unicode("lesson").tag(sync=True)
    density = 1.25
    small_picture = MappingProxyType({})

    def __init__(self, result: Lesson, **traits: Any) -> None:
        self._lesson = result
        self._look = str(traits.get("theme", "auto"))
        super().__init__(result, **{"label": result.title, **traits})

    def fill(self) -> None:
        """Put slides and views on the wire."""
        self.wire.set(
            title=self._lesson.title,
            slides=[asdict(slide) for slide in self._lesson.slides],
            views=self._kept(KEPT),
        )

    def to_html(self, path: str | os.PathLike[str], *, title: str | None = None) -> Path:
        """Save the lesson, its views with all their data, as one interactive file without kernel or network."""
        whole = self.wire.copy()
        whole.set(views=self._kept(WHOLE))
        return write_html(self, path, title=title, wire=whole)

    def _kept(self, room: int) -> list[dict[str, Any] | None]:
        """Return what an output keeps of each view; what one leaves of its share goes to the next ones."""
        kept: list[dict[str, Any] | None] = []
        for number, result in enumerate(self._lesson.results):
            state = self._state(result, room // (len(self._lesson.results) - number))
            kept.append(state)
            room -= len(str(state))
        return kept

    def _state(self, result: Result, room: int) -> dict[str, Any] | None:
        if isinstance(result, Reveal | Forecast):
            return _fan(result)
        view = result.widget(theme=self._look)
        try:
            return saved(view, room)
        finally:
            view.close()


def _fan(result: Reveal | Forecast) -> dict[str, Any]:
    """Return the history, band and median of a forecast as lists, and what happened where it is known."""
    forecast = result.forecast if isinstance(result, Reveal) else result
    history = forecast.history.iloc[-recent_rows(forecast.horizon) :]
    low, high = forecast.levels
    places = axis(history.index.append(forecast.index))
    return {
        "view": "fan",
        "target": str(forecast.target),
        "interval": forecast.interval,
        "times": places.positions.tolist(),
        "is_time": places.is_time,
        "step": places.step,
        "history": _numbers(history.to_numpy()),
        "band": [_numbers(row) for row in forecast.quantile([low, 0.5, high])],
        "actual": _numbers(result.actual) if isinstance(result, Reveal) else None,
    }


def _numbers(values: np.ndarray) -> list[float | None]:
    """Round to float32's digits; a missing value is None."""
    return [float(f"{value:.7g}") if np.isfinite(value) else None for value in values]
