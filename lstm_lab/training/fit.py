"""Training with Keras's own loop: reported as events, stopped at any batch, ending with the best weights restored."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.data.memory.mapped import taken
from lstm_lab.data.windows.windows import most_windows
from lstm_lab.errors import KERAS_WRAPS, DataError, StackError, first_line
from lstm_lab.events import TrainingListener, TrainingPlan
from lstm_lab.execution.interrupts import held_back, raised_as_such
from lstm_lab.models.backend import tf, without_retracing_warnings
from lstm_lab.models.masking import refuse_unmasked
from lstm_lab.models.not_finite import first_not_finite
from lstm_lab.options.training import CHECKPOINT_OPTIONS
from lstm_lab.training.checkpoint import TrainingCheckpoint
from lstm_lab.training.divergence import NOT_FINITE, smaller_rate
from lstm_lab.training.duration import training_seconds
from lstm_lab.training.objective import resolved
from lstm_lab.training.optimizer import schedule_of
from lstm_lab.training.padded_batches import batches_of
from lstm_lab.training.reporter import Reporter
from lstm_lab.training.row_reader import stays_in_place
from lstm_lab.training.trainer import acquire

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    import pandas as pd

    from lstm_lab.data.windows.windows import Windows
    from lstm_lab.events import TrainingEnd
    from lstm_lab.models.build import Forecaster
    from lstm_lab.options import TrainOptions
    from lstm_lab.training.batches import TrainingBatches
    from lstm_lab.training.reporter import EpochWatch
    from lstm_lab.training.trainer import Trainer

__all__ = ["FitResult", "fit", "measured_windows"]

_VALIDATION_BATCH = 128


@dataclass(frozen=True, eq=False)
class FitResult:
    """History, end and options of a training; the best weights are in the forecaster."""

    history: pd.DataFrame
    """A row per completed epoch, by its number from 1: loss, val_loss, mae, val_mae, learning_rate, seconds, best."""
    end: TrainingEnd
    plan: TrainingPlan
    options: TrainOptions
    """As used, with every default resolved."""


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
    warm: bool = False,
    watch: EpochWatch | None = None,
    trainer: Trainer | None = None,
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
        used. ``delta`` of Huber's loss is in units of the standardised target. With ``checkpoint``, the state is
        written there, and a state that is there already is gone on from.
    baseline
        The standardised value that stands for "no change", for all validation windows or (windows,) for each, or None
        where the target is a level and its last value does; the validation loss of that naive forecast goes into the
        plan.
    listener
        Receives the start, every batch, every epoch and the end.
    stop
        Looked at after each batch.
    warm
        Whether the forecaster was trained before: its weights are kept unless an epoch is better.
    watch
        Called with the number of each epoch, from 0 before the first, the best so far, and the network.
    trainer
        A compiled network of the same architecture that takes the place of the kept ones, and keeps its own loss.

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
    RunError
        The checkpoint is of another training.
    """
    if len(train) == 0:
        raise DataError("training needs at least one window, got none; give more rows or a shorter lookback")
    options = resolved(options, forecaster.every_refused)
    if windows.known_lengths is not None:
        refuse_unmasked(forecaster.model, forecaster.lookback, forecaster.columns)
    batches = batches_of(windows, train, options, fixed=forecaster.model.input_shape[1] is not None)
    checkpoint = TrainingCheckpoint.of(forecaster, windows, (train, validation), options, batches.per_epoch)
    state = None if checkpoint is None else checkpoint.read()
    listener = TrainingListener() if listener is None else listener
    if trainer is None:
        trainer = acquire(forecaster, options, batches.size, masked=windows.known_lengths is not None)
    else:
        trainer.load(forecaster, float(options.learning_rate or 0.0))
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
    reporter = Reporter(plan, listener, stop, validator.measure, trainer, checkpoint, warm=warm, watch=watch)
    rate = float(trainer.network.optimizer.learning_rate)
    if state is not None:
        reporter.restore(state)
    weights = trainer.network.get_weights()
    _run(trainer.network, batches, options, reporter)
    with held_back() as pressed:  # a second Ctrl-C means the same as the first
        if reporter.best.weights is not None:
            trainer.network.set_weights(reporter.best.weights)
        elif reporter.diverged:
            trainer.network.set_weights(weights)
            raise StackError(_why_diverged(forecaster, windows, train, rate, at_once=reporter.first_step))
        end = reporter.end(rate)
        trainer.release(forecaster, options, again=reporter.reason != "interrupted")
        listener.on_end(end)
        pressed.clear()
    used = options.model_copy(update=dict.fromkeys(CHECKPOINT_OPTIONS))
    return FitResult(reporter.history(), end, plan, used)


