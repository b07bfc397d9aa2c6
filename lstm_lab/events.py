"""Events of training, forecasting and other long work, and the listeners that receive them.

A listener overrides the methods that it needs. Notebook, terminal and silent listeners are interchangeable, and the
code that works knows none of them. A listener may also ask for a halt: the worker checks a `threading.Event` after
each batch or chunk, never anything that a listener returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from lstm_lab.errors import OptionError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = [
    "Batch",
    "Chunk",
    "EndReason",
    "Epoch",
    "Progress",
    "ProgressListener",
    "SamplingEnd",
    "SamplingListener",
    "SamplingPlan",
    "TrainingEnd",
    "TrainingListener",
    "TrainingPlan",
    "WorkPlan",
    "check_listening",
]

EndReason: TypeAlias = Literal["finished", "early", "stopped", "interrupted"]
"""Ran to its end; validation stopped improving; the Stop control; the kernel was interrupted."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Options and sizes of a training, known before it starts."""

    title: str
    epochs: int
    batches: int
    """Gradient steps in one epoch."""
    patience: int
    windows: int
    validation_windows: int
    parameters: int
    baseline: float | None
    """Validation loss of forecasting no change (the transformed target's naive forecast); None without validation."""
    seconds: float | None = None
    """Estimated for all epochs, right in order of magnitude; early stopping makes it less. None if not estimated."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A completed gradient step."""

    epoch: int
    """Counted from 1, like every epoch below."""
    batch: int
    """Counted from 1 within the epoch."""
    loss: float
    """Mean loss over the epoch so far."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """A completed epoch."""

    epoch: int
    loss: float
    val_loss: float | None
    learning_rate: float
    seconds: float
    best_epoch: int
    """The epoch whose weights would be kept if training ended now."""
    patience_left: int


@dataclass(frozen=True, slots=True)
class TrainingEnd:
    """The end of a training; the best weights are restored."""

    reason: EndReason
    epochs: int
    """Epochs completed."""
    best_epoch: int
    seconds: float
    message: str
    """How it ended and which weights were kept, in one line."""


def check_listening(listener: object, stop: object, kind: type[Any]) -> None:
    """Refuse what no events can be told to, and a stop that cannot be looked at, before any work.

    Parameters
    ----------
    listener
        None, or an object with every method of `kind`.
    stop
        None, or a `threading.Event`.
    kind
        The class of listeners that the work tells of its events.

    Raises
    ------
    OptionError
        One line with the method that is missing.
    """
    methods = [name for name in dir(kind) if name.startswith("on_")]
    if listener is not None and not all(callable(getattr(listener, name, None)) for name in methods):
        raise OptionError(
            f"listener is a {kind.__name__}, got a {type(listener).__name__}; derive its class from"
            f" lstm_lab.events.{kind.__name__}"
        )
    if isinstance(listener, type):
        raise OptionError(f"listener is an object, got the class {listener.__name__}; call it: {listener.__name__}()")
    if stop is not None and not callable(getattr(stop, "is_set", None)):
        raise OptionError(f"stop is a threading.Event, got a {type(stop).__name__}; for example threading.Event()")


class TrainingListener:
    """Receives the events of a training; its methods do nothing."""

    def on_start(self, plan: TrainingPlan) -> None:
        """Receive the plan, before the first epoch."""

    def on_batch(self, batch: Batch) -> None:
        """Receive a completed gradient step."""

    def on_epoch(self, epoch: Epoch) -> None:
        """Receive a completed epoch."""

    def on_learning(self, learning: Any) -> None:
        """Receive the `Learning` of one epoch alone, from 0 before the first, where a training is watched."""

    def on_end(self, end: TrainingEnd) -> None:
        """Receive the end of training."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many parts of a long work are done."""

    label: str
    done: int
    total: int
    share: float | None = None
    """Share of the whole work that is done, where its parts are not equally long."""


@dataclass(frozen=True, slots=True)
class WorkPlan:
    """Number of parts and expected duration of a long work."""

    label: str
    total: int
    """Parts."""
    seconds: float | None = None
    """Expected duration, where it can be estimated from earlier work."""


class ProgressListener:
    """Receives the progress of a long work; its methods do nothing."""

    def on_work(self, plan: WorkPlan) -> None:
        """Receive the plan, before the work starts."""

    def on_partial(self, result: Any, line: str) -> None:
        """Receive the partial result, and one line on what is new in it; the line may be empty."""

    def on_progress(self, progress: Progress) -> None:
        """Receive the number of completed parts."""


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """Target, times and sizes of a forecast, known before its paths are drawn."""

    target: str
    history: pd.Series[float]
    """Observed target up to the origin, oldest first."""
    index: pd.Index
    """The forecast's times, one per step of the horizon."""
    paths: int
    kind: str
    """The band's kind in words: dropout spread, predictive or calibrated."""
    interval: float
    """Nominal coverage in percent."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A completed chunk of paths."""

    paths: np.ndarray
    """The new paths alone, (new paths, horizon), in the target's unit."""
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class SamplingEnd:
    """The end of a forecast's sampling."""

    reason: EndReason
    done: int
    seconds: float
    message: str


class SamplingListener(ProgressListener):
    """Receives the events of a forecast's sampling; its methods do nothing."""

    def on_start(self, plan: SamplingPlan) -> None:
        """Receive the plan, before the first path."""

    def on_chunk(self, chunk: Chunk) -> None:
        """Receive new paths."""

    def on_end(self, end: SamplingEnd) -> None:
        """Receive the end of sampling."""
