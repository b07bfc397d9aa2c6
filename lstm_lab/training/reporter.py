"""What Keras's callbacks tell of a training: events to its listener, halts, the best weights, checkpoints."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from lstm_lab.events import Batch, Epoch, TrainingEnd
from lstm_lab.models.backend import keras
from lstm_lab.training.checkpoint import TrainingState
from lstm_lab.training.divergence import NOT_FINITE, smaller_rate

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from lstm_lab.events import EndReason, TrainingListener, TrainingPlan
    from lstm_lab.training.checkpoint import TrainingCheckpoint
    from lstm_lab.training.trainer import Trainer

    EpochWatch: TypeAlias = Callable[[int, int, Any], None]
    """Takes the number of an epoch, that of the best so far, and the network."""

__all__ = ["Reporter"]


@dataclass(frozen=True, eq=False)
class _BestEpoch:
    """The epoch whose weights are restored if training ends now."""

    epoch: int = 0
    val_loss: float = math.inf
    weights: list[np.ndarray] | None = None


class Reporter(keras.callbacks.Callback):  # type: ignore[misc] # Keras has no types
    """Turns Keras's callbacks into events, watches the stop flag, keeps the best weights, writes checkpoints.

    Parameters
    ----------
    plan, listener, stop
        As in `lstm_lab.training.fit.fit`.
    validate
        Computes the validation loss and absolute error; None without validation windows.
    trainer
        The network that is trained.
    checkpoint
        Where states are written, if any.
    warm
        Whether the weights that it begins with were trained: they are kept unless an epoch is better, and are epoch 0
        of the history.
    watch
        Called after each epoch, and before the first.
    """

    def __init__(  # noqa: PLR0917 - what is planned, who hears of it, and what it works with
        self,
        plan: TrainingPlan,
        listener: TrainingListener,
        stop: threading.Event | None,
        validate: Callable[[], tuple[float | None, float | None]],
        trainer: Trainer,
        checkpoint: TrainingCheckpoint | None = None,
        *,
        warm: bool = False,
        watch: EpochWatch | None = None,
    ) -> None:
        super().__init__()
        self.reason: EndReason = "finished"
        self.diverged = False
        self.first_step = False
        self.best = _BestEpoch()
        self._rows: list[dict[str, Any]] = []
        self._plan = plan
        self._listener = listener
        self._stop = stop
        self._validate = validate
        self._trainer = trainer
        self._checkpoint = checkpoint
        self._warm = warm
        self._watch = watch
        self._first: dict[str, Any] | None = None
        self._restored: TrainingState | None = None
        self._epoch = 0
        self._batch = 0
        self._began = 0.0
        self._started = time.perf_counter()

    @property
    def steps(self) -> int:
        """Count the gradient steps of complete epochs, and of the one that a checkpoint was written in."""
        return len(self._rows) * self._plan.batches + self._before

    @property
    def _before(self) -> int:
        """Count the steps of the present epoch that were done before the checkpoint."""
        state = self._restored
        return state.batch if state is not None and len(self._rows) == state.epochs else 0

    @property
    def halted(self) -> bool:
        """Whether there is nothing more to do."""
        return self.reason != "finished" or len(self._rows) >= self._plan.epochs

    def restore(self, state: TrainingState) -> None:
        """Go on from a checkpoint."""
        self._trainer.set_state(state.arrays)
        weights = list(state.arrays["best"])
        self.best = _BestEpoch(state.best_epoch, state.best_loss, weights or None)
        self._rows, self._first = list(state.rows), state.first
        self._restored = state
        if state.end is not None:
            self.reason = state.end.reason
        elif state.early:
            self.reason = "early"

    def start(self) -> None:
        """Report the training plan to the listener, and the epochs that were done before a checkpoint."""
        self._listener.on_start(self._plan)
        if self._warm and self._first is None:
            self._begin_warm()
        if not self._rows:
            self._watched(0)
        best, lowest = 0, math.inf if self._first is None else self._first["val_loss"]
        for number, row in enumerate(self._rows, start=1):
            if row["val_loss"] is None or row["val_loss"] < lowest:
                best, lowest = number, math.inf if row["val_loss"] is None else row["val_loss"]
            left = self._plan.patience - (number - best)
            told = {name: row[name] for name in ("loss", "val_loss", "learning_rate", "seconds")}
            self._listener.on_epoch(Epoch(epoch=number, **told, best_epoch=best, patience_left=left))

    def _begin_warm(self) -> None:
        """Measure the weights that it begins with, which are the best so far."""
        val_loss, val_mae = self._validate()
        if val_loss is None or not math.isfinite(val_loss):
            return
        self._first = {"val_loss": val_loss, "val_mae": val_mae, "seconds": 0.0}
        self.best = _BestEpoch(0, val_loss, self._trainer.network.get_weights())

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras's signature
        """Begin an epoch, or go on with one from within it."""
        self._epoch, self._batch, self._began = epoch + 1, self._before, time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:  # noqa: ARG002 - Keras counts from where it began
        """Report a gradient step, look at the stop flag, and write a checkpoint where one is due."""
        self._batch += 1
        if self._restored is not None and self._batch == self._before + 1 > 1:  # Keras began the epoch's loss at zero
            logs = self._trainer.add_metrics(self._restored.arrays)
        self._listener.on_batch(Batch(self._epoch, self._batch, logs["loss"]))
        if not math.isfinite(logs["loss"]):
            self.first_step = (self._epoch, self._batch) == (1, 1)
            self._halt("early", diverged=True)
        elif self._stop is not None and self._stop.is_set():
            self._halt("stopped")
        elif self._batch < self._plan.batches:
            self._write(batch=self._batch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:  # noqa: ARG002 - Keras's signature
        """Validate, keep the weights if they are the best, report the epoch, and write a checkpoint."""
        # Keras ends an epoch that was broken off like any other; only a complete one counts.
        if self.diverged or self._batch < self._plan.batches:
            return
        val_loss, val_mae = self._validate()
        if val_loss is not None and not math.isfinite(val_loss):
            self._halt("early", diverged=True)
            return
        rate = float(self.model.optimizer.learning_rate)
        seconds = time.perf_counter() - self._began
        losses = {"loss": logs["loss"], "val_loss": val_loss, "mae": logs["mae"], "val_mae": val_mae}
        self._rows.append({**losses, "learning_rate": rate, "seconds": seconds})
        if val_loss is None or val_loss < self.best.val_loss:
            self.best = _BestEpoch(self._epoch, math.inf if val_loss is None else val_loss, self.model.get_weights())
        left = self._plan.patience - (self._epoch - self.best.epoch)
        self._listener.on_epoch(Epoch(self._epoch, logs["loss"], val_loss, rate, seconds, self.best.epoch, left))
        self._watched(self._epoch)
        if left <= 0 and self.reason == "finished" and self._epoch < self._plan.epochs:
            self._halt("early")
        self._write(batch=0)

    def _watched(self, epoch: int) -> None:
        """Show the network as it is after an epoch to what watches it."""
        if self._watch is not None:
            self._watch(epoch, self.best.epoch, self._trainer.forecaster.model)

    def _write(self, *, batch: int) -> None:
        """Write a checkpoint where one is due."""
        if self._checkpoint is not None and self._checkpoint.due(epoch_over=batch == 0):
            self._checkpoint.write(self._state(batch))

    def _state(self, batch: int, end: TrainingEnd | None = None) -> TrainingState:
        return TrainingState(
            epochs=len(self._rows),
            batch=batch,
            rows=self._rows,
            best_epoch=self.best.epoch,
            best_loss=self.best.val_loss,
            early=self.reason == "early",
            seconds=self.seconds,
            first=self._first,
            arrays=self._trainer.state() | {"best": self.best.weights or []},
            end=end,
        )

    @property
    def seconds(self) -> float:
        """Seconds that the training took so far, those before a checkpoint included."""
        return time.perf_counter() - self._started + (0.0 if self._restored is None else self._restored.seconds)

    def _halt(self, reason: EndReason, *, diverged: bool = False) -> None:
        self.reason, self.diverged = reason, diverged
        self.model.stop_training = True

    def history(self) -> pd.DataFrame:
        """Tabulate the completed epochs."""
        columns = ["loss", "val_loss", "mae", "val_mae", "learning_rate", "seconds"]
        rows = self._rows if self._first is None else [self._first, *self._rows]
        epochs = pd.RangeIndex(len(self._rows) + 1 - len(rows), len(self._rows) + 1, name="epoch")
        frame = pd.DataFrame(rows, index=epochs, columns=columns, dtype=np.float64)
        frame["best"] = epochs == self.best.epoch
        return frame

    def end(self, learning_rate: float) -> TrainingEnd:
        """Summarise how training ended and which weights were kept, and write that it is complete."""
        before = self._restored
        if before is not None and before.end is not None:
            return replace(before.end, message=f"{before.end.message}; all of it before, read from its checkpoint")
        end = TrainingEnd(
            reason=self.reason,
            epochs=len(self._rows),
            best_epoch=self.best.epoch,
            seconds=self.seconds,
            message=f"{self._how(learning_rate)}{self._since(before)}; {self._what()}",
        )
        if self._checkpoint is not None and self.reason in {"finished", "early"}:
            self._checkpoint.write(self._state(0, end))
        return end

    @staticmethod
    def _since(before: TrainingState | None) -> str:
        """Say where a checkpoint was gone on from."""
        if before is None:
            return ""
        step = f" and {before.batch} steps" if before.batch else ""
        return f", going on from a checkpoint after epoch {before.epochs}{step}"

    def _how(self, learning_rate: float) -> str:
        done, planned = len(self._rows), self._plan.epochs
        epochs = f"{done} of {planned} epochs"
        if self.diverged:
            rate = f"try learning_rate={smaller_rate(learning_rate)}"
            return f"stopped after {epochs}: {NOT_FINITE} in epoch {self._epoch}, {rate}"
        if self.reason == "finished":
            more = "more " * self._warm
            return f"trained {planned} {more}epoch{'s' if planned > 1 else ''}"
        if self.reason == "early":
            return f"stopped early after {epochs}: no better validation loss in {self._plan.patience}"
        return f"{self.reason} after {epochs}"

    def _what(self) -> str:
        if self.best.weights is not None and self.best.epoch == 0:
            return (
                f"kept the weights that it began with, as no epoch had a lower loss than their {self.best.val_loss:.4g}"
            )
        if self.best.weights is None:
            return "kept the weights as they were, for no epoch was complete"
        if math.isinf(self.best.val_loss):
            return f"kept epoch {self.best.epoch}, the newest complete one (there is no validation)"
        return f"kept epoch {self.best.epoch}, the best validation loss ({self.best.val_loss:.4g})"
