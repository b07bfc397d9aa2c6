"""A training of a search as a task: what cannot be trained costs its trial, and not the search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lstm_lab.errors import FileWriteError, LabError, MissingExtraError

if TYPE_CHECKING:
    import threading

    from lstm_lab.evaluation.panel_task import PanelTask, PanelTaskResult
    from lstm_lab.evaluation.refit import TrainingResult, TrainingTask

__all__ = ["FailedTraining", "TrialTask"]


@dataclass(frozen=True, eq=False)
class FailedTraining:
    """Why a combination of options could not be trained."""

    reason: str
    """In one line."""


@dataclass(frozen=True, eq=False)
class TrialTask:
    """Trains and forecasts, and returns the reason where options or rows do not allow it."""

    name: str
    training: TrainingTask | PanelTask

    def __call__(self, stop: threading.Event | None = None) -> TrainingResult | PanelTaskResult | FailedTraining:
        """Train and forecast; a disk that is full or a library that is missing is no trial's fault, and raised."""
        try:
            return self.training(stop)
        except (FileWriteError, MissingExtraError):
            raise
        except LabError as refused:
            return FailedTraining(str(refused))
