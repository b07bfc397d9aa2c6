"""`TrainingMonitor`: the losses by batch and epoch, the progress, the patience that is left, and a Stop button."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from lstm_lab.events import TrainingListener
from lstm_lab.widgets.base import LabWidget
from lstm_lab.widgets.learning_wire import put_learning, thinned_learning

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from lstm_lab.events import Batch, Epoch, TrainingEnd, TrainingPlan
    from lstm_lab.interpret.learning import Learning
    from lstm_lab.results import Result

__all__ = ["MonitorListener", "TrainingMonitor", "training_view"]


POINTS = 25
"""Batch losses that an epoch shows, and a few more where updates fall between them."""


class TrainingMonitor(LabWidget):
    """The live view of a training.

    Parameters
    ----------
    stop
        Set by the Stop button; None shows no button.
    """

    _view = traitlets.Unicode("training").tag(sync=True)

    def __init__(self, stop: threading.Event | None = None, **traits: Any) -> None:
        self._stop = stop
        self._running = _RunningMean()
        super().__init__(**{"label": "Training monitor", **traits})

    def on_message(self, kind: str, content: dict[str, Any]) -> None:  # noqa: ARG002 - the base's signature
        """Set the flag: the worker looks at it after each batch."""
        if kind == "stop" and self._stop is not None:
            self._stop.set()

    def saved_arrays(self, share: float) -> dict[str, np.ndarray]:
        """Return every epoch's losses; of the batches, and of what was watched, evenly spaced ones."""
        arrays = thinned_learning(self.wire, share)
        every = math.ceil(1 / max(share, 1e-3))
        for name in {"batches_at", "batches_loss"} & arrays.keys():
            arrays[name] = arrays[name][::-1][::every][::-1]
        return arrays

    def finish(self, result: Result) -> None:
        """Set the result, and show every epoch of what was watched."""
        super().finish(result)
        watched = getattr(result, "watched", None)
        if watched is not None:
            put_learning(self.wire, watched)
            self.wire.flush(final=True)

    def learning(self, learning: Learning) -> None:
        """Show held-out forecasts and gates after an epoch."""
        put_learning(self.wire, learning)

    def text(self) -> str:
        """Return the progress of the training as text."""
        if self.result is not None:
            return repr(self.result)
        message = self.wire.get("message")
        if message is not None:
            return str(message)
        return f"Training: epoch {self.wire.get('epoch') or 0}/{self.wire.get('epochs_planned') or '?'}"

    def start(self, plan: TrainingPlan) -> None:
        """Show the plan."""
        self.wire.set(
            title=plan.title,
            epochs_planned=plan.epochs,
            batches=plan.batches,
            patience=plan.patience,
            validation_windows=plan.validation_windows,
            baseline=_finite(plan.baseline),
            epoch=1,
            batch=0,
            live=self._stop is not None,
            **({} if plan.seconds is None else {"estimate": plan.seconds}),
        )
        self.wire.flush(final=True)

    def batches(self, seen: Sequence[Batch], batches: int) -> None:
        """Show the position in the running epoch, and the mean loss of the batches from one point to the next."""
        self.wire.set(epoch=seen[-1].epoch, batch=seen[-1].batch)
        positions = [batch.epoch - 1 + batch.batch / batches for batch in seen]
        self.wire.append("batches_at", np.array(positions, np.float32))
        self.wire.append("batches_loss", np.array([self._running.since_last(batch) for batch in seen], np.float32))

    def epoch(self, epoch: Epoch) -> None:
        """Show a finished epoch."""
        validation = math.nan if epoch.val_loss is None else epoch.val_loss
        row = [epoch.loss, validation, epoch.learning_rate, epoch.seconds]
        self.wire.append("epochs", np.array([row], np.float32))
        self.wire.set(epoch=epoch.epoch, batch=0, best_epoch=epoch.best_epoch, patience_left=epoch.patience_left)

    def end(self, end: TrainingEnd) -> None:
        """Show how the training ended."""
        best = end.best_epoch if end.epochs else None
        self.wire.set(reason=end.reason, message=end.message, seconds=end.seconds, best_epoch=best, live=False)
        self.wire.flush(final=True)


class _RunningMean:
    """Computes the mean loss of some batches from Keras' mean over the epoch so far."""

    def __init__(self) -> None:
        self._epoch = 0
        self._count = 0
        self._sum = 0.0

    def since_last(self, batch: Batch) -> float:
        """Return the mean loss of the batches of this epoch since the last call."""
        if batch.epoch != self._epoch or batch.batch <= self._count:
            self._epoch, self._count, self._sum = batch.epoch, 0, 0.0
        total = batch.batch * batch.loss
        mean = (total - self._sum) / (batch.batch - self._count)
        self._count, self._sum = batch.batch, total
        return mean


class MonitorListener(TrainingListener):
    """Drives a monitor; per batch it costs one reading of the clock.

    Parameters
    ----------
    monitor
        The view.
    clock
        A monotonic clock, in seconds.
    """

    def __init__(self, monitor: TrainingMonitor, clock: Callable[[], float] = time.monotonic) -> None:
        self.monitor = monitor
        self._clock = clock
        self._first: tuple[int, float] | None = None
        self._batches = 1
        self._every = 1
        self._last: Batch | None = None
        self._seen: list[Batch] = []

    def on_start(self, plan: TrainingPlan) -> None:
        """Show the plan."""
        self._batches = max(plan.batches, 1)
        self._every = max(self._batches // POINTS, 1)
        self.monitor.start(plan)

    def on_batch(self, batch: Batch) -> None:
        """Record some of the batches, and show them when an update is due."""
        if batch.epoch == 1:
            self._time(batch)
        self._last = batch
        if batch.batch % self._every == 0:
            self._seen.append(batch)
        if self.monitor.wire.due():
            self._show()
            self.monitor.wire.flush()

    def on_epoch(self, epoch: Epoch) -> None:
        """Show the epoch, now or with the next update."""
        self._show()
        self.monitor.epoch(epoch)
        self.monitor.wire.flush()

    def on_learning(self, learning: Learning) -> None:
        """Show held-out forecasts and gates, now or with the next update."""
        self.monitor.learning(learning)
        self.monitor.wire.flush()

    def on_end(self, end: TrainingEnd) -> None:
        """Show the end, and the batches of an unfinished epoch."""
        self._show()
        self.monitor.end(end)

    def _time(self, batch: Batch) -> None:
        """Time the first epoch from its first batch on, before which the network was compiled."""
        now = self._clock()
        if self._first is None:
            self._first = (batch.batch, now)
            return
        first, began = self._first
        if batch.batch > first:
            self.monitor.wire.set(pace=self._batches * (now - began) / (batch.batch - first))

    def _show(self) -> None:
        """Show the recorded batches, and always the newest."""
        newest = self._last
        if newest is not None and (not self._seen or self._seen[-1] is not newest):
            self._seen.append(newest)
        if self._seen:
            self.monitor.batches(self._seen, self._batches)
        self._seen = []
        self._last = None


def training_view(stop: threading.Event | None = None, **traits: Any) -> tuple[TrainingMonitor, MonitorListener]:
    """Return a monitor and the listener that drives it.

    Parameters
    ----------
    stop
        Checked by training after each batch; the Stop button sets it.
    **traits
        ``theme``, ``height``, ``label``.
    """
    monitor = TrainingMonitor(stop, **traits)
    return monitor, MonitorListener(monitor)


def _finite(value: float | None) -> float | None:
    """Return a finite value or None, for JSON has no NaN."""
    return value if value is not None and math.isfinite(value) else None
