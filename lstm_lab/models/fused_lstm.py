"""Keras' LSTM as one operation: a matrix product [x, h] · [W; U] a step for all gates, gates included.

Keras runs a cell as a dozen operations a step in a loop. TensorFlow's `BlockLSTMV2` runs the same equations over a
whole sequence, with Keras' order of the gates (input, forget, candidate, output), 1.1 to 1.3 times faster. The two sums
of a gate are one, so its last bits are its own.

Features or units of an odd number are made even by zeros: with an odd number of rows too, the operation complains on
standard error, and copies every step. Zeros for features change no bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstm_lab.models.backend import keras, on_gpu, tf
from lstm_lab.models.keras_private import run_graph, takes_training
from lstm_lab.models.masking import mask_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "VALUES_PER_UNIT",
    "block_lstm",
    "fused_output",
    "fused_sequence",
    "fused_step",
    "is_fusible",
    "joined",
    "joined_weights",
    "padded_states",
]

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
    passed = block_lstm(tf.transpose(x, (1, 0, 2)), [zeros, zeros], *joined_weights(layer.cell))
    hidden, memory = passed.h, passed.cs
    last = _rows_of(hidden[-1], layer)
    output = tf.transpose(hidden, (1, 0, 2)) if layer.return_sequences else last
    return output, [last, _rows_of(memory[-1], layer)]


def fused_output(model: Any, x: Any) -> Any:
    """Compute a model's output for windows with dropout off, each layer that allows it by `fused_sequence`.

    Called as it is, Keras' loop takes Python's time for every step and operation.

    Parameters
    ----------
    model
        Sequential or functional, (rows, time, features) -> its output; any other is called as it is.
    x
        (rows, time, features) float32.
    """
    graph = getattr(model, "_functional", None) or model
    if on_gpu() or not hasattr(graph, "_nodes_by_depth"):
        return model(x, training=False)
    return run_graph(graph, tf.convert_to_tensor(x), _fused_call)


def _fused_call(operation: Any) -> Callable[..., Any]:
    """Return the function that calls an operation of a graph, fused where it is given windows and nothing else."""
    off = {"training": False} if takes_training(operation) else {}

    def plain(*given: Any, **named: Any) -> Any:
        return operation(*given, **{**named, **off})

    if not is_fusible(operation) or operation.return_state or operation.stateful:
        return plain

    def fused(*given: Any, **named: Any) -> Any:
        others = [value for name, value in named.items() if name != "training" and value is not None]
        if len(given) > 1 or others or mask_of(given[0]) is not None:
            return plain(*given, **named)
        return fused_sequence(operation, given[0])[0]

    return fused


def fused_step(layer: Any, weights: tuple[Any, Any], x: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Run a fusible layer for one step.

    Parameters
    ----------
    layer, weights
        A built layer, and what `joined_weights` gives for its cell: joined at each step, they would cost a third of it.
    x
        (rows, features) float32.
    states
        [h, c], each (rows, units), or as `padded_states` gives them, which saves a step the padding.

    Returns
    -------
    tuple
        Its output, (rows, units), and its new states, like the old.
    """
    passed = block_lstm(x[None], states, *weights)
    hidden, memory = (tf.ensure_shape(each[0], (None, states[0].shape[-1])) for each in (passed.h, passed.cs))
    return hidden[:, : layer.units], [hidden, memory]


def joined_weights(cell: Any) -> tuple[Any, Any]:
    """Join the kernels of a built cell, and return them and its bias as `joined` does."""
    return joined(*(tf.convert_to_tensor(weight) for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)))


def joined(kernel: Any, recurrent: Any, bias: Any) -> tuple[Any, Any]:
    """Join the kernels of input and hidden state, and fill kernels and bias up with zeros.

    Parameters
    ----------
    kernel, recurrent, bias
        (features, 4 * units), (units, 4 * units) and (4 * units,).

    Returns
    -------
    tuple
        (F + U, 4 * U) and (4 * U,), with the even numbers F and U that follow features and units.
    """
    units = recurrent.shape[0]
    kernels = tf.concat([_even(kernel, axis=0), _even(recurrent, axis=0)], axis=0)
    if units % 2 == 0:
        return kernels, bias
    by_gate = [_even(tf.reshape(values, (-1, 4, units)), axis=2) for values in (kernels, bias)]
    return tf.reshape(by_gate[0], (-1, 4 * units + 4)), tf.reshape(by_gate[1], (-1,))


def padded_states(states: Sequence[Any]) -> list[Any]:
    """Fill [h, c], each (rows, units), up to an even number of units."""
    return [_even(state, axis=1) for state in states]


def block_lstm(x: Any, states: Sequence[Any], kernels: Any, bias: Any) -> Any:
    """Run TensorFlow's operation over x, (time, rows, features).

    Parameters
    ----------
    x
        float32.
    states
        [h, c] before the first step, each (rows, units), or as `padded_states` gives them.
    kernels, bias
        What `joined` gives.

    Returns
    -------
    namedtuple
        i, cs, f, o, ci, co and h, each (time, rows, units): gates, candidate ci, cell state cs, its tanh co. As many
        units as the states have.
    """
    hidden, memory = padded_states(states)
    no_peephole = tf.zeros((kernels.shape[1] // 4,), tf.float32)
    passed = tf.raw_ops.BlockLSTMV2(
        seq_len_max=tf.shape(x, tf.int64)[0],
        x=_even(x, axis=2),
        h_prev=hidden,
        cs_prev=memory,
        w=kernels,
        wci=no_peephole,
        wcf=no_peephole,
        wco=no_peephole,
        b=bias,
        cell_clip=0.0,
        use_peephole=False,
    )
    units = states[0].shape[-1]
    return passed if units % 2 == 0 else type(passed)(*(output[..., :units] for output in passed))


def _even(values: Any, axis: int) -> Any:
    """Fill an axis of odd length up with zeros."""
    if values.shape[axis] % 2 == 0:
        return values
    return tf.pad(values, [(0, int(each == axis)) for each in range(len(values.shape))])


def _rows_of(values: Any, layer: Any) -> Any:
    return tf.ensure_shape(values, (None, layer.units))
