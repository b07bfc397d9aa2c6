"""Checkpoints of a training: all that decides its next gradient step, written while it runs.

That is: the weights, the optimiser's averages and step, the state of every dropout's random generator, the number of
gradient steps (batches are drawn from the seed and that number alone), the kept epoch with its weights, and the
history, from which patience counts. So a training that goes on from a checkpoint ends with the weights, to the last
bit, of one that was never broken off.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lstm_lab.data.memory.mapped import released
from lstm_lab.errors import FileWriteError, OptionError, warn
from lstm_lab.events import TrainingEnd
from lstm_lab.models.backend import keras, tf
from lstm_lab.options.training import CHECKPOINT_OPTIONS
from lstm_lab.storage.checkpoints import CheckpointFolder
from lstm_lab.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lstm_lab.data.windows.windows import Windows
    from lstm_lab.models.build import Forecaster
    from lstm_lab.options import TrainOptions

__all__ = ["TrainingCheckpoint", "TrainingState", "versions"]

_SERIES = "training"
_GROUPS = ("variables", "optimizer", "metrics", "best")


@dataclass(frozen=True, eq=False)
class TrainingState:
    """Where a training is."""

    epochs: int
    """Completed."""
    batch: int
    """Gradient steps of the epoch that is not complete."""
    rows: list[dict[str, Any]]
    """History, one row an epoch."""
    best_epoch: int
    """The epoch whose weights are kept; 0 before there is one."""
    best_loss: float
    early: bool
    """Whether patience has run out."""
    seconds: float
    first: dict[str, Any] | None
    """Losses of trained weights that it began with, before the first epoch."""
    arrays: Mapping[str, Sequence[np.ndarray]]
    """The network's variables, the optimiser's, the loss so far, and the weights of the kept epoch."""
    end: TrainingEnd | None = None
    """How it ended; None where it goes on."""


@dataclass(eq=False)
class TrainingCheckpoint:
    """Writes a training's state after every epoch, or every so many seconds, and reads it again."""

    folder: CheckpointFolder
    per_epoch: int
    """Gradient steps of an epoch."""
    seconds: float | None = None
    """Between two checkpoints; None: one after each epoch."""
    _written: float = 0.0
    _failed: bool = False

    @classmethod
    def of(
        cls,
        forecaster: Forecaster,
        windows: Windows,
        parts: Sequence[np.ndarray],
        options: TrainOptions,
        per_epoch: int,
    ) -> Self | None:
        """Open the folder that resolved options name; None where they name none.

        Parameters
        ----------
        forecaster
            Before its training.
        windows, parts
            The data, and the numbers of the windows in each part.
        options
            Resolved.
        per_epoch
            Gradient steps of an epoch.

        Raises
        ------
        OptionError
            Seconds between two checkpoints, and no folder.
        """
        if options.checkpoint is None:
            _refuse_seconds(options)
            return None
        identity = {
            "options": options.model_dump(mode="json", exclude=set(CHECKPOINT_OPTIONS)),
            "network": {
                "network": forecaster.describe(),
                "digest of layers or first weights": _digest(
                    forecaster.model.to_json(), *forecaster.model.get_weights()
                ),
            },
            "data": {
                "rows": len(windows.matrix),
                "columns": windows.matrix.shape[1],
                "training windows": len(parts[0]),
                "digest of values in the data": _digest(*_arrays(windows), *parts),
            },
            "versions": versions(),
        }
        folder = CheckpointFolder.opened(options.checkpoint, "a training", identity)
        return cls(folder, per_epoch, options.checkpoint_seconds, time.monotonic())

    def due(self, *, epoch_over: bool) -> bool:
        """Tell whether a checkpoint is to be written now."""
        if self.seconds is None:
            return epoch_over
        return time.monotonic() - self._written >= self.seconds

    def write(self, state: TrainingState) -> None:
        """Write a state; a disk that is full does not end the training, but is warned of once."""
        facts = {
            "epochs": state.epochs,
            "batch": state.batch,
            "rows": state.rows,
            "best_epoch": state.best_epoch,
            "best_loss": state.best_loss,
            "early": state.early,
            "seconds": state.seconds,
            "first": state.first,
            "end": None if state.end is None else asdict(state.end),
        }
        arrays = {f"{group}.{n:05d}": array for group in _GROUPS for n, array in enumerate(state.arrays[group])}
        number = state.epochs * self.per_epoch + state.batch
        try:
            self.folder.write_newest(_SERIES, 2 * number + (state.end is not None), facts, arrays)
        except FileWriteError as refused:
            if not self._failed:
                warn(f"the training goes on without a checkpoint: {refused}")
            self._failed = True
        self._written = time.monotonic()

    def read(self) -> TrainingState | None:
        """Read the newest whole checkpoint; None where there is none.

        Raises
        ------
        RunError
            It is of another training.
        """
        contents = self.folder.newest(_SERIES)
        if contents is None:
            return None
        groups = {
            group: [contents.arrays[name] for name in sorted(contents.arrays) if name.startswith(f"{group}.")]
            for group in _GROUPS
        }
        facts = dict(contents.facts)
        end = facts.pop("end")
        return TrainingState(**facts, arrays=groups, end=None if end is None else TrainingEnd(**end))


def _refuse_seconds(options: TrainOptions) -> None:
    if options.checkpoint_seconds is not None:
        raise OptionError(
            f"checkpoint_seconds= says how often a checkpoint is written, got {options.checkpoint_seconds:g} and no"
            " folder; name one with checkpoint='state', or leave checkpoint_seconds= out"
        )


def versions() -> dict[str, str]:
    """Give the versions that the bits of a training depend on."""
    return {"lstm_lab": __version__, "keras": keras.__version__, "tensorflow": tf.__version__, "numpy": np.__version__}


def _arrays(windows: Windows) -> list[np.ndarray]:
    """List the arrays that windows are made of."""
    lengths = [] if windows.lengths is None else [windows.lengths]
    return [windows.matrix, windows.target_rows, windows.weights, *lengths]


def _digest(*parts: Any) -> str:
    """Compute the SHA-256 of texts and arrays, with their shapes and types."""
    digest = hashlib.sha256()
    for part in parts:
        array = np.ascontiguousarray(part)
        digest.update(f"{array.dtype} {array.shape} ".encode())
        digest.update(part.encode() if isinstance(part, str) else array.data)  # no copy of all rows
        released(array)
    return digest.hexdigest()
