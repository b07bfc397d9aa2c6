"""Training with Keras's own loop: reported as events, stopped at any batch, ending with the best weights restored."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.errors import DataError, StackError
from lstm_lab.events import Batch, Epoch, TrainingEnd, TrainingListener, TrainingPlan
from lstm_lab.interrupts import held_back
from lstm_lab.models.backend import keras, tf
from lstm_lab.models.masking import refuse_unmasked
from lstm_lab.training.duration import training_seconds
from lstm_lab.training.objective import resolved
from lstm_lab.training.optimizer import schedule_of
from lstm_lab.training.padded_batches import batches_of
from lstm_lab.training.trainer import acquire

if TYPE_CHECKING:
    import threading

    from lstm_lab.data.windows import Windows
    from lstm_lab.events import EndReason
    from lstm_lab.models.build import Forecaster
    from lstm_lab.options import TrainOptions
    from lstm_lab.training.batches import TrainingBatches
    from lstm_lab.training.trainer import Trainer

__all__ = ["FitResult", "fit", "measured_windows"]

_VALIDATION_BATCH = 128
_MEASURED = 10_000
"""Validation windows of a panel that are measured after each epoch, at most: thousands of series would take longer to
validate than to train on."""


@dataclass(frozen=True, eq=False)
class FitResult:
    """History, end and options of a training; the best weights are in the forecaster."""

    history: pd.DataFrame
    """A row per completed epoch, by its number from 1: loss, val_loss, mae, val_mae, learning_rate, seconds, best."""
    end: TrainingEnd
    plan: TrainingPlan
    options: TrainOptions
    """As used, with every default resolved."""


@dataclass(frozen=True, eq=False)
class _BestEpoch:
    """The epoch whose weights are restored if training ends now."""

    epoch: int = 0
    val_loss: float = math.inf
    weights: list[np.ndarray] | None = None


def fit(
    forecaster: Forecaster,
    windows: Windows,
    train: np.ndarray,
    validation: np.ndarray,
    options: TrainOptions,
    *,
    baseline: float | np.ndarray | None = 0.0,
    listener: TrainingListener | None = None,
    stop: threading.Event | None = None,
) -> FitResult:
    """Train a forecaster on windows.

    Validation is the unweighted loss of the forecast after the last row of each validation window, whatever
    ``supervise`` says, with dropout off. The kept epoch is the one with the lowest validation loss; without validation
    windows it is the newest complete one, and ``patience`` is not used. A `KeyboardInterrupt` and the stop flag end
    training in the same way as its own end does: the kept epoch's weights are restored and a `FitResult` is returned.

    Parameters
    ----------
    forecaster
        Trained in place.
    windows
        Their weights apply to the training windows.
    train, validation
        Numbers of windows; validation may be empty.
    options
        batch, epochs, learning_rate, schedule, clip, loss, delta, supervise, stride, burn_in, patience and seed are
        used. ``delta`` of Huber's loss is in units of the standardised target.
    baseline
        The standardised value that stands for "no change", for all validation windows or (windows,) for each, or None
        where the target is a level and its last value does; the validation loss of that naive forecast goes into the
        plan.
    listener
        Receives the start, every batch, every epoch and the end.
    stop
        Looked at after each batch.

    Returns
    -------
    FitResult
        History, how it ended, what was planned.

    Raises
    ------
    DataError
        If there is no training window.
    StackError
        If the loss was not a finite number before a single epoch was complete; ``supervise="every"`` refused; a layer
        that would read padding, where windows are padded.
    OptionError
        A burn-in as long as the lookback.
    """
    if len(train) == 0:
        raise DataError("training needs at least one window, got none; give more rows or a shorter lookback")
    options = resolved(options, forecaster.every_refused)
    if windows.known_lengths is not None:
        refuse_unmasked(forecaster.model, forecaster.lookback, forecaster.columns)
    batches = batches_of(windows, train, options, fixed=forecaster.model.input_shape[1] is not None)
    listener = TrainingListener() if listener is None else listener
    trainer = acquire(forecaster, options, batches.size, masked=windows.known_lengths is not None)
    validator = _Validator(trainer, windows, np.asarray(validation))
    plan = TrainingPlan(
        title=forecaster.describe(),
        epochs=options.epochs,
        batches=batches.per_epoch,
        patience=options.patience,
        windows=len(train),
        validation_windows=len(validation),
        parameters=forecaster.model.count_params(),
        baseline=validator.of_naive(baseline),
        seconds=training_seconds(
            trainer.network,
            steps=options.epochs * batches.per_epoch,
            batch=batches.size,
            lookback=windows.lookback,
        ),
    )
    reporter = _Reporter(plan, listener, stop, validator)
    rate = float(trainer.network.optimizer.learning_rate)
    started = time.perf_counter()
    _run(trainer.network, batches, options, reporter)
    with held_back() as pressed:  # a second Ctrl-C means the same as the first
        if reporter.best.weights is not None:
            trainer.network.set_weights(reporter.best.weights)
        elif reporter.diverged:
            raise StackError(
                f"the loss was no finite number in the first epoch (learning_rate {rate:g}); "
                f"try learning_rate={rate / 10:g}"
            )
        trainer.release(forecaster, options, again=reporter.reason != "interrupted")
        end = reporter.end(time.perf_counter() - started, rate)
        listener.on_end(end)
        pressed.clear()
    return FitResult(reporter.history(), end, plan, options)


def measured_windows(validation: np.ndarray) -> np.ndarray:
    """Choose the validation windows of a panel that are measured after each epoch, evenly spread over all of them."""
    stride = -(-len(validation) // _MEASURED)
    return validation[:: max(1, stride)]


def _run(network: Any, batches: TrainingBatches, options: TrainOptions, reporter: _Reporter) -> None:
    """Run Keras's training loop until its end, a halt or an interrupt."""
    steps = {"steps_per_epoch": batches.per_epoch, "epochs": options.epochs}
    callbacks = [*schedule_of(options, batches.per_epoch), reporter]
    try:
        reporter.start()
        # The dataset is shuffled already: Keras's shuffle would warn that it does nothing.
        network.fit(batches.dataset(), **steps, shuffle=False, verbose=0, callbacks=callbacks)
    except KeyboardInterrupt:
        reporter.reason = "interrupted"


