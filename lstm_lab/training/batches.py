"""Training batches as a `tf.data` pipeline: windows gathered by index, shuffled from an explicit seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.data.windows.stride_grid import StrideGrid
from lstm_lab.models.backend import tf, with_one_stack_trace
from lstm_lab.training.row_reader import row_reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from lstm_lab.data.windows.windows import Windows
    from lstm_lab.options import TrainOptions

__all__ = ["TrainingBatches"]

STRIDED_STEPS = 24
"""Gradient steps of an epoch over strided windows, at least: an epoch has as many passes as that takes. An epoch of few
steps would let `patience` run out before anything is learnt, and spend most of its time on validation."""


UNKNOWN = 0.1
"""Share of the training windows in which a static input is left out, as for a series whose level is not known."""


@dataclass(frozen=True, eq=False)
class TrainingBatches:
    """Training batches of index-based windows.

    Notes
    -----
    With ``every``, the output at step j of the window before row e, which has seen the rows up to e - lookback + j, is
    held against row e - lookback + j + 1. The first steps of a window are burn-in and count nothing: there the network
    has seen too little. A row counts with the weight of the training window whose target it is, and a row that is no
    training target counts nothing, so no target of validation or calibration can reach the weights, whatever the split.
    Weights are scaled to mean 1 over the steps that count, so that the loss is on the scale of ``last``.

    With a stride, a pass reads the windows that a `StrideGrid` chooses, others in every pass, and a row is weighed by
    how often it is expected to count: over many passes each target has its own weight, wherever in the series it lies.
    With a stride of 1 a pass reads every window, and each step of a window counts with its row's weight alone.

    All batches have one size, which TensorFlow then knows when it compiles (a fifth less work for a small network):
    the largest size up to `batch` that divides the windows evenly but for a few, and those few slots are filled with
    windows of weight 0, the rest of their batch weighing more, so that its mean is over real windows. With a stride the
    size is `batch` itself, so that more rows change no shape and nothing is compiled again, and the slots to fill are
    spread over all batches.
    """

    windows: Windows
    train: np.ndarray
    """Numbers of the training windows."""
    batch: int
    seed: int
    every: bool
    stride: int = 1
    burn_in: int = 0

    @classmethod
    def of(cls, windows: Windows, train: np.ndarray, options: TrainOptions) -> TrainingBatches:
        """Build the batches of resolved options."""
        if options.batch is None or options.stride is None:
            raise TypeError("the options are not resolved")
        every = options.supervise == "every"
        return cls(windows, np.asarray(train), options.batch, options.seed, every, options.stride, options.burn_in or 0)

    @cached_property
    def grid(self) -> StrideGrid:
        """The windows that a pass reads."""
        return StrideGrid.of(self.windows.target_rows[self.train], self.stride)

    @property
    def per_pass(self) -> int:
        """Count the gradient steps of one pass."""
        return -(-len(self.grid) // self.batch)

    @property
    def per_epoch(self) -> int:
        """Count the gradient steps of one epoch: one pass, or with a stride as many as give `STRIDED_STEPS`."""
        passes = 1 if self.stride == 1 else -(-STRIDED_STEPS // self.per_pass)
        return passes * self.per_pass

    @property
    def size(self) -> int:
        """Count the windows of one gradient step, at most `batch`."""
        return self.batch if self.stride > 1 else -(-len(self.grid) // self.per_pass)

    def dataset(self, step: int = 0) -> Any:
        """Build the endless dataset of (inputs, targets, weights), one pass after the other, from a gradient step on.

        Shapes are (size, lookback, columns), (size, 1) and (size,); with ``every`` (size, lookback, 1) and
        (size, lookback). The windows and the order of pass k depend on (seed, k) alone: a stateless shuffle, unlike
        that of `tf.data`, does not mix in TensorFlow's global seed.
        """
        with tf.device("CPU:0"):
            target_rows = tf.constant(self.windows.target_rows[self.train], tf.int64)
            first, width = tf.constant(self.grid.first), tf.constant(self.grid.width)
            read = row_reader(self.windows.matrix)
            weights = tf.constant(self.row_weights(), tf.float32)
            counted = tf.constant(self.step_weights(), tf.float32)
            slots, real = self._slots()
            slots, real = tf.constant(slots, tf.int64), tf.constant(real, tf.float32)
            steps = tf.range(-self.windows.lookback, 1, dtype=tf.int64)
            outputs = self.windows.lookback if self.every else 1

        def shuffled(turn: Any) -> Any:
            # float32 below 1, then float64: the product stays below the cell's width.
            offset = tf.cast(tf.random.stateless_uniform([], seed=[-1 - self.seed, turn]), tf.float64)
            chosen = tf.gather(target_rows, tf.cast(tf.floor(first + offset * width), tf.int64))
            order = tf.random.experimental.stateless_shuffle(chosen, seed=[self.seed, turn])
            known = self._known_levels(turn, slots.shape) if self.windows.levels else None
            parts = (tf.gather(order, slots), real) if known is None else (tf.gather(order, slots), real, known)
            return tf.data.Dataset.from_tensor_slices(parts)

        def gathered(target_row: Any, real: Any, known: Any = None) -> tuple[Any, Any, Any]:
            rows = target_row[:, None] + steps
            values = read(rows)
            inputs, target = values[:, :-1], values[:, -outputs:, 0]
            weight = tf.gather(weights, rows[:, -outputs:]) * counted * real[:, None]
            inputs = inputs if known is None else inputs * known[:, None]
            return (inputs, target[..., None], weight) if self.every else (inputs, target, weight[:, 0])

        return self.passes(step, shuffled, gathered)

    def passes(self, step: int, shuffled: Callable[..., Any], gathered: Callable[..., Any]) -> Any:
        """Chain the passes, each from its number alone, so that a gradient step is found without those before it."""
        turn, batch = divmod(step, self.per_pass)
        # Not Dataset.counter, whose function TensorFlow keeps for good, once for each dataset.
        turns = tf.data.Dataset.range(turn, 2**62)
        # Nothing in them is Python's `if` or `for` over tensors: translating them took as long as compiling them.
        shuffled, gathered = map(tf.autograph.experimental.do_not_convert, (shuffled, gathered))
        with with_one_stack_trace():
            order = turns.flat_map(shuffled).skip(batch)
            return order.map(gathered).prefetch(2)

    def _known_levels(self, turn: Any, shape: Any) -> Any:
        """Draw what the columns of each window are multiplied by, (batches, size, columns): 0 for what is left out."""
        levels = np.zeros((len(self.windows.levels), self.windows.matrix.shape[1]), np.float32)
        for row, columns in zip(levels, self.windows.levels, strict=True):
            row[columns] = 1.0
        # Seeds that a shuffle or an offset has not: below every int32.
        drawn = tf.random.stateless_uniform([*shape, len(levels)], seed=[-(2**32) - self.seed, turn])
        return 1.0 - tf.einsum("bsl,lc->bsc", tf.cast(drawn < UNKNOWN, tf.float32), levels)

    def row_weights(self) -> np.ndarray:
        """Compute each row's weight as a target, (rows,): 0 for a row that is no training target."""
        rows = np.zeros(len(self.windows.matrix))
        target_rows = self.windows.target_rows[self.train]
        rows[target_rows] = np.asarray(self.windows.weights, np.float64)[self.train]
        if self.stride > 1:
            rows[target_rows] /= self._coverage()[target_rows]
        return rows

    def _coverage(self) -> np.ndarray:
        """Compute how often each row is expected to be a target that counts in one pass, (rows,)."""
        changes = np.zeros(len(self.windows.matrix) + 1)
        target_rows = self.windows.target_rows[self.train]
        np.add.at(changes, target_rows + 1 - self._counted, self.grid.probability)
        np.add.at(changes, target_rows + 1, -self.grid.probability)
        return np.cumsum(changes)[:-1]

    @property
    def _counted(self) -> Any:
        """Steps of a window that count, its newest: a number, or one for each training window."""
        return self.windows.lookback - self.burn_in if self.every else 1

    def step_weights(self) -> np.ndarray:
        """Compute the weight of each output of a window: (1,), or (lookback,) with ``every``, 0 in the burn-in."""
        lookback = self.windows.lookback if self.every else 1
        counted: np.ndarray = (np.arange(lookback) >= lookback - self._counted).astype(np.float64)
        if not self.every and self.stride == 1:
            return counted
        return counted * (len(self.grid) * lookback / self._expected_weight())

    def _expected_weight(self) -> float:
        """Compute the weight of all targets that are expected to count in one pass."""
        sums = np.concatenate([[0.0], np.cumsum(self.row_weights())])
        target_rows = self.windows.target_rows[self.train] + 1
        return float((self.grid.probability * (sums[target_rows] - sums[target_rows - self._counted])).sum())

    def _slots(self) -> tuple[np.ndarray, np.ndarray]:
        """Assign the windows of a pass, by their order, to the slots of its batches, and weigh the slots.

        Returns
        -------
        tuple
            Both (batches, size); the weight is 0 where a window only fills its slot.
        """
        count, shape = len(self.grid), (self.per_pass, self.size)
        if self.stride == 1:
            real = np.arange(shape[0] * shape[1]).reshape(shape) < count
        else:
            share = np.diff(np.arange(shape[0] + 1) * count // shape[0])
            real = np.arange(shape[1]) < share[:, None]
        windows = np.zeros(shape, np.int64)
        windows[real] = np.arange(count)
        windows[~real] = np.arange(np.count_nonzero(~real)) % count
        return windows, real * (shape[1] / real.sum(axis=1, keepdims=True))
