"""A magic's one output in a notebook: a bar while data and network are prepared, then a live view of the work itself.

At the end the same display holds the view with the still picture that a saved notebook keeps, and the table of the
result below it. A mistake leaves nothing behind.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import LabError
from lstm_lab.events import SamplingPlan
from lstm_lab.progress import HtmlProgress

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from lstm_lab.events import (
        Batch,
        Chunk,
        Epoch,
        Progress,
        SamplingEnd,
        SamplingListener,
        TrainingEnd,
        TrainingPlan,
    )
    from lstm_lab.forecasting.forecast import Forecast
    from lstm_lab.interpret.learning import Learning
    from lstm_lab.progress import Status
    from lstm_lab.results import Result

__all__ = ["LiveProgress"]

FRESH = 30
"""Seconds after which the output of long work is brought up to date; the live view is so five times a second."""


class LiveProgress(HtmlProgress):
    """Shows the live view in place of the bar when the work begins; without a front end the bar stays."""

    in_output = True
    """Whether the view stands in a cell's own output, which the notebook keeps."""

    def __init__(self) -> None:
        super().__init__()
        self._view: Any = None
        self._listener: Any = None
        self._table: Any = None
        self._renewed = time.monotonic()

    def __exit__(self, *error: object) -> None:
        self._armed.close()
        failed = error != (None, None, None)
        if self._view is not None and failed:
            self._view.close()
            self._view = None
        if self._view is None:
            self.close("")

    def on_start(self, plan: TrainingPlan | SamplingPlan) -> None:
        """Open the view."""
        try:
            self._view, self._listener = _view_of(plan, self.stop)
        except LabError:
            super().on_start(plan)
            return
        self._listener.on_start(plan)
        self._renew()

    def on_batch(self, batch: Batch) -> None:
        """Pass the event to the view, or to the bar where there is none."""
        if self._listener is None:
            super().on_batch(batch)
        else:
            self._listener.on_batch(batch)

    def on_epoch(self, epoch: Epoch) -> None:
        """Pass the event to the view, or to the bar where there is none."""
        if self._listener is None:
            super().on_epoch(epoch)
        else:
            self._listener.on_epoch(epoch)
            self._refresh(FRESH)

    def on_learning(self, learning: Learning) -> None:
        """Pass the event to the view; a bar has no room for it."""
        if self._listener is not None:
            self._listener.on_learning(learning)

    def on_chunk(self, chunk: Chunk) -> None:
        """Pass the event to the view, or to the bar where there is none."""
        if self._listener is None:
            super().on_chunk(chunk)
        else:
            self._listener.on_chunk(chunk)
            self._refresh(FRESH)

    def on_progress(self, progress: Progress) -> None:
        """Update the bar while a forecast is calibrated, before there is a view."""
        if self._listener is None:
            super().on_progress(progress)

    def on_partial(self, result: Any, line: str) -> None:  # noqa: ARG002 - the view shows all of it
        """Open the view of an incomplete result, or update it."""
        if self._view is not None:
            self._view.update(result)
            return
        try:
            self._view = _growing(result, self.stop)
        except LabError:
            return
        self.put(self._view)

    def show(self, status: Status) -> None:
        """Update the bar, or the one within the view of an incomplete result."""
        if self._view is None:
            super().show(status)
        else:
            self._view.show_progress(status.share, status.text)

    def on_end(self, end: TrainingEnd | SamplingEnd) -> None:
        """Pass the event to the view, or to the bar where there is none."""
        if self._listener is None:
            super().on_end(end)
        else:
            self._listener.on_end(end)

    def finish(self, result: Result) -> None:
        """Show the result: its table below the view, or all of it where there is no view."""
        from IPython.display import display  # the command line needs no IPython

        if self._view is None:
            # In the place of the bar: cleared away below it, the bar would leave a blank output.
            self.put(_live(result))
            self._handle = None
            return
        self._view.finish(result)
        self._renew()
        if self._listener is None:  # the view has grown with the result, and says all of it
            return
        self._table = display(_table(result), raw=True, display_id=True)  # type: ignore[no-untyped-call]  # likewise

    def offer(self, more: Callable[[int, SamplingListener], Forecast]) -> None:
        """Let the view ask for more paths; the table below it then says what they changed."""
        if self._view is None:
            return

        def renewed(paths: int, listener: SamplingListener) -> Forecast:
            forecast = more(paths, listener)
            if self._table is not None:
                self._table.update(_table(forecast), raw=True)
            return forecast

        self._view.allow_more(renewed, partial(self._refresh, 0))

    def _renew(self) -> None:
        self._renewed = time.monotonic()
        self.put(self._view)

    def _refresh(self, after: float) -> None:
        """Update the output, which a notebook shows that is saved before the end, or after a crash.

        Parameters
        ----------
        after
            Only if it is so many seconds old.
        """
        if self.in_output and time.monotonic() - self._renewed >= after:
            self._renew()


def _table(result: Result) -> dict[str, str]:
    table = result.summary_table()
    return {"text/html": table.html(), "text/plain": table.text()}


def _live(result: Result) -> Any:
    """Return the live view of a result, or the result where it has no view or no front end is there."""
    if not hasattr(result, "widget"):  # finding out would import TensorFlow
        return result
    from lstm_lab.widgets import widget  # brings anywidget

    try:
        return widget(result)
    except LabError:
        return result


def _growing(result: Any, stop: threading.Event) -> Any:
    """Return the view of a result that is not complete yet."""
    from lstm_lab.widgets.memory import MemoryExplorer

    return MemoryExplorer(result, stop=stop, measuring=True)


def _view_of(plan: TrainingPlan | SamplingPlan, stop: threading.Event) -> tuple[Any, Any]:
    """Return the live view of a training or a forecast, and its listener; the first one imports anywidget."""
    from lstm_lab.widgets.fan import sampling_view
    from lstm_lab.widgets.training import training_view

    return sampling_view(stop) if isinstance(plan, SamplingPlan) else training_view(stop)
