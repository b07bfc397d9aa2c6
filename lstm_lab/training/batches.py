"""Windows as a stream of batches: gathered by index inside the pipeline, shuffled from an explicit seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.models.backend import tf

if TYPE_CHECKING:
    from lstm_lab.data.windows import Windows

__all__ = ["Feed"]


@dataclass(frozen=True, eq=False)
class Feed:
    """Training batches of index-based windows.

    Notes
    -----
    With ``every``, the output at step j of the window before row e, which has seen the rows up to e - lookback + j, is
    held against row e - lookback + j + 1. A quarter of the window is burn-in and counts nothing: there the network has
    seen too little. A row counts with the weight of the training window whose target it is, and a row that is no
    training target counts nothing, so no target of validation or calibration can reach the weights, whatever the split.
    Weights are scaled to mean 1 over the steps that count, so that the loss is on the scale of ``last``.

    All batches have one size, which TensorFlow then knows when it compiles (a fifth less work for a small network):
    the largest size up to `batch` that divides the windows evenly but for a few, and those few places are filled with
    windows of weight 0, the rest of their batch weighing more, so that its mean is over real windows.
    """

    windows: Windows
    train: np.ndarray
    """Numbers of the training windows."""
    batch: int
    seed: int
    every: bool

    @property
    def batches(self) -> int:
        """Count the gradient steps of one epoch."""
        return -(-len(self.train) // self.batch)

    @property
    def size(self) -> int:
        """Count the windows of one gradient step, at most `batch`."""
        return -(-len(self.train) // self.batches)

    def dataset(self) -> Any:
        """Stream (inputs, targets, weights) without end, one epoch after the other.

        Shapes are (size, lookback, columns), (size, 1) and (size,); with ``every`` (size, lookback, 1) and
        (size, lookback). The order of epoch k depends on (seed, k) alone: a stateless shuffle, unlike that of
        `tf.data`, does not mix in TensorFlow's global seed.
        """
        with tf.device("CPU:0"):
            ends = tf.constant(self.windows.ends[self.train], tf.int64)
            matrix = tf.constant(self.windows.matrix, tf.float32)
            column = tf.constant(self.windows.matrix[:, 0], tf.float32)
            weights = tf.constant(self.row_weights(), tf.float32)
            counted = tf.constant(self.step_weights(), tf.float32)
            real = tf.constant(self._real(), tf.float32)
            window = tf.range(-self.windows.lookback, 0, dtype=tf.int64)
            ahead = window + 1 if self.every else tf.zeros(1, tf.int64)

        def shuffled(epoch: Any) -> Any:
            order = tf.random.experimental.stateless_shuffle(ends, seed=[self.seed, epoch])
            filled = tf.concat([order, order[: real.shape.num_elements() - len(self.train)]], axis=0)
            return tf.data.Dataset.from_tensor_slices((tf.reshape(filled, real.shape), real))

        def gathered(end: Any, real: Any) -> tuple[Any, Any, Any]:
            rows = end[:, None] + ahead
            target, weight = tf.gather(column, rows), tf.gather(weights, rows) * counted * real[:, None]
            inputs = tf.gather(matrix, end[:, None] + window)
            return (inputs, target[..., None], weight) if self.every else (inputs, target, weight[:, 0])

        return tf.data.Dataset.counter(dtype=tf.int64).flat_map(shuffled).map(gathered).prefetch(2)

    def row_weights(self) -> np.ndarray:
        """Weigh each row of the matrix as a target, (rows,): 0 for a row that is no training target."""
        rows = np.zeros(len(self.windows.matrix))
        rows[self.windows.ends[self.train]] = np.asarray(self.windows.weights, np.float64)[self.train]
        return rows

    def step_weights(self) -> np.ndarray:
        """Weigh each output of a window: (1,), or (lookback,) with ``every``, 0 in the burn-in."""
        if not self.every:
            return np.ones(1)
        lookback = self.windows.lookback
        counted = (np.arange(lookback) >= lookback // 4).astype(np.float64)
        sums = np.concatenate([[0.0], np.cumsum(self.row_weights())])
        ends = self.windows.ends[self.train] + 1
        total = float((sums[ends] - sums[ends - (lookback - lookback // 4)]).sum())
        return counted * (len(self.train) * lookback / total)

    def _real(self) -> np.ndarray:
        """Weigh the places of an epoch's batches, (batches, size): 0 for those that only fill the last batch."""
        places = np.ones((self.batches, self.size))
        fillers = places.size - len(self.train)
        places[-1] *= self.size / (self.size - fillers)
        places[-1, self.size - fillers :] = 0
        return places
