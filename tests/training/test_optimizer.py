"""The optimiser of a copy: Keras' Adam in one operation a variable."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_lab.models.backend import keras, tf
from lstm_lab.options import TrainOptions
from lstm_lab.training.fused_adam import FusedAdam
from lstm_lab.training.optimizer import optimizer_of

SHAPES = ((5, 3), (7,), (33, 17))


def moved(kind, clip, dtype="float32"):
    """Move variables by ten gradients, the rate being changed on the way; give them with the optimiser's own."""
    rng = np.random.default_rng(1)
    variables = [keras.Variable(rng.normal(size=shape), dtype=dtype) for shape in SHAPES]
    optimizer = optimizer_of(TrainOptions(learning_rate=0.01, clip=clip), kind)
    optimizer.build(variables)
    for step in range(10):
        optimizer.learning_rate = 0.01 / (1 + step)
        gradients = [tf.constant(rng.normal(size=shape), dtype) for shape in SHAPES]
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return [each.numpy() for each in (*variables, *optimizer.variables)]


@pytest.mark.parametrize(("clip", "dtype"), [(0.0, "float32"), (0.1, "float32"), (0.0, "float64")])
def test_an_operation_a_variable_moves_as_keras_adam_does(clip, dtype):
    for mine, theirs in zip(moved(FusedAdam, clip, dtype), moved(keras.optimizers.Adam, clip, dtype), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=2e-6)


def test_sparse_gradients_are_left_to_keras():
    ends = []
    for kind in (FusedAdam, keras.optimizers.Adam):
        table = keras.Variable(np.ones((4, 2), np.float32))
        optimizer = optimizer_of(TrainOptions(learning_rate=0.1), kind)
        optimizer.build([table])
        optimizer.apply_gradients([(tf.IndexedSlices(tf.ones((1, 2)), tf.constant([1]), tf.constant([4, 2])), table)])
        ends.append(table.numpy())
    np.testing.assert_allclose(*ends, atol=1e-6)
    assert ends[0][1, 0] < 0.95
