"""Training batches of padded windows: windows of like lengths together, each batch padded to its own longest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.models.backend import tf
from lstm_lab.models.masking import step_mask
from lstm_lab.training.batches import TrainingBatches

if TYPE_CHECKING:
    from lstm_lab.data.windows.windows import Windows
    from lstm_lab.options import TrainOptions

__all__ = ["PaddedBatches", "batches_of", "gathered_windows"]


def batches_of(windows: Windows, train: np.ndarray, options: TrainOptions, *, fixed: bool) -> TrainingBatches:
    """Build the batches of resolved options.

    Parameters
    ----------
    windows, train
        All windows, and the numbers of those to train on.
    options
        Resolved.
    fixed
        Whether the network takes windows of the lookback alone, so that every batch is padded to it.
    """
    kind = TrainingBatches if windows.lengths is None else FixedBatches if fixed else PaddedBatches
    return kind.of(windows, train, options)


def gathered_windows(matrix: Any, target_rows: Any, lengths: Any, steps: Any, padding: float) -> tuple[Any, Any, Any]:
    """Gather right-padded windows.

    Parameters
    ----------
    matrix
        (rows, columns) encoded rows.
    target_rows, lengths
        (n,) int64 row of each window's target, and its real steps.
    steps
        Steps to pad to.
    padding
        What stands in padding.

    Returns
    -------
    tuple
        Windows (n, steps, columns); the row of each step, (n, steps), that of the last real step in padding; and the
        mask, (n, steps).
    """
    mask = step_mask(lengths, tf.cast(steps, tf.int32))
    rows = (target_rows - lengths)[:, None] + tf.range(tf.cast(steps, tf.int64))
    rows = tf.minimum(rows, target_rows[:, None] - 1)
    windows = tf.gather(matrix, rows)
    return tf.where(mask[..., None], windows, tf.constant(padding, windows.dtype)), rows, mask


@dataclass(frozen=True, eq=False)
class PaddedBatches(TrainingBatches):
    """Training batches of windows of which some are padded.

    Notes
    -----
    A pass sorts its windows by length, ties by chance, cuts them into batches, and shuffles the batches. A batch is
    padded to its longest window, and its network is told the lengths: inputs are (windows, lengths).

    With ``every``, padding counts nothing, and every real step of any window counts as much as one of another batch,
    however long that is: the loss is that of batches padded to the lookback. The burn-in of a padded window is a
    quarter of its steps, at most the burn-in of a whole one.

    Where the windows are not masked, padding is read as data, and with ``every`` its targets are `Windows.padding`: the
    network is trained to forecast padding, which is the mistake that ``mask="off"`` is there to show.
    """

    @property
    def by_length(self) -> bool:
        """Whether a batch holds windows of like lengths and is padded to its longest."""
        return self.windows.masked

    @property
    def lengths(self) -> np.ndarray:
        """(training windows,) real steps of each."""
        if self.windows.lengths is None:
            raise TypeError("these windows are not padded")
        return np.asarray(self.windows.lengths[self.train])

    @property
    def _burnt(self) -> np.ndarray:
        """(training windows,) first steps of each that count nothing."""
        return np.asarray(np.minimum(self.burn_in, self.lengths // 4))

    @property
    def _counted(self) -> Any:
        return self.lengths - self._burnt if self.every else 1

    def dataset(self, step: int = 0) -> Any:
        """Build the endless dataset of ((inputs, lengths), targets, weights), pass after pass, from a gradient step on.

        Shapes are those of `TrainingBatches`, with the steps of a batch in the place of the lookback; without a mask
        the inputs come alone. What a pass holds depends on (seed, pass) alone.
        """
        with tf.device("CPU:0"):
            rows = tf.constant(self.windows.target_rows[self.train], tf.int64)
            lengths, burnt = (tf.constant(part, tf.int64) for part in (self.lengths, self._burnt))
            first, width = tf.constant(self.grid.first), tf.constant(self.grid.width)
            matrix = tf.constant(self.windows.matrix, tf.float32)
            column = tf.constant(self.windows.matrix[:, 0], tf.float32)
            weights = tf.constant(self.row_weights(), tf.float32)
            slots, real = self._slots()
            slots, real = tf.constant(slots, tf.int64), tf.constant(real, tf.float32)

        def shuffled(turn: Any) -> Any:
            offset = tf.cast(tf.random.stateless_uniform([], seed=[-1 - self.seed, turn]), tf.float64)
            chosen = tf.cast(tf.floor(first + offset * width), tf.int64)
            order = tf.random.experimental.stateless_shuffle(chosen, seed=[self.seed, turn])
            batches = tf.range(self.per_pass)
            if self.by_length:
                order = tf.gather(order, tf.argsort(tf.gather(lengths, order), stable=True))
                batches = tf.random.experimental.stateless_shuffle(batches, seed=[-1 - self.seed, turn])
            known = (self._known_levels(turn, slots.shape),) if self.windows.levels else ()
            parts = (tf.gather(tf.gather(order, slots), batches), tf.gather(real, batches), *known)
            return tf.data.Dataset.from_tensor_slices(parts)

        unit = 1.0 if not self.every and self.stride == 1 else len(self.grid) / self._expected_weight()

        def gathered(chosen: Any, real: Any, known: Any = None) -> tuple[Any, Any, Any]:
            own, targets = tf.gather(lengths, chosen), tf.gather(rows, chosen)
            steps = tf.reduce_max(own) if self.by_length else self.windows.lookback
            windows, of_steps, mask = gathered_windows(matrix, targets, own, steps, self.windows.padding)
            windows = windows if known is None else windows * known[:, None]
            inputs = (windows, own) if self.windows.masked else windows
            if not self.every:
                weight = tf.gather(weights, targets) * unit * real
                return inputs, tf.gather(column, targets)[:, None], weight
            values, weight = tf.gather(column, of_steps + 1), tf.gather(weights, of_steps + 1)
            if not self.windows.masked:
                values = tf.where(mask, values, self.windows.padding)
                weight = tf.where(mask, weight, tf.gather(weights, targets)[:, None])
                mask = tf.ones_like(mask)
            counted = mask & (tf.range(tf.cast(steps, tf.int64)) >= tf.gather(burnt, chosen)[:, None])
            # Keras divides by all steps of the batch, padding included.
            scale = real[:, None] * unit * tf.cast(steps, tf.float32)
            return inputs, values[..., None], tf.where(counted, weight, 0.0) * scale

        return self.passes(step, shuffled, gathered)


class FixedBatches(PaddedBatches):
    """Padded batches for a network that takes windows of the lookback alone."""

    @property
    def by_length(self) -> bool:
        """Every batch is padded to the lookback, so that windows need no sorting."""
        return False
