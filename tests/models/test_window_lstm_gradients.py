"""The gradients of a whole network in training against those that TensorFlow derives of Keras' own layers.

Keras' layers run in float64 where no dropout is drawn, so that what differs is the float32 of training alone.
"""

from __future__ import annotations

import numpy as np
import pytest

from lstm_lab.models.backend import keras, tf
from lstm_lab.models.masking import MaskedNetwork
from lstm_lab.models.window_lstm import WindowLSTM, for_training
from lstm_lab.options import TrainOptions
from lstm_lab.training.optimizer import optimizer_of

L = keras.layers
ROWS, STEPS, COLUMNS = 3, 7, 2


def stack(*layers):
    """Build a functional network of layers and a dense one."""
    inputs = x = keras.Input((STEPS, COLUMNS))
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, L.Dense(1)(x))


def lstm(units, **given):
    return L.LSTM(units, **{"return_sequences": True, **given})


def frozen():
    layer = lstm(3)
    layer.trainable = False
    return layer


def branches():
    """Build a network whose one LSTM is called twice and whose paths are joined."""
    inputs = keras.Input((STEPS, COLUMNS))
    shared = lstm(COLUMNS)
    once = shared(inputs)
    joined = L.Concatenate()([once, shared(once), lstm(5)(inputs)])
    return keras.Model(inputs, L.Dense(1)(lstm(3)(joined)))


NETWORKS = {
    "one layer": lambda: stack(lstm(4)),
    "one unit": lambda: stack(lstm(1)),
    "three layers of odd sizes": lambda: stack(lstm(5), lstm(3), lstm(7)),
    "the last step": lambda: stack(lstm(4), lstm(3, return_sequences=False)),
    "a penalty on weights and on activity": lambda: stack(
        lstm(4, kernel_regularizer="l2", recurrent_regularizer="l1", bias_regularizer="l2", activity_regularizer="l2"),
        lstm(3),
    ),
    "a frozen layer": lambda: stack(lstm(4), frozen(), lstm(3)),
    "other layers between": lambda: stack(
        lstm(4), L.LayerNormalization(), L.GRU(3, return_sequences=True), L.Bidirectional(lstm(2)), lstm(3)
    ),
    "left to Keras beside its own": lambda: stack(lstm(4), lstm(3, activation="relu"), lstm(3, use_bias=False)),
    "one layer called twice, and branches": branches,
    "unrolled, forget bias of 0": lambda: stack(lstm(4, unroll=True, unit_forget_bias=False)),
}


def in_float64(build):
    """Build a network in float64."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        return build()
    finally:
        keras.config.set_dtype_policy(policy)


def with_weights(model, saturation):
    """Set random weights, so large that some gates saturate; every call sets the same."""
    rng = np.random.default_rng(5)
    model.set_weights([saturation * rng.normal(size=weight.shape) for weight in model.get_weights()])
    return model


def batch():
    """Draw windows, targets at every step, and weights, of which some are 0 as in a burn-in."""
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(ROWS, STEPS, COLUMNS)), rng.normal(size=(ROWS, STEPS, 1))
    weights = rng.uniform(0.5, 1.5, size=(ROWS, STEPS)) * (np.arange(STEPS) >= 2)
    return x, y, weights


def huber(dtype):
    """Build the loss, whose two branches the batch's errors reach; Keras computes a loss in a type of its own."""
    return keras.losses.Huber(0.3, dtype=dtype)


def gradients(network, parts, dtype, *, training=False):
    """Differentiate a weighted loss and the penalties by the trainable variables and the windows."""
    x, y, weights = (tf.constant(part, dtype) for part in parts)
    inputs = (x, tf.constant([STEPS, 3, 5])) if isinstance(network, MaskedNetwork) else x
    with tf.GradientTape() as tape:
        tape.watch(x)
        output = network(inputs, training=training)
        if output.shape.rank == 2:
            y, weights = y[:, -1], weights[:, -1]
        total = tf.add_n(
            [huber(dtype)(y, output, sample_weight=weights), *(tf.cast(each, dtype) for each in network.losses)]
        )
    variables = network.trainable_variables
    found = tape.gradient(total, [x, *variables])
    return dict(zip(["windows", *(f"{each.path} {n}" for n, each in enumerate(variables))], found, strict=True))


