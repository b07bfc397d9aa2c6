"""Bounds on what a dtype loses: they hold for what TensorFlow computes, and are no wider than they need be."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_lab.interpret import rounding
from lstm_lab.interpret.rounding import Activation, Inexact, Product, Rounding
from lstm_lab.models.backend import keras, tf

DTYPES = ("float32", "float16", "bfloat16", "float64")


def drawn(dtype, *shape, seed=0, scale=1.0):
    """Numbers that the dtype holds exactly, in it and in float64."""
    tensor = tf.cast(scale * np.random.default_rng(seed).normal(size=shape), dtype)
    return tensor, np.asarray(tf.cast(tensor, "float64"))


def distance(tensor, inexact):
    return np.abs(np.asarray(tf.cast(tensor, "float64")) - inexact.value)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_a_chain_of_operations_stays_within_its_bound(dtype, scale):
    by = Rounding.in_dtype(dtype, 50)
    (x, exact_x), (w, exact_w) = drawn(dtype, 50, 24, scale=scale), drawn(dtype, 24, 16, seed=1)
    (b, exact_b) = drawn(dtype, 50, 16, seed=2, scale=scale)
    z = tf.matmul(x, w) * b + b
    exact_z = Product.of(exact_x, exact_w, by).at(...).times(Inexact.exact(exact_b), by)
    exact_z = exact_z.plus(Inexact.exact(exact_b), by)
    for function in (keras.activations.linear, keras.activations.sigmoid, keras.activations.tanh):
        bounded = Activation(function, by)(exact_z)
        found = distance(function(z), bounded)
        assert (found <= bounded.error).all()
        # Below the activations' own error, which is taken to be the same everywhere, no bound is tight.
        assert dtype == "float64" or scale < 1 or found.max() > bounded.error.max() / 200


@pytest.mark.parametrize("function", ["sigmoid", "tanh", "softsign", "gelu", "softmax"])
def test_an_activation_moves_no_further_than_its_spread(function):
    function = keras.activations.get(function)
    by = Rounding.in_dtype("float64", 1)
    rng = np.random.default_rng(0)
    for width in (1e-9, 1e-2, 0.4, 3.0, 40.0):
        z, error = rng.uniform(-6, 6, size=(300, 5)), np.full((300, 5), width)
        bounded = Activation(function, by)(Inexact(z, error))
        for sign in (-1.0, 1.0):
            there = np.asarray(function(tf.constant(z + sign * error)))
            assert (np.abs(there - bounded.value) <= bounded.error).all(), width


def test_a_machine_that_sums_in_16_bits_is_found_out(monkeypatch):
    def narrow(x, kernel):
        total = tf.zeros((x.shape[0], kernel.shape[1]), x.dtype)
        for term in range(x.shape[1]):
            total += x[:, term, None] * kernel[term]
        return total

    def wide(x, kernel):
        return tf.cast(tf.matmul(tf.cast(x, "float32"), tf.cast(kernel, "float32")), x.dtype)

    for dtype in ("float16", "bfloat16"):
        for terms in (2, 16, 64):
            monkeypatch.setattr(keras.ops, "matmul", wide)
            assert rounding._sums_in_float32(dtype, 2, terms, 16)
            monkeypatch.setattr(keras.ops, "matmul", narrow)
            assert not rounding._sums_in_float32(dtype, 2, terms, 16)
