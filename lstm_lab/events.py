"""What happens while a network trains or a forecast grows, told to anyone who listens.

A listener overrides the methods it cares for. Notebook, terminal and silent listeners are interchangeable, and the
code that works knows none of them. A listener may also ask for a halt: the worker checks a `threading.Event` after
each batch or chunk, never anything that a listener returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

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
]

EndReason: TypeAlias = Literal["finished", "early", "stopped", "interrupted"]
"""Ran to its end; validation stopped improving; the Stop control; the kernel was interrupted."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What training is about to do."""

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


@dataclass(frozen=True, slots=True)
class Batch:
    """One gradient step is done."""

    epoch: int
    """Counted from 1, like every epoch below."""
    batch: int
    """Counted from 1 within the epoch."""
    loss: float
    """Mean loss over the epoch so far."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training windows is done."""

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
    """Training is over and the best weights are in place."""

    reason: EndReason
    epochs: int
    """Epochs completed."""
    best_epoch: int
    seconds: float
    message: str
    """One line that says how it ended and what was kept."""


class TrainingListener:
    """Hears of training; every method may be left as it is."""

    def on_start(self, plan: TrainingPlan) -> None:
        """Hear what training is about to do."""

    def on_batch(self, batch: Batch) -> None:
        """Hear that a gradient step is done."""

    def on_epoch(self, epoch: Epoch) -> None:
        """Hear that a pass over the training windows is done."""

    def on_end(self, end: TrainingEnd) -> None:
        """Hear that training is over."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A part of some long work is done."""

    label: str
    done: int
    total: int
    share: float | None = None
    """Share of the whole work that is done, where its parts are not equally long."""


@dataclass(frozen=True, slots=True)
class WorkPlan:
    """What some long work of several parts is about to do."""

    label: str
    total: int
    """Parts."""
    seconds: float | None = None
    """About how long all of it takes, where earlier work tells."""


class ProgressListener:
    """Hears how far some long work has come."""

    def on_work(self, plan: WorkPlan) -> None:
        """Hear what is about to be done."""

    def on_partial(self, result: Any, line: str) -> None:
        """Hear of the result as far as it is known, and in one line of what is new in it; empty for no such line."""

    def on_progress(self, progress: Progress) -> None:
        """Hear that a part is done."""


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """What a forecast is about to draw."""

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
    """Some more paths are done."""

    paths: np.ndarray
    """The new paths alone, (new paths, horizon), in the target's unit."""
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class SamplingEnd:
    """The last path is done."""

    reason: EndReason
    done: int
    seconds: float
    message: str


class SamplingListener(ProgressListener):
    """Hears of a forecast's paths; every method may be left as it is."""

    def on_start(self, plan: SamplingPlan) -> None:
        """Hear what is about to be drawn."""

    def on_chunk(self, chunk: Chunk) -> None:
        """Hear of new paths."""

    def on_end(self, end: SamplingEnd) -> None:
        """Hear that the last path is done."""