def assert_close(ours, keras_s, tolerance=2e-5):
    assert len(ours) == len(keras_s)
    for (name, mine), theirs in zip(ours.items(), keras_s.values(), strict=True):
        size = float(np.abs(theirs).max())
        assert size > 1e-6, name
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=tolerance * size, err_msg=name)


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_keras_in_float64(name):
    exact = with_weights(in_float64(NETWORKS[name]), 0.7)
    model = with_weights(NETWORKS[name](), 0.7)
    trained = for_training(model)
    assert any(type(layer) is WindowLSTM for layer in trained.layers)
    expected = gradients(exact, batch(), "float64")
    assert_close(gradients(trained, batch(), "float32"), expected)


def test_gradients_of_padded_windows_are_those_of_keras_with_a_mask_in_float64():
    exact = MaskedNetwork(with_weights(in_float64(NETWORKS["three layers of odd sizes"]), 0.7))
    trained = MaskedNetwork(for_training(with_weights(NETWORKS["three layers of odd sizes"](), 0.7)))
    x, y, weights = batch()
    weights = weights * (np.arange(STEPS) < np.array([[STEPS], [3], [5]]))
    ours = gradients(trained, (x, y, weights), "float32")
    assert_close(ours, gradients(exact, (x, y, weights), "float64"))
    assert not np.any(ours["windows"].numpy()[1, 3:])


def test_gradients_are_those_of_numerical_differences():
    model = in_float64(NETWORKS["three layers of odd sizes"])
    exact, parts = with_weights(model, 0.7), batch()
    trained = for_training(with_weights(NETWORKS["three layers of odd sizes"](), 0.7))
    ours = list(gradients(trained, parts, "float32").values())[1:]

    def total():
        x, y, weights = parts
        return float(huber("float64")(y, exact(tf.constant(x)), sample_weight=weights))

    rng = np.random.default_rng(7)
    for variable, gradient in zip(exact.trainable_variables, ours, strict=True):
        value, direction = variable.numpy(), rng.normal(size=variable.shape)
        sides = []
        for step in (1e-5, -1e-5):
            variable.assign(value + step * direction)
            sides.append(total())
        variable.assign(value)
        slope = (sides[0] - sides[1]) / 2e-5
        size = float(np.linalg.norm(gradient) * np.linalg.norm(direction))
        assert float(np.sum(gradient * direction)) == pytest.approx(slope, abs=1e-4 * size), variable.path


DROPOUTS = {
    "between layers": lambda: stack(lstm(4), L.Dropout(0.4, seed=1), lstm(3), L.SpatialDropout1D(0.3, seed=2)),
    "in a cell beside a plain one": lambda: stack(
        lstm(4, dropout=0.3, seed=3), lstm(3), lstm(3, recurrent_dropout=0.3, seed=4), lstm(2)
    ),
}


@pytest.mark.parametrize("name", DROPOUTS)
def test_gradients_with_dropout_are_those_of_keras_under_the_same_masks(name):
    model = DROPOUTS[name]()
    trained = for_training(model)
    seeds = [variable for variable in model.non_trainable_variables if "seed" in variable.path]
    assert seeds
    start = [variable.numpy() for variable in seeds]
    taken = []
    for network in (model, trained, trained):
        taken.append(gradients(network, batch(), "float32", training=True))
        if len(taken) == 1:  # the third call goes on in the sequence of masks
            for variable, value in zip(seeds, start, strict=True):
                variable.assign(value)
    assert_close(taken[1], taken[0], 5e-5)
    assert not np.allclose(taken[2]["windows"], taken[0]["windows"], rtol=0.01)


def test_steps_with_clipping_weights_and_dropout_are_those_of_keras():
    x, y, weights = (part.astype(np.float32) for part in batch())
    ends = []
    for changed in (for_training, lambda model: model):
        model = with_weights(DROPOUTS["between layers"](), 0.7)
        network = changed(model)
        options = TrainOptions(learning_rate=0.01, clip=0.05)
        network.compile(optimizer=optimizer_of(options), loss=huber("float32"))
        before = [weight.numpy() for weight in model.trainable_variables]
        for _ in range(3):
            network.train_on_batch(x, y, sample_weight=weights)
        ends.append([weight.numpy() for weight in model.trainable_variables])
    for mine, theirs, start in zip(*ends, before, strict=True):
        assert np.abs(theirs - start).max() > 0.005
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=5e-4)
