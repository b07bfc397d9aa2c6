"""Keras' LSTM as one operation: a matrix product [x, h] · [W; U] a step for all gates, gates included.

Keras runs a cell as a dozen operations a step in a loop. TensorFlow's `BlockLSTMV2` runs the same equations over a
whole sequence, with Keras' order of the gates (input, forget, candidate, output), 1.1 to 1.3 times faster. The two sums
of a gate are one, so its last bits are its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstm_lab.models.backend import keras, tf

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["VALUES_PER_UNIT", "block_lstm", "fused_sequence", "fused_step", "is_fusible", "joined_kernels"]

VALUES_PER_UNIT = 7
"""Values that the operation holds for each unit and step: three gates, candidate, both states and their tanh."""


def is_fusible(layer: Any) -> bool:
    """Return whether a layer is Keras' LSTM with its own activations, a bias, no dropout in its cell, in float32."""
    if type(layer) is not keras.layers.LSTM or type(layer.cell) is not keras.layers.LSTMCell:
        return False
    cell = layer.cell
    usual = cell.activation is keras.activations.tanh and cell.recurrent_activation is keras.activations.sigmoid
    plain = usual and cell.use_bias and cell.dropout == 0 == cell.recurrent_dropout and not layer.go_backwards
    return plain and layer.compute_dtype == "float32" == layer.variable_dtype


def fused_sequence(layer: Any, x: Any) -> tuple[Any, list[Any]]:
    """Run a fusible layer over windows.

    Parameters
    ----------
    layer
        A built layer.
    x
        (rows, time, features) float32.

    Returns
    -------
    tuple
        Its output, (rows, time, units) or (rows, units), and its states [h, c], each (rows, units).
    """
    zeros = tf.zeros((tf.shape(x)[0], layer.units), tf.float32)
    hidden, memory = _run(layer.cell, joined_kernels(layer), tf.transpose(x, (1, 0, 2)), [zeros, zeros])
    last = _rows_of(hidden[-1], layer)
    output = tf.transpose(hidden, (1, 0, 2)) if layer.return_sequences else last
    return output, [last, _rows_of(memory[-1], layer)]


def fused_step(layer: Any, kernels: Any, x: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Run a fusible layer for one step.

    Parameters
    ----------
    layer, kernels
        A built layer, and what `joined_kernels` gives for it: joined at each step, they would cost a third of it.
    x
        (rows, features) float32.
    states
        [h, c], each (rows, units).

    Returns
    -------
    tuple
        Its output, (rows, units), and its new states.
    """
    hidden, memory = _run(layer.cell, kernels, x[None], states)
    output = _rows_of(hidden[0], layer)
    return output, [output, _rows_of(memory[0], layer)]


def joined_kernels(layer: Any) -> Any:
    """Join the kernels of input and hidden state, (features + units, 4 * units)."""
    return tf.concat([layer.cell.kernel, layer.cell.recurrent_kernel], axis=0)


def block_lstm(x: Any, states: Sequence[Any], kernels: Any, bias: Any) -> Any:
    """Run TensorFlow's operation over x, (time, rows, features).

    Parameters
    ----------
    x
        float32.
    states
        [h, c] before the first step, each (rows, units).
    kernels, bias
        (features + units, 4 * units) and (4 * units,).

    Returns
    -------
    namedtuple
        i, cs, f, o, ci, co and h, each (time, rows, units): gates, candidate ci, cell state cs, its tanh co.
    """
    no_peephole = tf.zeros((kernels.shape[1] // 4,), tf.float32)
    return tf.raw_ops.BlockLSTMV2(
        seq_len_max=tf.shape(x, tf.int64)[0],
        x=x,
        h_prev=states[0],
        cs_prev=states[1],
        w=kernels,
        wci=no_peephole,
        wcf=no_peephole,
        wco=no_peephole,
        b=bias,
        cell_clip=0.0,
        use_peephole=False,
    )


def _run(cell: Any, kernels: Any, x: Any, states: Sequence[Any]) -> tuple[Any, Any]:
    """Run a cell over x, (time, rows, features); return hidden states and cell states, (time, rows, units)."""
    passed = block_lstm(x, states, kernels, cell.bias)
    return passed.h, passed.cs


def _rows_of(values: Any, layer: Any) -> Any:
    return tf.ensure_shape(values, (None, layer.units))
