"""Results of a study's finished tasks in a folder: the same study, called again, does the others alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import FileWriteError, warn
from lstm_lab.evaluation.panel_task import PanelTaskResult
from lstm_lab.evaluation.refit import TrainingResult
from lstm_lab.evaluation.tasks import SampledPaths
from lstm_lab.evaluation.trial_task import FailedTraining
from lstm_lab.forecasting.past_forecasts import PastForecasts
from lstm_lab.options.training import CHECKPOINT_OPTIONS
from lstm_lab.storage.checkpoints import CheckpointFolder
from lstm_lab.training.checkpoint import versions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.execution.parallel import Task
    from lstm_lab.models.serialize import PackedModel
    from lstm_lab.options import Options

__all__ = ["TaskCheckpoint"]

_ELSEWHERE = {*CHECKPOINT_OPTIONS, "workers", "cluster", "trials"}
"""Options that say where work is done or written, or how long it goes on, and change no number of a task."""
_PAST = "past."


@dataclass(frozen=True, eq=False)
class TaskCheckpoint:
    """Keeps the result of each task that is finished; the task's number among all of the study names the file."""

    folder: CheckpointFolder

    @classmethod
    def of(
        cls,
        path: str | None,
        work: str,
        options: tuple[Options, ...],
        dataset: Dataset,
        network: PackedModel | None = None,
        *,
        libraries: Mapping[str, str] = MappingProxyType({}),
    ) -> TaskCheckpoint | None:
        """Open a folder for a study; None where none is named.

        Parameters
        ----------
        path
            The folder.
        work
            The study in words: "a comparison".
        options
            All that decide its numbers.
        dataset
            The rows.
        network
            The trained network, where the study is of one.
        libraries
            Versions of further libraries that decide its numbers, by name.

        Raises
        ------
        RunError
            The folder has finished tasks of another study.
        """
        if path is None:
            return None
        identity = {
            "options": {
                name: value
                for model in options
                for name, value in model.model_dump(mode="json", exclude=_ELSEWHERE).items()
            },
            "data": {
                "rows": len(dataset),
                "columns": list(dataset.encoder.columns),
                "digest of values in the data": _digest(dataset),
            },
            "network": {} if network is None else {"digest of weights in the run's network": network.digest},
            "versions": {**versions(), **libraries},
        }
        folder = CheckpointFolder.opened(path, work, identity)
        folder.check("task")
        return cls(folder)

    def load(self, number: int, task: Task) -> Any:
        """Read the result of a task; None where it is not finished."""
        contents = self.folder.read(f"task-{number:05d}")
        if contents is None or contents.facts["task"] != task.name:
            return None
        return _result(contents.facts, contents.arrays)

    def save(self, number: int, task: Task, result: Any) -> None:
        """Write the result of a task; a disk that is full does not end the study, but is warned of."""
        facts: dict[str, Any] = {"task": task.name}
        arrays: dict[str, Any] = {}
        for field in fields(result):
            value = getattr(result, field.name)
            if isinstance(value, np.ndarray):
                arrays[field.name] = value
            elif isinstance(value, PastForecasts):
                arrays |= {_PAST + part.name: getattr(value, part.name) for part in fields(value)}
            else:
                facts[field.name] = value
        try:
            self.folder.write(f"task-{number:05d}", facts, arrays)
        except FileWriteError as refused:
            warn(f"the study goes on without a checkpoint: {refused}")


def _result(
    facts: Mapping[str, Any], arrays: Mapping[str, Any]
) -> SampledPaths | TrainingResult | PanelTaskResult | FailedTraining:
    """Put together what `TaskCheckpoint.save` took apart."""
    values = {name: value for name, value in facts.items() if name != "task"}
    values |= {name: array for name, array in arrays.items() if not name.startswith(_PAST)}
    if "reason" in values:
        return FailedTraining(**values)
    if "bare_band" in values:
        return PanelTaskResult(**values)
    past = {name.removeprefix(_PAST): array for name, array in arrays.items() if name.startswith(_PAST)}
    return TrainingResult(past_forecasts=PastForecasts(**past), **values) if past else SampledPaths(**values)


def _digest(dataset: Dataset) -> str:
    """Compute the SHA-256 of all rows and their times."""
    digest = hashlib.sha256(np.ascontiguousarray(dataset.frame.to_numpy(np.float64)).tobytes())
    digest.update(np.ascontiguousarray(dataset.matrix).tobytes())
    digest.update("\n".join(map(str, dataset.index)).encode())
    return digest.hexdigest()