class _Validator:
    """Measures the loss at the last step of the validation windows."""

    def __init__(self, trainer: Trainer, windows: Windows, validation: np.ndarray) -> None:
        self._targets = windows.targets(validation)[:, None]
        self._last = windows.matrix[windows.target_rows[validation] - 1, :1]
        self._loss = trainer.loss
        self._batches: list[tuple[Any, ...]] = []
        if len(validation) > 0:
            count = -(-len(validation) // _VALIDATION_BATCH)
            size = -(-len(validation) // count)
            order = validation
            if windows.lengths is not None:  # windows of like lengths together, the shortest first
                order = validation[np.argsort(windows.lengths[validation], kind="stable")]
            # Batches of one size, the last filled with windows of weight 0: TensorFlow then knows every shape.
            filled = np.resize(order, (count, size))
            real = (np.arange(count * size) < len(validation)).reshape(count, size)
            with tf.device("CPU:0"):
                matrix = tf.constant(windows.matrix, tf.float32)
                self._batches = [
                    (
                        matrix,
                        tf.constant(windows.target_rows[part], tf.int64),
                        tf.constant(weight, tf.float32),
                        *(() if windows.lengths is None else (tf.constant(windows.lengths[part], tf.int64),)),
                    )
                    for part, weight in zip(filled, real, strict=True)
                ]
            if windows.lengths is None:
                self._summed = trainer.summed_losses(size)
            else:
                self._summed = trainer.summed_padded_losses(size, windows.padding)

    def measure(self) -> tuple[float | None, float | None]:
        """Compute the mean loss and the mean absolute error; None without validation windows."""
        if not self._batches:
            return None, None
        sums = np.array([self._summed(*batch) for batch in self._batches], dtype=np.float64).sum(axis=0)
        return float(sums[0]) / len(self._targets), float(sums[1]) / len(self._targets)

    def of_naive(self, forecast: float | np.ndarray | None) -> float | None:
        """Compute the mean loss of given forecasts, or of the last row's value; None without validation windows."""
        if not self._batches:
            return None
        naive = self._last if forecast is None else np.full_like(self._targets, np.reshape(forecast, (-1, 1)))
        return float(self._loss(self._targets, naive))


class _Reporter(keras.callbacks.Callback):  # type: ignore[misc] # Keras has no types
    """Turns Keras's callbacks into events, watches the stop flag, keeps the best weights."""

    def __init__(
        self, plan: TrainingPlan, listener: TrainingListener, stop: threading.Event | None, validator: _Validator
    ) -> None:
        super().__init__()
        self.reason: EndReason = "finished"
        self.diverged = False
        self.best = _BestEpoch()
        self._rows: list[dict[str, Any]] = []
        self._plan = plan
        self._listener = listener
        self._stop = stop
        self._validator = validator
        self._epoch = 0
        self._batch = 0
        self._began = 0.0

    def start(self) -> None:
        """Report the training plan to the listener."""
        self._listener.on_start(self._plan)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras's signature
        self._epoch, self._batch, self._began = epoch + 1, 0, time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        self._batch = batch + 1
        self._listener.on_batch(Batch(self._epoch, self._batch, logs["loss"]))
        if not math.isfinite(logs["loss"]):
            self._halt("early", diverged=True)
        elif self._stop is not None and self._stop.is_set():
            self._halt("stopped")

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:  # noqa: ARG002 - Keras's signature
        # Keras ends an epoch that was broken off like any other; only a complete one counts.
        if self.diverged or self._batch < self._plan.batches:
            return
        val_loss, val_mae = self._validator.measure()
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
        if left <= 0 and self.reason == "finished" and self._epoch < self._plan.epochs:
            self._halt("early")

    def _halt(self, reason: EndReason, *, diverged: bool = False) -> None:
        self.reason, self.diverged = reason, diverged
        self.model.stop_training = True

    def history(self) -> pd.DataFrame:
        """Tabulate the completed epochs."""
        columns = ["loss", "val_loss", "mae", "val_mae", "learning_rate", "seconds"]
        epochs = pd.RangeIndex(1, len(self._rows) + 1, name="epoch")
        frame = pd.DataFrame(self._rows, index=epochs, columns=columns, dtype=np.float64)
        frame["best"] = epochs == self.best.epoch
        return frame

    def end(self, seconds: float, learning_rate: float) -> TrainingEnd:
        """Summarise how training ended and which weights were kept."""
        return TrainingEnd(
            reason=self.reason,
            epochs=len(self._rows),
            best_epoch=self.best.epoch,
            seconds=seconds,
            message=f"{self._how(learning_rate)}; {self._what()}",
        )

    def _how(self, learning_rate: float) -> str:
        done, planned = len(self._rows), self._plan.epochs
        epochs = f"{done} of {planned} epochs"
        if self.diverged:
            rate = f"try learning_rate={learning_rate / 10:g}"
            return f"stopped after {epochs}: the loss was no finite number in epoch {self._epoch}, {rate}"
        if self.reason == "finished":
            return f"trained {planned} epoch{'s' if planned > 1 else ''}"
        if self.reason == "early":
            return f"stopped early after {epochs}: no better validation loss in {self._plan.patience}"
        return f"{self.reason} after {epochs}"

    def _what(self) -> str:
        if self.best.weights is None:
            return "kept the weights as they were, for no epoch was complete"
        if math.isinf(self.best.val_loss):
            return f"kept epoch {self.best.epoch}, the newest complete one (there is no validation)"
        return f"kept epoch {self.best.epoch}, the best validation loss ({self.best.val_loss:.4g})"