def _why_diverged(forecaster: Forecaster, windows: Windows, train: np.ndarray, rate: float, *, at_once: bool) -> str:
    """Say why the loss was no finite number before an epoch was complete: a layer, or the learning rate."""
    layer = first_not_finite(forecaster, windows.inputs(train[:8])) if at_once else None
    if not at_once or (layer is None and forecaster.chained):  # every output is finite: the loss of them is not
        return f"{NOT_FINITE} in the first epoch (learning_rate={rate:g}); try learning_rate={smaller_rate(rate)}"
    cause = "a layer gives" if layer is None else f"layer {layer!r} gives"
    return f"{NOT_FINITE} in the first step, before any weight was changed: {cause} NaN or infinity; mend that layer"


def measured_windows(validation: np.ndarray, lookback: int) -> np.ndarray:
    """Choose the validation windows that are measured after each epoch: `most_windows`, evenly spread over all."""
    stride = -(-len(validation) // most_windows(lookback))
    return validation[:: max(1, stride)]


def _run(network: Any, batches: TrainingBatches, options: TrainOptions, reporter: Reporter) -> None:
    """Run Keras's training loop until its end, a halt or an interrupt."""
    per_epoch = batches.per_epoch
    callbacks = [*schedule_of(options, per_epoch, reporter.steps), reporter]
    try:
        reporter.start()
        while not reporter.halted:
            epoch, done = divmod(reporter.steps, per_epoch)
            # From within an epoch, its rest comes alone: Keras gives all epochs of a call equally many steps.
            with raised_as_such(), without_retracing_warnings(), _layers_fail_in_one_line():
                network.fit(
                    batches.dataset(reporter.steps),
                    initial_epoch=epoch,
                    epochs=epoch + 1 if done else options.epochs,
                    steps_per_epoch=per_epoch - done,
                    shuffle=False,  # the dataset is shuffled already: Keras's shuffle would warn that it does nothing
                    verbose=0,
                    callbacks=callbacks,
                )
    except KeyboardInterrupt:
        reporter.reason = "interrupted"


@contextmanager
def _layers_fail_in_one_line() -> Iterator[None]:
    """Say in one line what a layer of the user's own raises in training alone, which Keras wraps in many."""
    try:
        yield
    except Exception as error:
        if KERAS_WRAPS not in str(error):
            raise
        raise StackError(f"a layer of the stack fails in training: {first_line(error)}; mend that layer") from error


class _Validator:
    """Measures the loss at the last step of the validation windows."""

    def __init__(self, trainer: Trainer, windows: Windows, validation: np.ndarray) -> None:
        self._windows = windows
        self._targets = windows.targets(validation)[:, None]
        self._last = windows.matrix[windows.target_rows[validation] - 1, :1]
        self._loss = trainer.loss
        self._matrix: Any = None
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
                self._matrix = None if stays_in_place(windows.matrix) else tf.constant(windows.matrix, tf.float32)
                self._batches = [
                    (
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
        sums = np.array([self._summed(*self._with_rows(batch)) for batch in self._batches], np.float64).sum(axis=0)
        return float(sums[0]) / len(self._targets), float(sums[1]) / len(self._targets)

    def _with_rows(self, batch: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return a batch behind the matrix that its row numbers count in: all rows, or those of its windows alone."""
        if self._matrix is not None:
            return self._matrix, *batch
        steps = self._windows.lookback + 1
        rows = batch[0].numpy()[:, None] + np.arange(1 - steps, 1)
        with tf.device("CPU:0"):
            matrix = tf.constant(taken(self._windows.matrix, rows.ravel()), tf.float32)
            target_rows = tf.range(steps - 1, rows.size, steps, dtype=tf.int64)
        return matrix, target_rows, *batch[1:]

    def of_naive(self, forecast: float | np.ndarray | None) -> float | None:
        """Compute the mean loss of given forecasts, or of the last row's value; None without validation windows."""
        if not self._batches:
            return None
        naive = self._last if forecast is None else np.full_like(self._targets, np.reshape(forecast, (-1, 1)))
        return float(self._loss(self._targets, naive))
